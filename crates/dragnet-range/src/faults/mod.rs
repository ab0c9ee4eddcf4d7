//! Injects the faults of the scenario into calls, outside the services.

mod effect;
mod incomplete;
mod mutation;

use std::time::Duration;

use crate::scenario::{FaultKind, FaultSpec};
use dragnet_model::{AccountId, Region};

/// The faults of the scenario, each with its call count.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<CountedFault>);

#[derive(Debug)]
struct CountedFault {
    spec: FaultSpec,
    calls: u64,
    triggered: u64,
}

/// The effect of the faults on one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultEffect {
    /// How long the response is delayed.
    pub(crate) delay: Duration,
    /// What replaces or changes the response.
    pub(crate) kind: Option<FaultKind>,
}

impl Faults {
    pub(crate) fn new(specs: Vec<FaultSpec>) -> Self {
        Self(
            specs
                .into_iter()
                .map(|spec| CountedFault {
                    spec,
                    calls: 0,
                    triggered: 0,
                })
                .collect(),
        )
    }

    /// Counts a call and returns the effect on it. Delays add up; of the other faults, the first
    /// one that is due applies.
    pub(crate) fn trigger(
        &mut self,
        operation: &str,
        account: AccountId,
        region: &Region,
    ) -> FaultEffect {
        let mut effect = FaultEffect::default();
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.spec.applies_to(operation, account, region))
        {
            if !fault.is_due() {
                continue;
            }
            match &fault.spec.kind {
                FaultKind::Slow { milliseconds } => {
                    effect.delay += Duration::from_millis(*milliseconds);
                }
                kind if effect.kind.is_none() => effect.kind = Some(kind.clone()),
                _ => {}
            }
        }
        effect
    }
}

impl CountedFault {
    fn is_due(&mut self) -> bool {
        let call = self.calls;
        self.calls += 1;
        let spec = &self.spec;
        let exhausted = spec.times.is_some_and(|times| self.triggered >= times);
        let due = call >= spec.after
            && (call - spec.after + 1).is_multiple_of(spec.every.get())
            && !exhausted;
        self.triggered += u64::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger_times(toml: &str, calls: usize) -> Vec<FaultEffect> {
        let spec: FaultSpec = toml::from_str(toml).unwrap();
        let mut faults = Faults::new(vec![spec]);
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        (0..calls)
            .map(|_| faults.trigger("FilterLogEvents", account, &region))
            .collect()
    }

    #[test]
    fn fault_triggers_every_third_call_at_most_twice() {
        let toml = r"
            operation = 'FilterLogEvents'
            kind = 'throttle'
            every = 3
            times = 2
        ";
        let triggered: Vec<bool> = trigger_times(toml, 12)
            .iter()
            .map(|d| d.kind.is_some())
            .collect();
        assert_eq!(triggered.iter().filter(|triggered| **triggered).count(), 2);
        assert!(triggered[2] && triggered[5] && !triggered[8]);
    }

    #[test]
    fn slow_fault_delays_and_other_regions_are_unaffected() {
        let slow = trigger_times(
            r"
            operation = 'Filter*'
            kind = 'slow'
            milliseconds = 250
            ",
            1,
        );
        assert_eq!(
            slow[0],
            FaultEffect {
                delay: Duration::from_millis(250),
                kind: None
            }
        );
        let other_region = trigger_times(
            r"
            operation = '*'
            region = 'eu-west-1'
            kind = 'reset'
            ",
            1,
        );
        assert_eq!(other_region[0], FaultEffect::default());
        let later = trigger_times(
            r"
            operation = '*'
            kind = 'reset'
            after = 1
            ",
            2,
        );
        assert_eq!(
            (later[0].kind.is_some(), later[1].kind.is_some()),
            (false, true)
        );
    }
}

//! Injects the faults of the scenario into calls, outside the services.

mod effect;
mod incomplete;

use std::time::Duration;

use crate::model::{AccountId, Region};
use crate::range::scenario::{FaultKind, FaultSpec};

/// The faults of the scenario, each with its call count.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    spec: FaultSpec,
    calls: u64,
    fired: u64,
}

/// The effect of the faults on one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disturbance {
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
                .map(|spec| Counted {
                    spec,
                    calls: 0,
                    fired: 0,
                })
                .collect(),
        )
    }

    /// Counts a call and returns the effect on it. Delays add up; of the other faults, the first
    /// one that is due applies.
    pub(crate) fn strike(
        &mut self,
        operation: &str,
        account: AccountId,
        region: &Region,
    ) -> Disturbance {
        let mut disturbance = Disturbance::default();
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.spec.concerns(operation, account, region))
        {
            if !fault.is_due() {
                continue;
            }
            match &fault.spec.kind {
                FaultKind::Slow { milliseconds } => {
                    disturbance.delay += Duration::from_millis(*milliseconds);
                }
                kind if disturbance.kind.is_none() => disturbance.kind = Some(kind.clone()),
                _ => {}
            }
        }
        disturbance
    }
}

impl Counted {
    fn is_due(&mut self) -> bool {
        let call = self.calls;
        self.calls += 1;
        let spec = &self.spec;
        let exhausted = spec.times.is_some_and(|times| self.fired >= times);
        let due = call >= spec.after
            && (call - spec.after + 1).is_multiple_of(spec.every.get())
            && !exhausted;
        self.fired += u64::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(toml: &str, calls: usize) -> Vec<Disturbance> {
        let spec: FaultSpec = toml::from_str(toml).unwrap();
        let mut faults = Faults::new(vec![spec]);
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        (0..calls)
            .map(|_| faults.strike("FilterLogEvents", account, &region))
            .collect()
    }

    #[test]
    fn every_third_call_and_no_more_than_twice() {
        let toml = "operation = 'FilterLogEvents'\nkind = 'throttle'\nevery = 3\ntimes = 2";
        let hit: Vec<bool> = struck(toml, 12).iter().map(|d| d.kind.is_some()).collect();
        assert_eq!(hit.iter().filter(|hit| **hit).count(), 2);
        assert!(hit[2] && hit[5] && !hit[8]);
    }

    #[test]
    fn slowness_is_a_delay_and_other_places_are_spared() {
        let slow = struck(
            "operation = 'Filter*'\nkind = 'slow'\nmilliseconds = 250",
            1,
        );
        assert_eq!(
            slow[0],
            Disturbance {
                delay: Duration::from_millis(250),
                kind: None
            }
        );
        let elsewhere = struck("operation = '*'\nregion = 'eu-west-1'\nkind = 'reset'", 1);
        assert_eq!(elsewhere[0], Disturbance::default());
        let later = struck("operation = '*'\nkind = 'reset'\nafter = 1", 2);
        assert_eq!(
            (later[0].kind.is_some(), later[1].kind.is_some()),
            (false, true)
        );
    }
}

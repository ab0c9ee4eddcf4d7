//! Adds to the plan of a sweep which sources would be read for each account-Region, why, and what
//! the others would take.

use std::collections::BTreeSet;

use super::event_history::candidate::history_candidate;
use crate::sweep::context::SweepContext;
use crate::sweep::plan_sheet::{PlanSheet, PlannedChoice, PlannedSource};
use crate::sweep::source_choice::{
    Candidate, ChoiceReason, ReadMethod, ReadSource, ReadTime, RecordRanges, choose,
};
use crate::sweep::uncovered::{uncovered_by_log_groups, uncovered_targets};
use dragnet_model::{Engine, LogKind, LogSource, Target};

/// Adds the choice for each account-Region to the plan, if sources are chosen. That of slow log
/// groups was added before, and is replaced if more has to be read.
pub(in crate::sweep) fn plan_choices(shared: &SweepContext) {
    if !shared.is_plan() || !shared.chooses_sources() {
        return;
    }
    let coverage = PlannedCoverage {
        without_log_group: uncovered_by_log_groups(shared),
        without_bucket: uncovered_targets(shared),
    };
    let recorded = shared.searched.read(|found| {
        let targets = found.lookups.iter().map(|lookup| {
            let names = lookup.result.iter().flatten();
            let trails = names.filter_map(|name| found.trails.get(name));
            (lookup.target.clone(), trails.cloned().collect())
        });
        targets.collect::<Vec<(Target, Vec<LogSource>)>>()
    });
    shared.update_plan(|sheet| {
        for (target, trails) in recorded {
            let known = sheet.choices().get(&target);
            if known.is_none_or(|known| !coverage.confirms(&target, known)) {
                let choice = coverage.choice(shared, sheet, &target, &trails);
                sheet.add_choice(&BTreeSet::from([target]), choice);
            }
        }
    });
}

/// The account-Regions whose management events the sources that would be read do not have.
struct PlannedCoverage {
    without_log_group: BTreeSet<Target>,
    /// In neither log groups nor buckets.
    without_bucket: BTreeSet<Target>,
}

/// A candidate, and whether the plan has it.
type PlannedCandidate = (Candidate, bool);

impl PlannedCoverage {
    /// Whether what a choice reads has all management events.
    fn confirms(&self, target: &Target, choice: &PlannedChoice) -> bool {
        let mut read = choice.sources.iter().filter(|source| source.is_read);
        let uncovered = if read.any(|source| source.source.method == ReadMethod::Objects) {
            &self.without_bucket
        } else {
            &self.without_log_group
        };
        !uncovered.contains(target)
    }

    fn choice(
        &self,
        shared: &SweepContext,
        sheet: &PlanSheet,
        target: &Target,
        trails: &[LogSource],
    ) -> PlannedChoice {
        let window = shared.settings.window;
        let mut needed = RecordRanges::default();
        needed.add(
            target,
            LogKind::Management,
            (window.from_ms(), window.to_ms()),
        );
        let mut planned = self.log_groups(shared, sheet, target, trails);
        planned.extend(self.objects(&needed, sheet, target, trails));
        let targets = BTreeSet::from([target.clone()]);
        planned.extend(history_candidate(shared, &targets).map(|candidate| {
            let plan = sheet.targets().get(target);
            let is_read = plan.is_some_and(|plan| plan.history_calls > 0);
            (candidate, is_read)
        }));
        let candidates: Vec<Candidate> = planned
            .iter()
            .map(|(candidate, _)| candidate.clone())
            .collect();
        let choice = choose(&needed, &candidates, shared.settings.engines.max_scan_cost);
        let sources: Vec<PlannedSource> = planned
            .into_iter()
            .map(|(candidate, is_read)| PlannedSource {
                is_read,
                is_complete: needed.without(&candidate.records).is_empty(),
                source: candidate.source,
            })
            .collect();
        // Several log groups may be read by the same engine.
        let read: BTreeSet<ReadMethod> = sources
            .iter()
            .filter(|source| source.is_read)
            .map(|source| source.source.method)
            .collect();
        let reason = match read.len() {
            0 => ChoiceReason::NoSource,
            1 if choice.methods.iter().eq(&read) => choice.reason,
            _ => ChoiceReason::Together,
        };
        PlannedChoice { sources, reason }
    }

    /// The log groups of the trails, by the engines that could read them.
    fn log_groups(
        &self,
        shared: &SweepContext,
        sheet: &PlanSheet,
        target: &Target,
        trails: &[LogSource],
    ) -> Vec<PlannedCandidate> {
        let window = shared.settings.window;
        let is_covered = !self.without_log_group.contains(target);
        let arns: BTreeSet<_> = trails.iter().filter_map(LogSource::log_group).collect();
        let groups = arns
            .into_iter()
            .filter_map(|arn| sheet.trail_groups().get(arn));
        let mut planned = Vec::new();
        for group in groups {
            let is_complete = group.complete_since_ms == Some(window.from_ms());
            let since_ms = group
                .complete_since_ms
                .filter(|_| is_covered || !is_complete);
            let mut records = RecordRanges::default();
            if let Some(since_ms) = since_ms {
                records.add(target, LogKind::Management, (since_ms, window.to_ms()));
            }
            for source in &group.sources {
                let is_read = match group.engine {
                    Engine::Filter => source.method == ReadMethod::Filter,
                    Engine::Insights => source.method == ReadMethod::Insights,
                };
                let candidate = Candidate {
                    source: source.clone(),
                    records: records.clone(),
                };
                planned.push((candidate, is_read));
            }
        }
        planned
    }

    /// The folders that were listed, or else the buckets of the trails, if log groups have
    /// everything.
    fn objects(
        &self,
        needed: &RecordRanges,
        sheet: &PlanSheet,
        target: &Target,
        trails: &[LogSource],
    ) -> Vec<PlannedCandidate> {
        let folders = sheet.folders(target);
        let is_needed = self.without_log_group.contains(target);
        if !folders.is_empty() {
            let is_complete = is_needed && !self.without_bucket.contains(target);
            let records = if is_complete {
                needed.clone()
            } else {
                RecordRanges::default()
            };
            let folders = folders.iter().map(|source| Candidate {
                source: source.clone(),
                records: records.clone(),
            });
            return folders.map(|candidate| (candidate, true)).collect();
        }
        if is_needed {
            // The bucket has no folder for it, or cannot be listed.
            return Vec::new();
        }
        let buckets = trails.iter().filter_map(|trail| trail.bucket.as_ref());
        let names: BTreeSet<&str> = buckets.map(|bucket| bucket.name.as_str()).collect();
        let candidates = names.into_iter().map(|name| Candidate {
            source: ReadSource {
                method: ReadMethod::Objects,
                location: name.to_owned(),
                calls: None,
                time: ReadTime::Unknown,
                usd: None,
            },
            records: needed.clone(),
        });
        candidates.map(|candidate| (candidate, false)).collect()
    }
}

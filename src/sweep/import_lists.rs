//! The imports of account-Regions, each listed at most once, and only where a log group may be the
//! destination of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use dragnet_model::{ImportTask, Target};

/// The lists that were requested so far.
#[derive(Debug, Default)]
pub(super) struct ImportLists(Mutex<BTreeMap<Target, Arc<OnceCell<Vec<ImportTask>>>>>);

impl ImportLists {
    /// Returns the imports of an account-Region. `list` requests them if nothing did before.
    pub(super) async fn of_region(
        &self,
        target: Target,
        list: impl Future<Output = Vec<ImportTask>>,
    ) -> Vec<ImportTask> {
        let cell = Arc::clone(self.0.lock().entry(target).or_default());
        cell.get_or_init(|| list).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn imports_of_an_account_region_are_listed_once() {
        let lists = ImportLists::default();
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let task = ImportTask {
            id: "i".to_owned(),
            log_group: "g".to_owned(),
            is_complete: true,
            from_ms: None,
            to_ms: None,
        };
        let listed = vec![task];
        let first = lists.of_region(target.clone(), async { listed.clone() });
        assert_eq!(first.await, listed);
        let second = lists.of_region(target, async { panic!("listed twice") });
        assert_eq!(second.await, listed);
    }
}

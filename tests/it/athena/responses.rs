//! Changed and incomplete responses of Athena: whatever a broken server or proxy leaves out, a sweep finds what
//! it finds without Athena, because all objects are read. Only a missing row of a list and a missing page token
//! cannot be noticed, as in other responses.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::{IP, calls, results, used, world};
use crate::cases::cases;
use crate::incomplete_answers::{cuts, fault as cut_fault, response_fault};
use crate::mutated_responses::fault as changed_fault;

/// The operations whose responses decide which objects are read.
const OPERATIONS: [&str; 4] = [
    "GetQueryExecution",
    "GetQueryResults",
    "GetWorkGroup",
    "StartQueryExecution",
];

/// What was found, and how the folders were covered.
type Results = (Vec<String>, Vec<String>);

/// Returns the results of a sweep whose query names objects on several pages, and how many objects were ruled out.
async fn swept(more: &str) -> (Results, u64) {
    let world = world("rows_a_page = 2", &(calls(40) + more));
    let arguments = [IP, "--sources", "athena"];
    let run = Box::pin(world.try_sweep(&arguments, CancellationToken::new()));
    let run = run.await.unwrap();
    assert!(run.failure.is_none(), "{more}");
    (results(&run), used(&run).0)
}

async fn truth() -> Results {
    let (truth, ruled_out) = swept("").await;
    assert_eq!((truth.0.len(), ruled_out), (4, 36), "{truth:?}");
    truth
}

#[tokio::test(start_paused = true)]
async fn changed_responses_hide_nothing() {
    let truth = truth().await;
    let mut noticed = 0;
    for operation in OPERATIONS {
        for case in 0..cases(3) {
            let fault = changed_fault(operation, case);
            let (found, ruled_out) = swept(&fault).await;
            assert_eq!(found, truth, "{fault}");
            noticed += u32::from(ruled_out == 0);
        }
    }
    assert!(noticed > 0, "no change was noticed");
}

/// Returns the ways in which the responses of an operation are cut.
fn all_cuts(operation: &str) -> Vec<String> {
    let (first, members): (&str, &[&str]) = match operation {
        "GetQueryExecution" => (
            "QueryExecution",
            &[
                "QueryExecution.Status.State",
                "QueryExecution.Status.SubmissionDateTime",
            ],
        ),
        "GetQueryResults" => (
            "ResultSet",
            &[
                "ResultSet.Rows",
                "ResultSet.Rows.Data",
                "ResultSet.Rows.Data.VarCharValue",
            ],
        ),
        "GetWorkGroup" => ("WorkGroup", &[]),
        "StartQueryExecution" => ("QueryExecutionId", &[]),
        _ => unreachable!("{operation}"),
    };
    let mut all = cuts(first);
    for member in members {
        let kinds = ["without-member", "null-member", "misspelt-member"];
        all.extend(kinds.map(|kind| response_fault(kind, member)));
    }
    if operation == "GetQueryResults" {
        all.push(response_fault("empty-list", "ResultSet.Rows"));
    }
    all
}

/// Cuts each response in each way: all of them, and only those after the first.
#[tokio::test(start_paused = true)]
async fn incomplete_responses_hide_nothing() {
    let truth = truth().await;
    let mut noticed = BTreeSet::new();
    for operation in OPERATIONS {
        for cut in all_cuts(operation) {
            for after in [0, 1] {
                let fault = cut_fault(operation, &cut, after, 10_000).to_string();
                let (found, ruled_out) = swept(&fault).await;
                assert_eq!(found, truth, "{fault}");
                if ruled_out == 0 {
                    noticed.insert(operation);
                }
            }
        }
    }
    // That a workgroup cannot be read is no reason not to query.
    let expected = OPERATIONS
        .into_iter()
        .filter(|name| *name != "GetWorkGroup");
    assert_eq!(noticed, expected.collect());
}

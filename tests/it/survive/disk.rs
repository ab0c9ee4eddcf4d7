//! A full disk, simulated with a limit on the file size: a writer sees no difference.

use std::path::Path;

use super::binary::{dragnet, ended, limited, run_in};

const SWEEP: [&str; 9] = [
    "sweep",
    "198.51.100.23",
    "--practice",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T11:59:00Z",
    "--progress",
    "none",
];

#[tokio::test]
async fn full_disk_stops_run_and_resume_completes_it() {
    let whole = tempfile::tempdir().unwrap();
    let mut unlimited = dragnet(whole.path());
    unlimited.args(SWEEP);
    assert_eq!(ended(unlimited).await.0, Some(3));
    let sightings =
        |directory: &Path| std::fs::read(run_in(directory).unwrap().join("sightings.csv")).unwrap();
    let expected = sightings(whole.path());

    let mut resumed = 0;
    let database = run_in(whole.path()).unwrap().join("run.db");
    // In blocks of 512 bytes, as POSIX counts them.
    let all_blocks = std::fs::metadata(database).unwrap().len() / 512;
    // From before the first row to after the last.
    for percent in [10, 40, 60, 80, 100, 120] {
        let blocks = all_blocks * percent / 100;
        let temp = tempfile::tempdir().unwrap();
        let (code, stderr) =
            ended(limited(temp.path(), &format!("ulimit -f {blocks}"), &SWEEP)).await;
        let Some(run) = run_in(temp.path()) else {
            assert_eq!(code, Some(1), "a failed start leaves nothing: {stderr}");
            continue;
        };
        if code == Some(3) {
            continue;
        }
        assert_eq!(code, Some(1), "{blocks} blocks: {stderr}");
        if !stderr.contains("dragnet resume") {
            continue;
        }
        assert!(
            !run.join("manifest.json").exists(),
            "an incomplete run has no manifest"
        );
        let mut resume = dragnet(temp.path());
        resume.args(["resume", run.to_str().unwrap(), "--progress", "none"]);
        let (code, stderr) = ended(resume).await;
        assert_eq!(code, Some(3), "{blocks} blocks: {stderr}");
        assert_eq!(sightings(temp.path()), expected, "{blocks} blocks");
        resumed += 1;
    }
    assert!(resumed >= 1, "no limit hit a run in the middle");
}

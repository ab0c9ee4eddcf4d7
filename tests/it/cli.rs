//! Runs the binary with command lines as a user types them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `dragnet` in a directory, without the environment of this host and without access to AWS:
/// nothing listens at its endpoint.
fn dragnet(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().unwrap()
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dragnet"));
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .args(arguments)
        .stdin(Stdio::null());
    for (name, value) in [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret-that-must-not-show"),
        ("AWS_REGION", "us-east-1"),
    ] {
        command.env(name, value);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn only_run(directory: &Path) -> std::path::PathBuf {
    let runs: Vec<_> = fs::read_dir(directory.join("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(runs.len(), 1);
    runs.into_iter().next().unwrap()
}

#[test]
fn practice_sweep_writes_private_files_and_reports_gaps() {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(
        temp.path(),
        &[
            "sweep",
            "198.51.100.23",
            "--since",
            "24h",
            "--sources",
            "logs",
            "--practice",
        ],
    );
    let stdout = text(&output.stdout);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("To retry what was not covered: dragnet resume "),
        "{stderr}"
    );
    assert!(
        stdout.lines().all(|line| line.chars().count() <= 80),
        "{stdout}"
    );
    for part in [
        "Not covered",
        "denied",
        "Out of scope",
        "CloudTrail not searched",
        "no-source",
        "Never in logs",
        "coverage is INCOMPLETE",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let run = only_run(temp.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&run), 0o700);
    let mut names: Vec<String> = fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "calls.csv",
        "coverage.csv",
        "hours.csv",
        "manifest.json",
        "run.db",
        "sightings.csv",
        "sightings.json",
        "sightings.jsonl",
        "sources.csv",
        "summary.json",
        "tampering.csv",
    ];
    assert_eq!(names, expected);
    for name in names {
        assert_eq!(mode(&run.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn report_is_opened_by_the_program_of_the_desktop() {
    let temp = tempfile::tempdir().unwrap();
    dragnet(temp.path(), &["sweep", "198.51.100.23", "--practice", "-q"]);
    let report = || command(temp.path(), &["report", "last", "--open"]);
    let without_opener = report().env("PATH", temp.path()).output().unwrap();
    assert_eq!(without_opener.status.code(), Some(1));
    let error = text(&without_opener.stderr);
    assert!(error.contains("open the file with a browser"), "{error}");
    let page = only_run(temp.path()).join("report.html");
    assert!(
        page.exists(),
        "the page is written although it cannot be opened"
    );

    for opener in ["xdg-open", "open"] {
        let path = temp.path().join(opener);
        let script =
            "#!/bin/sh\nprintf '%s %s %s' \"$#\" \"$1\" \"$AWS_SECRET_ACCESS_KEY\" > opened\n";
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let opened = report().env("PATH", temp.path()).output().unwrap();
    assert_eq!(opened.status.code(), Some(0), "{}", text(&opened.stderr));
    let arguments = fs::read_to_string(temp.path().join("opened")).unwrap();
    let opened_page = arguments.strip_prefix("1 ").unwrap().trim_end();
    assert_eq!(
        fs::canonicalize(opened_page).unwrap(),
        fs::canonicalize(&page).unwrap()
    );
}

#[test]
fn manifest_matches_the_files_and_reports_can_be_rewritten() {
    let temp = tempfile::tempdir().unwrap();
    dragnet(temp.path(), &["sweep", "198.51.100.23", "--practice", "-q"]);
    let run = only_run(temp.path());
    let read = |name: &str| fs::read(run.join(name)).unwrap();
    let check = || {
        let manifest: serde_json::Value = serde_json::from_slice(&read("manifest.json")).unwrap();
        for file in manifest["files"].as_array().unwrap() {
            let bytes = read(file["name"].as_str().unwrap());
            let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
            assert_eq!(
                (file["bytes"].as_u64(), file["sha256"].as_str()),
                (Some(bytes.len() as u64), Some(hash.as_str()))
            );
        }
    };
    check();
    let before: Vec<Vec<u8>> = ["sightings.csv", "coverage.csv", "summary.json"]
        .map(read)
        .to_vec();
    for name in ["sightings.csv", "coverage.csv", "summary.json", "calls.csv"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    let output = dragnet(
        temp.path(),
        &["report", run.file_name().unwrap().to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(
        before,
        ["sightings.csv", "coverage.csv", "summary.json"]
            .map(read)
            .to_vec()
    );
    check();
}

#[test]
fn fail_on_sighting_changes_the_exit_code() {
    let temp = tempfile::tempdir().unwrap();
    let sweep = |arguments: &[&str]| {
        dragnet(
            temp.path(),
            &[&["sweep", "--practice", "--account", "dev"], arguments].concat(),
        )
        .status
        .code()
    };
    assert_eq!(sweep(&["198.51.100.23"]), Some(0));
    assert_eq!(sweep(&["198.51.100.23", "--fail-on-sighting"]), Some(4));
    assert_eq!(sweep(&["203.0.113.9", "--fail-on-sighting"]), Some(0));
}

/// Arguments that are refused, and what the error says.
const BAD_ARGUMENTS: [(&[&str], &str); 18] = [
    (
        &["sweep", "192.0.2.1", "--config", "typo.toml"],
        "did you mean `member_role`",
    ),
    (
        &["sweep", "192.0.2.1", "--config", "arn.toml"],
        "the account is not 12 digits",
    ),
    (
        &["sweep", "192.0.2.1", "--config", "absent.toml"],
        "absent.toml",
    ),
    (&["sweep", "192.0.2.1", "--accounts-file", "ids"], "ids:2"),
    (
        &["sweep", "192.0.2.1", "--accounts-file", "absent"],
        "absent",
    ),
    (
        &["sweep", "192.0.2.1", "--account", "12345"],
        "expected 12 digits",
    ),
    (
        &["sweep", "192.0.2.1", "--region", "us-esat-1"],
        "did you mean `us-east-1`",
    ),
    (
        &["sweep", "192.0.2.1", "--from", "1h", "--to", "2h"],
        "the time window is empty",
    ),
    (
        &["sweep", "192.0.2.999"],
        "expected an IPv4 or IPv6 address",
    ),
    (
        &["sweep", "arn:aws:iam::12:user/x"],
        "the account is not 12 digits",
    ),
    (
        &["sweep", "-i", "list", "--strict"],
        "list:2: `192.0.2.999`",
    ),
    (
        &["sweep", "192.0.2.1", "--indicators", "list.csv"],
        "list.csv:2: `some words` is not an indicator: unknown type `domian`",
    ),
    (
        &["sweep", "192.0.2.1", "-i", "absent"],
        "absent: cannot be read",
    ),
    (&["sweep", "regex:("], "invalid regular expression"),
    (&["sweep"], "INDICATOR"),
    (
        &["sweep", "--files", "list", "192.0.2.1"],
        "`dragnet sweep 192.0.2.1 --files list`",
    ),
    (&["list", "log-groups", "--query", "a["], "JMESPath"),
    (
        &["range", "serve", "--listen", "0.0.0.0:0"],
        "expected 127.0.0.1",
    ),
];

/// Writes the files of [`BAD_ARGUMENTS`].
fn write_bad_files(folder: &Path) {
    for (name, content) in [
        ("typo.toml", "[identity]\nmembr_role = \"x\"\n"),
        (
            "arn.toml",
            "[organization]\nrole = \"arn:aws:iam::12:role/x\"\n",
        ),
        ("ids", "111111111111\n22222222222\n"),
        ("list", "192.0.2.1\n192.0.2.999\n"),
        ("list.csv", "type,value\ndomian,some words\n"),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
}

#[test]
fn bad_input_is_refused_before_the_first_call() {
    let temp = tempfile::tempdir().unwrap();
    write_bad_files(temp.path());
    for (arguments, expected) in BAD_ARGUMENTS {
        let output = dragnet(temp.path(), arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(!temp.path().join("runs").exists());
}

#[test]
fn remote_plain_http_endpoint_is_refused_without_a_run() {
    let temp = tempfile::tempdir().unwrap();
    let output = command(temp.path(), &["sweep", "192.0.2.1", "-vv"])
        .env("AWS_ENDPOINT_URL", "http://192.0.2.7")
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("GetCallerIdentity") && stderr.contains("--insecure-endpoint"),
        "{stderr}"
    );
    assert!(!stderr.contains("secret-that-must-not-show"), "{stderr}");
    assert!(!temp.path().join("runs").exists());
}

#[test]
fn list_output_has_the_shape_of_the_aws_cli() {
    let temp = tempfile::tempdir().unwrap();
    let list = |arguments: &[&str]| {
        let output = dragnet(temp.path(), &[&["list", "--practice"], arguments].concat());
        (output.status.code(), text(&output.stdout))
    };
    let (code, names) = list(&[
        "log-groups",
        "--account",
        "dev",
        "--query",
        "logGroups[*].logGroupName",
    ]);
    let names: Vec<String> = serde_json::from_str(&names).unwrap();
    assert_eq!(
        (code, names.first().map(String::as_str)),
        (Some(0), Some("/app/web"))
    );
    let (_, ids) = list(&["accounts", "--query", "Accounts[?State=='CLOSED'].Id"]);
    assert_eq!(
        serde_json::from_str::<Vec<String>>(&ids).unwrap(),
        ["141414141414"]
    );
    let (_, csv) = list(&["regions", "--account", "prod-web", "-o", "csv"]);
    assert_eq!(
        csv.lines().nth(1),
        Some("333333333333,prod-web,ap-east-1,opted-in")
    );
    let (code, roles) = list(&[
        "roles",
        "--account",
        "prod-data",
        "--query",
        "Roles[*].[RoleName, denyAll]",
    ]);
    let roles: Vec<(String, bool)> = serde_json::from_str(&roles).unwrap();
    assert_eq!(
        (code, roles.first()),
        (Some(0), Some(&("DataPipeline".to_owned(), false)))
    );
    let (_, csv) = list(&["users", "--account", "dev", "-o", "csv"]);
    assert_eq!(
        csv.lines().nth(2),
        Some("666666666666,deploy-bot,/,,,,Deploy,false")
    );
    let dev = ["users", "--account", "dev", "--query"];
    for (query, expected) in [
        ("Users[?UserName>=`deploy-bot`].UserName", "deploy-bot\n"),
        ("Users[?CreateDate>='9999'].UserName", ""),
        (
            "Users[?UserName==`deploy-bot`].[UserName, Path]",
            "deploy-bot,/\n",
        ),
        (
            "Users[?UserName=='deploy-bot'].{name: UserName}",
            "name\ndeploy-bot\n",
        ),
    ] {
        let (_, csv) = list(&[&dev[..], &[query, "-o", "csv"]].concat());
        let rows: Vec<&str> = csv.lines().filter(|row| row.contains("deploy")).collect();
        let expected_rows: Vec<&str> = expected
            .lines()
            .filter(|row| row.contains("deploy"))
            .collect();
        assert_eq!(rows, expected_rows, "{query}: {csv}");
        assert_eq!(csv.starts_with("name\n"), expected.starts_with("name\n"));
    }
    let (_, table) = list(&[
        "accounts",
        "--query",
        "Accounts[?State=='CLOSED'].Id",
        "-o",
        "table",
    ]);
    assert_eq!(table, "141414141414\n");
    let (code, _) = list(&["log-groups"]);
    assert_eq!(code, Some(3), "the sandbox's Regions cannot be listed");
}

#[test]
fn accounts_file_in_two_entries_lists_the_regions_of_both() {
    let temp = tempfile::tempdir().unwrap();
    let entry = |region: &str| {
        format!(
            "  - account_id: \"333333333333\"\n    name: prod-{region}\n    regions: [{region}]\n    \
             role: arn:aws:iam::333333333333:role/DragnetRead\n"
        )
    };
    let text_of = |entries: &str| format!("vars: {{a: xyz}}\naccounts:\n{entries}");
    let two = text_of(&(entry("ap-east-1") + &entry("us-east-1")));
    fs::write(temp.path().join("two.yml"), two).unwrap();
    let other = text_of(&(entry("ap-east-1") + &entry("us-east-1").replace("Read", "Other")));
    fs::write(temp.path().join("other.yml"), other).unwrap();
    let list = [
        "list",
        "log-groups",
        "--practice",
        "-o",
        "csv",
        "--accounts-file",
    ];
    let output = dragnet(temp.path(), &[&list[..], &["two.yml"]].concat());
    let csv = text(&output.stdout);
    let has = |region: &str| csv.contains(&format!("333333333333,{region},"));
    assert!(has("ap-east-1") && has("us-east-1"), "{csv}");
    let output = dragnet(temp.path(), &[&list[..], &["other.yml"]].concat());
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("other.yml:7: the account 333333333333 is listed twice"),
        "{stderr}"
    );
}

#[test]
fn doctor_reports_what_would_not_be_covered() {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(temp.path(), &["doctor", "--practice"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(
        stdout.contains("FAILED  777777777777 sandbox eu-central-1")
            && stdout.contains("To do: exempt the role"),
        "{stdout}"
    );
    assert!(
        stdout.ends_with("10 of 11 accounts would be covered.\n"),
        "{stdout}"
    );
    let output = dragnet(
        temp.path(),
        &[
            "doctor",
            "--practice",
            "--json",
            "--exclude-account",
            "sandbox",
            "--exclude-account",
            "acquired-*",
        ],
    );
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &diagnosis["covered"]),
        (Some(0), &true.into())
    );
    let output = dragnet(temp.path(), &["doctor", "--profile", "absent"]);
    assert!(
        text(&output.stderr).contains("profile `absent` not found"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn setup_prints_policies_and_templates() {
    let temp = tempfile::tempdir().unwrap();
    let printed = |arguments: &[&str]| {
        let output = dragnet(temp.path(), &[&["setup"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let policy: serde_json::Value = serde_json::from_str(&printed(&["policy"])).unwrap();
    let allowed = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(
        allowed.contains(&"logs:FilterLogEvents".into())
            && allowed.contains(&"cloudtrail:DescribeTrails".into())
    );
    assert!(
        printed(&["policy", "source", "--member-role", "Audit"])
            .contains("arn:aws:iam::*:role/Audit")
    );
    assert!(!printed(&["policy"]).contains("s3:GetObject"));
    let arn = "arn:aws:s3:::logs";
    let with_bucket = printed(&["policy", "--log-bucket", arn]);
    assert!(with_bucket.contains("s3:GetObject") && with_bucket.contains("arn:aws:s3:::logs/*"));
    for wrong in ["logs", "arn:aws:s3:::logs/*", "arn:aws:s3:::"] {
        let output = dragnet(temp.path(), &["setup", "policy", "--log-bucket", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    assert!(!printed(&["cloudformation"]).contains("OrganizationRole:"));
    assert!(printed(&["cloudformation", "--management"]).contains("OrganizationRole:"));
}

#[test]
fn sources_lists_the_log_source_of_each_account_region() {
    let temp = tempfile::tempdir().unwrap();
    let sources = |arguments: &[&str]| {
        let output = dragnet(
            temp.path(),
            &[&["sources", "--practice"], arguments].concat(),
        );
        (output.status.code(), text(&output.stdout))
    };
    let (code, table) = sources(&[]);
    assert_eq!(code, Some(0), "{table}");
    // Two of them have no trail, so their event history would be read.
    let sentence = "CloudTrail would be searched for 11 of 11 accounts.";
    assert!(table.contains(sentence), "{table}");
    assert!(table.contains("event history"), "{table}");
    assert!(table.contains("\nbucket cloudtrail-"), "{table}");
    let (code, json) = sources(&["--account", "dev", "--region", "us-west-2", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let row = &json["sources"][0];
    assert_eq!(
        (code, &row["status"], &row["logging"]),
        (Some(0), &"recorded".into(), &true.into())
    );
    assert_eq!(
        row["log_group_arn"],
        "arn:aws:logs:us-east-1:111111111111:log-group:aws-controltower/CloudTrailLogs"
    );
    assert_eq!(
        json["sources"][1]["status"], "no-source",
        "no flow logs there"
    );
    assert!(json["bucket_reads"][0]["recording"].is_string(), "{json}");
    assert!(json["not_searched"].is_array(), "{json}");
}

#[test]
fn sources_takes_a_query() {
    let temp = tempfile::tempdir().unwrap();
    let sources = |arguments: &[&str]| {
        let scope = ["--account", "dev", "--region", "us-west-2", "--practice"];
        let arguments = [&["sources"][..], arguments, &scope[..]].concat();
        let output = dragnet(temp.path(), &arguments);
        (output.status.code(), text(&output.stdout))
    };
    let query = "sources[].[event_region, source, status]";
    let (code, lines) = sources(&["-o", "text", "--query", query]);
    assert_eq!(code, Some(0), "{lines}");
    assert!(
        lines.contains("us-west-2\tcloudtrail\trecorded\n"),
        "{lines}"
    );
    assert!(
        !lines.contains("would be searched"),
        "only what the query selects: {lines}"
    );
    let (_, json) = sources(&["--query", "sources[].status"]);
    let statuses: Vec<String> = serde_json::from_str(&json).unwrap();
    assert!(
        statuses.iter().any(|status| status == "no-source"),
        "{json}"
    );
    let (code, _) = sources(&["--query", "sources["]);
    assert_eq!(code, Some(2));
}

const PLAN: [&str; 9] = [
    "contain",
    "plan",
    "--user",
    "deploy-bot",
    "--account",
    "dev",
    "--reason",
    "INC-7",
    "--practice",
];

#[test]
fn plan_shows_its_changes_and_is_a_private_file() {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(temp.path(), &PLAN);
    let stdout = text(&output.stdout);
    let stderr = text(&output.stderr);
    // The contain role requires MFA, and no device is configured.
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("cannot be applied to 1 principal yet"),
        "{stderr}"
    );
    for part in [
        "arn:aws:iam::666666666666:user/deploy-bot",
        "cannot be applied yet",
        "1. put DenyAll",
        "does not deactivate its access keys",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert_eq!(
        fs::metadata(temp.path().join("plan.json"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn apply_without_confirmation_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    dragnet(temp.path(), &PLAN);
    for (confirm, expected) in [
        (&[][..], "stdin is not a terminal"),
        (&["--confirm", "0"], "not the hash of the plan"),
    ] {
        let output = dragnet(
            temp.path(),
            &[&["contain", "apply", "plan.json", "--practice"], confirm].concat(),
        );
        let stderr = text(&output.stderr);
        assert_eq!(
            (output.status.code(), stderr.contains(expected)),
            (Some(1), true),
            "{expected}: {stderr}"
        );
        assert!(
            stderr.contains("arn:aws:iam::666666666666:user/deploy-bot (account 666666666666)"),
            "{stderr}"
        );
    }
}

#[test]
fn status_of_an_unknown_containment_is_an_error() {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(
        temp.path(),
        &["contain", "status", "0123456789ab", "--practice"],
    );
    assert!(
        text(&output.stderr).contains("no containment `0123456789ab`"),
        "{}",
        text(&output.stderr)
    );
}

/// Runs `dragnet hunts` and returns its exit code and its output.
fn hunts(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = dragnet(directory, &[&["hunts"], arguments].concat());
    (output.status.code().unwrap(), text(&output.stdout))
}

/// Writes a hunt with the name `own`.
fn write_hunt(file: &Path, query: &str) {
    let hunt = format!(
        "name = \"own\"\ntitle = \"t\"\nsource = \"any\"\nseverity = \"low\"\nquery = \"{query}\"\n"
    );
    fs::write(file, hunt).unwrap();
}

/// Creates a directory whose catalogue has the hunt `own`, which only Insights can run.
fn directory_with_insights_hunt() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("hunts")).unwrap();
    fs::write(temp.path().join("dragnet.toml"), "").unwrap();
    write_hunt(
        &temp.path().join("hunts/own.toml"),
        "fields @message | pattern @message",
    );
    temp
}

#[test]
fn hunts_list_and_show_describe_the_catalogue() {
    let temp = directory_with_insights_hunt();
    let (code, list) = hunts(temp.path(), &["list"]);
    let mut rows = list
        .lines()
        .map(|line| line.split_whitespace().take(4).collect::<Vec<_>>());
    let expected = ["iam-access-denied", "cloudtrail", "medium", "T1526"];
    assert!(code == 0 && rows.any(|cells| cells == expected), "{list}");
    let (_, shown) = hunts(temp.path(), &["show", "vpc-rejects-from-inside"]);
    assert!(
        shown.contains("vpc (cidr)")
            && shown.contains("[default: 10.]")
            && shown.contains("c4 = \"10.*\""),
        "{shown}"
    );
    assert_eq!(hunts(temp.path(), &["show", "iam-acces-denied"]).0, 2);
    let (_, shown) = hunts(temp.path(), &["show", "own", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["engines"], serde_json::json!(["insights"]));
}

#[test]
fn hunt_that_only_insights_can_run_is_refused_with_the_filter_engine() {
    let temp = directory_with_insights_hunt();
    let output = dragnet(
        temp.path(),
        &["sweep", "--hunt", "own", "--engine", "filter"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("only Insights can run this query"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn run_of_a_hunt_matches_its_manifest() {
    let temp = directory_with_insights_hunt();
    let output = dragnet(
        temp.path(),
        &[
            "sweep",
            "--practice",
            "--hunt",
            "root-use",
            "--since",
            "24h",
        ],
    );
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let run = only_run(temp.path());
    let verified = dragnet(temp.path(), &["runs", "verify", run.to_str().unwrap()]);
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stdout)
    );
}

#[test]
fn hunts_check_names_the_line_of_an_invalid_query() {
    let temp = directory_with_insights_hunt();
    write_hunt(&temp.path().join("good.toml"), "filter errorCode = 'x'");
    write_hunt(&temp.path().join("bad.toml"), "filter errorCode =");
    let (code, checked) = hunts(temp.path(), &["check", "good.toml", "bad.toml"]);
    assert!(
        code == 2 && checked.contains("own: valid") && checked.contains("bad.toml:5: line 1"),
        "{checked}"
    );
    assert_eq!(hunts(temp.path(), &["check", "good.toml"]).0, 0);
    assert_eq!(hunts(temp.path(), &["check"]).0, 0);
}

#[test]
fn hunts_check_names_an_unknown_command_and_the_engine_that_runs_it() {
    let temp = directory_with_insights_hunt();
    write_hunt(
        &temp.path().join("hunts/own.toml"),
        "filter errorCode = 'x' | newcommand errorCode",
    );
    let expected = "hunt `own`: line 1, column 26: unknown command `newcommand`; if it is new, run the hunt with \
                    --engine insights";
    for arguments in [&["check"][..], &["check", "hunts/own.toml"]] {
        let (code, checked) = hunts(temp.path(), arguments);
        assert!(code == 2 && checked.contains(expected), "{checked}");
    }
    assert_eq!(hunts(temp.path(), &["list"]).0, 0);
    let (code, shown) = hunts(temp.path(), &["show", "own"]);
    assert!(code == 0 && shown.contains("Insights only"), "{shown}");
}

#[test]
fn help_and_version_need_no_configuration() {
    let temp = tempfile::tempdir().unwrap();
    for arguments in [
        &["--version"][..],
        &["--help"],
        &["sweep", "--help"],
        &["sources", "--help"],
        &["completions", "bash"],
        &["man"],
    ] {
        let output = dragnet(temp.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

//! Everything that an attacker can write, in every output: hostile texts stand in every field of
//! records, lines and error messages, and in account and stream names. Readers that share no code
//! with the writers check every file, the terminal and the alerts.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use dragnet::report::write_run_report;
use serde_json::{Value, json};

use crate::scenario::{Event, Fault, Group, ScenarioBuilder};
use crate::watch::station::{Station, WATCH};
use crate::world::{Run, World};

pub(crate) const PAYLOADS: [&str; 40] = [
    // Formulas, for every separator.
    "=cmd|'/C calc'!A0",
    "+1+cmd|'/C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "x;=cmd|'/C calc'!A0;y",
    "x,=1+1,y",
    "x\t=1+1\ty",
    "x\n=1+1\ny",
    "x\r\n=1+1",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\"=1+1\"",
    "x;\"=1+1\"",
    "x\";=1+1,\"",
    "x,\"\"=1+1",
    "'=1+1",
    "\u{a0}=1+1",
    "＝1＋1",
    "x；x;＠SUM(1)",
    "|=1",
    // Control, bidirectional and invisible characters.
    "a\u{1b}[2J\u{1b}]0;owned\u{7}",
    "a\u{9b}31m\u{85}b",
    "a\0b\u{8}\u{7f}",
    "user\u{202e}nimda\u{2069}",
    "ad\u{200b}min\u{feff}\u{2060}",
    "a\u{2028}forged: line\u{2029}",
    "\u{e0041}\u{ad}\u{61c}",
    // Markup.
    "<script>alert(1)</script>",
    "</td></pre><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "<!--",
    "]]>&lt;b&gt;&#60;i&#62;",
    "<!channel> <https://evil.example|ok> *bold* _it_ `code`",
    "[link](javascript:alert(1)) ![i](http://evil.example/i.png)",
    "| cell | **bold** |\n\n# Heading",
    // JSON, templates and shells.
    "\\u001b[2J\\\\\",\"trusted\":true,\"x\":\"",
    "{{secret}} {count} %s %n",
    "$(touch x) `id` ; rm -rf / #",
    "../../etc/passwd",
];

/// Returns the id of the account whose records have this payload.
fn account_id(number: usize) -> String {
    (200_000_000_001 + number).to_string()
}

/// Returns a payload as the name of a log stream, which AWS restricts.
///
/// Source: CloudWatch Logs API, `CreateLogStream`: neither `:` nor `*`.
fn stream_name(payload: &str) -> String {
    payload.replace([':', '*'], "")
}

/// Returns a record that has the payload in every field that a caller can influence.
fn hostile_record(number: usize, event_name: &str, id: &str) -> String {
    let payload = PAYLOADS[number];
    let account = account_id(number);
    let event_source = match event_name {
        "StopLogging" => "cloudtrail.amazonaws.com",
        _ => payload,
    };
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": payload, "principalId": payload, "arn": payload, "accountId": payload, "accessKeyId": payload,
            "userName": payload,
        },
        "eventTime": "2026-03-02T10:00:00Z",
        "eventSource": event_source,
        "eventName": event_name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": payload,
        "userAgent": payload,
        "errorCode": payload,
        "errorMessage": payload,
        "requestID": payload,
        "requestParameters": { "name": payload, "logStreamName": payload },
        "additionalEventData": { "tag": "needle", (payload): "needle" },
        "eventID": id,
        "recipientAccountId": account,
    })
    .to_string()
}

fn event(account: &str, group: &str, stream: &str, message: &str) -> String {
    Event::new(account, "us-east-1", group, "2026-03-02T10:01:00Z", message)
        .stream(stream)
        .to_string()
}

/// Returns an organization with an account for each payload.
fn hostile_organization() -> String {
    let mut scenario = ScenarioBuilder::new("hostile")
        .regions(&["eu-west-1", "us-east-1"])
        .organization_trail("us-east-1")
        .with(&Group::everywhere("/app"));
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let id = account_id(number);
        scenario = scenario.account(&id, payload);
        // The message of an error is AWS's, but it may quote what others wrote.
        let fault = Fault::denied("DescribeLogGroups").account(&id);
        scenario = scenario.with(&fault.region("eu-west-1").message(payload));
        let line = format!("{payload} needle");
        scenario = scenario.with(&event(&id, "/app", &stream_name(payload), &line));
        let trail = format!("o-practice00_{id}_CloudTrail_us-east-1");
        let stop_id = format!("s{number}");
        for (event_name, event_id) in [(*payload, *payload), ("StopLogging", stop_id.as_str())] {
            let record = hostile_record(number, event_name, event_id);
            scenario = scenario.with(&event("111111111111", "/trail", &trail, &record));
        }
    }
    scenario.toml()
}

fn hunt(name: &str, query: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"Hostile <b>title</b>\"\nsource = \"cloudtrail\"\nseverity = \"low\"\n\
         query = '''{query}'''\n"
    )
}

async fn sweep(since: &str) -> Run {
    let needle = "filter additionalEventData.tag = \"needle\"";
    let world = World::from_toml(&hostile_organization())
        .with_config("")
        .with_hunt(
            "rows",
            &hunt(
                "rows",
                &format!("{needle} | fields userAgent, errorMessage"),
            ),
        )
        .with_hunt(
            "counts",
            &hunt(
                "counts",
                &format!("{needle} | stats count(*) as n by userAgent"),
            ),
        );
    let arguments = [
        "text:needle",
        "--hunt",
        "rows",
        "--hunt",
        "counts",
        "--since",
        since,
        "--format",
        "csv,jsonl,json,html,md,security-ir,ocsf,timesketch,stix",
    ];
    world.sweep(&arguments).await
}

/// Whether a terminal obeys or hides a character. The list is Unicode's, not that of the writers:
/// general categories Cc and Cf of the characters in this test, and the separators of lines.
fn is_raw(character: char) -> bool {
    let code = u32::from(character);
    let is_control = code < 0x20 || (0x7f..0xa0).contains(&code);
    let is_invisible = [0xad, 0x61c, 0xfeff].contains(&code)
        || (0x200b..=0x200f).contains(&code)
        || (0x2028..=0x202e).contains(&code)
        || (0x2060..=0x206f).contains(&code)
        || (0xe0000..=0xe007f).contains(&code);
    (is_control && character != '\n') || is_invisible
}

/// Returns the raw characters of a text.
pub(crate) fn raw_characters(text: &str) -> BTreeSet<char> {
    text.chars()
        .filter(|character| is_raw(*character))
        .collect()
}

/// Splits CSV at any separator, as a spreadsheet does: quotes only count at the start of a cell.
fn read_csv(text: &str, separator: char) -> Vec<Vec<String>> {
    let mut rows = vec![Vec::new()];
    let mut cell = String::new();
    let mut is_quoted = false;
    let mut is_start = true;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if is_quoted && character == '"' && characters.peek() == Some(&'"') {
            characters.next();
            cell.push('"');
        } else if is_quoted && character == '"' {
            is_quoted = false;
        } else if !is_quoted && is_start && character == '"' {
            is_quoted = true;
        } else if !is_quoted && (character == separator || character == '\n') {
            rows.last_mut().unwrap().push(std::mem::take(&mut cell));
            if character == '\n' {
                rows.push(Vec::new());
            }
            is_start = true;
            continue;
        } else {
            cell.push(character);
        }
        is_start = false;
    }
    rows.last_mut().unwrap().push(cell);
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}

/// Whether a spreadsheet executes a cell.
fn is_formula(cell: &str) -> bool {
    let cell = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || is_raw(c));
    cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Returns the cells that a spreadsheet executes, whichever separator it uses.
fn formulas(csv: &str) -> Vec<String> {
    let readings = [',', ';', '\t', '|'].map(|separator| read_csv(csv, separator));
    let cells = readings.into_iter().flatten().flatten();
    cells.filter(|cell| is_formula(cell)).collect()
}

/// The elements of the page, and all attributes that they may have.
const ELEMENTS: [&str; 49] = [
    "a", "b", "body", "button", "code", "dd", "details", "div", "dl", "dt", "em", "fieldset", "g",
    "h1", "h2", "h3", "head", "header", "html", "i", "input", "label", "legend", "li", "line",
    "main", "mark", "meta", "nav", "option", "p", "pre", "rect", "script", "section", "select",
    "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title",
    "tr", "ul",
];

/// Returns the tags of a page that its writer does not have.
fn foreign_tags(page: &str) -> Vec<String> {
    let mut foreign = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let is_own = ELEMENTS.contains(&name.as_str()) || tag == "!DOCTYPE html";
        let is_link = tag.contains("href=") && !tag.contains("href=\"#");
        let is_active = tag.contains(" on")
            || tag.contains("javascript:")
            || tag.contains("src=")
            || is_link
            || (name == "script" && !["script", "/script"].contains(&tag));
        if !is_own || is_active {
            foreign.push(tag.to_owned());
        }
    }
    foreign
}

/// Returns the files of a folder that people read, with their names.
fn text_files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = path.display().to_string();
        if path.is_dir() {
            files.extend(text_files(&path));
        } else if [".csv", ".json", ".jsonl", ".html", ".md"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

fn assert_files_are_harmless(folder: &Path) {
    let files = text_files(folder);
    let mut checked = BTreeSet::new();
    for (name, text) in &files {
        assert_eq!(raw_characters(text), BTreeSet::new(), "{name}");
        let ending = name.rsplit('.').next().unwrap();
        checked.insert(ending);
        match ending {
            "csv" => {
                assert_eq!(formulas(text), Vec::<String>::new(), "{name}");
                let rows = read_csv(text, ',');
                assert!(
                    rows.iter().all(|row| row.len() == rows[0].len()),
                    "{name}: every row has all its cells"
                );
                assert_eq!(rows.len(), text.lines().count(), "{name}: a row is a line");
            }
            "json" => assert!(serde_json::from_str::<Value>(text).is_ok(), "{name}"),
            "html" => {
                assert_eq!(foreign_tags(text), Vec::<String>::new(), "{name}");
                assert_eq!(text.matches("<script").count(), 1, "{name}: its own script");
            }
            "md" => {
                let mut lines = text.lines();
                assert!(!lines.any(|line| line.starts_with("# Heading")), "{name}");
                let unescaped = text.replace("\\]", "");
                assert!(!unescaped.contains("](javascript:"), "{name}");
            }
            _ => {}
        }
    }
    let endings = ["csv", "html", "json", "jsonl", "md"];
    assert_eq!(checked, BTreeSet::from(endings));
}

/// Asserts that the exact texts can be read from JSON.
fn assert_json_is_exact(run: &Run) {
    let lines: Vec<Value> = run
        .file("sightings.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let array: Vec<Value> = serde_json::from_str(&run.file("sightings.json")).unwrap();
    assert_eq!(array, lines);
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let message = format!("{payload} needle");
        let line = lines.iter().find(|line| line["message"] == *message);
        let line = line.unwrap_or_else(|| panic!("{payload:?}"));
        assert_eq!(line["log_stream"], *stream_name(payload));
        assert_eq!(line["account_name"], **payload);
        let message = hostile_record(number, payload, payload);
        let record = lines.iter().find(|line| line["message"] == *message);
        let record = record.unwrap_or_else(|| panic!("{payload:?}"));
        for column in [
            "account_name",
            "event_name",
            "event_source",
            "principal_arn",
            "access_key_id",
            "source_ip",
            "user_agent",
            "error_code",
            "record_id",
            "request_id",
        ] {
            assert_eq!(record[column], **payload, "{column}");
        }
    }
    for (hunt, column) in [("rows", "errorMessage"), ("counts", "userAgent")] {
        let rows: Vec<Value> =
            serde_json::from_str(&run.file(&format!("hunts/{hunt}.json"))).unwrap();
        let found: BTreeSet<&str> = rows.iter().filter_map(|row| row[column].as_str()).collect();
        let missing: Vec<&str> = PAYLOADS
            .iter()
            .copied()
            .filter(|p| !found.contains(p))
            .collect();
        assert!(missing.is_empty(), "{hunt}: {missing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_field_does_harm_in_any_file_or_on_the_terminal() {
    let run = sweep("24h").await;
    let summary = run.summary();
    assert_eq!(summary["tampering"]["StopLogging"], PAYLOADS.len());
    assert_files_are_harmless(&run.outputs.directory);
    assert_json_is_exact(&run);

    let mut page = Vec::new();
    let report = run.outputs.files.run_report("runs/x", false);
    write_run_report(&report, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert_eq!(raw_characters(&page), BTreeSet::new());
    assert!(page.contains("StopLogging"), "{page}");
}

/// Runs `dragnet` in a directory. Returns everything that it prints.
fn printed(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn commands_on_runs_are_harmless_on_the_terminal() {
    let all = sweep("24h").await;
    let none = sweep("1h").await;
    let all = &all.outputs.directory;
    let none = &none.outputs.directory;
    let paths = [all, none].map(|directory| directory.to_str().unwrap());
    let parent = all.parent().unwrap();
    for arguments in [
        &["runs", "show", paths[0]][..],
        &["runs", "verify", paths[0]],
        &["runs", "diff", paths[0], paths[1]],
        &["runs", "diff", paths[1], paths[0], "--json"],
        &["runs", "list", "--out", "."],
        &["runs", "list", "--out", ".", "--json"],
    ] {
        let text = printed(parent, arguments);
        assert_eq!(raw_characters(&text), BTreeSet::new(), "{arguments:?}");
        assert!(text.len() > 50, "{arguments:?}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_are_harmless_on_a_terminal_and_exact() {
    let config = WATCH.replace("192.0.2.1", "text:needle");
    let config = config.replace(
        "[[watch.schedule]]",
        "[[watch.schedule]]\nlookback = \"3h\"",
    );
    let station = Station::configured(&config);
    station.start(&hostile_organization()).run_once(None).await;
    let file = std::fs::read_to_string(station.path().join("alerts.jsonl")).unwrap();
    assert_eq!(raw_characters(&file), BTreeSet::new());
    let messages = station.alerted_messages();
    for payload in PAYLOADS {
        assert!(
            messages.contains(&format!("{payload} needle")),
            "{payload:?}"
        );
    }
    assert_files_are_harmless_in_runs(&station);
}

/// The runs of the watch write the files of its default formats.
fn assert_files_are_harmless_in_runs(station: &Station) {
    let files = text_files(&station.path().join("state/runs"));
    assert!(!files.is_empty());
    for (name, text) in files {
        assert_eq!(raw_characters(&text), BTreeSet::new(), "{name}");
        if Path::new(&name).extension().is_some_and(|end| end == "csv") {
            assert_eq!(formulas(&text), Vec::<String>::new(), "{name}");
        }
    }
}

/// A field can only be written unescaped by another encoder than that of its format.
#[test]
fn every_format_has_one_encoder() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    let mut encoders = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            for encoder in ["csv::Writer", "markup_escape(", "serde_json::to_writer"] {
                if code.contains(encoder) {
                    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                    encoders.insert((encoder, name));
                }
            }
        }
    }
    let expected = [
        ("csv::Writer", "csv_file.rs"),
        ("markup_escape(", "html.rs"),
        ("serde_json::to_writer", "record_file.rs"),
    ];
    let expected = expected.map(|(encoder, file)| (encoder, file.to_owned()));
    assert_eq!(encoders, BTreeSet::from(expected));
}

#[test]
fn the_checks_can_fail() {
    let distinct: BTreeSet<&str> = PAYLOADS.into_iter().collect();
    assert_eq!(distinct.len(), PAYLOADS.len());
    assert_eq!(raw_characters("a\n\u{1b}\u{202e}").len(), 2);
    assert_eq!(formulas("a,\"x;=1;y\"\n"), ["=1"]);
    assert_eq!(formulas("a,\"x\t=1\"\n"), ["=1\""]);
    assert_eq!(formulas("a,\"x\n=1\"\n"), ["=1\""; 3]);
    assert_eq!(formulas("a,\" \"\"=1\"\n"), [" \"=1"]);
    assert!(formulas("'=1,\"x;'=1\",a=1\n").is_empty());
    assert_eq!(read_csv("a,\"b,\"\"c\"\n", ','), [["a", "b,\"c"]]);
    assert_eq!(
        foreign_tags("<p>a</p><img src=x><td onclick=a><!--<a href=\"//x\"><script async>"),
        [
            "img src=x",
            "td onclick=a",
            "!--",
            "a href=\"//x\"",
            "script async"
        ]
    );
}

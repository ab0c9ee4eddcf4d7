//! The page with hostile and with many sightings.

use proptest::prelude::*;

use super::*;
use crate::report::testing::{self, coverage_row, sighting, written};
use crate::report::{
    AccountNames, CoverageTally, EvidenceTally, GraphEdge, GraphNode, GraphOpenEnd, RunStatus,
    SightingTally, Summary,
};
use crate::store::StoreError;
use dragnet_model::Outcome;

/// Returns the page of a run with these sightings, and a hostile name of their account.
fn page_of(found: &[Sighting], copies: usize) -> String {
    page_with_lineage(found, copies, None)
}

fn page_with_lineage(found: &[Sighting], copies: usize, lineage: Option<&LineageGraph>) -> String {
    let rows = || (0..copies).flat_map(move |_| found.iter().cloned());
    let mut sightings = SightingTally::default();
    rows().for_each(|row| sightings.add(&row));
    let coverage_rows = [
        ("eu-west-1", Outcome::searched()),
        ("us-east-1", Outcome::denied("</td><script>")),
    ]
    .map(|(region, outcome)| coverage_row("111111111111", Some(region), Some("/<b>"), outcome));
    let mut coverage = CoverageTally::default();
    for row in &coverage_rows {
        coverage.add(row);
    }
    let summary = Summary {
        accounts: coverage.accounts(),
        sightings: sightings.total(),
        ..testing::summary(RunStatus::Incomplete)
    };
    let mut tally = PageTally::new(&summary, &sightings);
    rows().for_each(|row| tally.add_sighting(&row));
    for row in &coverage_rows {
        tally.add_coverage(row);
    }
    let report = RunReport {
        summary: &summary,
        sightings: &sightings,
        coverage: &coverage,
        evidence: &EvidenceTally::default(),
        names: &AccountNames::from([("111111111111".to_owned(), "</td><script>".to_owned())]),
        directory: "",
        files: &[],
        manifest_sha256: None,
        geoip: None,
        color: false,
    };
    let input = PageInput {
        tally: &tally,
        sources: &[],
        file_hashes: &[("sightings.csv".to_owned(), "5d5766cf".repeat(8))],
        lineage,
    };
    let rows = rows().map(Ok::<_, StoreError>);
    written(|out| write_html(&report, input, rows, out))
}

fn page(found: usize, message: &str) -> String {
    let mut hostile = sighting(message);
    hostile.details.identity.arn = "<img src=x onerror=alert(1)>\u{202e}".into();
    page_of(&[hostile], found)
}

/// Returns the page without its script, which is a constant.
fn without_script(page: &str) -> String {
    page.replace(SCRIPT, "")
}

#[test]
fn hostile_text_is_escaped() {
    let page = page(2, "</pre><script>alert('1')</script>\u{1b}[2J");
    for hostile in ["<script>a", "<img", "</pre><script", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(hostile), "{hostile:?} in {page}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(
        page.contains("&lt;script&gt;alert(&apos;1&apos;)") && page.contains("\\u{202e}"),
        "{page}"
    );
    assert_elements_are_closed(&page);
}

/// No element is opened except by the templates, and every one of them is closed.
fn assert_elements_are_closed(page: &str) {
    for element in [
        "table", "tbody", "tr", "td", "th", "details", "pre", "div", "section", "ul", "li", "span",
        "svg", "a", "g", "text", "title",
    ] {
        let start_tag = format!("<{element}");
        let end_tag = format!("</{element}>");
        let opened = without_script(page)
            .split(&start_tag)
            .skip(1)
            .filter(|rest| rest.starts_with(['>', ' ']))
            .count();
        assert_eq!(opened, page.matches(&end_tag).count(), "{element}");
    }
}

#[test]
fn names_of_the_lineage_are_escaped() {
    let hostile = "</text></svg><script>alert(1)</script>\u{202e}";
    let node = |depth| GraphNode {
        kind: "session",
        identity: format!("session {hostile} in 111111111111"),
        account_id: Some("111111111111".to_owned()),
        depth,
        from: hostile.to_owned(),
        reason: hostile.to_owned(),
        is_start: depth == 0,
        is_followed: true,
    };
    let graph = LineageGraph {
        nodes: vec![node(0), node(1)],
        edges: vec![GraphEdge {
            from: 0,
            to: 1,
            event_name: hostile.to_owned(),
            time: hostile.to_owned(),
            event_ids: vec![hostile.to_owned()],
        }],
        open_ends: vec![GraphOpenEnd {
            node: Some(1),
            kind: "not-covered",
            location: hostile.to_owned(),
            reason: hostile.to_owned(),
        }],
        attempts: 1,
    };
    let page = page_with_lineage(&[sighting("")], 1, Some(&graph));
    assert!(
        page.contains("<p>2 nodes, 1 call, 1 failed attempt, 1 open end.</p>"),
        "{page}"
    );
    assert!(!page.contains("</text></svg><script") && !page.contains('\u{202e}'));
    assert_eq!(page.matches("<script").count(), 1);
    assert_elements_are_closed(&page);
    assert!(page.contains("<a href=\"#lineage\">"));
    let without_lineage = page_of(&[sighting("")], 1);
    assert!(
        !without_lineage.contains("#lineage") && !without_lineage.contains("<h2 id=\"lineage\"")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn text_neither_opens_nor_closes_elements(
        text in "([<>&'\"/=!-]|script|</pre>|</td>|style|[\\u{0}-\\u{1f}\\u{7f}-\\u{9f}\\u{202a}-\\u{202e}]|\\PC){0,40}",
    ) {
        let markup = |page: &str| page.matches(['<', '>', '"']).count();
        // One line that is not JSON, without a match.
        let text = text.replace(['\n', '\r', '{', '[', '1', 'a', 'A'], "");
        let harmless = page(1, "x");
        let page = page(1, &text);
        prop_assert_eq!(markup(&page), markup(&harmless));
        let is_raw = |c: char| c != '\n' && escape(&c.to_string()) != c.to_string();
        prop_assert!(!page.contains(is_raw));
    }

    #[test]
    fn texts_of_a_record_neither_open_nor_close_elements(text in "([<>&'\"/-]|script|</pre>|\\PC){0,20}") {
        let record = |text: &str| {
            let message = serde_json::json!({ "a": text, "b": [text] }).to_string();
            page(1, &message)
        };
        let tags = |page: &str| page.matches(['<', '>']).count();
        let mark = |page: &str| page.matches("<mark>").count();
        let shown = record(&text);
        // A mark has two tags.
        let marks = 4 * mark(&shown);
        prop_assert_eq!(tags(&shown) - marks, tags(&record("")) - 4 * mark(&record("")));
    }
}

#[test]
fn policy_allows_only_the_own_style_and_script() {
    let page = page(1, "");
    let style_hash = source_hash(STYLE);
    let script_hash = source_hash(SCRIPT);
    assert!(
        page.contains(&format!(
            "content=\"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; \
             base-uri 'none'; form-action 'none'\""
        )),
        "{page}"
    );
    // A browser hashes what is between the tags.
    for (element, text) in [("style", STYLE), ("script", SCRIPT)] {
        let embedded = page
            .split_once(&format!("<{element}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")))
            .unwrap()
            .0;
        assert_eq!(embedded, text);
    }
    let text = without_script(&page);
    assert!(!text.contains("style=") && !text.contains("http:") && !text.contains("https:"));
}

/// The escaper makes text harmless only where a template uses it.
#[test]
fn only_the_style_and_the_script_are_written_unescaped() {
    let templates = [
        include_str!("../templates/report.html"),
        include_str!("../templates/lineage.html"),
        include_str!("../templates/row.html"),
        include_str!("../templates/record.html"),
        include_str!("../templates/section.html"),
        include_str!("../templates/end.html"),
    ]
    .concat();
    assert_eq!(templates.matches("safe").count(), 2);
    assert!(templates.contains("<style>{{ style|safe }}</style>"));
    assert!(templates.contains("<script>{{ script|safe }}</script>"));
    // Neither can end its element, and the script neither loads anything nor creates markup.
    assert_eq!(STYLE.matches(['<', '&']).count(), 0);
    assert_eq!(SCRIPT.matches('<').count(), 0);
    for name in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval",
        "fetch",
        "import",
        "url(",
    ] {
        assert!(!SCRIPT.contains(name) && !STYLE.contains(name), "{name}");
    }
    // No expression is the value of an attribute, except those of the program itself.
    let attributes: Vec<&str> = templates
        .split("=\"")
        .skip(1)
        .filter_map(|value| value.split('"').next())
        .filter(|value| value.contains("{{"))
        .collect();
    for attribute in attributes {
        let untrusted = [
            "name",
            "text",
            "account }}",
            "principal",
            "reason",
            "value",
            "event",
            "title",
        ];
        let is_untrusted = untrusted.iter().any(|word| attribute.contains(word));
        assert!(!is_untrusted, "{attribute}");
    }
}

#[test]
fn first_screen_says_what_was_found_and_covered() {
    let page = page(1, "");
    for text in [
        "<h1>1 sighting was found, and coverage is INCOMPLETE: there may be more.</h1>",
        "<p class=\"big\"><b>1</b> sighting</p>",
        "<p class=\"big\"><b>INCOMPLETE</b></p>",
        "<dt>Caller</dt><dd>arn:aws:iam::999999999999:user/responder</dd>",
        "<dt>Version</dt><dd>dragnet 0.1.0</dd>",
        "<dt>Searched for</dt><dd>192.0.2.1, alice</dd>",
        "<th scope=\"row\">sightings.csv</th><td>5d5766cf5d5766cf",
        "<th scope=\"row\" class=\"pick\">alice</th><td>user</td><td>0</td>",
    ] {
        assert!(page.contains(text), "{text:?} in {page}");
    }
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(page.ends_with("</script>\n</body></html>\n"), "{page}");
}

#[test]
fn sightings_gaps_and_timeline_refer_to_each_other() {
    let page = page(3, r#"{"sourceIPAddress":"192.0.2.1"}"#);
    assert_eq!(
        page.matches("href=\"#bar-0\"").count(),
        2,
        "the bar and its number"
    );
    assert_eq!(
        page.matches(" id=\"bar-0\"").count(),
        1,
        "the first row of the hour"
    );
    assert!(
        page.contains("&quot;sourceIPAddress&quot;: &quot;<mark>192.0.2.1</mark>&quot;"),
        "{page}"
    );
    assert!(page.contains("<td class=\"gap\"><b></b> D<span>denied</span></td>"));
    assert!(page.contains("<td class=\"good\"><b>3</b> ✓<span>covered</span></td>"));
    assert!(page.contains("<summary>All gaps, one by one (1)</summary>"));
}

#[test]
fn page_with_many_sightings_stays_small() {
    let long = sighting(&"\u{202e}".repeat(5_000));
    let page = page_of(&[long], 11_000);
    assert!(page.len() < 8_000_000, "{}", page.len());
    assert!(page.contains("The first 10,000 of 11,000 sightings"));
    assert!(page.contains("<b>1,000 more sightings</b> not on this page"));
    assert_eq!(page.matches("<tbody class=\"ok\"").count(), 10_000);
    let records = page.matches("<summary>Record ").count();
    assert!(records < 1_000, "they do not fit");
    let left_out = format!("{} records of the first rows did not fit", 1_000 - records);
    assert!(page.contains(&left_out), "{left_out}");
}

/// Records of the length that CloudTrail has are all there.
#[test]
fn page_has_ten_thousand_rows_and_a_thousand_records() {
    let parameters = "\"bucketName\":\"customer-data\",\"Host\":\"s3.amazonaws.com\",".repeat(8);
    let mut call = sighting(&format!(
        "{{\"eventID\":\"efff80f5-a6ce-10b1-87df-1d6a4018a40d\",\"requestParameters\":{{{parameters}\"key\":1}},\
         \"sourceIPAddress\":\"192.0.2.1\"}}"
    ));
    call.details.identity.arn =
        "arn:aws:sts::111111111111:assumed-role/WebServer/i-0a1b2c3d4e5f60718".into();
    call.details.identity.access_key_id = "ASIAAPRDQRX63ZJN5POEH".into();
    call.details.error_code = "Client.UnauthorizedOperation".into();
    call.details.event_source = "s3.amazonaws.com".into();
    let page = page_of(&[call], 10_000);
    assert!(page.len() < 8_000_000, "{}", page.len());
    assert_eq!(page.matches("<tbody class=\"no\"").count(), 10_000);
    assert_eq!(page.matches("<summary>Record ").count(), 1_000);
    assert!(!page.contains("not on this page"));
}

//! How narrow the patterns of combinations of hunts are.

use super::hunt_with_query;
use crate::search::SearchSet;
use crate::search::hunts::FlowLogFormats;
use crate::search::required_text::ESCAPES;
use dragnet_model::{Hunt, HuntSource, Indicator};

type HuntText = (HuntSource, &'static str);

const DENIED: HuntText = (
    HuntSource::CloudTrail,
    "filter errorCode like /Unauthorized|Denied/",
);
const CREATED: HuntText = (
    HuntSource::CloudTrail,
    "filter eventName in [\"CreateUser\", \"CreateRole\"] and a != 'b'",
);
const REJECTED: HuntText = (
    HuntSource::VpcFlow,
    "filter action = 'REJECT' and isIpv4InSubnet(srcAddr, '10.0.0.0/8')",
);

/// The pattern for these hunts and indicators, or `everything`.
fn pattern_for(hunts: &[HuntText], indicators: &[&str]) -> String {
    let hunts: Vec<Hunt> = hunts
        .iter()
        .map(|(source, query)| hunt_with_query(*source, query))
        .collect();
    let indicators: Vec<Indicator> = indicators
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let search_set = SearchSet::new(&indicators, &hunts).unwrap();
    search_set
        .pattern(&FlowLogFormats::default(), true)
        .unwrap_or_else(|| "everything".to_owned())
}

/// The same, without the escapes that are part of every pattern of terms.
fn terms_for(hunts: &[HuntText], indicators: &[&str]) -> String {
    let pattern = pattern_for(hunts, indicators);
    let escapes = ESCAPES.map(|escape| format!(" ?{escape}")).concat();
    pattern
        .strip_suffix(&escapes)
        .map_or_else(|| panic!("{pattern} excludes escapes"), str::to_owned)
}

/// Checks how narrow the patterns are: which hunts compile to which pattern.
#[test]
fn each_combination_of_hunts_has_its_pattern() {
    assert_eq!(
        pattern_for(&[DENIED], &[]),
        r#"{ (($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*")) || $.errorCode = "*u00*" }"#
    );
    assert_eq!(
        pattern_for(&[DENIED, CREATED], &[]),
        r#"{ (($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*")) || (($.eventName = "CreateUser" || $.eventName = "CreateRole")) || $.errorCode = "*u00*" || $.eventName = "*u00*" }"#
    );
    assert_eq!(
        pattern_for(&[REJECTED], &[]),
        r#"[c1, c2, c3, c4 = "10.*", c5, c6, c7, c8, c9, c10, c11, c12, c13 = "REJECT", c14]"#
    );
    assert_eq!(
        terms_for(&[DENIED, REJECTED], &[]),
        r#"?"Denied" ?"REJECT" ?"Unauthorized""#
    );
    assert_eq!(
        pattern_for(&[DENIED], &["192.0.2.1"]),
        r"%192.0.2.1|Denied|Unauthorized|[fF]{4}:[0-9a-fA-F]*:|u002[5dDeE]|u003[0-9aA]|u00[4-7]|\x252[5dDeE]|\x253[0-9aA]|\x25[4-7]%"
    );
    assert_eq!(
        pattern_for(
            &[(HuntSource::Any, "filter errorCode like /(?i)denied/")],
            &[]
        ),
        "everything"
    );
    assert_eq!(
        pattern_for(&[DENIED, (HuntSource::Any, "stats count(*)")], &[]),
        "everything"
    );
}

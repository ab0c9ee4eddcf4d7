//! The responses of CloudWatch Observability Admin. An absent list is an empty one, because it is not known
//! how AWS writes that: these lists only name what a search could read in addition, and no coverage follows from
//! what they do not name.
//!
//! Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`.

use crate::aws::response_shape::{Content, Member, member};

pub(super) const PIPELINES: &[Member] = &[
    member(
        &["PipelineSummaries"],
        Content::OptionalList(&[member(&["Arn"], Content::Text)]),
    ),
    member(&["NextToken"], Content::Token),
];

pub(super) const TELEMETRY_RULES: &[Member] = &[
    member(
        &["TelemetryRuleSummaries"],
        Content::OptionalList(&[member(&["RuleArn"], Content::Text)]),
    ),
    member(&["NextToken"], Content::Token),
];

pub(super) const CENTRALIZATION_RULES: &[Member] = &[
    member(
        &["CentralizationRuleSummaries"],
        Content::OptionalList(&[member(&["RuleArn"], Content::Text)]),
    ),
    member(&["NextToken"], Content::Token),
];

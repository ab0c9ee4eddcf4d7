//! Notes about fields that no record can have, most likely because their names are misspelt. Such a
//! hunt finds nothing, which must not look like a clean result.

use crate::config::nearest;
use dragnet_model::{Hunt, HuntSource};
use insights_ql::{LogType, Query};

/// Shorter names are near too many others to be called misspelt.
const SHORTEST: usize = 5;

/// Returns a note for each field that no record of the hunt's kind has, and for each name after
/// `stats` that is not one of its results. A query that only Insights can parse has no notes.
pub(crate) fn field_notes(hunt: &Hunt) -> Vec<String> {
    let Ok(query) = hunt.query.parse::<Query>() else {
        return Vec::new();
    };
    let types: &[LogType] = match hunt.source {
        HuntSource::CloudTrail => &[LogType::CloudTrail],
        HuntSource::VpcFlow => &[LogType::FlowLog],
        HuntSource::Any => LogType::ALL,
    };
    let mut notes: Vec<String> = query
        .record_fields()
        .into_iter()
        .filter_map(|field| {
            if field.starts_with('@') {
                generated_note(field)
            } else if hunt.source == HuntSource::Any {
                any_type_note(field, types)
            } else {
                type_note(field, types)
            }
        })
        .collect();
    notes.extend(query.unknown_results().into_iter().map(|unknown| {
        let known = unknown.results.iter().map(String::as_str);
        let suggestion = suggestion(nearest(&unknown.name, known));
        format!("`{}` is not a result of `stats`{suggestion}", unknown.name)
    }));
    notes
}

fn suggestion(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The note about a field that begins with `@`, unless Insights generates it.
fn generated_note(field: &str) -> Option<String> {
    if LogType::is_generated_field(field) {
        return None;
    }
    let known = LogType::generated_fields();
    let suggestion = suggestion(nearest(field, known.iter().map(String::as_str)));
    Some(format!(
        "`{field}` is not a field that CloudWatch Logs generates{suggestion}"
    ))
}

/// The note about a field of a hunt for records of one type.
fn type_note(field: &str, types: &[LogType]) -> Option<String> {
    let (first, rest) = field.split_once('.').unwrap_or((field, ""));
    let known: Vec<String> = types.iter().flat_map(|kind| kind.fields()).collect();
    let is_known = known.iter().any(|name| name == first);
    // A list of all fields of transit gateways would be long.
    let is_transit_gateway = first.starts_with("tgw") || first.starts_with("packetsLost");
    if is_known {
        return inner_note(field, first, rest, types);
    }
    if is_transit_gateway && types.contains(&LogType::FlowLog) {
        return None;
    }
    let suggestion = suggestion(nearest(first, known.iter().map(String::as_str)));
    Some(format!(
        "`{field}` is not a documented field of {}{suggestion}",
        type_names(types)
    ))
}

/// The note about a field inside an object, if it is near a documented one.
fn inner_note(field: &str, object: &str, rest: &str, types: &[LogType]) -> Option<String> {
    let (name, _) = rest.split_once('.').unwrap_or((rest, ""));
    let known: Vec<&str> = types
        .iter()
        .flat_map(|kind| kind.fields_inside(object).iter().copied())
        .collect();
    if name.is_empty() || known.contains(&name) {
        return None;
    }
    let near = nearest(name, known)?;
    Some(format!(
        "`{field}` is not a documented field of {}; did you mean `{object}.{near}`?",
        type_names(types)
    ))
}

/// The note about a field of a hunt for records of any type. Applications may write any field to
/// their logs, so only a name that is near a documented one is noted.
fn any_type_note(field: &str, types: &[LogType]) -> Option<String> {
    let first = field.split('.').next().unwrap_or_default();
    let known: Vec<String> = types.iter().flat_map(|kind| kind.fields()).collect();
    if known.iter().any(|name| name == first) {
        return type_note(field, types);
    }
    if first.chars().count() < SHORTEST {
        return None;
    }
    let near = nearest(first, known.iter().map(String::as_str))?;
    Some(format!(
        "`{field}` is not a documented field of {}; did you mean `{near}`? Only logs of applications may have it",
        type_names(types)
    ))
}

fn type_names(types: &[LogType]) -> String {
    let names = types.iter().map(|kind| match kind {
        LogType::CloudTrail => "CloudTrail events",
        LogType::FlowLog => "VPC flow logs",
        LogType::DnsQuery => "DNS query logs",
    });
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Catalogue;
    use dragnet_model::Severity;

    fn notes(source: HuntSource, query: &str) -> Vec<String> {
        field_notes(&Hunt {
            name: "h".to_owned(),
            title: String::new(),
            source,
            severity: Severity::Low,
            techniques: Vec::new(),
            parameters: BTreeMap::new(),
            query: query.to_owned(),
            filter_pattern: None,
        })
    }

    #[test]
    fn misspelt_field_is_noted_with_the_nearest_name() {
        for (source, query, suggestion) in [
            (HuntSource::CloudTrail, "filter eventNam = 'a'", "eventName"),
            (
                HuntSource::CloudTrail,
                "filter eventname = 'a'",
                "eventName",
            ),
            (
                HuntSource::CloudTrail,
                "filter sourceIpAddress = 'a'",
                "sourceIPAddress",
            ),
            (
                HuntSource::CloudTrail,
                "fields userIdentity.usrName",
                "userIdentity.userName",
            ),
            (
                HuntSource::CloudTrail,
                "fields userIdentiy.arn",
                "userIdentity",
            ),
            (
                HuntSource::CloudTrail,
                "stats count(*) by errorCod",
                "errorCode",
            ),
            (HuntSource::Any, "filter eventNam = 'a'", "eventName"),
            (HuntSource::Any, "filter respnseCode = 'a'", "responseCode"),
            (HuntSource::Any, "filter @requestID = 'a'", "@requestId"),
            (HuntSource::Any, "fields @timestmp", "@timestamp"),
            (HuntSource::VpcFlow, "filter srcaddr = 'a'", "srcAddr"),
            (
                HuntSource::Any,
                "stats count(*) as hits by a | filter hit > 1",
                "hits",
            ),
        ] {
            let found = notes(source, query);
            assert!(
                found.len() == 1 && found[0].contains(&format!("did you mean `{suggestion}`?")),
                "{query}: {found:?}"
            );
        }
        let without = notes(HuntSource::CloudTrail, "filter zzz = 1");
        assert_eq!(
            without,
            ["`zzz` is not a documented field of CloudTrail events"]
        );
    }

    #[test]
    fn valid_fields_are_not_noted() {
        for (source, query) in [
            (
                HuntSource::CloudTrail,
                "filter requestParameters.x.0.y = 'a' | fields userIdentity.sessionContext.z",
            ),
            (
                HuntSource::CloudTrail,
                "fields eventName as eventNam | sort eventNam",
            ),
            (
                HuntSource::VpcFlow,
                "filter pktSrcAddr = 'a' and tgwId = 'b' and startTime > 1 and flowDirection = 'x'",
            ),
            (
                HuntSource::Any,
                "filter user = 'mallory' | fields ip, level, status, path, message, source, host",
            ),
            (
                HuntSource::Any,
                "filter @type = 'REPORT' | stats max(@duration) as d | filter d > 1",
            ),
            (
                HuntSource::Any,
                "fields @entity.KeyAttributes.Type, @aws.account, @@x",
            ),
            (
                HuntSource::Any,
                "parse @message '* *' as @user, eventNam | stats count(*) by @user, eventNam",
            ),
            (HuntSource::Any, "filter broken ="),
        ] {
            assert_eq!(notes(source, query), Vec::<String>::new(), "{query}");
        }
        for hunt in Catalogue::load(None).unwrap().iter() {
            assert_eq!(
                field_notes(&hunt.example()),
                Vec::<String>::new(),
                "{}",
                hunt.name
            );
        }
    }
}

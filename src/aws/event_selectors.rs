//! The event selectors of a trail: which events it records.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types;

use dragnet_model::{ArnCondition, ManagementEvents, ObjectSelector, S3_OBJECT, Selection};

/// Combines the event selectors of a trail. A trail has basic or advanced selectors; one without
/// any has the default, all management events.
pub(super) fn parse_selection(
    basic: &[types::EventSelector],
    advanced: &[types::AdvancedEventSelector],
) -> Selection {
    let mut management = ManagementEvents::default();
    let mut data = BTreeSet::new();
    let mut objects = Vec::new();
    if basic.is_empty() && advanced.is_empty() {
        management = ManagementEvents::all();
    }
    for selector in basic {
        if selector.include_management_events().unwrap_or(true) {
            management = management.combined_with(basic_management(selector));
        }
        data.extend(
            selector
                .data_resources()
                .iter()
                .filter_map(|kind| kind.r#type().map(str::to_owned)),
        );
        objects.extend(basic_object_selector(selector));
    }
    for selector in advanced {
        let has_category = |category| {
            field(selector, "eventCategory").any(|f| f.equals().iter().any(|c| c == category))
        };
        if has_category("Management") {
            management = management.combined_with(advanced_management(selector));
        } else {
            data.extend(
                field(selector, "resources.type").flat_map(|kind| kind.equals().iter().cloned()),
            );
            objects.extend(advanced_object_selector(selector));
        }
    }
    Selection::Events {
        management,
        data,
        objects,
    }
}

/// Returns which objects in S3 a basic selector selects, if any.
fn basic_object_selector(selector: &types::EventSelector) -> Option<ObjectSelector> {
    let resources = selector.data_resources().iter();
    let values: Vec<String> = resources
        .clone()
        .filter(|resource| resource.r#type() == Some(S3_OBJECT))
        .flat_map(|resource| resource.values().iter().cloned())
        .collect();
    let mut kinds = resources.map(types::DataResource::r#type);
    let reads = selector.read_write_type().map(types::ReadWriteType::as_str) != Some("WriteOnly");
    kinds
        .any(|kind| kind == Some(S3_OBJECT))
        .then(|| ObjectSelector {
            reads,
            conditions: vec![ArnCondition::StartsWith(values)],
            has_other_conditions: false,
        })
}

/// Returns which objects in S3 an advanced selector of data events selects, if any.
///
/// Source: CloudTrail API, `AdvancedFieldSelector`, `Field`.
fn advanced_object_selector(selector: &types::AdvancedEventSelector) -> Option<ObjectSelector> {
    let is_equal =
        |name, word| field(selector, name).any(|f| f.equals().iter().any(|value| value == word));
    if !is_equal("eventCategory", "Data") || !is_equal("resources.type", S3_OBJECT) {
        return None;
    }
    let mut found = ObjectSelector {
        reads: true,
        conditions: Vec::new(),
        has_other_conditions: false,
    };
    for condition in selector.field_selectors() {
        match condition.field() {
            "eventCategory" | "resources.type" => {}
            "readOnly" => {
                let is_false = |value: &String| value == "false";
                let is_true = |value: &String| value == "true";
                found.reads &= !condition.equals().iter().any(is_false)
                    && !condition.not_equals().iter().any(is_true);
            }
            "resources.ARN" => found.conditions.extend(arn_conditions(condition)),
            _ => found.has_other_conditions = true,
        }
    }
    Some(found)
}

/// Returns the conditions of a field that has the ARN of an object.
fn arn_conditions(condition: &types::AdvancedFieldSelector) -> Vec<ArnCondition> {
    let mut conditions = Vec::new();
    let mut add = |values: &[String], new: fn(Vec<String>) -> ArnCondition| {
        if !values.is_empty() {
            conditions.push(new(values.to_vec()));
        }
    };
    add(condition.starts_with(), ArnCondition::StartsWith);
    add(condition.not_starts_with(), ArnCondition::NotStartsWith);
    add(condition.equals(), ArnCondition::Equals);
    add(condition.not_equals(), ArnCondition::NotEquals);
    add(condition.ends_with(), |_| ArnCondition::End);
    add(condition.not_ends_with(), |_| ArnCondition::End);
    conditions
}

fn basic_management(selector: &types::EventSelector) -> ManagementEvents {
    let excluded = || {
        Some(
            selector
                .exclude_management_event_sources()
                .iter()
                .cloned()
                .collect(),
        )
    };
    match selector.read_write_type().map(types::ReadWriteType::as_str) {
        Some("ReadOnly") => ManagementEvents {
            reads: excluded(),
            writes: None,
        },
        Some("WriteOnly") => ManagementEvents {
            reads: None,
            writes: excluded(),
        },
        _ => ManagementEvents {
            reads: excluded(),
            writes: excluded(),
        },
    }
}

fn advanced_management(selector: &types::AdvancedEventSelector) -> ManagementEvents {
    let read_only_is =
        |word| field(selector, "readOnly").any(|f| f.equals().iter().any(|value| value == word));
    let mut management = ManagementEvents::all();
    if read_only_is("true") {
        management.writes = None;
    }
    if read_only_is("false") {
        management.reads = None;
    }
    for condition in selector.field_selectors() {
        match condition.field() {
            "eventCategory" | "readOnly" => {}
            "eventSource" if !condition.not_equals().is_empty() => {
                condition
                    .not_equals()
                    .iter()
                    .for_each(|service| management.exclude(service));
            }
            // Any other condition keeps only some events. It is reported by its field, not
            // evaluated.
            other => management.exclude(&format!("events that its condition on {other} excludes")),
        }
    }
    management
}

fn field<'a>(
    selector: &'a types::AdvancedEventSelector,
    name: &'a str,
) -> impl Iterator<Item = &'a types::AdvancedFieldSelector> {
    selector
        .field_selectors()
        .iter()
        .filter(move |selector| selector.field() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::SelectedReads;
    use types::{
        AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType,
    };

    fn condition(field: &str, equals: &[&str], not_equals: &[&str]) -> AdvancedFieldSelector {
        let list = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
        let condition = AdvancedFieldSelector::builder().field(field);
        condition
            .set_equals(list(equals))
            .set_not_equals(list(not_equals))
            .build()
            .unwrap()
    }

    fn advanced(conditions: Vec<AdvancedFieldSelector>) -> AdvancedEventSelector {
        AdvancedEventSelector::builder()
            .set_field_selectors(Some(conditions))
            .build()
            .unwrap()
    }

    #[test]
    fn basic_selectors_are_described_with_exclusions() {
        let selector = EventSelector::builder()
            .read_write_type(ReadWriteType::WriteOnly)
            .exclude_management_event_sources("kms.amazonaws.com")
            .build();
        assert_eq!(
            parse_selection(&[selector], &[]).text(),
            "management events: only writes without kms.amazonaws.com; no data events"
        );
        assert!(parse_selection(&[EventSelector::builder().build()], &[]).is_whole());
        assert!(
            !parse_selection(
                &[EventSelector::builder()
                    .include_management_events(false)
                    .build()],
                &[]
            )
            .is_whole()
        );
        assert!(parse_selection(&[], &[]).is_whole());
    }

    #[test]
    fn advanced_selectors_are_combined() {
        let reads = advanced(vec![
            condition("eventCategory", &["Management"], &[]),
            condition("readOnly", &["true"], &[]),
        ]);
        let writes = advanced(vec![
            condition("eventCategory", &["Management"], &[]),
            condition("readOnly", &["false"], &[]),
            condition("eventSource", &[], &["rdsdata.amazonaws.com"]),
        ]);
        let data = advanced(vec![
            condition("eventCategory", &["Data"], &[]),
            condition("resources.type", &["AWS::S3::Object"], &[]),
        ]);
        assert_eq!(
            parse_selection(&[], &[reads, writes, data.clone()]).text(),
            "management events: reads, writes without rdsdata.amazonaws.com; data events: AWS::S3::Object"
        );
        assert!(parse_selection(&[], &[data]).management().is_none());
        let odd = advanced(vec![
            condition("eventCategory", &["Management"], &[]),
            condition("eventName", &["X"], &[]),
        ]);
        assert!(!parse_selection(&[], &[odd]).is_whole());
    }

    #[test]
    fn selected_reads_of_a_bucket_are_those_of_all_selectors() {
        let resource = |value: &str| {
            DataResource::builder()
                .r#type(S3_OBJECT)
                .values(value)
                .build()
        };
        let basic = |kind: ReadWriteType, value: &str| {
            EventSelector::builder()
                .read_write_type(kind)
                .data_resources(resource(value))
                .build()
        };
        let of_basic =
            |selectors: &[EventSelector]| parse_selection(selectors, &[]).reads_of_bucket("logs");
        let all = basic(ReadWriteType::All, "arn:aws:s3");
        let writes = basic(ReadWriteType::WriteOnly, "arn:aws:s3");
        let folder = basic(ReadWriteType::ReadOnly, "arn:aws:s3:::logs/a");
        assert_eq!(of_basic(&[all]), SelectedReads::All);
        assert_eq!(of_basic(std::slice::from_ref(&writes)), SelectedReads::None);
        assert_eq!(of_basic(&[writes, folder]), SelectedReads::Part);
        assert_eq!(
            of_basic(&[EventSelector::builder().build()]),
            SelectedReads::None
        );

        let of_advanced = |more: Vec<AdvancedFieldSelector>| {
            let mut conditions = vec![
                condition("eventCategory", &["Data"], &[]),
                condition("resources.type", &[S3_OBJECT], &[]),
            ];
            conditions.extend(more);
            parse_selection(&[], &[advanced(conditions)]).reads_of_bucket("logs")
        };
        let arn = AdvancedFieldSelector::builder()
            .field("resources.ARN")
            .starts_with("arn:aws:s3:::logs/")
            .build()
            .unwrap();
        assert_eq!(of_advanced(Vec::new()), SelectedReads::All);
        assert_eq!(of_advanced(vec![arn]), SelectedReads::All);
        for (more, expected) in [
            (condition("readOnly", &["false"], &[]), SelectedReads::None),
            (condition("readOnly", &["true"], &[]), SelectedReads::All),
            (
                condition("eventName", &["GetObject"], &[]),
                SelectedReads::Part,
            ),
        ] {
            assert_eq!(of_advanced(vec![more.clone()]), expected, "{more:?}");
        }
    }
}

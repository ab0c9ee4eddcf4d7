//! CloudTrail: which trails record an account-Region, whether they deliver, and which events they
//! keep.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::incomplete_response::UNPROVEN_EMPTY;
use super::session::Session;
use dragnet_model::{
    Arn, Delivery, Destination, LogSource, ManagementEvents, Operation, Region, Selection,
    SourceKind, SourceState, Target,
};

impl Aws {
    /// Returns the trails that record the session's account in a Region: its own, those of its
    /// other Regions, and the organization's. Their status and event selectors are not requested
    /// here.
    ///
    /// Source: CloudTrail API, `DescribeTrails` with shadow trails.
    ///
    /// # Errors
    /// The call fails, or a trail cannot be parsed: leaving it out would hide what it records. Or
    /// the response has no list, and `ListTrails` does not confirm that there is no trail.
    pub async fn trails(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<LogSource>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeTrails,
        };
        let request = self
            .clients
            .cloudtrail
            .describe_trails()
            .include_shadow_trails(true);
        let described = send!(self, context, request);
        let output = match described {
            Err(error) if error.code == UNPROVEN_EMPTY => {
                self.confirm_no_trails(session, region, error).await?;
                return Ok(Vec::new());
            }
            described => described?,
        };
        let trails = output.trail_list().iter();
        let invalid = "a trail in the response has an invalid ARN, home Region or log group";
        trails
            .map(|trail| parse_trail(trail).ok_or_else(|| context.unreadable(invalid)))
            .collect()
    }

    /// Returns the delivery of a trail. The call is made in the trail's home Region.
    ///
    /// Source: CloudTrail API, `GetTrailStatus`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn trail_status(
        &self,
        session: &Session,
        trail: &LogSource,
    ) -> Result<Delivery, CallError> {
        let context = CallContext {
            session,
            region: &trail.home.region,
            operation: Operation::GetTrailStatus,
        };
        let request = self.clients.cloudtrail.get_trail_status().name(&trail.via);
        let output = send!(self, context, request)?;
        let ms =
            |time: Option<aws_smithy_types::DateTime>| time.and_then(|time| time.to_millis().ok());
        Ok(Delivery {
            logging: output.is_logging.unwrap_or(false),
            started_ms: ms(output.start_logging_time),
            stopped_ms: ms(output.stop_logging_time),
            last_ms: ms(output.latest_cloud_watch_logs_delivery_time),
            error: output
                .latest_cloud_watch_logs_delivery_error
                .unwrap_or_default(),
        })
    }

    /// Returns which events a trail keeps. The call is made in the trail's home Region.
    ///
    /// Source: CloudTrail API, `GetEventSelectors`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn trail_selection(
        &self,
        session: &Session,
        trail: &LogSource,
    ) -> Result<Selection, CallError> {
        let context = CallContext {
            session,
            region: &trail.home.region,
            operation: Operation::GetEventSelectors,
        };
        let request = self
            .clients
            .cloudtrail
            .get_event_selectors()
            .trail_name(&trail.via);
        let output = send!(self, context, request)?;
        Ok(parse_selection(
            output.event_selectors(),
            output.advanced_event_selectors(),
        ))
    }
}

fn parse_trail(trail: &types::Trail) -> Option<LogSource> {
    let arn: Arn = trail.trail_arn()?.parse().ok()?;
    let home = Target {
        account: arn.account()?,
        region: trail.home_region().unwrap_or(arn.region()).parse().ok()?,
    };
    let destination = match trail
        .cloud_watch_logs_log_group_arn()
        .filter(|arn| !arn.is_empty())
    {
        Some(arn) => Destination::LogGroup(arn.parse().ok()?),
        None => Destination::Other(format!(
            "s3://{}",
            trail.s3_bucket_name().unwrap_or_default()
        )),
    };
    Some(LogSource {
        kind: SourceKind::CloudTrail,
        via: arn.as_str().to_owned(),
        home,
        destination,
        multi_region: trail.is_multi_region_trail().unwrap_or(false),
        is_organization_trail: trail.is_organization_trail().unwrap_or(false),
        state: SourceState::Unknown,
    })
}

/// Combines the event selectors of a trail. A trail has basic or advanced selectors; one without
/// any has the default, all management events.
fn parse_selection(
    basic: &[types::EventSelector],
    advanced: &[types::AdvancedEventSelector],
) -> Selection {
    let mut management = ManagementEvents::default();
    let mut data = BTreeSet::new();
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
        }
    }
    Selection::Events { management, data }
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
    use types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType};

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
}

//! CloudTrail: which trails record an account-Region, whether they deliver, and which events they
//! keep.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types;

use super::call::{CallContext, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::{
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
    /// The call fails, or a trail cannot be parsed: leaving it out would hide what it records.
    pub async fn trails(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<LogSource>, CallError> {
        let site = CallContext {
            session,
            region,
            operation: Operation::DescribeTrails,
        };
        let request = self
            .clients
            .cloudtrail
            .describe_trails()
            .include_shadow_trails(true);
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudtrail, site, credentials))
                    .send()
            })
            .await?;
        let trails = answer.trail_list().iter();
        trails
            .map(|told| {
                trail(told).ok_or_else(|| site.unreadable("a trail without a readable address"))
            })
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
        let site = CallContext {
            session,
            region: &trail.home.region,
            operation: Operation::GetTrailStatus,
        };
        let request = self.clients.cloudtrail.get_trail_status().name(&trail.via);
        let told = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudtrail, site, credentials))
                    .send()
            })
            .await?;
        let ms =
            |time: Option<aws_smithy_types::DateTime>| time.and_then(|time| time.to_millis().ok());
        Ok(Delivery {
            logging: told.is_logging.unwrap_or(false),
            started_ms: ms(told.start_logging_time),
            stopped_ms: ms(told.stop_logging_time),
            last_ms: ms(told.latest_cloud_watch_logs_delivery_time),
            error: told
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
        let site = CallContext {
            session,
            region: &trail.home.region,
            operation: Operation::GetEventSelectors,
        };
        let request = self
            .clients
            .cloudtrail
            .get_event_selectors()
            .trail_name(&trail.via);
        let told = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudtrail, site, credentials))
                    .send()
            })
            .await?;
        Ok(selection(
            told.event_selectors(),
            told.advanced_event_selectors(),
        ))
    }
}

fn trail(told: &types::Trail) -> Option<LogSource> {
    let arn: Arn = told.trail_arn()?.parse().ok()?;
    let home = Target {
        account: arn.account()?,
        region: told.home_region().unwrap_or(arn.region()).parse().ok()?,
    };
    let destination = match told
        .cloud_watch_logs_log_group_arn()
        .filter(|arn| !arn.is_empty())
    {
        Some(arn) => Destination::LogGroup(arn.parse().ok()?),
        None => Destination::Elsewhere(format!(
            "s3://{}",
            told.s3_bucket_name().unwrap_or_default()
        )),
    };
    Some(LogSource {
        kind: SourceKind::CloudTrail,
        via: arn.as_str().to_owned(),
        home,
        destination,
        multi_region: told.is_multi_region_trail().unwrap_or(false),
        told: SourceState::Unknown,
    })
}

/// Combines the event selectors of a trail. A trail has basic or advanced selectors; one without
/// any has the default, all management events.
fn selection(
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
            management = management.and(basic_management(selector));
        }
        data.extend(
            selector
                .data_resources()
                .iter()
                .filter_map(|kind| kind.r#type().map(str::to_owned)),
        );
    }
    for selector in advanced {
        let is_about = |category| {
            field(selector, "eventCategory").any(|f| f.equals().iter().any(|c| c == category))
        };
        if is_about("Management") {
            management = management.and(advanced_management(selector));
        } else {
            data.extend(
                field(selector, "resources.type").flat_map(|kind| kind.equals().iter().cloned()),
            );
        }
    }
    Selection::Events { management, data }
}

fn basic_management(selector: &types::EventSelector) -> ManagementEvents {
    let left_out = || {
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
            reads: left_out(),
            writes: None,
        },
        Some("WriteOnly") => ManagementEvents {
            reads: None,
            writes: left_out(),
        },
        _ => ManagementEvents {
            reads: left_out(),
            writes: left_out(),
        },
    }
}

fn advanced_management(selector: &types::AdvancedEventSelector) -> ManagementEvents {
    let is =
        |word| field(selector, "readOnly").any(|f| f.equals().iter().any(|value| value == word));
    let mut management = ManagementEvents::all();
    if is("true") {
        management.writes = None;
    }
    if is("false") {
        management.reads = None;
    }
    for condition in selector.field_selectors() {
        match condition.field() {
            "eventCategory" | "readOnly" => {}
            "eventSource" if !condition.not_equals().is_empty() => {
                condition
                    .not_equals()
                    .iter()
                    .for_each(|service| management.leave_out(service));
            }
            // Any other condition keeps only some events. It is reported by its field, not
            // evaluated.
            other => management.leave_out(&format!("what its condition on {other} excludes")),
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
    fn basic_selectors_say_what_is_left_out() {
        let selector = EventSelector::builder()
            .read_write_type(ReadWriteType::WriteOnly)
            .exclude_management_event_sources("kms.amazonaws.com")
            .build();
        assert_eq!(
            selection(&[selector], &[]).text(),
            "management events: writes alone without kms.amazonaws.com; no data events"
        );
        assert!(selection(&[EventSelector::builder().build()], &[]).is_whole());
        assert!(
            !selection(
                &[EventSelector::builder()
                    .include_management_events(false)
                    .build()],
                &[]
            )
            .is_whole()
        );
        assert!(selection(&[], &[]).is_whole());
    }

    #[test]
    fn advanced_selectors_add_up() {
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
            selection(&[], &[reads, writes, data.clone()]).text(),
            "management events: reads, writes without rdsdata.amazonaws.com; data events: AWS::S3::Object"
        );
        assert!(selection(&[], &[data]).management().is_none());
        let odd = advanced(vec![
            condition("eventCategory", &["Management"], &[]),
            condition("eventName", &["X"], &[]),
        ]);
        assert!(!selection(&[], &[odd]).is_whole());
    }
}

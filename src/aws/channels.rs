//! CloudTrail's channels to CloudWatch Logs, which deliver events without a trail.
//!
//! A telemetry rule of CloudWatch makes CloudTrail create a service-linked channel in each
//! account-Region. Its events go to a log group with a fixed name in the same account-Region.
//!
//! Sources: CloudTrail API, `ListChannels`, `GetChannel`;
//! aws-observability/observability-best-practices, `cloudtrail_lake_to_cloudwatch.md` (the names of
//! the log groups).

use aws_sdk_cloudtrail::operation::get_channel::GetChannelOutput;
use aws_sdk_cloudtrail::types;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::event_selectors::parse_selection;
use super::page_list::{ListPage, collect_pages};
use super::session::Session;
use dragnet_model::{
    Delivery, Destination, LogGroupArn, LogSource, ManagementEvents, Operation, Region, Selection,
    SourceKind, SourceState, Target,
};

/// The log group of management events. Only AWS creates log groups with names that begin with `aws/`.
///
/// Source: CloudWatch Logs API, `CreateLogGroup`.
const MANAGEMENT_GROUP: &str = "aws/cloudtrail/managementevents";
const DATA_GROUP: &str = "aws/cloudtrail/dataevents";

/// Parts of the names of the services that deliver to CloudWatch Logs. AWS does not document which of
/// its names a channel has as its destination.
const CLOUDWATCH: [&str; 4] = ["cloudwatch", "logs", "observability", "telemetry"];

/// The beginning of the names of service-linked channels.
const SERVICE_LINKED: &str = "aws-service-channel/";

/// The beginning of the names of the channels of Security Lake.
///
/// Source: the managed policy `SecurityLakeServiceLinkedRole`, which may create channels with such names.
const SECURITY_LAKE: &str = "aws-service-channel/security-lake/";

impl Aws {
    /// Returns the channels that deliver the events of an account-Region to its log groups.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn channels(
        &self,
        session: &Session,
        target: &Target,
    ) -> Result<Vec<LogSource>, CallError> {
        let listed = self.list_channels(session, &target.region).await?;
        let mut found = Vec::new();
        for channel in listed.iter().filter(|channel| is_service_linked(channel)) {
            let Some(arn) = channel.channel_arn() else {
                continue;
            };
            let described = self.channel(session, target, arn).await?;
            if delivers_to_cloudwatch(&described) {
                found.extend(log_sources(&described, arn, target));
            }
        }
        Ok(found)
    }

    /// Returns the names of the channels through which CloudTrail delivers events of an account-Region to
    /// Security Lake.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn security_lake_channels(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<String>, CallError> {
        let listed = self.list_channels(session, region).await?;
        let names = listed.into_iter().filter_map(|channel| channel.name);
        Ok(names
            .filter(|name| name.starts_with(SECURITY_LAKE))
            .collect())
    }

    async fn list_channels(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<types::Channel>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListChannels,
        };
        let request = self.clients.cloudtrail.list_channels();
        let request = &request;
        collect_pages(context, |token| async move {
            let output = send!(self, context, request.clone().set_next_token(token))?;
            Ok(Some(ListPage {
                items: output.channels.unwrap_or_default(),
                next_token: output.next_token,
            }))
        })
        .await
    }

    async fn channel(
        &self,
        session: &Session,
        target: &Target,
        arn: &str,
    ) -> Result<GetChannelOutput, CallError> {
        let context = CallContext {
            session,
            region: &target.region,
            operation: Operation::GetChannel,
        };
        let request = self.clients.cloudtrail.get_channel().channel(arn);
        send!(self, context, request)
    }
}

fn is_service_linked(channel: &types::Channel) -> bool {
    channel
        .name()
        .is_some_and(|name| name.starts_with(SERVICE_LINKED))
}

fn delivers_to_cloudwatch(channel: &GetChannelOutput) -> bool {
    let names_cloudwatch = |text: &str| {
        let text = text.to_ascii_lowercase();
        CLOUDWATCH.iter().any(|part| text.contains(part))
    };
    channel.destinations().iter().any(|destination| {
        destination.r#type().as_str() == "AWS_SERVICE" && names_cloudwatch(destination.location())
    })
}

/// Returns what a channel delivers: its management events and its data events go to different log
/// groups.
fn log_sources(channel: &GetChannelOutput, arn: &str, target: &Target) -> Vec<LogSource> {
    let selectors = channel
        .source_config()
        .map(types::SourceConfig::advanced_event_selectors)
        .unwrap_or_default();
    let Selection::Events {
        management,
        data,
        objects,
    } = parse_selection(&[], selectors)
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // What selects nothing is not known to record anything.
    if !selectors.is_empty() && !management.is_none() {
        let selection = Selection::Events {
            management,
            data: std::collections::BTreeSet::new(),
            objects: Vec::new(),
        };
        found.push(log_source(
            arn.to_owned(),
            target,
            MANAGEMENT_GROUP,
            selection,
        ));
    }
    if !data.is_empty() {
        let selection = Selection::Events {
            management: ManagementEvents::default(),
            data,
            objects,
        };
        let via = format!("{arn}/dataevents");
        found.push(log_source(via, target, DATA_GROUP, selection));
    }
    found
}

fn log_source(via: String, target: &Target, group: &str, selection: Selection) -> LogSource {
    // A service-linked channel has no switch, and reports no deliveries to CloudWatch Logs.
    let delivery = Delivery {
        logging: true,
        started_ms: None,
        stopped_ms: None,
        last_ms: None,
        error: String::new(),
        bucket_last_ms: None,
        bucket_error: String::new(),
    };
    LogSource {
        kind: SourceKind::CloudTrail,
        via,
        home: target.clone(),
        destination: Destination::LogGroup(LogGroupArn::new(target.clone(), group)),
        bucket: None,
        multi_region: false,
        is_organization_trail: false,
        state: SourceState::Known(delivery, selection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AdvancedEventSelector, AdvancedFieldSelector, DestinationType};

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:222222222222:channel/c1";

    fn selector(category: &str, more: &[(&str, &str)]) -> AdvancedEventSelector {
        let category = [("eventCategory", category)];
        let fields = category.iter().chain(more).map(|(field, value)| {
            AdvancedFieldSelector::builder()
                .field(*field)
                .equals(*value)
                .build()
                .unwrap()
        });
        AdvancedEventSelector::builder()
            .set_field_selectors(Some(fields.collect()))
            .build()
            .unwrap()
    }

    fn channel(location: &str, selectors: Vec<AdvancedEventSelector>) -> GetChannelOutput {
        let destination = types::Destination::builder()
            .r#type(DestinationType::from("AWS_SERVICE"))
            .location(location)
            .build()
            .unwrap();
        GetChannelOutput::builder()
            .channel_arn(ARN)
            .destinations(destination)
            .source_config(
                types::SourceConfig::builder()
                    .set_advanced_event_selectors(Some(selectors))
                    .build(),
            )
            .build()
    }

    fn groups(selectors: Vec<AdvancedEventSelector>) -> Vec<(String, bool)> {
        let target = Target {
            account: "222222222222".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        log_sources(&channel("cloudwatch", selectors), ARN, &target)
            .into_iter()
            .map(|source| {
                assert!(source.is_channel());
                let group = source.log_group().unwrap().name.clone();
                let SourceState::Known(_, selection) = source.state else {
                    panic!("a channel reports its selectors");
                };
                (group, selection.is_whole())
            })
            .collect()
    }

    #[test]
    fn each_kind_of_events_has_its_own_log_group() {
        assert_eq!(
            groups(vec![selector("Management", &[])]),
            [(MANAGEMENT_GROUP.to_owned(), true)]
        );
        assert_eq!(
            groups(vec![selector("Management", &[("readOnly", "false")])]),
            [(MANAGEMENT_GROUP.to_owned(), false)]
        );
        let data = selector("Data", &[("resources.type", "AWS::S3::Object")]);
        let both = groups(vec![selector("Management", &[]), data]);
        assert_eq!(both.len(), 2);
        assert_eq!(both[1].0, DATA_GROUP);
        assert_eq!(groups(Vec::new()), []);
    }

    #[test]
    fn channels_of_other_services_deliver_elsewhere() {
        for (location, expected) in [
            ("cloudwatch", true),
            ("logs.amazonaws.com", true),
            ("observabilityadmin.amazonaws.com", true),
            ("inspector2", false),
            ("", false),
        ] {
            let described = channel(location, Vec::new());
            assert_eq!(delivers_to_cloudwatch(&described), expected, "{location}");
        }
    }
}

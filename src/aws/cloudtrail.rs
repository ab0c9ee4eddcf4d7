//! CloudTrail: which trails record an account-Region, whether they deliver, and which events they
//! keep.

use aws_sdk_cloudtrail::types;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::event_selectors::parse_selection;
use super::incomplete_response::UNPROVEN_EMPTY;
use super::session::Session;
use dragnet_model::{
    Arn, Delivery, DeliveryBucket, Destination, LogSource, Operation, Region, Selection,
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
        self.trail_status_in(session, &trail.home.region, &trail.via)
            .await
    }

    /// Returns the delivery of a trail from one of its Regions. `arn` is that of the trail: its name
    /// identifies it only in its home Region.
    ///
    /// Source: CloudTrail API, `GetTrailStatus`: "status information only from a single Region".
    ///
    /// # Errors
    /// The call fails.
    pub async fn trail_status_in(
        &self,
        session: &Session,
        region: &Region,
        arn: &str,
    ) -> Result<Delivery, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetTrailStatus,
        };
        let request = self.clients.cloudtrail.get_trail_status().name(arn);
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
            bucket_last_ms: ms(output.latest_delivery_time),
            bucket_error: output.latest_delivery_error.unwrap_or_default(),
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
        bucket: parse_bucket(trail),
        multi_region: trail.is_multi_region_trail().unwrap_or(false),
        is_organization_trail: trail.is_organization_trail().unwrap_or(false),
        state: SourceState::Unknown,
    })
}

fn parse_bucket(trail: &types::Trail) -> Option<DeliveryBucket> {
    let name = trail.s3_bucket_name().filter(|name| !name.is_empty())?;
    let prefix = trail.s3_key_prefix().unwrap_or_default();
    Some(DeliveryBucket {
        kms_key: trail.kms_key_id().map(str::to_owned),
        has_digests: trail.log_file_validation_enabled().unwrap_or(false),
        ..DeliveryBucket::new(name, prefix)
    })
}

//! Trails as an account sees them: its own, and shadow trails of other Regions and accounts.
//!
//! Source: CloudTrail API, `DescribeTrails`, `GetTrailStatus`, `GetEventSelectors`, `ListTrails`.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};
use crate::world::{Trail, World};
use dragnet_model::Region;

/// How long ago a working trail last delivered.
const LAST_DELIVERY_AGE: SignedDuration = SignedDuration::from_mins(3);
const LIST_PAGE_SIZE: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(default)]
    trail_name_list: Vec<String>,
    include_shadow_trails: Option<bool>,
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    let Describe {
        trail_name_list,
        include_shadow_trails,
    } = call.input.parse()?;
    let is_named = |trail: &Trail| {
        let arn = trail.arn(call.world);
        trail_name_list.is_empty()
            || trail_name_list
                .iter()
                .any(|name| *name == trail.name || *name == arn)
    };
    let include_shadows = include_shadow_trails.unwrap_or(true);
    let trails = visible_trails(call)
        .filter(|trail| include_shadows || trail.is_in_home_region(call))
        .filter(|trail| is_named(trail));
    Reply::json(
        &json!({ "trailList": trails.map(|trail| trail.to_json(call.world)).collect::<Vec<_>>() }),
    )
}

/// The trails that record an account in any Region.
fn account_trails<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Trail> {
    let account = call.caller.account;
    call.world.trails.iter().filter(move |trail| {
        trail.account == account || (trail.organization && !trail.unreached.contains(&account))
    })
}

/// The trails that an account sees in a Region.
fn visible_trails<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Trail> {
    let caller = call.caller;
    account_trails(call).filter(move |trail| trail.multi_region || trail.home == caller.region)
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: List = call.input.parse()?;
    let mut rows: Vec<(String, Value)> = account_trails(call)
        .map(|trail| {
            let arn = trail.arn(call.world);
            let row = json!({ "TrailARN": arn, "Name": trail.name, "HomeRegion": trail.home });
            (arn, row)
        })
        .collect();
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let keyed = rows.iter().map(|(arn, row)| (arn.as_str(), row));
    let page = Page::from_sorted(
        keyed,
        &call.list_name(),
        input.next_token.as_deref(),
        LIST_PAGE_SIZE,
    )
    .ok_or_else(|| AwsError::new("InvalidTokenException", "The NextToken is not valid."))?;
    Reply::json(&json!({ "Trails": page.items, "NextToken": page.next }))
}

pub(super) fn status(call: &Call<'_>) -> Result<Reply, AwsError> {
    let trail = find_trail(call, "Name")?;
    let mut status = json!({ "IsLogging": trail.logging });
    if let Some(since) = trail.logging_since {
        status["StartLoggingTime"] = json!(since.as_second());
    }
    let usual = call.now.checked_sub(LAST_DELIVERY_AGE).ok();
    let delivered_at = trail.last_delivery.or(usual).unwrap_or(call.now);
    let failing = |regions: &[Region]| {
        // The status is that of the Region of the call.
        // Source: CloudTrail API, `GetTrailStatus`.
        let is_here = regions.contains(&call.caller.region);
        is_here.then(|| "AccessDenied".to_owned())
    };
    if trail.logging {
        let bucket = &trail.bucket;
        let failing_here = failing(&bucket.failing_regions);
        match bucket.delivery_error.as_ref().or(failing_here.as_ref()) {
            Some(error) => status["LatestDeliveryError"] = json!(error),
            None => status["LatestDeliveryTime"] = json!(delivered_at.as_second()),
        }
    }
    if trail.logging && trail.log_group.is_some() {
        let failing_here = failing(&trail.failing_regions);
        let (name, value) = match trail.delivery_error.as_ref().or(failing_here.as_ref()) {
            Some(error) => ("LatestCloudWatchLogsDeliveryError", json!(error)),
            None => (
                "LatestCloudWatchLogsDeliveryTime",
                json!(delivered_at.as_second()),
            ),
        };
        status[name] = value;
    }
    Reply::json(&status)
}

pub(super) fn event_selectors(call: &Call<'_>) -> Result<Reply, AwsError> {
    let trail = find_trail(call, "TrailName")?;
    let objects = &trail.data_objects;
    let of_objects = json!({ "Type": "AWS::S3::Object", "Values": objects });
    let data_resources: Vec<Value> = (!objects.is_empty())
        .then_some(of_objects)
        .into_iter()
        .collect();
    Reply::json(&json!({
        "TrailARN": trail.arn(call.world),
        "EventSelectors": [{
            "ReadWriteType": trail.read_write_type.as_str(),
            "IncludeManagementEvents": true,
            "DataResources": data_resources,
            "ExcludeManagementEventSources": trail.excluded_sources,
        }],
    }))
}

/// Finds the trail that a call names, by name or ARN. Outside its home Region and account, only the
/// ARN identifies a trail.
fn find_trail<'a>(call: &'a Call<'_>, parameter: &str) -> Result<&'a Trail, AwsError> {
    let name = call.input.text(parameter).unwrap_or_default();
    visible_trails(call)
        .find(|trail| {
            trail.arn(call.world) == name || (trail.name == name && trail.is_in_home_region(call))
        })
        .ok_or_else(|| {
            invalid_trail_name(name).unwrap_or_else(|| {
                let text = format!(
                    "Unknown trail: {name} for the user: {}",
                    call.caller.account
                );
                AwsError::new("TrailNotFoundException", text)
            })
        })
}

/// Returns the error for a name that no trail can have; `None` for a possible name and for an ARN.
///
/// Source: CloudTrail API, `GetTrailStatus`, `Name`; AWS's messages as moto has them
/// (`moto/cloudtrail/exceptions.py`).
fn invalid_trail_name(name: &str) -> Option<AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let length = name.chars().count();
    let message = if name.starts_with("arn:") {
        return None;
    } else if length < 3 {
        format!(
            "Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters."
        )
    } else if length > 128 {
        format!(
            "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters."
        )
    } else if name.chars().all(allowed) {
        return None;
    } else {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).".to_owned()
    };
    Some(AwsError::new("InvalidTrailNameException", message))
}

impl Trail {
    fn is_in_home_region(&self, call: &Call<'_>) -> bool {
        self.account == call.caller.account && self.home == call.caller.region
    }

    fn to_json(&self, world: &World) -> Value {
        let mut description = json!({
            "Name": self.name,
            "S3BucketName": self.bucket.name,
            "IncludeGlobalServiceEvents": self.multi_region,
            "IsMultiRegionTrail": self.multi_region,
            "HomeRegion": self.home,
            "TrailARN": self.arn(world),
            "LogFileValidationEnabled": self.bucket.validated_since.is_some(),
            "HasCustomEventSelectors": false,
            "HasInsightSelectors": false,
            "IsOrganizationTrail": self.organization,
        });
        if !self.bucket.prefix.is_empty() {
            description["S3KeyPrefix"] = json!(self.bucket.prefix);
        }
        if let Some(key) = &self.bucket.kms_key {
            description["KmsKeyId"] = json!(key);
        }
        if let Some(group) = &self.log_group {
            let resource = format!("log-group:{group}:*");
            description["CloudWatchLogsLogGroupArn"] =
                json!(world.arn("logs", self.home.as_str(), self.account, &resource));
            description["CloudWatchLogsRoleArn"] =
                json!(world.arn("iam", "", self.account, "role/CloudTrailToLogs"));
        }
        description
    }
}

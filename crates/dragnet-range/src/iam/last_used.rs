//! Reports on last use.
//!
//! Source: IAM API, `GetAccessKeyLastUsed`, `GenerateServiceLastAccessedDetails`,
//! `GetServiceLastAccessedDetails` (AWS generates the report in the background).

use jiff::SignedDuration;

use super::error::no_such;
use crate::call::Call;
use crate::wire::{AwsError, Reply};
use crate::world::AccessReport;
use dragnet_model::time::rfc3339_ms;

/// How long it takes to generate a report.
const REPORT_DURATION: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn get_access_key_last_used(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let id = call.input.form()?.required("AccessKeyId")?;
    let owner = call
        .world
        .key_owners
        .get(id)
        .filter(|(account, _)| *account == call.caller.account);
    let (_, user) = owner.ok_or_else(|| no_such("access key", id))?;
    let last_use = call.world.last_uses.for_key(id);
    Ok(Reply::xml(|xml| {
        xml.text("UserName", user)
            .element("AccessKeyLastUsed", |xml| match last_use {
                Some((service, last_use)) => {
                    xml.text("LastUsedDate", rfc3339_ms(last_use.at))
                        .text("ServiceName", service)
                        .text("Region", &last_use.region);
                }
                None => {
                    xml.text("ServiceName", "N/A").text("Region", "N/A");
                }
            });
    }))
}

pub(super) fn generate_report(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let arn = call.input.form()?.required("Arn")?.to_owned();
    let prefix = call.world.arn("iam", "", call.caller.account, "");
    if !arn.starts_with(&prefix) {
        return Err(no_such("entity", &arn));
    }
    let job = call.world.mint.next_uuid();
    let report = AccessReport {
        account: call.caller.account,
        arn,
        requested: call.now,
    };
    call.world.access_reports.insert(job.clone(), report);
    Ok(Reply::xml(|xml| {
        xml.text("JobId", job);
    }))
}

pub(super) fn get_report(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let job = call.input.form()?.required("JobId")?;
    let report = call
        .world
        .access_reports
        .get(job)
        .filter(|report| report.account == call.caller.account);
    let report = report.ok_or_else(|| no_such("job", job))?;
    let is_complete = call.now.duration_since(report.requested) >= REPORT_DURATION;
    let services = call
        .world
        .last_uses
        .services(&report.arn)
        .filter(|_| is_complete);
    Ok(Reply::xml(|xml| {
        xml.text(
            "JobStatus",
            if is_complete {
                "COMPLETED"
            } else {
                "IN_PROGRESS"
            },
        )
        .text("JobCreationDate", rfc3339_ms(report.requested))
        .members(
            "ServicesLastAccessed",
            services,
            |xml, (service, last_use)| {
                xml.text("ServiceName", service)
                    .text("ServiceNamespace", service)
                    .text("LastAuthenticated", rfc3339_ms(last_use.at))
                    .text("LastAuthenticatedEntity", &report.arn)
                    .text("TotalAuthenticatedEntities", 1);
            },
        )
        .text("IsTruncated", false);
    }))
}

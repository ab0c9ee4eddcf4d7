//! Reports on last use.
//!
//! Source: IAM API, `GetAccessKeyLastUsed`, `GenerateServiceLastAccessedDetails`,
//! `GetServiceLastAccessedDetails` (AWS generates the report in the background).

use jiff::SignedDuration;

use super::error::no_such;
use crate::range::call::Call;
use crate::range::wire::{AwsError, Reply};
use crate::range::world::AccessReport;
use crate::time::rfc3339_ms;

/// How long it takes to generate a report.
const MAKING: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn of_key(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let id = call.input.form()?.required("AccessKeyId")?;
    let owner = call
        .world
        .key_owners
        .get(id)
        .filter(|(account, _)| *account == call.caller.account);
    let (_, user) = owner.ok_or_else(|| no_such("access key", id))?;
    let used = call.world.uses.of_key(id);
    Ok(Reply::xml(|xml| {
        xml.text("UserName", user)
            .element("AccessKeyLastUsed", |xml| match used {
                Some((service, used)) => {
                    xml.text("LastUsedDate", rfc3339_ms(used.at))
                        .text("ServiceName", service)
                        .text("Region", &used.region);
                }
                None => {
                    xml.text("ServiceName", "N/A").text("Region", "N/A");
                }
            });
    }))
}

pub(super) fn generate(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let arn = call.input.form()?.required("Arn")?.to_owned();
    let prefix = call.world.arn("iam", "", call.caller.account, "");
    if !arn.starts_with(&prefix) {
        return Err(no_such("entity", &arn));
    }
    let job = call.world.mint.next_uuid();
    let report = AccessReport {
        account: call.caller.account,
        arn,
        asked: call.now,
    };
    call.world.access_reports.insert(job.clone(), report);
    Ok(Reply::xml(|xml| {
        xml.text("JobId", job);
    }))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let job = call.input.form()?.required("JobId")?;
    let report = call
        .world
        .access_reports
        .get(job)
        .filter(|report| report.account == call.caller.account);
    let report = report.ok_or_else(|| no_such("job", job))?;
    let is_made = call.now.duration_since(report.asked) >= MAKING;
    let used = call.world.uses.services(&report.arn).filter(|_| is_made);
    Ok(Reply::xml(|xml| {
        xml.text(
            "JobStatus",
            if is_made { "COMPLETED" } else { "IN_PROGRESS" },
        )
        .text("JobCreationDate", rfc3339_ms(report.asked))
        .members("ServicesLastAccessed", used, |xml, (service, used)| {
            xml.text("ServiceName", service)
                .text("ServiceNamespace", service)
                .text("LastAuthenticated", rfc3339_ms(used.at))
                .text("LastAuthenticatedEntity", &report.arn)
                .text("TotalAuthenticatedEntities", 1);
        })
        .text("IsTruncated", false);
    }))
}

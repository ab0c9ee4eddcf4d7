//! The dispatcher, which handles every request, from the SDK in this process or over loopback.
//!
//! ```text
//! decode → identify → faults and quotas → authorize → perform → record → encode
//! ```
//!
//! It does not depend on what an operation does.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use jiff::Timestamp;

use super::access::{Caller, authorize, identify_caller};
use super::call::Call;
use super::calls::CallOutcome;
use super::cloudtrail::PerformedCall;
use super::faults::FaultEffect;
use super::policy::AccessRequest;
use super::wire::{self, AwsError, CommonError, Exchange, Input, Reply, Service};
use super::world::{LastUse, World};
use super::{
    ConnectionReset, Range, State, athena, cloudtrail, ec2, iam, logs, observability,
    organizations, portal, s3, sts,
};

/// A request for a known service and operation.
struct ReceivedRequest<'a> {
    exchange: &'a Exchange,
    parts: &'a Parts,
    body: &'a Bytes,
}

impl Range {
    /// Handles a request as AWS does. It never panics, whatever the request contains.
    ///
    /// # Errors
    /// [`ConnectionReset`] if a fault of the scenario breaks the connection.
    pub async fn handle(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, ConnectionReset> {
        let (parts, body) = request.into_parts();
        if let Some(operation) = portal::portal_operation(&parts) {
            return Ok(self.handle_portal_request(operation, &parts));
        }
        let Some((service, operation)) = wire::identify_operation(&parts, &body) else {
            return Ok(self.unknown_operation_response(&parts));
        };
        let (exchange, outcome, effect) = {
            let mut state = self.state();
            let request_id = state.world.mint.next_uuid();
            let exchange = Exchange {
                service,
                operation,
                request_id,
                date: self.clock().now(),
            };
            let received = ReceivedRequest {
                exchange: &exchange,
                parts: &parts,
                body: &body,
            };
            let (outcome, effect) = self.serve(&mut state, &received);
            (exchange, outcome, effect)
        };
        // The lock has been released, so a delayed response does not delay other calls.
        if !effect.delay.is_zero() {
            tokio::time::sleep(effect.delay).await;
        }
        effect.encode_response(&exchange, outcome)
    }

    /// Identifies the caller, performs the call and counts it.
    fn serve(
        &self,
        state: &mut State,
        received: &ReceivedRequest<'_>,
    ) -> (Result<Reply, AwsError>, FaultEffect) {
        let Exchange {
            service, operation, ..
        } = received.exchange;
        let now = self.clock().now();
        let identified =
            identify_caller(&state.world, *service, received.parts, received.body, now);
        let caller = match identified {
            Ok(caller) => caller,
            Err(error) => {
                state.calls.count(operation, None, now, CallOutcome::Failed);
                return (Err(error.for_service(*service)), FaultEffect::default());
            }
        };
        let effect = state
            .faults
            .trigger(operation, caller.account, &caller.region);
        let outcome = if admit(state, &caller, received, now) {
            self.perform_admitted(state, &caller, &effect, received)
        } else {
            Err(CommonError::Throttled.for_service(*service))
        };
        let call_outcome = match &outcome {
            _ if effect.corrupts_response() => CallOutcome::Failed,
            Ok(_) => CallOutcome::Succeeded,
            Err(error) if error.is_throttle() => CallOutcome::Throttled,
            Err(_) => CallOutcome::Failed,
        };
        state.calls.count(
            operation,
            Some((caller.account, caller.region)),
            now,
            call_outcome,
        );
        (outcome, effect)
    }

    /// Performs an admitted call and records it in CloudTrail, unless a fault returns an error
    /// first.
    fn perform_admitted(
        &self,
        state: &mut State,
        caller: &Caller,
        effect: &FaultEffect,
        received: &ReceivedRequest<'_>,
    ) -> Result<Reply, AwsError> {
        let parts = received.parts;
        let Exchange {
            service, operation, ..
        } = received.exchange;
        if let Some(error) = effect.error(*service) {
            return Err(error);
        }
        let input = Input::decode(*service, parts, received.body)
            .map_err(|error| error.for_service(*service))?;
        let now = self.clock().now();
        let call = Call {
            world: &mut state.world,
            caller,
            service: *service,
            operation,
            input: &input,
            global_endpoint: parts.uri.host() == Some("sts.amazonaws.com"),
            now,
        };
        let own_key = caller
            .session
            .is_none()
            .then_some(caller.access_key_id.as_str());
        let last_use = LastUse {
            at: now,
            region: caller.region.clone(),
        };
        let principal = caller.identity_arn(call.world);
        call.world
            .last_uses
            .record(principal, own_key, *service, last_use);
        let outcome = perform(call, effect);
        let performed = PerformedCall {
            caller,
            exchange: received.exchange,
            input: &input,
            error: outcome.as_ref().err(),
            user_agent: wire::header(&parts.headers, "user-agent").unwrap_or_default(),
            now,
        };
        cloudtrail::record_call(&mut state.world, &performed);
        outcome
    }

    /// The response to a request that names no known service and operation. Its protocol is guessed
    /// from the content type.
    fn unknown_operation_response(&self, parts: &Parts) -> Response<Bytes> {
        let service = match wire::header(&parts.headers, "content-type") {
            Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => Service::Sts,
            _ => Service::Logs,
        };
        let operation = wire::header(&parts.headers, "x-amz-target")
            .unwrap_or("(none)")
            .to_owned();
        let error = CommonError::UnknownOperation(operation.clone()).for_service(service);
        let request_id = self.state().world.mint.next_uuid();
        Exchange {
            service,
            operation,
            request_id,
            date: self.clock().now(),
        }
        .respond(Err(error))
    }
}

/// Takes the token of a call from its quota, which belongs to the caller or, for S3, to a part of
/// the bucket. Returns `false` if the call is throttled.
fn admit(
    state: &mut State,
    caller: &Caller,
    received: &ReceivedRequest<'_>,
    now: Timestamp,
) -> bool {
    let Exchange {
        service, operation, ..
    } = received.exchange;
    let State { world, limiter, .. } = state;
    let partition = (*service == Service::S3)
        .then(|| Input::decode(*service, received.parts, received.body).ok())
        .flatten()
        .and_then(|input| s3::requested_partition(world, operation, &input));
    if let Some(partition) = partition {
        return limiter.admit_to_partition(operation, partition, &caller.region, now);
    }
    // CloudWatch Logs has an operation of the same name.
    let quota = match (*service, operation.as_str()) {
        (Service::Athena, "GetQueryResults") => "GetAthenaQueryResults",
        (_, operation) => operation,
    };
    limiter.admit(quota, caller.account, &caller.region, now)
}

/// Authorizes and performs a call.
pub(super) fn perform(mut call: Call<'_>, effect: &FaultEffect) -> Result<Reply, AwsError> {
    authorize_call(&call)?;
    if effect.deletes_log_group() {
        logs::delete_named_group(&mut call);
    }
    if effect.deletes_object() {
        s3::delete_named_object(&mut call);
    }
    let reply = match call.service {
        Service::Athena => athena::perform(&mut call),
        Service::CloudTrail => cloudtrail::perform(&mut call),
        Service::Ec2 => ec2::perform(&mut call),
        Service::Iam => iam::perform(&mut call),
        Service::Logs => logs::perform(&mut call),
        Service::ObservabilityAdmin => observability::perform(&call),
        Service::Organizations => organizations::perform(&mut call),
        Service::S3 => s3::perform(&mut call),
        Service::Sts => sts::perform(&mut call),
    }?;
    Ok(effect.modify_reply(reply, call.input))
}

/// Evaluates all policies that apply to the call.
fn authorize_call(call: &Call<'_>) -> Result<(), AwsError> {
    let Call {
        world,
        caller,
        service,
        operation,
        input,
        now,
        ..
    } = call;
    if *service == Service::Iam && caller.is_plain_user_session() {
        return Err(CommonError::UnknownKey.for_service(*service));
    }
    if *service == Service::S3 {
        return s3::authorize_call(call);
    }
    if *service == Service::Sts && sts::skips_general_authorization(operation) {
        return Ok(());
    }
    let permission = match service {
        Service::Logs => logs::permitted_operation(operation),
        _ => operation,
    };
    let action = format!("{service}:{permission}");
    let resource = resource_arn(world, caller, *service, input);
    let context = caller.request_context(world, *now);
    let request = AccessRequest {
        action: &action,
        resource: &resource,
        context: &context,
    };
    authorize(world, caller, &request).map_err(|denial| {
        CommonError::Denied(denial.message(&caller.arn(world), &request)).for_service(*service)
    })
}

/// The ARN of the resource of a call, as policies name it.
fn resource_arn(world: &World, caller: &Caller, service: Service, input: &Input) -> String {
    match service {
        Service::Iam => iam::resource_arn(world, caller, input),
        Service::Logs => logs::resource_arn(world, caller, input),
        Service::Athena
        | Service::CloudTrail
        | Service::Ec2
        | Service::ObservabilityAdmin
        | Service::Organizations
        | Service::S3
        | Service::Sts => "*".to_owned(),
    }
}

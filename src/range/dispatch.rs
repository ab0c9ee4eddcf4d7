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

use super::access::{Caller, authorize, identify};
use super::call::Call;
use super::calls::Ending;
use super::faults::Disturbance;
use super::policy::Ask;
use super::wire::{self, AwsError, Exchange, Input, Refusal, Reply, Service};
use super::world::{Use, World};
use super::{ConnectionReset, Range, State, cloudtrail, ec2, iam, logs, organizations, sts};

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
        let Some((service, operation)) = wire::address(&parts, &body) else {
            return Ok(self.not_for_any_service(&parts));
        };
        let (exchange, outcome, disturbance) = {
            let mut state = self.state();
            let request_id = state.world.mint.next_uuid();
            let exchange = Exchange {
                service,
                operation,
                request_id,
                date: self.clock().now(),
            };
            let (outcome, disturbance) = self.serve(&mut state, &exchange, &parts, &body);
            (exchange, outcome, disturbance)
        };
        // The lock has been released, so a delayed response does not delay other calls.
        if !disturbance.delay.is_zero() {
            tokio::time::sleep(disturbance.delay).await;
        }
        disturbance.send(&exchange, outcome)
    }

    /// Identifies the caller, performs the call and counts it.
    fn serve(
        &self,
        state: &mut State,
        exchange: &Exchange,
        parts: &Parts,
        body: &Bytes,
    ) -> (Result<Reply, AwsError>, Disturbance) {
        let Exchange {
            service, operation, ..
        } = exchange;
        let now = self.clock().now();
        let caller = match identify(&state.world, *service, parts, body, now) {
            Ok(caller) => caller,
            Err(refusal) => {
                state.calls.count(operation, None, now, Ending::Failed);
                return (Err(refusal.told_by(*service)), Disturbance::default());
            }
        };
        let disturbance = state
            .faults
            .strike(operation, caller.account, &caller.region);
        let outcome = if state
            .limiter
            .admit(operation, caller.account, &caller.region, now)
        {
            self.attempt(state, &caller, exchange, &disturbance, parts, body)
        } else {
            Err(Refusal::Throttled.told_by(*service))
        };
        let ending = match &outcome {
            _ if disturbance.spoils_the_answer() => Ending::Failed,
            Ok(_) => Ending::Answered,
            Err(error) if error.is_throttle() => Ending::Throttled,
            Err(_) => Ending::Failed,
        };
        state.calls.count(
            operation,
            Some((caller.account, caller.region)),
            now,
            ending,
        );
        (outcome, disturbance)
    }

    /// Performs an admitted call and records it in CloudTrail, unless a fault returns an error
    /// first.
    fn attempt(
        &self,
        state: &mut State,
        caller: &Caller,
        exchange: &Exchange,
        disturbance: &Disturbance,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<Reply, AwsError> {
        let Exchange {
            service, operation, ..
        } = exchange;
        if let Some(error) = disturbance.error(*service) {
            return Err(error);
        }
        let input =
            Input::decode(*service, parts, body).map_err(|refusal| refusal.told_by(*service))?;
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
        let used = Use {
            at: now,
            region: caller.region.clone(),
        };
        call.world
            .uses
            .note(caller.identity_arn(call.world), own_key, *service, used);
        let outcome = perform(call, disturbance);
        let user_agent = wire::header(&parts.headers, "user-agent").unwrap_or_default();
        cloudtrail::trace(
            &mut state.world,
            caller,
            exchange,
            &input,
            outcome.as_ref().err(),
            user_agent,
            now,
        );
        outcome
    }

    /// The response to a request that names no known service and operation. Its protocol is guessed
    /// from the content type.
    fn not_for_any_service(&self, parts: &Parts) -> Response<Bytes> {
        let service = match wire::header(&parts.headers, "content-type") {
            Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => Service::Sts,
            _ => Service::Logs,
        };
        let operation = wire::header(&parts.headers, "x-amz-target")
            .unwrap_or("(none)")
            .to_owned();
        let error = Refusal::UnknownOperation(operation.clone()).told_by(service);
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

/// Authorizes and performs a call.
pub(super) fn perform(mut call: Call<'_>, disturbance: &Disturbance) -> Result<Reply, AwsError> {
    permit(&call)?;
    if disturbance.deletes_the_group() {
        logs::delete_named_group(&mut call);
    }
    let reply = match call.service {
        Service::CloudTrail => cloudtrail::answer(&mut call),
        Service::Ec2 => ec2::answer(&mut call),
        Service::Iam => iam::answer(&mut call),
        Service::Logs => logs::answer(&mut call),
        Service::Organizations => organizations::answer(&mut call),
        Service::Sts => sts::answer(&mut call),
    }?;
    Ok(disturbance.touch(reply, call.input))
}

/// Evaluates all policies that apply to the call.
fn permit(call: &Call<'_>) -> Result<(), AwsError> {
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
        return Err(Refusal::UnknownKey.told_by(*service));
    }
    if *service == Service::Sts && sts::decides_itself(operation) {
        return Ok(());
    }
    let action = format!("{service}:{operation}");
    let resource = resource(world, caller, *service, input);
    let facts = caller.facts(world, *now);
    let ask = Ask {
        action: &action,
        resource: &resource,
        facts: &facts,
    };
    authorize(world, caller, &ask).map_err(|denial| {
        Refusal::Denied(denial.sentence(&caller.arn(world), &ask)).told_by(*service)
    })
}

/// The ARN of the resource of a call, as policies name it.
fn resource(world: &World, caller: &Caller, service: Service, input: &Input) -> String {
    match service {
        Service::Iam => iam::resource(world, caller, input),
        Service::Logs => logs::resource(world, caller, input),
        Service::CloudTrail | Service::Ec2 | Service::Organizations | Service::Sts => {
            "*".to_owned()
        }
    }
}

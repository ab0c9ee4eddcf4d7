//! The one dispatcher: every request, from the SDK in this process or over loopback, takes this way.
//!
//! wire → faults → who calls → may they → do it → wire. Nothing here knows what an operation does.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};

use super::access::{Caller, authorize, identify};
use super::call::Call;
use super::calls::Ending;
use super::faults::Disturbance;
use super::policy::Ask;
use super::scenario::FaultKind;
use super::wire::{self, AwsError, Exchange, Input, Refusal, Reply, Service};
use super::world::World;
use super::{ConnectionReset, Range, State, cloudtrail, ec2, iam, logs, organizations, sts};

impl Range {
    /// Answers a request as AWS would. Whatever the request holds, this does not panic.
    ///
    /// # Errors
    /// [`ConnectionReset`] where the scenario wants the connection to break.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ConnectionReset> {
        let (parts, body) = request.into_parts();
        let Some((service, operation)) = wire::address(&parts, &body) else {
            return Ok(self.not_for_any_service(&parts));
        };
        let (exchange, outcome, disturbance) = {
            let mut state = self.state();
            let request_id = state.world.mint.next_uuid();
            let exchange = Exchange { service, operation, request_id, date: self.clock().now() };
            let (outcome, disturbance) = self.serve(&mut state, &exchange, &parts, &body);
            (exchange, outcome, disturbance)
        };
        // The lock is free again: one slow answer holds up nobody else.
        if !disturbance.delay.is_zero() {
            tokio::time::sleep(disturbance.delay).await;
        }
        match disturbance.kind {
            Some(FaultKind::Reset) => Err(ConnectionReset),
            Some(FaultKind::Unavailable) => Ok(unavailable_page(&exchange)),
            Some(FaultKind::Truncated) => Ok(truncated(&exchange, exchange.respond(outcome))),
            _ => Ok(exchange.respond(outcome)),
        }
    }

    fn serve(
        &self,
        state: &mut State,
        exchange: &Exchange,
        parts: &Parts,
        body: &Bytes,
    ) -> (Result<Reply, AwsError>, Disturbance) {
        let Exchange { service, operation, .. } = exchange;
        let now = self.clock().now();
        let caller = match identify(&state.world, *service, parts, body, now) {
            Ok(caller) => caller,
            Err(refusal) => {
                state.calls.count(operation, None, now, Ending::Failed);
                return (Err(refusal.told_by(*service)), Disturbance::default());
            }
        };
        let disturbance = state.faults.strike(operation, caller.account, &caller.region);
        let throttled = !state.limiter.admit(operation, caller.account, &caller.region, now);
        let refusal = throttled.then(|| Refusal::Throttled.told_by(*service));
        let outcome = refusal.or_else(|| disturbed(&disturbance, *service)).map_or_else(
            || {
                let input = Input::decode(*service, parts, body).map_err(|refusal| refusal.told_by(*service))?;
                let call = Call {
                    world: &mut state.world,
                    caller: &caller,
                    service: *service,
                    operation,
                    input: &input,
                    global_endpoint: parts.uri.host() == Some("sts.amazonaws.com"),
                    now,
                };
                let outcome = do_call(call, &disturbance);
                let user_agent = wire::header(&parts.headers, "user-agent").unwrap_or_default();
                let error = outcome.as_ref().err();
                cloudtrail::trace(&mut state.world, &caller, exchange, &input, error, user_agent, now);
                outcome
            },
            Err,
        );
        let ending = match &outcome {
            _ if breaks_the_answer(&disturbance) => Ending::Failed,
            Ok(_) => Ending::Answered,
            Err(error) if error.is_throttle() => Ending::Throttled,
            Err(_) => Ending::Failed,
        };
        state.calls.count(operation, Some((caller.account, caller.region)), now, ending);
        (outcome, disturbance)
    }

    /// A request that names no operation of any service: not even the protocol is known.
    fn not_for_any_service(&self, parts: &Parts) -> Response<Bytes> {
        let service = match wire::header(&parts.headers, "content-type") {
            Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => Service::Sts,
            _ => Service::Logs,
        };
        let operation = wire::header(&parts.headers, "x-amz-target").unwrap_or("(none)").to_owned();
        let error = Refusal::UnknownOperation(operation.clone()).told_by(service);
        let request_id = self.state().world.mint.next_uuid();
        Exchange { service, operation, request_id, date: self.clock().now() }.respond(Err(error))
    }
}

/// The error that a fault puts in the answer's place, before anything is done.
fn disturbed(disturbance: &Disturbance, service: Service) -> Option<AwsError> {
    let refusal = match disturbance.kind.as_ref()? {
        FaultKind::Throttle => Refusal::Throttled,
        FaultKind::ServerError => Refusal::Internal,
        FaultKind::Unavailable | FaultKind::Reset => Refusal::Unavailable,
        FaultKind::ExpiredToken => Refusal::Expired,
        FaultKind::AccessDenied { message: Some(message) } => {
            let plain = Refusal::Denied(String::new()).told_by(service);
            return Some(AwsError { message: message.clone(), ..plain });
        }
        FaultKind::AccessDenied { message: None } => Refusal::Denied("Access denied".to_owned()),
        FaultKind::Slow { .. } | FaultKind::RepeatedToken | FaultKind::Truncated | FaultKind::DeleteGroup => {
            return None;
        }
    };
    Some(refusal.told_by(service))
}

fn breaks_the_answer(disturbance: &Disturbance) -> bool {
    matches!(disturbance.kind, Some(FaultKind::Truncated))
}

pub(super) fn do_call(mut call: Call<'_>, disturbance: &Disturbance) -> Result<Reply, AwsError> {
    permit(&call)?;
    if disturbance.kind == Some(FaultKind::DeleteGroup) {
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
    Ok(if disturbance.kind == Some(FaultKind::RepeatedToken) { repeat_token(reply, call.input) } else { reply })
}

/// Asks every policy that bears on the call, whatever the service.
fn permit(call: &Call<'_>) -> Result<(), AwsError> {
    let Call { world, caller, service, operation, input, now, .. } = call;
    if *service == Service::Iam && caller.is_plain_user_session() {
        return Err(Refusal::UnknownKey.told_by(*service));
    }
    if *service == Service::Sts && sts::decides_itself(operation) {
        return Ok(());
    }
    let action = format!("{service}:{operation}");
    let resource = resource(world, caller, *service, input);
    let facts = caller.facts(world, *now);
    let ask = Ask { action: &action, resource: &resource, facts: &facts };
    authorize(world, caller, &ask)
        .map_err(|denial| Refusal::Denied(denial.sentence(&caller.arn(world), &ask)).told_by(*service))
}

/// The ARN of what the call is about, as policies name it.
fn resource(world: &World, caller: &Caller, service: Service, input: &Input) -> String {
    match service {
        Service::Iam => iam::resource(world, caller, input),
        Service::Logs => logs::resource(world, caller, input),
        Service::CloudTrail | Service::Ec2 | Service::Organizations | Service::Sts => "*".to_owned(),
    }
}

/// The reply, with the request's own token in place of the next one.
fn repeat_token(reply: Reply, input: &Input) -> Reply {
    let Reply::Json(body) = &reply else { return reply };
    let token = ["nextToken", "NextToken"].into_iter().find_map(|name| Some((name, input.text(name)?)));
    let (Some((name, token)), Ok(mut value)) = (token, serde_json::from_slice::<serde_json::Value>(body)) else {
        return reply;
    };
    value[name] = token.into();
    Reply::Json(value.to_string().into_bytes())
}

/// What a load balancer says when there is no service behind it.
fn unavailable_page(exchange: &Exchange) -> Response<Bytes> {
    let page =
        b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>";
    exchange.response(503, "text/html", page.to_vec())
}

/// The first half of an answer.
fn truncated(exchange: &Exchange, response: Response<Bytes>) -> Response<Bytes> {
    let body = response.into_body();
    let half = body.slice(..body.len() / 2);
    let content_type = match exchange.service.protocol() {
        wire::Protocol::Json => "application/x-amz-json-1.1",
        wire::Protocol::Query | wire::Protocol::Ec2 => "text/xml",
    };
    exchange.response(200, content_type, half.to_vec())
}

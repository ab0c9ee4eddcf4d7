//! `AssumeRole`, which requires permission from the caller's policies and from the trust policy of
//! the role.
//!
//! Source: STS API, `AssumeRole`; IAM user guide, "Policy evaluation logic".

use super::session_tags::SessionTags;
use super::{check_mfa, denied, validation, write_credentials};
use crate::access::{Caller, Denial, Holder, Principal, Session, authorize};
use crate::call::Call;
use crate::policy::{AccessRequest, Decision, PolicyKind, RequestContext};
use crate::wire::{AwsError, Params, Reply};
use crate::world::{Policy, Role};
use dragnet_model::{AccountId, RoleArn};

const DEFAULT_SECONDS: u32 = 3_600;
/// The maximum session duration in role chaining.
const CHAINED_SECONDS: u32 = 3_600;
const POLICY_CHARACTERS: usize = 2_048;
const SESSION_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;
const EXTERNAL_ID_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=1_224;

/// The part of a request that decides whether the role may be assumed.
struct RoleRequest {
    role_arn: String,
    session_name: String,
    source_identity: Option<String>,
    session_tags: SessionTags,
    context: RequestContext,
}

pub(super) fn assume_role(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let policy = session_policy(params)?;
    let seconds = params.number("DurationSeconds", 900..=43_200, DEFAULT_SECONDS)?;
    let role_request = parse_role_request(call, params)?;
    let role = authorize_caller(call, &role_request)?;
    check_duration(call, params, &role, seconds)?;
    let session = Session {
        access_key_id: String::new(),
        account: role.account,
        holder: Holder::Role {
            name: role.name.clone(),
            id: role.id.clone(),
            session: role_request.session_name.clone(),
        },
        issued_s: call.now.as_second(),
        expires_s: call.now.as_second().saturating_add(seconds.into()),
        // AWS does not propagate MFA context through `AssumeRole`.
        mfa: false,
        policy,
        source_identity: role_request.source_identity.clone(),
        transitive_tag_keys: role_request.session_tags.transitive.clone(),
        global: call.global_endpoint,
    };
    let credentials = Caller::issue_credentials(&mut call.world.mint, session);
    let arn = call.world.arn(
        "sts",
        "",
        role.account,
        &format!("assumed-role/{}/{}", role.name, role_request.session_name),
    );
    Ok(Reply::xml(|xml| {
        xml.element("AssumedRoleUser", |xml| {
            xml.text(
                "AssumedRoleId",
                format!("{}:{}", role.id, role_request.session_name),
            )
            .text("Arn", arn);
        });
        write_credentials(xml, &credentials);
        xml.optional("SourceIdentity", role_request.source_identity);
    }))
}

/// Returns the inline session policy, after checking that it can be parsed.
fn session_policy(params: &Params) -> Result<Option<String>, AwsError> {
    if params.count("PolicyArns.member", "arn") > 0 {
        return Err(validation(
            "The practice range supports only inline session policies, not PolicyArns",
        ));
    }
    let Some(text) = params.get("Policy") else {
        return Ok(None);
    };
    if text.chars().count() > POLICY_CHARACTERS {
        return Err(validation(format!(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length \
             less than or equal to {POLICY_CHARACTERS}"
        )));
    }
    Policy::parse(text, PolicyKind::Identity)
        .map_err(|error| AwsError::new("MalformedPolicyDocument", error.to_string()))?;
    Ok(Some(text.to_owned()))
}

fn parse_role_request(call: &mut Call<'_>, params: &Params) -> Result<RoleRequest, AwsError> {
    let role_arn = params.required("RoleArn")?.to_owned();
    check_role_arn(&role_arn)?;
    let session_name = params.required("RoleSessionName")?.to_owned();
    check_text("roleSessionName", &session_name, &SESSION_CHARACTERS)?;
    let external_id = params.get("ExternalId");
    if let Some(id) = external_id {
        check_text("externalId", id, &EXTERNAL_ID_CHARACTERS)?;
    }
    let mut context = call.caller.request_context(call.world, call.now);
    match (params.get("SerialNumber"), params.get("TokenCode")) {
        (Some(serial), Some(code)) => {
            check_mfa(call, serial, code)?;
            context.mfa_at = Some(call.now);
        }
        (None, None) => {}
        _ => {
            return Err(validation(
                "SerialNumber and TokenCode must be given together",
            ));
        }
    }
    let inherited = call
        .caller
        .session
        .as_ref()
        .and_then(|session| session.source_identity.clone());
    let requested = params.get("SourceIdentity").map(str::to_owned);
    if let Some(requested) = &requested {
        check_text("sourceIdentity", requested, &SESSION_CHARACTERS)?;
        if inherited
            .as_ref()
            .is_some_and(|inherited| inherited != requested)
        {
            return Err(denied("The source identity of a session cannot be changed"));
        }
    }
    let source_identity = requested.or(inherited);
    let session_tags = SessionTags::parse(call.caller, params)?;
    context
        .request_keys
        .push(("sts:rolesessionname", session_name.clone()));
    context
        .request_keys
        .extend(external_id.map(|id| ("sts:externalid", id.to_owned())));
    context
        .request_keys
        .extend(source_identity.clone().map(|id| ("sts:sourceidentity", id)));
    Ok(RoleRequest {
        role_arn,
        session_name,
        source_identity,
        session_tags,
        context,
    })
}

/// Checks the form of the ARN of a role. What it names is looked up later, so a path with other
/// characters than a name is no error.
fn check_role_arn(text: &str) -> Result<(), AwsError> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_complete = matches!(
        parts.as_slice(),
        ["arn", partition, service, _, _, resource]
            if !partition.is_empty() && !service.is_empty() && !resource.is_empty()
    );
    let is_role = parts.get(2) == Some(&"iam")
        && parts
            .get(5)
            .is_some_and(|resource| resource.starts_with("role/") && resource.len() > 5);
    if is_complete && is_role {
        Ok(())
    } else {
        Err(validation(format!("{text} is invalid")))
    }
}

/// The properties of the assumed role.
struct AssumedRole {
    account: AccountId,
    name: String,
    id: String,
    max_session_seconds: u32,
}

fn authorize_caller(call: &Call<'_>, role_request: &RoleRequest) -> Result<AssumedRole, AwsError> {
    let deny = |denial: Denial, action: &str| {
        let request = AccessRequest {
            action,
            resource: &role_request.role_arn,
            context: &role_request.context,
        };
        denied(denial.message(&call.caller.arn(call.world), &request))
    };
    let request = AccessRequest {
        action: "sts:AssumeRole",
        resource: &role_request.role_arn,
        context: &role_request.context,
    };
    // AWS returns the same error for a role that does not exist and for one that does not trust the
    // caller.
    let (account, role) = find_role(call, &role_request.role_arn)
        .ok_or_else(|| deny(Denial::Trust, request.action))?;
    let trust = role.trust.document.evaluate(&request);
    let caller_decision = authorize(call.world, call.caller, &request);
    let by_name = account == call.caller.account
        && role
            .trust
            .document
            .allows_by_name(&role_request.context.principal_arn);
    match (trust, caller_decision) {
        (Decision::Allow, Ok(())) => {}
        // Within an account, a trust policy that names the caller is sufficient without a policy of
        // the caller.
        (Decision::Allow, Err(Denial::IdentityImplicit)) if by_name => {}
        (_, Err(denial)) => return Err(deny(denial, request.action)),
        (_, Ok(())) => return Err(deny(Denial::Trust, request.action)),
    }
    let also_required = [
        (
            role_request.source_identity.is_some(),
            "sts:SetSourceIdentity",
        ),
        (role_request.session_tags.is_tagged, "sts:TagSession"),
    ];
    for (_, action) in also_required.into_iter().filter(|(is_set, _)| *is_set) {
        let request = AccessRequest { action, ..request };
        if role.trust.document.evaluate(&request) != Decision::Allow {
            return Err(deny(Denial::Trust, action));
        }
    }
    Ok(AssumedRole {
        account,
        name: role.name.clone(),
        id: role.id.clone(),
        max_session_seconds: role.max_session_seconds,
    })
}

fn find_role<'a>(call: &'a Call<'_>, arn: &str) -> Option<(AccountId, &'a Role)> {
    let arn: RoleArn = arn.parse().ok()?;
    let account = call
        .world
        .account(arn.account())
        .filter(|account| account.is_active())?;
    let role = account.roles.get(arn.name())?;
    let actual_arn = call.world.arn(
        "iam",
        "",
        account.id,
        &format!("role{}{}", role.path, role.name),
    );
    (actual_arn == arn.as_str()).then_some((account.id, role))
}

fn check_duration(
    call: &Call<'_>,
    params: &Params,
    role: &AssumedRole,
    seconds: u32,
) -> Result<(), AwsError> {
    let chained = matches!(call.caller.principal, Principal::Role { .. });
    if chained && seconds > CHAINED_SECONDS {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if params.get("DurationSeconds").is_some() && seconds > role.max_session_seconds {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(())
}

/// Checks the syntax of names in STS: `[\w+=,.@-]`, and in an `ExternalId` also `:` and `/`.
fn check_text(
    name: &str,
    text: &str,
    length: &std::ops::RangeInclusive<usize>,
) -> Result<(), AwsError> {
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || "_+=,.@-".contains(c)
            || (name == "externalId" && ":/".contains(c))
    };
    let constraint = if text.len() > *length.end() {
        format!(
            "Member must have length less than or equal to {}",
            length.end()
        )
    } else if text.len() < *length.start() {
        format!(
            "Member must have length greater than or equal to {}",
            length.start()
        )
    } else if text.chars().all(allowed) {
        return Ok(());
    } else {
        let more = if name == "externalId" { ":\\/" } else { "" };
        format!("Member must satisfy regular expression pattern: [\\w+=,.@{more}-]*")
    };
    Err(validation(format!(
        "1 validation error detected: Value '{text}' at '{name}' failed to satisfy constraint: {constraint}"
    )))
}

//! Tests of the resolution of profiles.

use aws_types::os_shim_internal::{Env, Fs};
use secrecy::ExposeSecret;

use super::*;

const CONFIG: &str = "
[profile alice]
aws_access_key_id = AKIAALICE
aws_secret_access_key = s
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile hub]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = alice
external_id = between-us
duration_seconds = 7200
[profile audit]
role_arn = arn:aws:iam::333333333333:role/Audit
source_profile = hub
[profile itself]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = itself
mfa_serial = arn:aws:iam::111111111111:mfa/bob
aws_access_key_id = AKIABOB
aws_secret_access_key = s
[profile sso]
sso_session = company
sso_account_id = 111111111111
sso_role_name = Audit
[profile signed-in]
login_session = arn:aws:iam::111111111111:user/alice
[profile exported]
credential_process = aws-vault export alice
mfa_serial = arn:aws:iam::111111111111:u2f/user/alice/key
[profile from-environment]
role_arn = arn:aws:iam::222222222222:role/Hub
credential_source = Environment
duration_seconds = 1800
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile from-nowhere]
role_arn = arn:aws:iam::222222222222:role/Hub
credential_source = Cloud
[profile without-source]
role_arn = arn:aws:iam::222222222222:role/Hub
[profile empty]
region = us-east-1
mfa_serial =
[profile from-empty]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = empty
[profile half]
aws_access_key_id = AKIAHALF
[profile passkey]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = alice
mfa_serial = arn:aws:iam::111111111111:u2f/user/alice/key
[profile one]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = two
[profile two]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = one
[profile lost]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = nowhere
[profile long]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = alice
duration_seconds = 60
";

async fn resolve(name: &str) -> Result<ProfileChain, String> {
    let fs = Fs::from_slice(&[("/home/.aws/config", CONFIG)]);
    let env = Env::from_slice(&[("HOME", "/home")]);
    let profiles = ProfileFiles::load(&env, &fs).await.unwrap();
    ProfileChain::resolve(&profiles, name, true).map_err(|error| error.to_string())
}

#[tokio::test]
async fn chain_is_resolved_to_keys_and_mfa_device() {
    let chain = resolve("audit").await.unwrap();
    assert!(matches!(chain.root, Root::Keys(keys) if keys.access_key_id() == "AKIAALICE"));
    assert_eq!(
        chain.mfa_serial.unwrap().as_str(),
        "arn:aws:iam::111111111111:mfa/alice"
    );
    let roles: Vec<_> = chain
        .roles
        .iter()
        .map(|hop| (hop.role.name(), hop.duration, hop.external_id.as_deref()))
        .collect();
    assert_eq!(
        roles,
        [
            ("Hub", Some(Duration::from_hours(2)), Some("between-us")),
            ("Audit", None, None)
        ]
    );
}

#[tokio::test]
async fn profile_may_be_its_own_source() {
    let chain = resolve("itself").await.unwrap();
    assert!(matches!(chain.root, Root::Keys(keys) if keys.access_key_id() == "AKIABOB"));
    assert_eq!((chain.roles.len(), chain.mfa_serial.is_some()), (1, true));
}

#[tokio::test]
async fn root_of_a_profile_without_a_role_is_found() {
    let sso = resolve("sso").await.unwrap();
    assert!(matches!(sso.root, Root::Profile(name) if name == "sso"));
    assert!(sso.roles.is_empty() && sso.mfa_serial.is_none());
    assert_eq!(sso.login.advice(), "run `aws sso login --profile 'sso'`");
    let signed_in = resolve("signed-in").await.unwrap();
    assert!(matches!(signed_in.root, Root::Profile(_)));
    assert_eq!(signed_in.login, Login::Console("signed-in".to_owned()));
    let exported = resolve("exported").await.unwrap();
    assert!(
        matches!(exported.root, Root::Process(command) if command.expose_secret().ends_with("alice"))
    );
    assert!(exported.mfa_serial.is_none(), "unusable, and not needed");
    let empty = resolve("empty").await.unwrap();
    assert!(matches!(empty.root, Root::SdkChain) && empty.mfa_serial.is_none());
}

#[tokio::test]
async fn role_with_a_credential_source_is_a_hop() {
    let chain = resolve("from-environment").await.unwrap();
    assert!(matches!(chain.root, Root::Environment));
    assert_eq!(chain.roles[0].duration, Some(Duration::from_mins(30)));
    assert!(chain.mfa_serial.is_some());
}

#[tokio::test]
async fn keys_in_the_credentials_file_precede_a_process() {
    let config = "[profile p]\ncredential_process = x\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n";
    let env = Env::from_slice(&[("HOME", "/home")]);
    for (credentials, is_process) in [
        (
            "[p]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n",
            false,
        ),
        ("", true),
    ] {
        let fs = Fs::from_slice(&[
            ("/home/.aws/config", config),
            ("/home/.aws/credentials", credentials),
        ]);
        let profiles = ProfileFiles::load(&env, &fs).await.unwrap();
        let root = ProfileChain::resolve(&profiles, "p", true).unwrap().root;
        assert_eq!(matches!(root, Root::Process(_)), is_process, "{root:?}");
    }
}

#[tokio::test]
async fn invalid_profiles_are_refused() {
    for (name, part) in [
        ("one", "its own source_profile"),
        (
            "lost",
            "`nowhere` not found in ~/.aws/config or ~/.aws/credentials, although profile `lost` names",
        ),
        ("absent", "profile `absent` not found"),
        ("long", "invalid duration_seconds in profile `long`: `60`"),
        (
            "from-nowhere",
            "invalid credential_source in profile `from-nowhere`: `Cloud`",
        ),
        (
            "without-source",
            "has no source_profile and no credential_source",
        ),
        ("from-empty", "invalid source_profile in profile `empty`"),
        ("half", "no aws_secret_access_key"),
        ("passkey", "invalid mfa_serial in profile `passkey`"),
    ] {
        let error = resolve(name).await.unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

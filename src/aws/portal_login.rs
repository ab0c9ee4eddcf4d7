//! The login to the access portal of IAM Identity Center, which `aws sso login` leaves behind.

use aws_config::SdkConfig;
use aws_config::sso::SsoTokenProvider;
use secrecy::SecretString;

use dragnet_model::Region;

/// A login to the access portal of IAM Identity Center.
#[derive(Debug)]
pub(super) enum PortalLogin {
    /// That of an SSO session.
    Session(PortalSettings),
    /// That of a practice range.
    Practice { token: SecretString, region: Region },
}

/// The SSO session of a profile.
#[derive(Debug)]
pub(super) struct PortalSettings {
    /// The name of the session, under which the login is cached.
    pub session: String,
    /// The URL of the access portal.
    pub start_url: String,
    /// The Region of Identity Center.
    pub region: Region,
}

/// The login to the access portal.
#[derive(Debug)]
pub(super) struct Portal {
    /// The Region of Identity Center.
    pub region: Region,
    pub token: PortalToken,
    /// How to log in again.
    pub advice: String,
}

/// Where the token of the login comes from.
#[derive(Debug)]
pub(super) enum PortalToken {
    /// The file that `aws sso login` wrote. The SDK renews it.
    Cached(Box<SsoTokenProvider>),
    /// The practice range.
    Practice(SecretString),
}

impl Portal {
    /// Uses a login.
    pub(super) async fn from_login(login: PortalLogin, sdk: &SdkConfig) -> Self {
        let settings = match login {
            PortalLogin::Session(settings) => settings,
            PortalLogin::Practice { token, region } => {
                return Self {
                    region,
                    token: PortalToken::Practice(token),
                    advice: "start the practice range again".to_owned(),
                };
            }
        };
        let region = aws_types::region::Region::new(settings.region.to_string());
        let provider = SsoTokenProvider::builder()
            .configure(sdk)
            .region(region)
            .session_name(settings.session.clone())
            .start_url(settings.start_url)
            .build()
            .await;
        Self {
            region: settings.region,
            token: PortalToken::Cached(Box::new(provider)),
            advice: format!("run `aws sso login --sso-session {}`", settings.session),
        }
    }
}

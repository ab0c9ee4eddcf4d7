//! MFA codes, and the interface of their sources.

use std::fmt;
use std::str::FromStr;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

/// A code of six digits, valid for one use. It appears in no log and no error.
#[derive(Clone, Debug)]
pub struct MfaCode(SecretString);

/// The text is not a code. The error does not repeat it, because it may be a secret that was pasted
/// by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an MFA code is six digits")]
pub struct InvalidMfaCode;

impl MfaCode {
    pub(in crate::aws) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Source: STS API, `GetSessionToken`, `TokenCode`: six digits. Surrounding white space is ignored.
impl FromStr for MfaCode {
    type Err = InvalidMfaCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim();
        let well_formed = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if well_formed {
            Ok(Self(SecretString::from(digits)))
        } else {
            Err(InvalidMfaCode)
        }
    }
}

/// A source of codes: a program, an environment variable, a prompt.
pub trait CodeSource: fmt::Debug + Send + Sync {
    /// Returns the next code of the device. `refusal` is the reason why AWS rejected the previous
    /// one; a code works only once.
    ///
    /// # Errors
    /// No code is available. The text says why, and what to configure.
    fn next_code<'a>(
        &'a self,
        serial: &'a str,
        refusal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_six_digits_and_never_displayed() {
        let code: MfaCode = " 012345\n".parse().unwrap();
        assert_eq!(code.expose(), "012345");
        assert!(!format!("{code:?}").contains("012345"));
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６", "123 456"] {
            assert_eq!(bad.parse::<MfaCode>().unwrap_err(), InvalidMfaCode, "{bad}");
        }
    }
}

//! The code that an MFA device shows, and who can be asked for it.

use std::fmt;
use std::str::FromStr;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

/// A code of six digits, good for one use. It shows in no log and no error.
#[derive(Clone, Debug)]
pub struct MfaCode(SecretString);

/// A text that is no code. It is not repeated: it may be a secret that was pasted at the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an MFA code is six digits")]
pub struct NotACode;

impl MfaCode {
    pub(in crate::aws) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Source: STS API, `GetSessionToken`, `TokenCode`: six digits. White space around it is left out.
impl FromStr for MfaCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim();
        let well_formed = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if well_formed {
            Ok(Self(SecretString::from(digits)))
        } else {
            Err(NotACode)
        }
    }
}

/// Where codes come from: a program, the environment, a person.
pub trait CodeSource: fmt::Debug + Send + Sync {
    /// The next code of the device. `refusal` is why AWS did not take the one before: a code works once.
    ///
    /// # Errors
    /// There is none to be had. The text says why, and what to set.
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
    fn six_digits_that_never_show() {
        let code: MfaCode = " 012345\n".parse().unwrap();
        assert_eq!(code.expose(), "012345");
        assert!(!format!("{code:?}").contains("012345"));
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６", "123 456"] {
            assert_eq!(bad.parse::<MfaCode>().unwrap_err(), NotACode, "{bad}");
        }
    }
}

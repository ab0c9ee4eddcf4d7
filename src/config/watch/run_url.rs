//! The address at which the people who receive alerts find a run.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::sink::is_http;
use crate::config::text::checked_text;

/// Source: RFC 3986, section 2.3: the other characters that need no encoding.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const PLACEHOLDERS: [&str; 3] = ["{run}", "{schedule}", "{alert}"];

checked_text! {
    /// An HTTP or HTTPS address with placeholders.
    RunUrl,
    "an address of a run: expected the form https://soc.example/runs/{run}, with {run}, {schedule} and {alert}",
    |text| is_run_url(text)
}

impl RunUrl {
    /// Returns the address for an alert. The values are percent-encoded.
    pub fn render(&self, run: &str, schedule: &str, alert: &str) -> String {
        let values = [run, schedule, alert];
        let filled = PLACEHOLDERS.iter().zip(values);
        filled.fold(self.as_str().to_owned(), |url, (placeholder, value)| {
            url.replace(
                placeholder,
                &utf8_percent_encode(value, ENCODED).to_string(),
            )
        })
    }
}

/// The characters of the markup of chat messages are excluded, so that the address cannot end
/// there early.
fn is_run_url(text: &str) -> bool {
    let filled = PLACEHOLDERS
        .iter()
        .fold(text.to_owned(), |url, placeholder| {
            url.replace(placeholder, "x")
        });
    is_http(&filled)
        && !filled
            .contains(|c: char| c.is_whitespace() || c.is_control() || "{}<>|\"'`\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let url: RunUrl = "https://soc.example/{schedule}/{run}?alert={alert}"
            .parse()
            .unwrap();
        assert_eq!(
            url.render("20260301T120000Z-3f9a", "s", "a/b|c>&{run}"),
            "https://soc.example/s/20260301T120000Z-3f9a?alert=a%2Fb%7Cc%3E%26%7Brun%7D"
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "ftp://x.example/{run}",
            "https://x.example/{rnu}",
            "https://x.example/|a",
            "https://{run}@x.example/",
            "javascript:alert(1)",
        ] {
            assert!(bad.parse::<RunUrl>().is_err(), "{bad}");
        }
    }
}

//! The page tokens of event lists, which contain the position of the next page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::StoredEvent;

/// How long a token is valid.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A position in the events of a group, given by the last event that was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The log time of that event, in milliseconds since the Unix epoch.
    pub(super) timestamp_ms: i64,
    /// The serial number of that event.
    pub(super) serial: u64,
}

impl Position {
    pub(super) const START: Self = Self {
        timestamp_ms: i64::MIN,
        serial: 0,
    };

    pub(super) const END: Self = Self {
        timestamp_ms: i64::MAX,
        serial: u64::MAX,
    };

    pub(super) fn after(event: &StoredEvent) -> Self {
        let (timestamp_ms, serial) = event.position();
        Self {
            timestamp_ms,
            serial,
        }
    }

    /// Encodes the position as a token that is valid only for `list`, which names account, Region
    /// and group.
    pub(super) fn encode_token(self, list: &str, now: Timestamp) -> String {
        let Self {
            timestamp_ms,
            serial,
        } = self;
        URL_SAFE_NO_PAD.encode(format!(
            "{list}\n{timestamp_ms} {serial} {}",
            now.as_second()
        ))
    }

    /// Decodes a token. Returns `None` if it is malformed, expired, or belongs to another list.
    pub(super) fn decode_token(token: &str, list: &str, now: Timestamp) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (token_list, position) = text.split_once('\n')?;
        let mut numbers = position.splitn(3, ' ');
        let timestamp_ms = numbers.next()?.parse().ok()?;
        let serial = numbers.next()?.parse().ok()?;
        let issued = Timestamp::from_second(numbers.next()?.parse().ok()?).ok()?;
        let valid = token_list == list && now.duration_since(issued) <= TOKEN_LIFETIME;
        valid.then_some(Self {
            timestamp_ms,
            serial,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_for_its_list_and_one_day() {
        let at = |hours: i64| Timestamp::from_second(hours * 3_600).unwrap();
        let position = Position {
            timestamp_ms: -7,
            serial: u64::MAX,
        };
        let token = position.encode_token("here", at(0));
        assert_eq!(
            Position::decode_token(&token, "here", at(24)),
            Some(position)
        );
        assert_eq!(Position::decode_token(&token, "here", at(25)), None);
        assert_eq!(Position::decode_token(&token, "there", at(0)), None);
        assert_eq!(Position::decode_token("nonsense", "here", at(0)), None);
    }
}

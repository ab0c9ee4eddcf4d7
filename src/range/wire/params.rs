//! The parameters of a Query request: a flat form whose dotted names spell lists and structures.

use std::collections::BTreeMap;

use super::AwsError;

/// A decoded form. Names are as sent: `UserName`, `Filter.1.Value.2`, `Tags.member.1.Key`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads `application/x-www-form-urlencoded`; a later parameter of the same name wins.
    pub(crate) fn decode(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// A parameter, if it was given and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// AWS's `ValidationError`, which names it.
    pub(crate) fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.get(name).ok_or_else(|| {
            AwsError::new("ValidationError", format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"))
        })
    }

    /// A whole number within `range`, or `default` where it was not given.
    ///
    /// # Errors
    /// AWS's `ValidationError`, for text and for numbers outside the range.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, AwsError> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            AwsError::new(
                "ValidationError",
                format!("1 validation error detected: Value '{text}' at '{name}' failed to satisfy constraint: Member must have value between {} and {}", range.start(), range.end()),
            )
        })
    }

    /// A flag; anything but `true` is no.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The members of a list, in order: `PREFIX.1`, `PREFIX.2` … (for AWS Query, `prefix` ends in `.member`).
    pub(crate) fn list(&self, prefix: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.0.get(&format!("{prefix}.{n}")))
            .map(String::as_str)
            .collect()
    }

    /// How many structures a list holds, told by the presence of `PREFIX.n.FIELD`.
    pub(crate) fn count(&self, prefix: &str, field: &str) -> usize {
        (1..=self.0.len())
            .take_while(|n| self.0.contains_key(&format!("{prefix}.{n}.{field}")))
            .count()
    }

    /// Every parameter, for the record that CloudTrail keeps of a call.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_spelled_with_numbers() {
        let params = Params::decode(
            b"Action=X&RegionName.1=us-east-1&RegionName.2=eu-west-1&RegionName.4=lost&MaxItems=5",
        );
        assert_eq!(params.list("RegionName"), ["us-east-1", "eu-west-1"]);
        assert_eq!(params.number("MaxItems", 1..=10, 3).unwrap(), 5);
        assert_eq!(
            params.number("MaxItems", 1..=4, 3).unwrap_err().code,
            "ValidationError"
        );
        assert_eq!(
            params.required("UserName").unwrap_err().code,
            "ValidationError"
        );
    }
}

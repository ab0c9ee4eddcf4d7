//! The parameters of a Query request: a flat form in which dotted names represent lists and
//! structures.

use std::collections::BTreeMap;

use super::AwsError;

/// A decoded form. Names are as sent: `UserName`, `Filter.1.Value.2`, `Tags.member.1.Key`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Decodes `application/x-www-form-urlencoded`; the last of several parameters with the same
    /// name wins.
    pub(crate) fn decode(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// A parameter, if it is present and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter is present, even if it is empty.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A required parameter.
    ///
    /// # Errors
    /// AWS's `ValidationError`, with the name of the parameter.
    pub(crate) fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.get(name).ok_or_else(|| {
            AwsError::new("ValidationError", format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"))
        })
    }

    /// An integer within `range`, or `default` if the parameter is missing.
    ///
    /// # Errors
    /// AWS's `ValidationError`, for a value that is not a number or is outside the range.
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

    /// A Boolean parameter; every value except `true` counts as false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The members of a list, in order: `PREFIX.1`, `PREFIX.2` … (for AWS Query, `prefix` ends in
    /// `.member`).
    pub(crate) fn list(&self, prefix: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.0.get(&format!("{prefix}.{n}")))
            .map(String::as_str)
            .collect()
    }

    /// The number of structures in a list, determined by the presence of `PREFIX.n.FIELD`.
    pub(crate) fn count(&self, prefix: &str, field: &str) -> usize {
        (1..=self.0.len())
            .take_while(|n| self.0.contains_key(&format!("{prefix}.{n}.{field}")))
            .count()
    }

    /// All parameters, for the CloudTrail record of the call.
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
    fn lists_are_numbered() {
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

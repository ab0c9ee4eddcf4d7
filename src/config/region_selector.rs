//! Selects Regions by name or glob, and checks their spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::written_as_text;
use super::{Glob, InvalidGlob, nearest};
use dragnet_model::{InvalidRegion, KNOWN_REGIONS, Region};

/// One Region by its name, or Regions by glob: `eu-west-1`, `eu-*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RegionSelector {
    /// This Region. An account that has not enabled it gets a coverage row that says so.
    Name(Region),
    /// Every enabled Region whose name matches this glob.
    Pattern(Glob),
}

/// The text is not a valid Region selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegionSelector {
    /// It is not the name of a Region.
    #[error(transparent)]
    Name(#[from] InvalidRegion),
    /// It is not a valid glob.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
}

impl RegionSelector {
    /// Whether it selects this Region.
    pub fn matches(&self, region: &Region) -> bool {
        match self {
            Self::Name(name) => name == region,
            Self::Pattern(glob) => glob.is_match(region.as_str()),
        }
    }
}

impl FromStr for RegionSelector {
    type Err = InvalidRegionSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if Glob::has_glob_characters(text) {
            Self::Pattern(text.parse()?)
        } else {
            Self::Name(text.parse()?)
        })
    }
}

written_as_text!(RegionSelector, InvalidRegionSelector);

impl fmt::Display for RegionSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(region) => region.fmt(f),
            Self::Pattern(glob) => glob.fmt(f),
        }
    }
}

/// The Regions that may be named: those that this build knows, and those that the configuration
/// adds. This is only a spelling check; which Regions are searched depends on each account's
/// `DescribeRegions`.
#[derive(Clone, Debug)]
pub struct KnownRegions<'a> {
    added: &'a [Region],
}

/// The name is not a known Region, or the glob matches none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown Region `{name}`{} Add Regions that are newer than this version of dragnet to `scope.new_regions`", hint(*nearest))]
pub struct UnknownRegion {
    name: String,
    nearest: Option<&'static str>,
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || ".".to_owned(),
        |near| format!(": did you mean `{near}`?"),
    )
}

impl<'a> KnownRegions<'a> {
    /// The Regions of this build and the `added` ones.
    pub fn with_added(added: &'a [Region]) -> Self {
        Self { added }
    }

    /// Checks that the Region is known.
    ///
    /// # Errors
    /// The Region is not known; the error names the nearest one.
    pub fn check(&self, region: &Region) -> Result<(), UnknownRegion> {
        self.check_any(region.as_str(), |known| known == region.as_str())
    }

    /// Checks that the selector matches a known Region.
    ///
    /// # Errors
    /// The selector matches none.
    pub fn check_selector(&self, selector: &RegionSelector) -> Result<(), UnknownRegion> {
        match selector {
            RegionSelector::Name(region) => self.check(region),
            RegionSelector::Pattern(glob) => {
                self.check_any(glob.as_str(), |known| glob.is_match(known))
            }
        }
    }

    fn check_any(&self, name: &str, matches: impl Fn(&str) -> bool) -> Result<(), UnknownRegion> {
        let mut names = KNOWN_REGIONS
            .into_iter()
            .chain(self.added.iter().map(Region::as_str));
        if names.any(matches) {
            Ok(())
        } else {
            Err(UnknownRegion {
                name: name.to_owned(),
                nearest: nearest(name, KNOWN_REGIONS),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_and_globs_are_rejected() {
        let check =
            |text: &str| KnownRegions::with_added(&[]).check_selector(&text.parse().unwrap());
        assert!(check("eu-west-1").is_ok() && check("eu-*").is_ok() && check("*").is_ok());
        let message = check("eu-wset-1").unwrap_err().to_string();
        assert!(message.contains("did you mean `eu-west-1`?"), "{message}");
        assert!(check("mars-*").is_err());
        assert!("EU-WEST-1".parse::<RegionSelector>().is_err());
    }
}

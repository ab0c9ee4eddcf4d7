//! The folder of an account-Region, to which one service delivers.

use std::fmt;

use super::kind::ObjectKind;
use super::root::LogRoot;
use dragnet_model::{AccountId, Region};

/// `…/ACCOUNT/SERVICE/REGION/`, or in the Hive form
/// `…/aws-account-id=ACCOUNT/aws-service=SERVICE/aws-region=REGION/`. Resolver query logs have the
/// id of a VPC instead of the Region.
///
/// Source: VPC user guide, "Flow log files" (Hive-compatible prefixes).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogFolder {
    /// The folder with the folders of all accounts.
    pub root: LogRoot,
    /// The account of the records.
    pub account: AccountId,
    /// The service.
    pub kind: ObjectKind,
    /// What the last folder names.
    pub last: LastFolder,
    /// Whether the names of the folders have the Hive form.
    pub is_hive: bool,
}

/// What the last folder of a [`LogFolder`] names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LastFolder {
    /// The Region of the records.
    Region(Region),
    /// A VPC. The path does not say in which Region it is.
    Vpc(String),
}

const HIVE_NAMES: [&str; 3] = ["aws-account-id=", "aws-service=", "aws-region="];

impl LogFolder {
    /// The folder of an account-Region in the usual form.
    pub fn new(root: LogRoot, account: AccountId, kind: ObjectKind, region: Region) -> Self {
        Self {
            root,
            account,
            kind,
            last: LastFolder::Region(region),
            is_hive: false,
        }
    }

    /// The same folder in the Hive form.
    #[must_use]
    pub fn hive(self) -> Self {
        Self {
            is_hive: true,
            ..self
        }
    }

    /// The Region of the records, if the path names it.
    pub fn region(&self) -> Option<&Region> {
        match &self.last {
            LastFolder::Region(region) => Some(region),
            LastFolder::Vpc(_) => None,
        }
    }

    /// The path, with a slash at its end.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// The path of the folder that has this folder and those of the other Regions or VPCs.
    pub fn kind_path(&self) -> String {
        let Self {
            root,
            account,
            kind,
            ..
        } = self;
        let [account_name, service_name, _] = self.names();
        format!("{root}{account_name}{account}/{service_name}{kind}/")
    }

    /// Returns the Region of a common prefix that a list of [`LogFolder::kind_path`] has.
    pub fn region_in(&self, common_prefix: &str) -> Option<Region> {
        let [_, _, region_name] = self.names();
        let rest = common_prefix.strip_prefix(self.kind_path().as_str())?;
        rest.strip_prefix(region_name)?
            .strip_suffix('/')?
            .parse()
            .ok()
    }

    /// Returns the VPC of a common prefix that a list of [`LogFolder::kind_path`] has.
    pub fn vpc_in(&self, common_prefix: &str) -> Option<String> {
        let rest = common_prefix.strip_prefix(self.kind_path().as_str())?;
        let vpc = rest.strip_suffix('/')?;
        (vpc.starts_with("vpc-") && !vpc.contains('/')).then(|| vpc.to_owned())
    }

    /// What precedes the values in the names of the folders.
    fn names(&self) -> [&'static str; 3] {
        if self.is_hive { HIVE_NAMES } else { [""; 3] }
    }

    /// Reads the folder of a key, and returns the rest of the key.
    pub(super) fn split(key: &str) -> Option<(Self, &str)> {
        let (root, rest) = LogRoot::split(key)?;
        let is_hive = rest.starts_with(HIVE_NAMES[0]);
        let [account_name, service_name, region_name] = if is_hive { HIVE_NAMES } else { [""; 3] };
        let (account, rest) = rest.strip_prefix(account_name)?.split_once('/')?;
        let (service, rest) = rest.strip_prefix(service_name)?.split_once('/')?;
        let (last, rest) = rest.strip_prefix(region_name)?.split_once('/')?;
        let kind = ObjectKind::from_word(service)?;
        let last = match kind {
            ObjectKind::ResolverQuery if last.starts_with("vpc-") => {
                LastFolder::Vpc(last.to_owned())
            }
            ObjectKind::ResolverQuery => return None,
            _ => LastFolder::Region(last.parse().ok()?),
        };
        let folder = Self {
            root,
            account: account.parse().ok()?,
            kind,
            last,
            is_hive,
        };
        Some((folder, rest))
    }
}

impl fmt::Display for LogFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, region_name] = self.names();
        write!(f, "{}{region_name}{}/", self.kind_path(), self.last)
    }
}

impl fmt::Display for LastFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => f.write_str(region.as_str()),
            Self::Vpc(vpc) => f.write_str(vpc),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vpcs_are_found_one_level_down() {
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        let root = LogRoot::new("", None);
        let folder = LogFolder::new(root, account, ObjectKind::ResolverQuery, region);
        let below = |name: &str| folder.vpc_in(&format!("{}{name}", folder.kind_path()));
        assert_eq!(below("vpc-0123/").as_deref(), Some("vpc-0123"));
        for other in ["", "us-east-1/", "vpc-0123", "vpc-0123/2026/"] {
            assert_eq!(below(other), None, "{other}");
        }
    }

    #[test]
    fn regions_are_found_one_level_down() {
        let root = LogRoot::new("", None);
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        let plain = LogFolder::new(root, account, ObjectKind::FlowLog, region);
        for folder in [plain.clone(), plain.hive()] {
            let path = folder.path();
            let region = folder.region_in(&path).map(|region| region.to_string());
            assert_eq!(region.as_deref(), Some("us-east-1"), "{path}");
            assert_eq!(folder.region_in(&folder.kind_path()), None);
        }
    }
}

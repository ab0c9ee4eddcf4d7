//! The kind of policy that denied a call.

crate::word_enum! {
    /// The kind of policy that denied a call, according to AWS's message.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum DeniedBy: Serialize, Deserialize {
        /// A service control policy.
        Scp => "scp",
        /// A resource control policy.
        Rcp => "rcp",
        /// A permissions boundary.
        Boundary => "boundary",
        /// A session policy.
        Session => "session",
        /// No identity-based policy allows it, or one denies it.
        Identity => "identity",
        /// The message does not say.
        Unknown => "unknown",
    }
}

impl DeniedBy {
    /// Parses AWS's message. Source: IAM user guide, "Troubleshoot access denied error messages".
    pub fn from_message(message: &str) -> Self {
        let phrases = [
            ("service control policy", Self::Scp),
            ("resource control policy", Self::Rcp),
            ("permissions boundary", Self::Boundary),
            ("session policy", Self::Session),
            ("identity-based policy", Self::Identity),
        ];
        let phrase = phrases.iter().find(|(phrase, _)| message.contains(phrase));
        phrase.map_or(Self::Unknown, |(_, by)| *by)
    }
}

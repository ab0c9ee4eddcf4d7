//! The guards of containment that can be overridden.

dragnet_model::word_enum! {
    /// A guard that can be overridden. The words are the values of `--force`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Override: Serialize, Deserialize {
        /// Change more principals than the configuration allows.
        MaxTargets => "max-targets",
        /// Change principals that the configuration protects.
        Protect => "protect",
        /// Change roles with which AWS services deliver logs.
        EvidenceRoles => "evidence-roles",
        /// Change the roles through which the organization reaches its accounts.
        OrganizationRoles => "organization-roles",
    }
}

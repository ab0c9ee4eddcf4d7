//! What containment does to a principal.

dragnet_model::word_enum! {
    /// What is done to a principal. All words but `remove-deny-all` are values of `--action`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ContainAction {
        /// Put an inline policy that denies everything.
        DenyAll => "deny-all",
        /// Deny only the role's sessions that acted in the run.
        DenySession => "deny-session",
        /// Revoke the role's sessions that started before now.
        RevokeSessions => "revoke-sessions",
        /// Deactivate a user's access keys.
        DeactivateKeys => "deactivate-keys",
        /// Deactivate every credential of a user: access keys, service-specific credentials, SSH
        /// public keys, signing certificates.
        DeactivateCredentials => "deactivate-credentials",
        /// Delete a user's console password, which cannot be undone.
        DeleteLoginProfile => "delete-login-profile",
        /// Take the MFA devices from a user, which cannot be undone.
        DeactivateMfa => "deactivate-mfa",
        /// Deny everybody to assume a role, in its trust policy.
        BlockAssume => "block-assume",
        /// Set a permissions boundary that denies everything, where inline policies have no room.
        Boundary => "boundary",
        /// Remove a policy that denies everything. It is no value of `--action`, but an option.
        RemoveDenyAll => "remove-deny-all",
    }
}

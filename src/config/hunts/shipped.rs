//! The built-in hunts.

/// The path and the content of a file in `config/hunts`.
macro_rules! shipped {
    ($name:literal) => {
        (
            concat!("config/hunts/", $name, ".toml"),
            include_str!(concat!("../../../config/hunts/", $name, ".toml")),
        )
    };
}

/// The path and the content of each built-in hunt.
pub(super) const SHIPPED: [(&str, &str); 22] = [
    shipped!("access-key-created"),
    shipped!("access-key-for-another-user"),
    shipped!("console-login-failures"),
    shipped!("console-login-without-mfa"),
    shipped!("guardduty-disabled"),
    shipped!("iam-access-denied"),
    shipped!("iam-access-key"),
    shipped!("policy-attached-to-self"),
    shipped!("role-chains"),
    shipped!("root-use"),
    shipped!("s3-list-buckets"),
    shipped!("secrets-read-in-bulk"),
    shipped!("security-group-opened"),
    shipped!("snapshot-or-image-shared"),
    shipped!("source-ip"),
    shipped!("trail-stopped-or-changed"),
    shipped!("users-roles-created"),
    shipped!("vpc-connections-by-destination"),
    shipped!("vpc-rejects-by-source"),
    shipped!("vpc-rejects-from-inside"),
    shipped!("vpc-rejects-from-inside-by-port"),
    shipped!("vpc-requests-from-ip"),
];

//! Checks the dependencies of the binary.

use std::collections::BTreeMap;

/// The packages of this workspace.
const OUR_PACKAGES: [&str; 5] = [
    "cw-filter-pattern",
    "dragnet",
    "dragnet-model",
    "dragnet-range",
    "insights-ql",
];

/// Returns each package of `Cargo.lock`, with its versions and sources.
fn packages() -> BTreeMap<String, Vec<(String, String)>> {
    let lock: toml::Table = include_str!("../../../Cargo.lock").parse().unwrap();
    let mut packages: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let text = |key: &str| {
            package
                .get(key)
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        packages
            .entry(text("name"))
            .or_default()
            .push((text("version"), text("source")));
    }
    packages
}

#[test]
fn everything_comes_from_crates_io() {
    for (name, versions) in packages() {
        for (version, source) in versions {
            let expected = if OUR_PACKAGES.contains(&name.as_str()) {
                ""
            } else {
                "registry+https://github.com/rust-lang/crates.io-index"
            };
            assert_eq!(source, expected, "{name} {version}");
        }
    }
}

#[test]
fn there_is_one_tls_stack() {
    let packages = packages();
    for name in [
        "rustls",
        "hyper-rustls",
        "hyper",
        "aws-lc-rs",
        "rustls-native-certs",
    ] {
        assert_eq!(packages.get(name).map(Vec::len), Some(1), "{name}");
    }
    for name in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "hyper-tls",
        "webpki-roots",
    ] {
        assert!(!packages.contains_key(name), "{name}");
    }
}

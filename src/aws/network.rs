//! The network settings of the AWS calls: the proxy, and the certificates that are trusted.

use std::io;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::{Env, Fs};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tracing::warn;

/// The proxy, and the certificates that are trusted.
#[derive(Clone, Debug)]
pub(super) struct NetworkSettings {
    /// For encrypted requests only: a proxy could read the others.
    pub proxy: ProxyConfig,
    /// The certificates of the host, or those of a bundle instead.
    pub tls: TlsContext,
}

/// Why the network settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The URL of the proxy is wrong. It is not repeated, because it may contain a password.
    #[error("{variable} is not the URL of a proxy: expected http://HOST:PORT or https://HOST:PORT")]
    Proxy {
        /// The environment variable.
        variable: &'static str,
    },
    /// The bundle cannot be read.
    #[error("cannot read the certificates of {origin}, {path}")]
    UnreadableBundle {
        /// `AWS_CA_BUNDLE` or `ca_bundle`.
        origin: &'static str,
        /// The path of the file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The bundle has no certificate.
    #[error("{path}, which {origin} names, has no certificate in PEM form")]
    EmptyBundle {
        /// `AWS_CA_BUNDLE` or `ca_bundle`.
        origin: &'static str,
        /// The path of the file.
        path: String,
    },
}

impl NetworkSettings {
    /// Reads the settings. `profile_bundle` is the `ca_bundle` of the profile.
    ///
    /// # Errors
    /// The proxy or the bundle cannot be used.
    pub(super) async fn read(
        env: &Env,
        fs: &Fs,
        profile_bundle: Option<&str>,
    ) -> Result<Self, NetworkError> {
        let of_environment = env.get("AWS_CA_BUNDLE").ok();
        let of_environment = of_environment.filter(|path| !path.is_empty());
        let bundle = match (&of_environment, profile_bundle) {
            (Some(path), _) => Some(("AWS_CA_BUNDLE", path.as_str())),
            (None, Some(path)) => Some(("ca_bundle", path)),
            (None, None) => None,
        };
        let trust = match bundle {
            None => TrustStore::default(),
            Some((origin, path)) => read_bundle(env, fs, origin, path).await?,
        };
        let tls = TlsContext::builder().with_trust_store(trust).build();
        Ok(Self {
            proxy: read_proxy(env)?,
            // Building it has no condition that could fail.
            tls: tls.unwrap_or_default(),
        })
    }
}

/// Returns the proxy for encrypted requests. In lower case, a variable takes precedence, as in
/// Python, curl and others.
fn read_proxy(env: &Env) -> Result<ProxyConfig, NetworkError> {
    let variable = |names: &[&'static str]| {
        let mut found = names
            .iter()
            .filter_map(|&name| Some((name, env.get(name).ok()?)));
        found.find(|(_, value)| !value.is_empty())
    };
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let Some((name, url)) = variable(&proxies) else {
        return Ok(ProxyConfig::disabled());
    };
    // Source: botocore, `ProxyConfiguration._fix_proxy_url`: `HOST:PORT` is allowed.
    let url = match url.strip_prefix("//") {
        Some(rest) => format!("http://{rest}"),
        None if !url.contains("://") => format!("http://{url}"),
        None => url,
    };
    let proxy =
        ProxyConfig::https(url.as_str()).map_err(|_| NetworkError::Proxy { variable: name })?;
    Ok(match variable(&["no_proxy", "NO_PROXY"]) {
        Some((_, hosts)) => proxy.no_proxy(hosts),
        None => proxy,
    })
}

/// Returns the certificates of a bundle, which replace those of the host, as in the AWS CLI.
async fn read_bundle(
    env: &Env,
    fs: &Fs,
    origin: &'static str,
    path: &str,
) -> Result<TrustStore, NetworkError> {
    let path = match path.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", env.get("HOME").unwrap_or_default()),
        None => path.to_owned(),
    };
    let pem = match fs.read_to_end(&path).await {
        Ok(pem) => pem,
        Err(source) => {
            return Err(NetworkError::UnreadableBundle {
                origin,
                path,
                source,
            });
        }
    };
    let certificates = usable_certificates(&pem, &path);
    if certificates.is_empty() {
        return Err(NetworkError::EmptyBundle { origin, path });
    }
    let trust = TrustStore::empty();
    Ok(certificates.iter().fold(trust, |trust, certificate| {
        trust.with_pem_certificate(to_pem(certificate))
    }))
}

/// Returns the certificates that can be trusted. The HTTP client panics at others.
fn usable_certificates(pem: &[u8], path: &str) -> Vec<CertificateDer<'static>> {
    let mut usable = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let is_usable = |certificate: &CertificateDer<'static>| {
            RootCertStore::empty().add(certificate.clone()).is_ok()
        };
        match certificate {
            Ok(certificate) if is_usable(&certificate) => usable.push(certificate),
            _ => warn!(
                "certificate {} of {path} is ignored: it cannot be read",
                index + 1
            ),
        }
    }
    usable
}

fn to_pem(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(certificate);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    // Base64 has only ASCII characters, so every position is one between characters.
    let mut rest = text.as_str();
    while let Some((line, more)) = rest.split_at_checked(64) {
        pem.extend([line, "\n"]);
        rest = more;
    }
    if !rest.is_empty() {
        pem.extend([rest, "\n"]);
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(
        variables: &[(&str, &str)],
        profile_bundle: Option<&str>,
    ) -> Result<NetworkSettings, String> {
        let env = Env::from_slice(&[&[("HOME", "/home")], variables].concat());
        let fs = Fs::from_slice(&[
            ("/home/empty.pem", "nothing"),
            (
                "/home/broken.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
        ]);
        let settings = NetworkSettings::read(&env, &fs, profile_bundle).await;
        settings.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn proxy_is_read_from_either_case() {
        assert!(read(&[], None).await.unwrap().proxy.is_disabled());
        let only_plain = [("HTTP_PROXY", "http://p:1"), ("http_proxy", "http://p:1")];
        assert!(read(&only_plain, None).await.unwrap().proxy.is_disabled());
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            for url in ["http://p:1", "p:1", "//p:1", "https://u:hush@p:1"] {
                let settings = read(&[(name, url)], None).await.unwrap();
                assert!(!settings.proxy.is_disabled(), "{name}={url}");
            }
        }
    }

    #[tokio::test]
    async fn invalid_proxies_are_refused_without_their_passwords() {
        let error = read(&[("HTTPS_PROXY", "socks5://u:hush@p:1")], None).await;
        let error = error.unwrap_err();
        assert!(
            error.starts_with("HTTPS_PROXY") && !error.contains("hush"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn bundles_without_certificates_are_refused() {
        for (variables, bundle, part) in [
            (
                vec![("AWS_CA_BUNDLE", "~/none.pem")],
                None,
                "cannot read the certificates of AWS_CA_BUNDLE, /home/none.pem",
            ),
            (
                vec![],
                Some("/home/empty.pem"),
                "which ca_bundle names, has no certificate",
            ),
            (
                vec![],
                Some("/home/broken.pem"),
                "which ca_bundle names, has no certificate",
            ),
            (
                vec![("AWS_CA_BUNDLE", "/home/empty.pem")],
                Some("/other"),
                "which AWS_CA_BUNDLE names",
            ),
        ] {
            let error = read(&variables, bundle).await.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn certificates_are_written_in_lines() {
        let pem = to_pem(&CertificateDer::from(vec![7; 100]));
        let read: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(read, [CertificateDer::from(vec![7; 100])]);
        assert!(pem.lines().all(|line| line.len() <= 64));
    }
}

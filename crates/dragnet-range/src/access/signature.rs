//! Signature Version 4, verified as a server does.
//!
//! Source: AWS General Reference, "Create a signed AWS API request".

use hmac::Mac;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::mint::hmac;
use crate::wire::{CommonError, Service, header};
use dragnet_model::Region;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the clock of a client may differ.
const LEEWAY_SECONDS: i64 = 15 * 60;

/// The parsed signature of a request.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) access_key_id: String,
    /// The Region that it was signed for.
    pub(crate) region: Region,
    /// The service that it was signed for.
    pub(crate) service: String,
    /// The session token that comes with temporary credentials.
    pub(crate) token: Option<String>,
    signed_at: Timestamp,
    amz_date: String,
    signed_headers: Vec<String>,
    digest: String,
}

impl Signature {
    /// Parses the `Authorization`, `X-Amz-Date` and `X-Amz-Security-Token` headers.
    ///
    /// # Errors
    /// The request has no signature, or one that is not of version 4.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, CommonError> {
        let authorization = header(headers, AUTHORIZATION.as_str()).ok_or(CommonError::Unsigned)?;
        let malformed = |problem: &str| {
            CommonError::MalformedSignature(format!("{problem} Authorization={authorization}"))
        };
        let fields = authorization.strip_prefix(ALGORITHM).ok_or_else(|| {
            malformed(&format!(
                "Unsupported signature version: expected {ALGORITHM}."
            ))
        })?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| {
                    malformed(&format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        let scope: Vec<&str> = field("Credential")?.split('/').collect();
        let [key, day, region, service, "aws4_request"] = scope[..] else {
            return Err(malformed(
                "Credential must have exactly 5 slash-delimited elements.",
            ));
        };
        let region = region
            .parse()
            .map_err(|_| malformed("Credential should be scoped to a valid region."))?;
        let amz_date = header(headers, "x-amz-date")
            .ok_or_else(|| malformed("'X-Amz-Date' must be given."))?;
        let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", amz_date)
            .and_then(|at| at.to_zoned(TimeZone::UTC))
            .map_err(|_| malformed("Date must be in ISO-8601 'basic format'."))?
            .timestamp();
        if !amz_date.starts_with(day) {
            return Err(CommonError::WrongSignature(
                "Date in Credential scope does not match YYYYMMDD from date.".to_owned(),
            ));
        }
        Ok(Self {
            access_key_id: key.to_owned(),
            region,
            service: service.to_owned(),
            token: header(headers, "x-amz-security-token").map(str::to_owned),
            signed_at,
            amz_date: amz_date.to_owned(),
            signed_headers: field("SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            digest: field("Signature")?.to_owned(),
        })
    }

    /// Verifies the signature, its service and its time.
    ///
    /// # Errors
    /// [`CommonError::WrongSignature`], with AWS's message.
    pub(crate) fn verify(
        &self,
        secret: &str,
        service: Service,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), CommonError> {
        if self.service != service.name() {
            return Err(CommonError::WrongSignature(format!(
                "Credential should be scoped to correct service: '{service}'."
            )));
        }
        // Source: S3 API, "Authenticating requests (AWS Signature Version 4)": the header is required
        // for all requests.
        if service == Service::S3 && header(&parts.headers, "x-amz-content-sha256").is_none() {
            return Err(CommonError::Unreadable(
                "Missing required header for this request: x-amz-content-sha256".to_owned(),
            ));
        }
        if self.signed_at.duration_since(now).as_secs().abs() > LEEWAY_SECONDS {
            return Err(CommonError::WrongSignature(format!(
                "Signature not yet current or expired: {} is not within 15 minutes of {}",
                self.amz_date,
                now.strftime("%Y%m%dT%H%M%SZ")
            )));
        }
        if self.compute_digest(secret, parts, body) == self.digest {
            return Ok(());
        }
        Err(CommonError::WrongSignature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        ))
    }

    fn compute_digest(&self, secret: &str, parts: &Parts, body: &[u8]) -> String {
        let day = self.amz_date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let request_hash = hex::encode(Sha256::digest(self.canonical_request(parts, body)));
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{request_hash}", self.amz_date);
        let initial_key = format!("AWS4{secret}").into_bytes();
        let key = [day, self.region.as_str(), &self.service, "aws4_request"]
            .iter()
            .fold(initial_key, |key, part| hmac_sha256(&key, part.as_bytes()));
        hex::encode(hmac_sha256(&key, to_sign.as_bytes()))
    }

    fn canonical_request(&self, parts: &Parts, body: &[u8]) -> String {
        let query = parts.uri.query().unwrap_or_default().split('&');
        // A parameter without a value, such as S3's `?location`, is signed as `location=`.
        let mut query: Vec<(&str, &str)> = query
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        query.sort_unstable();
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut text = format!(
            "{}\n{}\n{}\n",
            parts.method,
            parts.uri.path(),
            query.join("&")
        );
        for name in &self.signed_headers {
            let value = match header(&parts.headers, name) {
                // HTTP/1.1 sends the host as a header; the in-process connector leaves it in the
                // URI.
                None if name == "host" => parts
                    .uri
                    .authority()
                    .map_or("", http::uri::Authority::as_str),
                value => value.unwrap_or_default(),
            };
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            text.extend([name, ":", &value, "\n"]);
        }
        let hash = match header(&parts.headers, "x-amz-content-sha256") {
            Some(hash) => hash.to_owned(),
            None => hex::encode(Sha256::digest(body)),
        };
        text.extend(["\n", &self.signed_headers.join(";"), "\n", &hash]);
        text
    }
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = hmac(key);
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS.
    ///
    /// Source: AWS General Reference, "Signature Version 4 test suite", `get-vanilla`.
    fn vanilla(authorization: &str) -> Parts {
        let request = http::Request::get("/")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", authorization)
            .body(())
            .unwrap();
        request.into_parts().0
    }

    const AUTHORIZATION_HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
        SignedHeaders=host;x-amz-date, \
        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    #[test]
    fn documented_example_verifies() {
        let parts = vanilla(AUTHORIZATION_HEADER);
        let signature = Signature::from_headers(&parts.headers).unwrap();
        assert_eq!(signature.access_key_id, "AKIDEXAMPLE");
        let expected =
            signature.compute_digest("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &parts, b"");
        assert_eq!(expected, signature.digest);
    }

    #[test]
    fn wrong_service_time_or_secret_is_rejected() {
        let parts = vanilla(&AUTHORIZATION_HEADER.replace("/service/", "/logs/"));
        let signature = Signature::from_headers(&parts.headers).unwrap();
        let verify =
            |service, now: &str| signature.verify("x", service, &parts, b"", now.parse().unwrap());
        for (service, now, reason) in [
            (Service::Iam, "2015-08-30T12:36:00Z", "correct service"),
            (
                Service::Logs,
                "2015-08-30T13:36:00Z",
                "not yet current or expired",
            ),
            (Service::Logs, "2015-08-30T12:40:00Z", "does not match"),
        ] {
            let Err(CommonError::WrongSignature(text)) = verify(service, now) else {
                panic!("accepted")
            };
            assert!(text.contains(reason), "{text}");
        }
    }

    #[test]
    fn other_signature_versions_are_malformed() {
        for header_value in [
            "AWS AKID:sig",
            "AWS4-HMAC-SHA256 Credential=a/b/c",
            "AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/s/aws4_request",
        ] {
            assert!(
                matches!(
                    Signature::from_headers(&vanilla(header_value).headers),
                    Err(CommonError::MalformedSignature(_))
                ),
                "{header_value}"
            );
        }
        assert_eq!(
            Signature::from_headers(&HeaderMap::new()).unwrap_err(),
            CommonError::Unsigned
        );
    }
}

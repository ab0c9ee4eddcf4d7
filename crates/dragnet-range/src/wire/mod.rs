//! AWS's five protocols: encoding and decoding of requests, responses and errors.
//!
//! There is a small codec for each of AWS JSON 1.1 (logs, organizations, cloudtrail), AWS Query
//! (sts, iam), EC2 Query, REST-JSON (observabilityadmin) and REST-XML (s3). The other modules receive a service, an operation and
//! its [`Input`], and return a [`Reply`] or an [`AwsError`]. They never use HTTP headers, except S3,
//! whose parameters and results are partly in headers.

mod error;
mod event_stream;
mod page;
mod params;
mod reply;
mod request;
mod rest;
mod rest_response;
mod service;
mod xml;

pub(crate) use error::{AwsError, CommonError};
pub(crate) use event_stream::{EventMessage, encode_event_stream};
pub(crate) use page::Page;
pub(crate) use params::Params;
pub(crate) use reply::{Exchange, Reply};
pub(crate) use request::{Input, header, identify_operation};
pub(crate) use rest::{Endpoint, RestInput, RestReply};
pub(crate) use service::{Protocol, Service};
pub(crate) use xml::Xml;

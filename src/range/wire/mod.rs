//! The wire: how AWS's three protocols spell a request, a reply and an error.
//!
//! One small codec each for AWS JSON 1.1 (logs, organizations, cloudtrail), AWS Query (sts, iam) and EC2 Query.
//! Everything above sees a service, an operation and its [`Input`], and answers a [`Reply`] or an
//! [`AwsError`]; it never looks at a header.

mod error;
mod page;
mod params;
mod reply;
mod request;
mod service;
mod xml;

pub(crate) use error::{AwsError, Refusal};
pub(crate) use page::Page;
pub(crate) use params::Params;
pub(crate) use reply::{Exchange, Reply};
pub(crate) use request::{Input, address, header};
pub(crate) use service::{Protocol, Service};
pub(crate) use xml::Xml;

//! What the sightings of a run say about its impact, as far as the API accepts it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use crate::report::formats::ReportedEvent;
use crate::report::formats::event::{EventTime, TimeKind, describe_event, source_address};
use crate::report::{RunReport, escape};
use dragnet_model::time::format_ms;
use dragnet_model::{IndicatorKind, OwnCall};

/// Source: `CreateCase`, `threatActorIpAddresses`.
const MOST_ADDRESSES: usize = 200;
/// Source: `CreateCase`, `impactedServices`.
const MOST_SERVICES: usize = 600;
/// Source: `CreateCase`, `userAgent`.
const LONGEST_USER_AGENT: usize = 500;
/// How many sightings the description has.
const MOST_SIGHTINGS: usize = 20;

/// The values of `AwsRegion`; others are refused.
const REGIONS: [&str; 36] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreatActorIp {
    ip_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

/// What the sightings say about the impact. Its size is bounded.
pub(super) struct Impact {
    /// The networks that were searched for. Only their addresses are those of an attacker; others
    /// may be of colleagues.
    networks: Vec<IpNet>,
    addresses: BTreeMap<IpAddr, String>,
    pub services: BTreeSet<String>,
    pub regions: BTreeSet<&'static str>,
    pub first_sightings: Vec<String>,
}

impl Impact {
    pub(super) fn new(report: &RunReport<'_>) -> Self {
        let networks = report
            .summary
            .indicators
            .iter()
            .filter_map(|indicator| network(&indicator.value))
            .collect();
        Self {
            networks,
            addresses: BTreeMap::new(),
            services: BTreeSet::new(),
            regions: BTreeSet::new(),
            first_sightings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, event: &ReportedEvent, report: &RunReport<'_>) {
        if event.sighting.own_call == OwnCall::Yes {
            return;
        }
        let details = &event.sighting.details;
        self.regions.extend(
            REGIONS
                .into_iter()
                .find(|region| **region == *details.region),
        );
        if self.services.len() < MOST_SERVICES && is_service(&details.event_source) {
            self.services.insert(details.event_source.to_string());
        }
        if let Some(address) = source_address(event) {
            self.add_address(address, &details.user_agent);
        }
        if self.first_sightings.len() < MOST_SIGHTINGS {
            let time = EventTime::from_sighting(&event.sighting);
            let time = match time.kind {
                TimeKind::Unknown => "at no known time".to_owned(),
                _ => format_ms(time.ms),
            };
            let text = describe_event(event, report.names);
            self.first_sightings.push(format!("{time} {text}"));
        }
    }

    fn add_address(&mut self, address: IpAddr, user_agent: &str) {
        let was_searched_for = self
            .networks
            .iter()
            .any(|network| network.contains(&address));
        if was_searched_for && self.addresses.len() < MOST_ADDRESSES {
            self.addresses
                .entry(address)
                .or_insert_with(|| user_agent.to_owned());
        }
    }

    pub(super) fn threat_actors(&self) -> Vec<ThreatActorIp> {
        self.addresses
            .iter()
            .map(|(address, user_agent)| {
                let user_agent: String = escape(user_agent)
                    .chars()
                    .take(LONGEST_USER_AGENT)
                    .collect();
                ThreatActorIp {
                    ip_address: api_address(*address),
                    user_agent: (!user_agent.is_empty()).then_some(user_agent),
                }
            })
            .collect()
    }
}

/// Returns the network that an indicator means, if it is an address or a network.
fn network(indicator: &str) -> Option<IpNet> {
    let value = match IndicatorKind::split_prefix(indicator) {
        Some((IndicatorKind::Ip | IndicatorKind::Cidr, value)) => value,
        _ => indicator,
    };
    match value.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => value.parse().ok(),
    }
}

/// Returns an address in the form that the API accepts: IPv6 with all groups, in upper case.
///
/// Source: `IPAddress`, its pattern.
fn api_address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address
            .segments()
            .map(|segment| format!("{segment:X}"))
            .join(":"),
    }
}

/// Source: `AwsService`, its pattern and its length.
fn is_service(name: &str) -> bool {
    (2..=50).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" -.():".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_recognised() {
        let network = network("cidr:2001:db8::/32").unwrap();
        assert!(network.contains(&"2001:db8::1".parse::<IpAddr>().unwrap()));
        assert_eq!(super::network("alice"), None);
        assert_eq!(
            api_address("2001:db8::a".parse().unwrap()),
            "2001:DB8:0:0:0:0:0:A"
        );
    }
}

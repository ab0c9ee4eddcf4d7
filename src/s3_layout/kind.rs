//! The services that deliver objects below `AWSLogs/`.

use jiff::SignedDuration;

dragnet_model::word_enum! {
    /// What an object contains. The words are the folders of the services.
    ///
    /// Sources: CloudTrail user guide, "Finding your CloudTrail log files"; VPC user guide, "Flow log
    /// files"; Elastic Load Balancing user guides, "Access log files"; AWS Config developer guide,
    /// "Configuration history file"; for `vpcdnsquerylogs`, parsers of log shippers (Datadog's
    /// forwarder, `parse_event_source`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ObjectKind {
        /// Records of CloudTrail.
        CloudTrail => "CloudTrail",
        /// Hashes of the log files of an hour.
        Digest => "CloudTrail-Digest",
        /// Insights events of CloudTrail, which are about rates of calls.
        Insight => "CloudTrail-Insight",
        /// Flow logs of VPCs.
        FlowLog => "vpcflowlogs",
        /// Access logs of load balancers.
        LoadBalancer => "elasticloadbalancing",
        /// Queries to Route 53 Resolver.
        ResolverQuery => "vpcdnsquerylogs",
        /// Histories and snapshots of AWS Config.
        Config => "Config",
    }
}

impl ObjectKind {
    /// Whether CloudTrail writes it.
    pub fn is_from_cloudtrail(self) -> bool {
        matches!(self, Self::CloudTrail | Self::Digest | Self::Insight)
    }

    /// How much earlier than a record the time in the name of its object can be.
    ///
    /// CloudTrail's is the time of delivery, in minutes. Of the others, some document the end of an
    /// interval and some do not say; an interval has at most ten minutes, but that of Config has up
    /// to a day.
    ///
    /// Sources: VPC user guide, "Flow logs basics", "Aggregation interval"; AWS Config API,
    /// `ConfigSnapshotDeliveryProperties`.
    pub(super) fn lead(self) -> SignedDuration {
        match self {
            Self::CloudTrail | Self::Digest | Self::Insight => SignedDuration::ZERO,
            Self::FlowLog | Self::LoadBalancer | Self::ResolverQuery => {
                SignedDuration::from_mins(10)
            }
            Self::Config => SignedDuration::from_hours(24),
        }
    }
}

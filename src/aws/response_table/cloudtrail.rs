//! The responses of CloudTrail.

use crate::aws::response_shape::{Content, EmptyList, Member, member};

/// Source: CloudTrail API, `DescribeTrails`. [`crate::aws::trail_list`] asks `ListTrails` if the
/// list is absent.
pub(super) const TRAILS: &[Member] = &[member(
    &["trailList"],
    Content::List(&[member(&["TrailARN"], Content::Text)], EmptyList::Unproven),
)];

/// Source: CloudTrail API, `ListTrails`.
pub(super) const TRAIL_LIST: &[Member] = &[
    member(
        &["Trails"],
        Content::List(&[member(&["TrailARN"], Content::Text)], EmptyList::Unproven),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: CloudTrail API, `GetTrailStatus`.
pub(super) const TRAIL_STATUS: &[Member] = &[member(&["IsLogging"], Content::Flag)];

/// A trail has basic or advanced event selectors. Source for one without basic selectors: a
/// response of AWS in github.com/nccgroup/ScoutSuite/issues/1424. A new trail has a default
/// selector (CloudTrail user guide, "Managing trails with the AWS CLI", get-event-selectors), so
/// AWS probably never writes an empty list; moto does.
pub(super) const EVENT_SELECTORS: &[Member] = &[Member {
    names: &["EventSelectors", "AdvancedEventSelectors"],
    content: Content::List(&[], EmptyList::Unproven),
    condition: None,
}];

/// Source: CloudTrail API, `LookupEvents`, `Event`. The record is in `CloudTrailEvent`.
pub(super) const HISTORY_EVENTS: &[Member] = &[
    member(
        &["Events"],
        Content::List(
            &[
                member(&["EventId"], Content::Text),
                member(&["EventTime"], Content::Number),
                member(&["CloudTrailEvent"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: CloudTrail API, `ListChannels`. An absent list names no channel, so nothing is searched less.
pub(super) const CHANNELS: &[Member] = &[
    member(
        &["Channels"],
        Content::List(
            &[member(&["ChannelArn"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: CloudTrail API, `GetChannel`. What selects no events is not known to record any.
pub(super) const CHANNEL: &[Member] = &[member(&["ChannelArn"], Content::Text)];

/// Source: CloudTrail API, `ListEventDataStores`.
pub(super) const EVENT_DATA_STORES: &[Member] = &[
    member(
        &["EventDataStores"],
        Content::List(
            &[member(&["EventDataStoreArn"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: CloudTrail API, `ListPublicKeys`, `PublicKey`.
pub(super) const PUBLIC_KEYS: &[Member] = &[
    member(
        &["PublicKeyList"],
        Content::List(
            &[
                member(&["Value"], Content::Text),
                member(&["Fingerprint"], Content::Text),
                member(&["ValidityStartTime"], Content::Number),
                member(&["ValidityEndTime"], Content::Number),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

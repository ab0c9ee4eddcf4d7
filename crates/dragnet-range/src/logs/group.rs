//! A stored log group: its streams, and its events in order.

use std::collections::BTreeMap;

use super::{NewEvent, StoredEvent};
use crate::traffic::Traffic;
use dragnet_model::LogGroupClass;

/// The bytes that CloudWatch Logs counts for an event in addition to its message.
///
/// Source: CloudWatch Logs API, `PutLogEvents`.
pub(super) const EVENT_OVERHEAD: usize = 26;
const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) created_ms: i64,
    pub(super) first_event_ms: Option<i64>,
    pub(super) last_event_ms: Option<i64>,
    pub(super) last_ingestion_ms: Option<i64>,
}

impl Stream {
    fn record_event(&mut self, timestamp_ms: i64, ingestion_ms: i64) {
        self.first_event_ms = Some(
            self.first_event_ms
                .map_or(timestamp_ms, |first| first.min(timestamp_ms)),
        );
        self.last_event_ms = self.last_event_ms.max(Some(timestamp_ms));
        self.last_ingestion_ms = self.last_ingestion_ms.max(Some(ingestion_ms));
    }
}

#[derive(Debug)]
pub(crate) struct StoredGroup {
    pub(crate) class: LogGroupClass,
    /// How many days events are kept; `None` means forever.
    pub(crate) retention_days: Option<u32>,
    /// The account policy that sets this.
    pub(crate) retention_policy: Option<String>,
    /// Creation time in milliseconds since the Unix epoch.
    pub(crate) created_ms: i64,
    /// The ARN of the customer managed key that encrypts the group; `None` if AWS's own key does.
    pub(crate) kms_key: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether a data protection policy of the group masks its events.
    pub(crate) masked: bool,
    /// Whether a data protection policy of the account masks its events.
    pub(crate) mask_inherited: bool,
    /// The status of a data protection policy that the group had in the past.
    pub(crate) past_protection: Option<String>,
    /// The parts of truncated events that are stored apart from them, by pointer.
    pub(crate) log_objects: BTreeMap<String, String>,
    streams: Vec<Stream>,
    stream_numbers: BTreeMap<String, u32>,
    events: Vec<StoredEvent>,
    next_serial: u64,
    is_sorted: bool,
    /// Everyday traffic that is not generated yet, with the first of the serial numbers reserved
    /// for it.
    pending_traffic: Option<(Traffic, u64)>,
    stored_bytes: u64,
}

impl StoredGroup {
    /// Returns an empty group. `salt` distinguishes its event ids from those of other groups in the
    /// account.
    pub(crate) fn new(class: LogGroupClass, created_ms: i64, salt: u32) -> Self {
        Self {
            class,
            retention_days: None,
            retention_policy: None,
            created_ms,
            kms_key: None,
            tags: BTreeMap::new(),
            masked: false,
            mask_inherited: false,
            past_protection: None,
            log_objects: BTreeMap::new(),
            streams: Vec::new(),
            stream_numbers: BTreeMap::new(),
            events: Vec::new(),
            next_serial: u64::from(salt) << 32,
            is_sorted: true,
            pending_traffic: None,
            stored_bytes: 0,
        }
    }

    /// Returns the number of a stream, which is created if it does not exist.
    pub(crate) fn get_or_create_stream(&mut self, name: &str) -> u32 {
        if let Some(number) = self.stream_numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        let created_ms = self.created_ms;
        self.streams.push(Stream {
            name: name.to_owned(),
            created_ms,
            ..Stream::default()
        });
        self.stream_numbers.insert(name.to_owned(), number);
        number
    }

    /// The number of a stream, if it exists.
    pub(crate) fn stream_number(&self, name: &str) -> Option<u32> {
        self.stream_numbers.get(name).copied()
    }

    /// The streams whose names begin with `prefix`, sorted by name.
    pub(super) fn streams_with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = &'a Stream> {
        self.stream_numbers_with_prefix(prefix)
            .filter_map(|number| self.streams.get(usize::try_from(number).ok()?))
    }

    /// The numbers of the streams whose names begin with `prefix`.
    pub(super) fn stream_numbers_with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = u32> {
        let from = self.stream_numbers.range::<str, _>((
            std::ops::Bound::Included(prefix),
            std::ops::Bound::Unbounded,
        ));
        from.take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(_, number)| *number)
    }

    pub(crate) fn stream_name(&self, number: u32) -> &str {
        usize::try_from(number)
            .ok()
            .and_then(|n| self.streams.get(n))
            .map_or("", |stream| &stream.name)
    }

    /// Sets the everyday traffic of the group, which is generated when the group is first read.
    pub(crate) fn set_traffic(&mut self, traffic: Traffic) {
        self.stored_bytes += traffic.estimated_bytes();
        let first_serial = self.next_serial;
        self.next_serial += traffic.count();
        self.pending_traffic = Some((traffic, first_serial));
    }

    pub(crate) fn add_event(&mut self, event: NewEvent) {
        self.stored_bytes += (event.message.len() + EVENT_OVERHEAD) as u64;
        let serial = self.next_serial;
        self.next_serial += 1;
        self.insert(event, serial);
    }

    fn insert(&mut self, event: NewEvent, serial: u64) {
        let stream = self.get_or_create_stream(&event.stream);
        if let Some(stream) = usize::try_from(stream)
            .ok()
            .and_then(|n| self.streams.get_mut(n))
        {
            stream.record_event(event.timestamp_ms, event.ingestion_ms);
        }
        self.is_sorted &= self
            .events
            .last()
            .is_none_or(|last| last.timestamp_ms <= event.timestamp_ms);
        self.events.push(StoredEvent {
            timestamp_ms: event.timestamp_ms,
            serial,
            ingestion_ms: event.ingestion_ms,
            stream,
            fixed_id: event.id.map(Into::into),
            message: event.message,
        });
    }

    /// Generates the everyday traffic if necessary and sorts the events, as [`StoredGroup::events`]
    /// requires.
    pub(crate) fn prepare(&mut self) -> &Self {
        if let Some((traffic, first_serial)) = self.pending_traffic.take() {
            let mut serial = first_serial;
            traffic.generate(|event| {
                self.insert(event, serial);
                serial += 1;
            });
        }
        if !self.is_sorted {
            self.events.sort_unstable_by_key(StoredEvent::position);
            self.is_sorted = true;
        }
        self
    }

    /// All events by time and order of arrival, including those that cannot be read yet.
    /// [`StoredGroup::prepare`] must be called first.
    pub(crate) fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    /// The earliest log time whose events are still kept at `now_ms`, in milliseconds since the
    /// Unix epoch.
    pub(crate) fn retained_from_ms(&self, now_ms: i64) -> i64 {
        self.retention_days.map_or(i64::MIN, |days| {
            now_ms.saturating_sub(i64::from(days) * DAY_MS)
        })
    }

    /// Whether a policy of the group or of the account masks its events.
    pub(crate) fn is_masked(&self) -> bool {
        self.masked || self.mask_inherited
    }

    /// Removes a stream with its events. Returns `false` if it does not exist.
    pub(crate) fn remove_stream(&mut self, name: &str) -> bool {
        // Its number is not reused, so the other streams keep theirs.
        let Some(number) = self.stream_numbers.remove(name) else {
            return false;
        };
        self.events.retain(|event| event.stream != number);
        true
    }

    /// Removes events for good. `is_removed` gets the name of the stream and the log time.
    pub(crate) fn remove_events(&mut self, is_removed: impl Fn(&str, i64) -> bool) {
        self.prepare();
        let mut events = std::mem::take(&mut self.events);
        events.retain(|event| !is_removed(self.stream_name(event.stream), event.timestamp_ms));
        self.events = events;
    }

    /// Sets the retention. What the former one does not keep any more is gone for good, even if the new
    /// one is longer. AWS deletes it within 72 hours as a rule; the range does so at once.
    ///
    /// Source: CloudWatch Logs API, `PutRetentionPolicy`.
    pub(crate) fn set_retention(&mut self, days: Option<u32>, now_ms: i64) {
        let kept_from_ms = self.retained_from_ms(now_ms);
        self.remove_events(|_, timestamp_ms| timestamp_ms < kept_from_ms);
        self.retention_days = days;
    }

    /// The stored bytes that `DescribeLogGroups` reports.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(stream: &str, timestamp_ms: i64) -> NewEvent {
        NewEvent {
            stream: stream.to_owned(),
            timestamp_ms,
            ingestion_ms: timestamp_ms,
            id: None,
            message: "m".into(),
        }
    }

    #[test]
    fn events_are_sorted_by_time_then_arrival() {
        let mut group = StoredGroup::new(LogGroupClass::Standard, 0, 3);
        for (stream, at) in [("b", 5), ("a", 9), ("a", 5), ("b", 1)] {
            group.add_event(event(stream, at));
        }
        let order: Vec<_> = group
            .prepare()
            .events()
            .iter()
            .map(|e| (e.timestamp_ms, e.stream))
            .collect();
        assert_eq!(order, [(1, 0), (5, 0), (5, 1), (9, 1)]);
        assert_eq!(
            group
                .streams_with_prefix("")
                .map(|stream| stream.name.as_str())
                .collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(group.stored_bytes(), 4 * 27);
        assert_eq!(group.events()[0].id().len(), 56);
    }

    #[test]
    fn longer_retention_does_not_bring_events_back() {
        let mut group = StoredGroup::new(LogGroupClass::Standard, 0, 0);
        let now_ms = 10 * DAY_MS;
        for day in [1, 5, 9] {
            group.add_event(event("s", day * DAY_MS));
        }
        let kept = |group: &mut StoredGroup| {
            let days = group.prepare().events().iter();
            days.map(|event| event.timestamp_ms / DAY_MS)
                .collect::<Vec<_>>()
        };
        group.set_retention(Some(7), now_ms);
        assert_eq!(
            kept(&mut group),
            [1, 5, 9],
            "7 days are not over before it is set"
        );
        group.set_retention(Some(365), now_ms);
        assert_eq!(kept(&mut group), [5, 9]);
    }

    #[test]
    fn retention_counts_back_from_now() {
        let mut group = StoredGroup::new(LogGroupClass::Standard, 0, 0);
        assert_eq!(group.retained_from_ms(5), i64::MIN);
        group.retention_days = Some(1);
        assert_eq!(group.retained_from_ms(DAY_MS + 5), 5);
    }
}

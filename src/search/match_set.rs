//! Collects the matches in one event.

/// Limits on the fields reported for one event: their number, and the bytes of each name. An event
/// of 1 MB can have 100,000 fields, or one very long name that is part of every path; reported in
/// full, the paths would take gigabytes.
const MOST_FIELDS: usize = 64;
const LONGEST_FIELD: usize = 512;

/// The matches in one event. Both lists are sorted and free of duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The indicators, as they were given.
    pub indicators: Vec<String>,
    /// The fields, e.g. `sourceIPAddress`, `resources.0.ARN`, `srcAddr` of a flow log, or `message`
    /// for plain text.
    pub fields: Vec<String>,
}

/// Two sorted vectors. Most events have one entry in each, so a tree would cost more.
#[derive(Default)]
pub(super) struct MatchSet {
    indicators: Vec<usize>,
    fields: Vec<String>,
}

impl MatchSet {
    pub(super) fn add(&mut self, indicator: usize, field: &str) {
        if let Err(at) = self.indicators.binary_search(&indicator) {
            self.indicators.insert(at, indicator);
        }
        if self.fields.len() < MOST_FIELDS {
            let shown = field
                .get(..field.floor_char_boundary(LONGEST_FIELD))
                .unwrap_or(field);
            if let Err(at) = self
                .fields
                .binary_search_by(|known| known.as_str().cmp(shown))
            {
                self.fields.insert(at, shown.to_owned());
            }
        }
    }

    pub(super) fn matches(self, names: &[String]) -> Option<Matches> {
        if self.indicators.is_empty() {
            return None;
        }
        let mut indicators: Vec<String> = self
            .indicators
            .into_iter()
            .filter_map(|at| names.get(at).cloned())
            .collect();
        indicators.sort();
        indicators.dedup();
        Some(Matches {
            indicators,
            fields: self.fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Matcher;

    fn find_fields(message: &str) -> Vec<String> {
        let matcher = Matcher::new(&["192.0.2.1".parse().unwrap()]).unwrap();
        matcher.find(message).unwrap().fields
    }

    #[test]
    fn named_fields_are_limited() {
        let many: Vec<String> = (0..1_000)
            .map(|n| format!("\"{n}\":\"192.0.2.1\""))
            .collect();
        let message = format!("{{{}}}", many.join(","));
        assert_eq!(find_fields(&message).len(), MOST_FIELDS);
        let long = format!("{{\"{}\":{{\"a\":\"192.0.2.1\"}}}}", "é".repeat(10_000));
        assert_eq!(find_fields(&long), ["é".repeat(LONGEST_FIELD / 2)]);
    }
}

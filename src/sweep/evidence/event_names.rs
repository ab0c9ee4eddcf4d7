//! The event names that are looked for in all records. The name of each record is compared, so a
//! look at its length and first letter rules out nearly all of them.

/// A set of event names.
#[derive(Debug, Default)]
pub(in crate::sweep) struct EventNames {
    /// Sorted.
    names: Vec<&'static [u8]>,
    /// For each length of a name, the first letters as bits.
    first_letters: Vec<u32>,
}

impl EventNames {
    pub(in crate::sweep) fn new(names: impl Iterator<Item = &'static str>) -> Self {
        let mut all = Self::default();
        for name in names.map(str::as_bytes) {
            if all.first_letters.len() <= name.len() {
                all.first_letters.resize(name.len() + 1, 0);
            }
            if let Some(letters) = all.first_letters.get_mut(name.len()) {
                *letters |= first_letter(name);
            }
            all.names.push(name);
        }
        all.names.sort_unstable();
        all
    }

    pub(in crate::sweep) fn contains(&self, name: &[u8]) -> bool {
        let letters = self.first_letters.get(name.len());
        letters.is_some_and(|letters| letters & first_letter(name) != 0)
            && self.names.binary_search(&name).is_ok()
    }
}

/// The bit of the first letter of a name.
fn first_letter(name: &[u8]) -> u32 {
    name.first().map_or(0, |letter| 1_u32 << (letter % 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_in_the_set() {
        let names = ["DeleteTrail", "StopLogging", "A"];
        let set = EventNames::new(names.into_iter());
        for name in names {
            assert!(set.contains(name.as_bytes()), "{name}");
        }
        for other in ["", "a", "B", "StopLoggin", "StopLogging2", "SeleteTrail"] {
            assert!(!set.contains(other.as_bytes()), "{other}");
        }
    }
}

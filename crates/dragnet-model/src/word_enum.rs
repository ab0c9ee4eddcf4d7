//! [`crate::word_enum!`] declares enums whose variants have words in files and messages.

/// Declares an enum together with the word of each variant, and generates everything that lists
/// them: `ALL`, `as_str`, `from_word`, `Display`, and, if they are named after a colon, serde's
/// `Serialize` and `Deserialize` with the same words. A variant without a word does not compile.
///
/// Words are persisted: a word may be added, but never changed.
///
/// ```
/// dragnet_model::word_enum! {
///     /// The state of a door.
///     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
///     pub enum Door: Serialize, Deserialize {
///         /// It can be passed.
///         Open => "open",
///         /// It cannot be passed.
///         Shut => "shut",
///     }
/// }
/// assert_eq!(Door::ALL, [Door::Open, Door::Shut]);
/// assert_eq!(Door::from_word("shut"), Some(Door::Shut));
/// assert_eq!(serde_json::to_string(&Door::Open).unwrap(), "\"open\"");
/// ```
#[macro_export]
macro_rules! word_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident => $word:literal,)+
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $name {
            $($(#[$variant_attribute])* $variant,)+
        }

        #[allow(dead_code, reason = "a private enum may need only some of these")]
        impl $name {
            /// All variants, in the order in which they are declared.
            $visibility const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word of the variant.
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant with this word.
            $visibility fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident: $($trait:ident),+ {
            $($(#[$variant_attribute:meta])* $variant:ident => $word:literal,)+
        }
    ) => {
        $crate::word_enum! {
            $(#[$attribute])*
            #[derive($(::serde::$trait),+)]
            $visibility enum $name {
                $($(#[$variant_attribute])* #[serde(rename = $word)] $variant => $word,)+
            }
        }
    };
}

#[cfg(test)]
mod tests {
    crate::word_enum! {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        enum Door: Serialize, Deserialize {
            #[default]
            Open => "is-open",
            Shut => "shut",
        }
    }

    #[test]
    fn every_form_of_a_variant_is_its_word() {
        assert_eq!(Door::ALL, [Door::Open, Door::Shut]);
        assert_eq!(Door::default(), Door::Open);
        for (door, word) in [(Door::Open, "is-open"), (Door::Shut, "shut")] {
            assert_eq!(door.as_str(), word);
            assert_eq!(format!("{door:>8}"), format!("{word:>8}"));
            assert_eq!(Door::from_word(word), Some(door));
            let json = format!("\"{word}\"");
            assert_eq!(serde_json::to_string(&door).unwrap(), json);
            assert_eq!(serde_json::from_str::<Door>(&json).unwrap(), door);
        }
    }

    #[test]
    fn other_words_are_refused() {
        assert_eq!(Door::from_word("Shut"), None);
        let error = serde_json::from_str::<Door>("\"open\"").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("unknown variant `open`, expected `is-open` or `shut`"),
            "{error}"
        );
    }
}

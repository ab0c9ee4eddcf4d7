//! The names of sections and profiles.

/// What a section of the config file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SectionName {
    /// The profile of this name.
    Profile(String),
    /// The SSO session of this name.
    SsoSession(String),
    /// Another section.
    Other,
}

/// Interprets the header of a section of the config file.
///
/// Source: botocore, `configloader.build_profile_map`: `default`, or `profile` and a name, which
/// are split like words in a shell.
pub(super) fn config_section(header: &str) -> SectionName {
    if header == "default" {
        return SectionName::Profile(header.to_owned());
    }
    match split_words(header).as_deref() {
        Some([prefix, name]) if prefix == "profile" => SectionName::Profile(name.clone()),
        Some([prefix, name]) if prefix == "sso-session" => SectionName::SsoSession(name.clone()),
        _ => SectionName::Other,
    }
}

/// Splits text into words as a shell does. Returns `None` if a quote has no end.
///
/// Source: Python, `shlex.split`.
fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            space if space.is_ascii_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '"' => break,
                        '\\' => match rest.next()? {
                            escaped @ ('"' | '\\') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// Returns the name under which the SDK knows a profile: the same, unless the SDK ignores such
/// names.
///
/// Source: the SDK, `aws-runtime`, `env_config/normalize.rs`, `validate_identifier`.
pub(super) fn sdk_name(name: &str) -> String {
    let is_accepted = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-/.%@:+".contains(letter));
    if is_accepted && !name.is_empty() {
        name.to_owned()
    } else {
        format!("named-{}", hex::encode(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_by_a_shell() {
        for (text, words) in [
            ("profile a", Some(vec!["profile", "a"])),
            ("profile 'a b'", Some(vec!["profile", "a b"])),
            (
                r#"profile "a \"b\" \c""#,
                Some(vec!["profile", r#"a "b" \c"#]),
            ),
            (r"profile a\ b", Some(vec!["profile", "a b"])),
            ("profile ''", Some(vec!["profile", ""])),
            ("profile x'y'\"z\"", Some(vec!["profile", "xyz"])),
            ("profile 'a", None),
            ("profile \"a", None),
            (r"profile a\", None),
        ] {
            let split = split_words(text);
            let split: Option<Vec<&str>> = split
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(split, words, "{text}");
        }
    }

    #[test]
    fn accepted_names_are_kept() {
        for name in [
            "default",
            "admin@prod",
            "dev/admin",
            "a.b",
            "a:b",
            "a+b",
            "100%",
        ] {
            assert_eq!(sdk_name(name), name);
        }
        assert_eq!(sdk_name("a b"), "named-612062");
    }
}

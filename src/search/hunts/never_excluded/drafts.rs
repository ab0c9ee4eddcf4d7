//! Hunts that are completed with the fields of a generated event.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use dragnet_model::HuntSource;

/// A condition that is completed with the fields of a generated event. Conditions that are
/// generated independently of the event hardly ever hold.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// On one of the event's own fields, in one of several forms.
    Own {
        field: Index,
        from: Index,
        length: usize,
        form: u8,
    },
    /// Independent of the event.
    Other(&'static str),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    /// The text of the condition in a query, for an event with these fields.
    pub(super) fn to_query_text(&self, fields: &[(String, String)]) -> String {
        let join = |parts: &[Self], by: &str| {
            format!(
                "({})",
                parts
                    .iter()
                    .map(|part| part.to_query_text(fields))
                    .collect::<Vec<_>>()
                    .join(by)
            )
        };
        match self {
            Self::Own {
                field,
                from,
                length,
                form,
            } => {
                let (name, value) = field.get(fields);
                let characters: Vec<char> = value.chars().collect();
                let start = if characters.is_empty() {
                    0
                } else {
                    from.index(characters.len())
                };
                let part: String = characters.iter().skip(start).take(*length).collect();
                own_condition(name, value, &part, 8 + length % 25, *form)
            }
            Self::Other(condition) => (*condition).to_owned(),
            Self::All(parts) => join(parts, " and "),
            Self::Any(parts) => join(parts, " or "),
            Self::Not(part) => format!("not ({})", part.to_query_text(fields)),
        }
    }
}

/// A condition that holds for a field with this value, of which `part` is a part. `form` selects
/// how the condition is written.
fn own_condition(name: &str, value: &str, part: &str, prefix_length: usize, form: u8) -> String {
    let name = if name.starts_with('@') {
        name.to_owned()
    } else {
        format!("`{name}`")
    };
    let whole = quoted(value);
    match form % 8 {
        0 | 1 => format!("{name} = {whole}"),
        2 => format!("{whole} = {name}"),
        3 => format!("{name} in [{whole}, \"else\"]"),
        4 => format!("{name} like {}", quoted(part)),
        5 => format!("strcontains({name}, {})", quoted(part)),
        6 if value.parse::<std::net::Ipv4Addr>().is_ok() => {
            format!("isIpv4InSubnet({name}, \"{value}/{prefix_length}\")")
        }
        _ => format!(
            "{name} like /{}|never/",
            regex::escape(part).replace('/', "\\/")
        ),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn condition() -> impl Strategy<Value = Condition> {
    let own = (any::<Index>(), any::<Index>(), 1..9_usize, any::<u8>()).prop_map(
        |(field, from, length, form)| Condition::Own {
            field,
            from,
            length,
            form,
        },
    );
    let other = select(
        &[
            "ispresent(eventName)",
            "errorCode = \"Denied\"",
            "dstPort >= 100",
            "srcAddr != \"x\"",
        ][..],
    );
    let leaf = prop_oneof![6 => own, 1 => other.prop_map(Condition::Other)];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            3 => several().prop_map(Condition::All),
            3 => several().prop_map(Condition::Any),
            1 => inner.clone().prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// A hunt that is completed with the fields of a generated event.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) source: HuntSource,
    pub(super) before: &'static str,
    pub(super) condition: Condition,
    pub(super) after: &'static str,
}

pub(super) fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    use HuntSource::{Any, CloudTrail, VpcFlow};
    let before = [
        "",
        "",
        "fields concat(errorCode, \"\") as eventName | ",
        "parse @message /(?<srcAddr>[0-9.]+)/ | ",
    ];
    let after = [
        "",
        " | sort eventName | limit 3",
        " | stats count(*) as n by eventName | filter n = \"x\"",
    ];
    let draft = (
        select(&[CloudTrail, VpcFlow, Any][..]),
        select(before.to_vec()),
        condition(),
        select(after.to_vec()),
    );
    let draft = draft.prop_map(|(source, before, condition, after)| Draft {
        source,
        before,
        condition,
        after,
    });
    (
        prop::collection::vec(draft, 1..3),
        prop::option::weighted(0.8, select(&[CloudTrail, CloudTrail, VpcFlow, Any][..])),
    )
        .prop_map(|(mut drafts, source)| {
            // Hunts about several kinds of records have only terms in common.
            for draft in &mut drafts {
                draft.source = source.unwrap_or(draft.source);
            }
            drafts
        })
}

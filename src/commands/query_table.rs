//! The result of a `--query` as a table.

use serde_json::Value;

use crate::report::Table;

/// Lays out a JSON value as a table, like the AWS CLI: a list of objects has a row per object and a
/// column per name, a list of lists a row per list, and any other list a row per value. Only objects
/// have a header. What is nested deeper is written as JSON.
pub(super) fn query_table(value: &Value) -> Table {
    let rows: Vec<&Value> = match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    };
    let mut columns: Vec<&str> = Vec::new();
    for name in rows
        .iter()
        .filter_map(|row| row.as_object())
        .flat_map(|row| row.keys())
    {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let are_objects = rows.iter().all(|row| row.is_object());
    let mut table = Table::new(if are_objects { &columns } else { &[] });
    for row in rows {
        table.push(match row {
            Value::Object(members) if are_objects => columns
                .iter()
                .map(|name| text(members.get(*name)))
                .collect(),
            Value::Array(values) => values.iter().map(|value| text(Some(value))).collect(),
            other => vec![text(Some(other))],
        });
    }
    table
}

/// The text of a value, as JSON if it is a list or an object.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn csv(value: &Value) -> String {
        let mut out = Vec::new();
        query_table(value).write_csv(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_form_of_result_is_a_table() {
        for (value, expected) in [
            (json!(["a", "b"]), "a\nb\n"),
            (
                json!([["a", 1], ["b"], ["c", null, true]]),
                "a,1\nb\nc,,true\n",
            ),
            (
                json!([{"n": "a", "x": 1}, {"n": "b", "l": ["c"]}]),
                "n,x,l\na,1,\nb,,\"[\"\"c\"\"]\"\n",
            ),
            (json!({"n": "a"}), "n\na\n"),
            (json!("a"), "a\n"),
            (json!(7), "7\n"),
            (json!(null), ""),
            (json!([]), ""),
            (json!(["=1+1"]), "'=1+1\n"),
            (json!([{"=n": 1}]), "'=n\n1\n"),
        ] {
            assert_eq!(csv(&value), expected, "{value}");
        }
        let mut out = Vec::new();
        query_table(&json!([{"a\u{1b}": "b"}]))
            .write_text(None, &mut out)
            .unwrap();
        assert!(!out.contains(&0x1b));
    }
}

//! A row of an alert as the fields of a condition, `alert_when`.

use super::alert::Row;
use insights_ql::{Fields, Value};

/// The columns of a row as fields of a condition.
pub(super) struct RowFields<'a>(pub &'a Row);

impl Fields for RowFields<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        match self.0.get(name) {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Value::from(text.as_str()),
            Some(serde_json::Value::Number(number)) => Value::Text(number.to_string().into()),
            Some(serde_json::Value::Bool(truth)) => Value::Bool(*truth),
            Some(serde_json::Value::Array(names)) if !names.is_empty() => {
                let names: Vec<&str> = names.iter().filter_map(serde_json::Value::as_str).collect();
                Value::Text(names.join(";").into())
            }
            _ => Value::Missing,
        }
    }
}

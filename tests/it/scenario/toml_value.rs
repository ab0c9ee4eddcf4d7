//! The values of keys in a scenario, in the notation of TOML.

use std::fmt::Display;

/// A value of a key in a scenario.
pub(crate) trait TomlValue {
    fn to_toml(&self) -> String;
}

impl TomlValue for str {
    fn to_toml(&self) -> String {
        toml::Value::from(self).to_string()
    }
}

impl TomlValue for String {
    fn to_toml(&self) -> String {
        self.as_str().to_toml()
    }
}

impl<T: TomlValue + ?Sized> TomlValue for &T {
    fn to_toml(&self) -> String {
        (**self).to_toml()
    }
}

impl<T: TomlValue> TomlValue for [T] {
    fn to_toml(&self) -> String {
        let items: Vec<String> = self.iter().map(TomlValue::to_toml).collect();
        format!("[{}]", items.join(", "))
    }
}

impl<T: TomlValue, const N: usize> TomlValue for [T; N] {
    fn to_toml(&self) -> String {
        self.as_slice().to_toml()
    }
}

impl<T: TomlValue> TomlValue for Vec<T> {
    fn to_toml(&self) -> String {
        self.as_slice().to_toml()
    }
}

/// Values that TOML writes as Rust does.
macro_rules! plain_values {
    ($($plain:ty),*) => { $(
        impl TomlValue for $plain {
            fn to_toml(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

plain_values!(bool, i32, i64, u16, u32, u64, usize);

/// An inline table with quoted keys: `{ "name" = "value" }`.
pub(crate) struct Inline<'a, V>(pub &'a [(&'a str, V)]);

impl<V: TomlValue> TomlValue for Inline<'_, V> {
    fn to_toml(&self) -> String {
        let entries: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{} = {}", key.to_toml(), value.to_toml()))
            .collect();
        format!("{{ {} }}", entries.join(", "))
    }
}

/// An inline table in the notation of TOML: `Raw("{ userName = \"x\" }")`.
pub(crate) struct Raw<S>(pub S);

impl<S: Display> TomlValue for Raw<S> {
    fn to_toml(&self) -> String {
        self.0.to_string()
    }
}

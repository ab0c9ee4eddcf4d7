//! `config schema`: the schema has the keys and the defaults of the parser, accepts the example, and rejects what the
//! parser rejects.

use std::collections::BTreeSet;
use std::process::Command;

use dragnet::config::Config;
use regex::Regex;
use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../config/dragnet.schema.json");
const EXAMPLE: &str = include_str!("../../config/dragnet.toml");

/// Every table of the file, and where its schema is.
const TABLES: [(&str, &str); 15] = [
    ("", ""),
    ("[identity]", "/properties/identity"),
    ("[organization]", "/properties/organization"),
    ("[[accounts]]", "/definitions/account"),
    ("[scope]", "/definitions/scope"),
    ("[[scope.accepted_gap]]", "/definitions/accepted_gap"),
    ("[limits]", "/properties/limits"),
    ("[hunts]", "/properties/hunts"),
    ("[report]", "/properties/report"),
    ("[athena]", "/properties/athena"),
    ("[[athena.tables]]", "/definitions/athena_table"),
    ("[contain]", "/properties/contain"),
    ("[watch]", "/properties/watch"),
    ("[[watch.schedule]]", "/definitions/schedule"),
    ("[[watch.sink]]", "/definitions/sink"),
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("unknown type: {other}"),
    }
}

/// Whether a value fulfils one keyword of a schema. A keyword about another type of value is fulfilled, and so are those
/// about members, which [`problems`] checks. Source: JSON Schema Validation, draft 7, section 6.
fn fulfils(root: &Value, keyword: &str, rule: &Value, value: &Value) -> bool {
    let bound = || rule.as_f64().unwrap();
    let number = value.as_f64();
    let length = value.as_str().map(|text| text.chars().count() as u64);
    match keyword {
        "$schema"
        | "additionalProperties"
        | "default"
        | "definitions"
        | "description"
        | "examples"
        | "items"
        | "properties"
        | "title" => true,
        "type" => has_type(value, rule.as_str().unwrap()),
        "enum" => rule.as_array().unwrap().contains(value),
        "pattern" => {
            let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minLength" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
        "maxLength" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "minimum" => number.is_none_or(|number| number >= bound()),
        "maximum" => number.is_none_or(|number| number <= bound()),
        "exclusiveMinimum" => number.is_none_or(|number| number > bound()),
        "required" => {
            let mut names = rule.as_array().unwrap().iter();
            names.all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "anyOf" => {
            let mut alternatives = rule.as_array().unwrap().iter();
            alternatives.any(|schema| problems(root, schema, value, "").is_empty())
        }
        other => panic!("unknown keyword: {other}"),
    }
}

/// Returns what of a value does not fulfil a schema.
fn problems(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let schema = resolve(root, schema);
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        if !fulfils(root, keyword, rule, value) {
            found.push(format!("{path}: {keyword}"));
        }
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let additional = &schema["additionalProperties"];
        match schema["properties"].get(key) {
            Some(property) => found.extend(problems(root, property, member, &path)),
            None if additional.is_object() => {
                found.extend(problems(root, additional, member, &path));
            }
            None if *additional == Value::Bool(false) => found.push(format!("{path}: unknown")),
            None => {}
        }
    }
    if let Some(items) = schema.get("items") {
        for (number, item) in value.as_array().into_iter().flatten().enumerate() {
            found.extend(problems(root, items, item, &format!("{path}[{number}]")));
        }
    }
    found
}

fn problems_of_file(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap();
    let schema = schema();
    problems(&schema, &schema, &serde_json::to_value(table).unwrap(), "")
}

#[test]
fn command_prints_the_schema() {
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(temp.path())
        .env_clear()
        .args(["config", "schema"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), SCHEMA);
}

#[test]
fn every_table_has_the_keys_of_the_parser() {
    let schema = schema();
    let name = Regex::new("`([a-z_]+)`").unwrap();
    for (table, pointer) in TABLES {
        let error = toml::from_str::<Config>(&format!("{table}\nzzz = 1")).unwrap_err();
        let (_, expected) = error.message().split_once("expected").unwrap();
        let accepted: BTreeSet<&str> = name
            .captures_iter(expected)
            .map(|found| found.get(1).unwrap().as_str())
            .collect();
        let table_schema = schema.pointer(pointer).unwrap();
        let described: BTreeSet<&str> = table_schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(described, accepted, "{table}");
        assert_eq!(table_schema["additionalProperties"], false, "{table}");
    }
    let closed = SCHEMA.matches("\"additionalProperties\": false").count();
    assert_eq!(closed, TABLES.len(), "a table of the schema is not checked");
}

/// Returns the defaults of a table, or of a value if it has one.
fn defaults(root: &Value, schema: &Value) -> Option<Value> {
    let schema = resolve(root, schema);
    if let Some(default) = schema.get("default") {
        return Some(default.clone());
    }
    let properties = schema.get("properties")?.as_object()?;
    let members: Map<String, Value> = properties
        .iter()
        .filter_map(|(key, property)| Some((key.clone(), defaults(root, property)?)))
        .collect();
    Some(Value::Object(members))
}

#[test]
fn defaults_are_those_of_the_parser() {
    let schema = schema();
    let described = defaults(&schema, &schema).unwrap();
    let config: Config = serde_json::from_value(described.clone()).unwrap();
    assert_eq!(config, Config::default());
    assert!(problems(&schema, &schema, &described, "").is_empty());
    let written = serde_json::to_value(Config::default()).unwrap();
    for (table, members) in written.as_object().unwrap() {
        for (key, value) in members.as_object().into_iter().flatten() {
            let is_described = described[table].get(key).is_some();
            assert!(value.is_null() || is_described, "{table}.{key}");
        }
    }
}

#[test]
fn example_is_valid() {
    assert_eq!(problems_of_file(EXAMPLE), Vec::<String>::new());
    let is_setting = |line: &&str| {
        let key = line.split_once(" = ").map(|(key, _)| key);
        line.starts_with('[') || key.is_some_and(|key| !key.contains(' '))
    };
    let lines = EXAMPLE.lines();
    let enabled: Vec<&str> = lines
        .map(|line| line.strip_prefix("# ").filter(is_setting).unwrap_or(line))
        .collect();
    let enabled = enabled.join("\n");
    assert!(Config::from_toml(&enabled, "example").is_ok());
    assert_eq!(problems_of_file(&enabled), Vec::<String>::new());
}

#[test]
fn what_the_parser_rejects_is_invalid() {
    for text in [
        "[identity]\nmembr_role = \"x\"",
        "[identity]\nexternal_id = \"a b\"",
        "[identity]\nmfa_command = []",
        "[scope]\nregions = \"eu-west-1\"",
        "[scope]\nsources = \"ignore\"",
        "[[scope.accepted_gap]]\naccounts = [\"a\"]\nreason = \"r\"\nexpires = \"2027-03-01\"",
        "[limits]\nconcurrency = 0",
        "[limits]\nquota_share = 0",
        "[limits.quotas]\nFilterLogEvents = \"fast\"",
        "[limits.quotas]\nFilterLogEvents = { default = 0 }",
        "[report]\nformats = [\"cvs\"]",
        "[[accounts]]\nname = \"x\"",
        "[[accounts]]\nid = \"12\"",
        "[[watch.sink]]\nname = \"a b\"\nkind = \"stdout\"",
    ] {
        assert!(Config::from_toml(text, "x").is_err(), "{text}");
        assert!(!problems_of_file(text).is_empty(), "{text}");
    }
}

//! Indicator lists in CSV: the columns `type` and `value`, found by their names in the header or,
//! without a header, in this order.

use ::csv::{Error, ReaderBuilder, StringRecord, Trim};

use super::{ListBuilder, Malformed, vocabulary};

/// Whether the first line is a header with these columns, or begins with a known type.
pub(super) fn is_csv(text: &str) -> bool {
    first_record(text)
        .is_some_and(|record| Columns::from_header(&record).is_some() || is_row(&record))
}

pub(super) fn read(text: &str, builder: &mut ListBuilder) -> Result<(), Malformed> {
    let first = first_record(text).and_then(|record| Columns::from_header(&record));
    let columns = first.unwrap_or(Columns {
        kind: Some(0),
        value: 1,
    });
    for record in reader(text).records().skip(usize::from(first.is_some())) {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record
            .position()
            .and_then(|at| usize::try_from(at.line()).ok())
            .unwrap_or_default();
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let kind = columns.kind.map(cell).unwrap_or_default();
        let value = cell(columns.value);
        if !kind.is_empty() || !value.is_empty() {
            vocabulary::add(kind, value, line, builder)?;
        }
    }
    Ok(())
}

fn reader(text: &str) -> ::csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .comment(Some(b'#'))
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes())
}

fn first_record(text: &str) -> Option<StringRecord> {
    reader(text).records().next()?.ok()
}

fn malformed(error: &Error) -> Malformed {
    let line = error
        .position()
        .and_then(|position| usize::try_from(position.line()).ok());
    (line, format!("invalid CSV: {error}"))
}

fn is_row(record: &StringRecord) -> bool {
    record.len() > 1 && record.get(0).is_some_and(vocabulary::is_known)
}

/// The positions of the columns.
#[derive(Clone, Copy)]
struct Columns {
    kind: Option<usize>,
    value: usize,
}

impl Columns {
    fn from_header(record: &StringRecord) -> Option<Self> {
        let column = |names: &[&str]| {
            record
                .iter()
                .position(|title| names.iter().any(|name| name.eq_ignore_ascii_case(title)))
        };
        let value = column(&["value", "indicator"])?;
        Some(Self {
            kind: column(&["type", "kind"]),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read};

    #[test]
    fn columns_are_found_by_header() {
        let text = "Value,Type,Note\n192.0.2.1,ip,\"a, b\"\n\"curl/8, kali\",user-agent,\n192.0.2.2,,\n# no\n\n";
        assert_eq!(
            read(text).unwrap(),
            ["ip:192.0.2.1", "agent:curl/8, kali", "ip:192.0.2.2"]
        );
        assert_eq!(
            read("indicator\nevil.example\n").unwrap(),
            ["domain:evil.example"]
        );
    }

    #[test]
    fn header_is_optional() {
        assert_eq!(
            read("ip-dst,192.0.2.0/24\nmd5,d41d8cd98f00b204e9800998ecf8427e\n").unwrap(),
            ["cidr:192.0.2.0/24", "hash:d41d8cd98f00b204e9800998ecf8427e"]
        );
    }

    #[test]
    fn errors_name_the_line() {
        let error =
            read("type,value\nip,192.0.2.1\nip,192.0.2.999\ndomian,a.example\n").unwrap_err();
        assert_eq!(
            error,
            "file:4: unknown type `domian`: did you mean `domain`?"
        );
        let error = read("type,value\nip,192.0.2.1\nip,192.0.2.999\nuser,a b\n").unwrap_err();
        assert!(
            error.starts_with("file:3: `192.0.2.999`") && error.contains("\nfile:4: `a b`"),
            "{error}"
        );
        assert_eq!(
            left_out("type,value\nip,192.0.2.1\nmutex,x\nmutex,y\n"),
            ["2 x mutex"]
        );
    }
}

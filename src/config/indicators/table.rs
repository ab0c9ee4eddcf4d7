//! Indicator lists in CSV and its relatives: separated by commas, semicolons, tabs or vertical bars.
//!
//! Columns are recognised by their content first (a column of types holds nothing but types), then
//! by their titles. Exports disagree about titles: in one, `Indicator` is the value, in another the
//! type. A title may stand in a comment, as in the feeds of abuse.ch.

use ::csv::{ReaderBuilder, StringRecord, Trim};

use super::{Listing, line, misp, vocabulary};
use dragnet_model::extract;

/// Titles of columns that hold indicators, in lower case without `_`, `-` and spaces.
const VALUE_TITLES: [&str; 48] = [
    "value",
    "indicator",
    "indicatorvalue",
    "indicators",
    "ioc",
    "iocs",
    "iocvalue",
    "data",
    "observable",
    "observablevalue",
    "artifact",
    "artefact",
    "entity",
    "ip",
    "ips",
    "ipaddress",
    "ipaddr",
    "ipv4",
    "ipv6",
    "srcip",
    "dstip",
    "sourceip",
    "destinationip",
    "clientip",
    "remoteip",
    "address",
    "cidr",
    "network",
    "subnet",
    "prefix",
    "domain",
    "domains",
    "domainname",
    "hostname",
    "host",
    "fqdn",
    "url",
    "uri",
    "urls",
    "hash",
    "md5",
    "md5hash",
    "sha1",
    "sha1hash",
    "sha256",
    "sha256hash",
    "sha512",
    "accesskeyid",
];

/// Parts of titles of columns that describe an indicator; their addresses are not indicators.
const NOTE_TITLES: [&str; 30] = [
    "note",
    "comment",
    "desc",
    "date",
    "time",
    "seen",
    "reference",
    "link",
    "source",
    "tag",
    "status",
    "reporter",
    "malware",
    "family",
    "confidence",
    "filename",
    "filetype",
    "mime",
    "signature",
    "imphash",
    "ssdeep",
    "tlsh",
    "campaign",
    "actor",
    "author",
    "report",
    "alias",
    "online",
    "port",
    "uuid",
];

/// A list as a table, if it is one.
pub(super) struct Table {
    rows: Vec<(usize, StringRecord)>,
    columns: Columns,
}

/// The columns of a table.
struct Columns {
    kind: Option<usize>,
    values: Vec<usize>,
    /// MISP's flag for attributes that are meant for detection.
    to_ids: Option<usize>,
}

impl Table {
    /// Recognises a table. Returns `None` for lines that are better read one by one.
    pub(super) fn recognize(text: &str) -> Option<Self> {
        [b',', b';', b'\t', b'|']
            .into_iter()
            .find_map(|separator| Self::with_separator(text, separator))
    }

    fn with_separator(text: &str, separator: u8) -> Option<Self> {
        let mut rows = records(text, separator)?;
        let first = rows.first().map(|(_, record)| record.clone())?;
        let is_title = |record: &StringRecord| {
            record
                .iter()
                .all(|cell| extract(cell).candidates.is_empty())
                && record.iter().any(is_known_title)
        };
        let width = first.len();
        let titles = if is_title(&first) {
            rows.remove(0);
            Some(first)
        } else {
            title_in_comment(text, separator, width).filter(is_title)
        };
        if titles.is_none() && width < 2 {
            return None;
        }
        let columns = Columns::recognize(titles.as_ref(), &rows)?;
        Some(Self { rows, columns })
    }

    pub(super) fn read(&self, listing: &mut Listing) {
        for (number, record) in &self.rows {
            self.columns.read_row(*number, record, listing);
        }
    }
}

/// The records of a table with their lines, without comments and blank lines.
fn records(text: &str, separator: u8) -> Option<Vec<(usize, StringRecord)>> {
    let mut builder = ReaderBuilder::new();
    let mut reader = builder
        .has_headers(false)
        .comment(Some(b'#'))
        .delimiter(separator)
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.ok()?;
        let number = record.position().map_or(0, ::csv::Position::line);
        if record.iter().any(|cell| !cell.is_empty()) {
            records.push((usize::try_from(number).unwrap_or(usize::MAX), record));
        }
    }
    Some(records)
}

/// The titles in the last comment before the first record, if it has as many cells.
fn title_in_comment(text: &str, separator: u8, width: usize) -> Option<StringRecord> {
    let comment = text
        .lines()
        .take_while(|line| line.starts_with('#') || line.trim().is_empty())
        .filter(|line| line.contains(char::from(separator)))
        .last()?;
    let (_, record) = records(comment.trim_start_matches(['#', ' ']), separator)?.pop()?;
    (record.len() == width).then_some(record)
}

fn plain_title(title: &str) -> String {
    title
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_lowercase()
}

pub(super) fn is_value_title(title: &str) -> bool {
    VALUE_TITLES.contains(&plain_title(title).as_str()) || title.eq_ignore_ascii_case("ip:port")
}

pub(super) fn is_kind_title(title: &str) -> bool {
    let title = plain_title(title);
    [
        "type",
        "kind",
        "indicatortype",
        "ioctype",
        "observabletype",
        "category",
    ]
    .contains(&title.as_str())
}

fn is_note_title(title: &str) -> bool {
    let title = plain_title(title);
    NOTE_TITLES.iter().any(|part| title.contains(part))
}

fn is_known_title(title: &str) -> bool {
    is_value_title(title) || is_kind_title(title)
}

impl Columns {
    fn recognize(titles: Option<&StringRecord>, rows: &[(usize, StringRecord)]) -> Option<Self> {
        let width = rows
            .iter()
            .map(|(_, record)| record.len())
            .chain(titles.map(StringRecord::len))
            .max()?;
        let title = |column: usize| {
            titles
                .and_then(|titles| titles.get(column))
                .unwrap_or_default()
        };
        let kind = kind_column(width, titles, rows);
        let of_values = |column: &usize| Some(*column) != kind;
        let titled = (0..width)
            .filter(|column| is_value_title(title(*column)))
            .filter(of_values);
        let mut values: Vec<usize> = titled.collect();
        if values.is_empty() {
            let by_content = (0..width)
                .filter(of_values)
                .filter(|column| !is_note_title(title(*column)));
            values = match kind {
                // One value a row.
                Some(kind) => vec![value_column_beside(kind, width, rows)?],
                None if titles.is_some() => by_content
                    .filter(|column| holds_values(*column, rows))
                    .collect(),
                None => return None,
            };
        }
        let to_ids = (0..width).find(|column| plain_title(title(*column)) == "toids");
        Some(Self {
            kind,
            values,
            to_ids,
        })
    }

    fn read_row(&self, number: usize, record: &StringRecord, listing: &mut Listing) {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let is_for_detection = self.to_ids.is_none_or(|column| {
            !["0", "false", "no"].contains(&cell(column).to_lowercase().as_str())
        });
        if !is_for_detection {
            listing.leave_out("attribute without to_ids");
            return;
        }
        let kind = self.kind.map(cell).unwrap_or_default();
        for value in self.values.iter().map(|column| cell(*column)) {
            // The line under the titles of a Markdown table is nothing but hyphens.
            if !value.contains(char::is_alphanumeric) {
                continue;
            }
            if kind.contains('|') || vocabulary::is_known(kind) {
                misp::add_composite(kind, value, number, listing);
            } else if kind.is_empty() || !extract(value).candidates.is_empty() {
                line::read_line(value, number, listing);
            } else {
                listing.reject(number, value, vocabulary::unknown_type(kind));
            }
        }
    }
}

/// The column in which nearly every cell is the name of a type. A column of words such as `domain`
/// and `ip` is recognised even if its title says `Indicator`.
fn kind_column(
    width: usize,
    titles: Option<&StringRecord>,
    rows: &[(usize, StringRecord)],
) -> Option<usize> {
    let is_kind = |cell: &str| cell.split('|').all(vocabulary::is_known) && !cell.is_empty();
    let share = |column: usize| {
        let cells = rows.iter().filter_map(|(_, record)| record.get(column));
        let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
        let known = cells.iter().filter(|cell| is_kind(cell)).count();
        (known, cells.len())
    };
    let is_titled = |column: &usize| {
        titles
            .and_then(|titles| titles.get(*column))
            .is_some_and(is_kind_title)
    };
    let by_content = |column: &usize| {
        let (known, all) = share(*column);
        known > 0 && known * 10 >= all * if titles.is_some() { 5 } else { 8 }
    };
    (0..width)
        .find(|column| is_titled(column) && by_content(column))
        .or_else(|| (0..width).find(by_content))
        .or_else(|| (0..width).find(is_titled))
}

/// The column of the values of a column of types: the one with the most indicators; if no cell is
/// of a known form, the next column, or the one before.
fn value_column_beside(kind: usize, width: usize, rows: &[(usize, StringRecord)]) -> Option<usize> {
    let count = |column: usize| {
        let cells = rows.iter().filter_map(|(_, record)| record.get(column));
        cells
            .filter(|cell| !extract(cell).candidates.is_empty())
            .count()
    };
    let others = (0..width).filter(|column| *column != kind);
    // The first of the columns with the same number.
    let best = others.rev().max_by_key(|column| count(*column))?;
    if count(best) > 0 {
        return Some(best);
    }
    if kind + 1 < width {
        Some(kind + 1)
    } else {
        kind.checked_sub(1)
    }
}

fn holds_values(column: usize, rows: &[(usize, StringRecord)]) -> bool {
    let cells = rows.iter().filter_map(|(_, record)| record.get(column));
    let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
    let found = cells
        .iter()
        .filter(|cell| !extract(cell).candidates.is_empty())
        .count();
    found > 0 && found * 2 >= cells.len()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read, rejected};

    #[test]
    fn columns_are_found_by_their_titles() {
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
    fn columns_are_found_by_their_content() {
        for (text, expected) in [
            (
                "Indicator_type,Data,Note\nip,198.51.100.23,C2 server\n",
                &["ip:198.51.100.23"][..],
            ),
            (
                "Indicator,Data,Notes\nIP,198.51.100.23,a\ndomain,evil.example,b\n",
                &["ip:198.51.100.23", "domain:evil.example"],
            ),
            (
                "domain_name,ip_address\nevil.example,198.51.100.23\n",
                &["domain:evil.example", "ip:198.51.100.23"],
            ),
            (
                "198.51.100.23,ip,C2\nevil.example,domain,x\n",
                &["ip:198.51.100.23", "domain:evil.example"],
            ),
            (
                "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"malware\"\n\"2021-01-17 07:30:05\",\"198.51.100.23\",\"443\",\"Dridex\"\n",
                &["ip:198.51.100.23"],
            ),
            (
                "# \"first_seen_utc\",\"ioc_value\",\"ioc_type\",\"reference\"\n\"2021\",\"198.51.100.23:443\",\"ip:port\",\"https://other.example/\"\n",
                &["ip:198.51.100.23"],
            ),
            (
                "IndicatorType,IndicatorValue\nipv4,198.51.100.23\n",
                &["ip:198.51.100.23"],
            ),
            ("ioc;type\n198.51.100.23;ip\n", &["ip:198.51.100.23"]),
            ("type\tvalue\nip\t198.51.100.23\n", &["ip:198.51.100.23"]),
            ("ip\n198.51.100.23\n", &["ip:198.51.100.23"]),
            (
                "ip-dst,192.0.2.0/24\nmd5,d41d8cd98f00b204e9800998ecf8427e\n",
                &["cidr:192.0.2.0/24", "hash:d41d8cd98f00b204e9800998ecf8427e"],
            ),
            (
                "type,value\nip-dst|port,198.51.100.23|443\n",
                &["ip:198.51.100.23"],
            ),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn entries_that_are_not_understood_are_reported() {
        let text =
            "type,value\nip,192.0.2.1\nip,192.0.2.999\ndomian,a.example\nbrand-new,x\nmutex,y\n";
        assert_eq!(read(text).unwrap(), ["ip:192.0.2.1", "domain:a.example"]);
        assert_eq!(rejected(text), ["3 192.0.2.999", "5 x"]);
        assert_eq!(left_out(text), ["1 x mutex"]);
        let flags = "type,value,to_ids\nip,192.0.2.1,1\nip,192.0.2.2,0\n";
        assert_eq!(left_out(flags), ["1 x attribute without to_ids"]);
    }
}

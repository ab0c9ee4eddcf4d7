//! The parser of the AWS files.
//!
//! Source: Python, `configparser.RawConfigParser`, with which the AWS CLI reads the files; an
//! inline comment after white space is left out, as the SDKs do.

use std::fmt;

use super::Values;

/// A section with its header, as written between the brackets.
pub(super) struct Section {
    pub header: String,
    pub values: Values,
}

/// Shows no values, because some are secret.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Section").field(&self.header).finish()
    }
}

/// A line that cannot be interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLine {
    /// The number of the line, from 1.
    pub number: usize,
    /// The problem.
    pub problem: &'static str,
}

/// Reads the sections in their order. A section that occurs twice is returned twice.
pub(super) fn parse(text: &str) -> Result<Vec<Section>, InvalidLine> {
    let mut parser = Parser::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        parser.read_line(line).map_err(|problem| InvalidLine {
            number: index + 1,
            problem,
        })?;
    }
    Ok(parser.sections)
}

#[derive(Default)]
struct Parser {
    sections: Vec<Section>,
    /// The key whose value the next indented line continues.
    key: Option<String>,
    /// The indentation of that key.
    indentation: usize,
}

impl Parser {
    fn read_line(&mut self, line: &str) -> Result<(), &'static str> {
        let content = strip_comment(line).trim();
        if content.is_empty() {
            return Ok(());
        }
        let indentation = line.chars().take_while(|next| next.is_whitespace()).count();
        if let (Some(key), true) = (&self.key, indentation > self.indentation) {
            let value = self
                .sections
                .last_mut()
                .and_then(|section| section.values.get_mut(key));
            if let Some(value) = value {
                value.push('\n');
                value.push_str(content);
            }
            return Ok(());
        }
        self.indentation = indentation;
        if let Some(header) = section_header(content) {
            self.key = None;
            self.sections.push(Section {
                header: header.to_owned(),
                values: Values::new(),
            });
            return Ok(());
        }
        let Some(section) = self.sections.last_mut() else {
            return Err("expected a section, such as [default]");
        };
        let Some((key, value)) = content.split_once(['=', ':']) else {
            return Err("expected `key = value`");
        };
        let key = key.trim().to_ascii_lowercase();
        section.values.insert(key.clone(), value.trim().to_owned());
        self.key = Some(key);
        Ok(())
    }
}

/// Returns the text between the brackets.
fn section_header(content: &str) -> Option<&str> {
    let rest = content.strip_prefix('[')?;
    let (header, _) = rest.rsplit_once(']')?;
    Some(header.trim()).filter(|header| !header.is_empty())
}

/// Leaves out a comment: a line that begins with `#` or `;`, or the rest of a line after white
/// space and one of them.
fn strip_comment(line: &str) -> &str {
    if line.trim_start().starts_with(['#', ';']) {
        return "";
    }
    let comments = [" #", " ;", "\t#", "\t;"];
    let start = comments.iter().filter_map(|start| line.find(start)).min();
    start.and_then(|at| line.get(..at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let sections = parse(text).unwrap();
        sections
            .into_iter()
            .flat_map(|section| section.values)
            .collect()
    }

    #[test]
    fn values_and_nested_values_are_read() {
        let text = "# a comment\n[a]\n  Region = x ; why\n  output: json\ns3 =\n  one = 1\n\n  two = 2\nlast = a#b\n";
        let expected = [
            ("last", "a#b"),
            ("output", "json"),
            ("region", "x"),
            ("s3", "\none = 1\ntwo = 2"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(values(text), expected);
    }

    #[test]
    fn headers_end_at_the_last_bracket() {
        let sections = parse("[profile a[1]] # x\n[ b ]\n").unwrap();
        let headers: Vec<&str> = sections
            .iter()
            .map(|section| section.header.as_str())
            .collect();
        assert_eq!(headers, ["profile a[1]", "b"]);
    }

    #[test]
    fn invalid_lines_are_named() {
        for (text, number) in [("x = 1", 1), ("[a]\nx", 2), ("[]\n", 1)] {
            assert_eq!(parse(text).unwrap_err().number, number, "{text}");
        }
    }
}

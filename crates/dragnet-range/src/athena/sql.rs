//! The parser of `SELECT DISTINCT "$path" FROM TABLE WHERE CONDITION`.
//!
//! Source: the grammar `SqlBase.g4` of Trino: `OR` binds weaker than `AND`, and `AND` weaker than `NOT`.

use regex::Regex;

use super::condition::Condition;
use super::tokens::{Token, tokenize};

/// The column that names the object of a row.
pub(super) const PATH: &str = "$path";

/// A parsed statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) database: Option<String>,
    pub(super) table: String,
    pub(super) condition: Condition,
}

impl Statement {
    /// Parses a statement. The error is what Athena would say.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokenize(text)?,
            at: 0,
        };
        let statement = parser.statement()?;
        match parser.peek() {
            None => Ok(statement),
            Some(token) => Err(unexpected(Some(token))),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn statement(&mut self) -> Result<Statement, String> {
        self.word("select")?;
        self.word("distinct")?;
        match self.next() {
            Some(Token::Name(column)) if column == PATH => {}
            other => return Err(unexpected(other.as_ref())),
        }
        self.word("from")?;
        let first = self.name()?;
        let (database, table) = if self.take_symbol(".") {
            (Some(first), self.name()?)
        } else {
            (None, first)
        };
        self.word("where")?;
        Ok(Statement {
            database,
            table,
            condition: self.any()?,
        })
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.negation()?];
        while self.take_word("and") {
            parts.push(self.negation()?);
        }
        Ok(single_or(parts, Condition::All))
    }

    fn negation(&mut self) -> Result<Condition, String> {
        if self.take_word("not") {
            return Ok(Condition::Not(Box::new(self.negation()?)));
        }
        if self.take_symbol("(") {
            let inner = self.any()?;
            self.symbol(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let name = self.name()?;
        if self.take_symbol("(") {
            return self.function(&name);
        }
        if self.take_word("in") {
            self.symbol("(")?;
            let mut values = vec![self.text()?];
            while self.take_symbol(",") {
                values.push(self.text()?);
            }
            self.symbol(")")?;
            return Ok(Condition::OneOf(name, values));
        }
        if self.take_word("between") {
            let low = self.text()?;
            self.word("and")?;
            let high = self.text()?;
            return Ok(Condition::Between(name, low, high));
        }
        self.symbol("=")?;
        Ok(Condition::OneOf(name, vec![self.text()?]))
    }

    /// The rest of a function call, after its opening parenthesis.
    fn function(&mut self, name: &str) -> Result<Condition, String> {
        let column = self.name()?;
        self.symbol(",")?;
        let text = self.text()?;
        self.symbol(")")?;
        match name {
            "strpos" => {
                self.symbol(">")?;
                match self.next() {
                    Some(Token::Number(0)) => Ok(Condition::Contains(column, text)),
                    other => Err(unexpected(other.as_ref())),
                }
            }
            "regexp_like" => match Regex::new(&text) {
                Ok(regex) => Ok(Condition::Matches(column, regex)),
                Err(_) => Err(format!("INVALID_FUNCTION_ARGUMENT: invalid pattern {text}")),
            },
            _ => Err(format!(
                "FUNCTION_NOT_FOUND: Function '{name}' not registered"
            )),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            // Names are not case-sensitive.
            Some(Token::Word(name)) => Ok(name),
            Some(Token::Name(name)) => Ok(name.to_ascii_lowercase()),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if self.take_word(word) {
            Ok(())
        } else {
            Err(unexpected(self.peek()))
        }
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), String> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(unexpected(self.peek()))
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word.to_owned()))
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        self.take(&Token::Symbol(symbol.to_owned()))
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.at += usize::from(is_next);
        is_next
    }
}

fn single_or(mut parts: Vec<Condition>, combine: fn(Vec<Condition>) -> Condition) -> Condition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            combine(parts)
        }
    }
}

fn unexpected(token: Option<&Token>) -> String {
    match token {
        Some(token) => format!("mismatched input {token:?}"),
        None => "mismatched input '<EOF>'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(condition: &str, line: &str) -> bool {
        let text = format!("SELECT DISTINCT \"$path\" FROM d.t WHERE {condition}");
        let statement = Statement::parse(&text).unwrap();
        let line = line.to_owned();
        statement
            .condition
            .is_met(&move |column| (column == "line").then(|| line.clone()))
    }

    #[test]
    fn conditions_are_evaluated_by_precedence() {
        let either = "strpos(line, 'a') > 0 OR strpos(line, 'b') > 0 AND strpos(line, 'c') > 0";
        assert!(is_met(either, "a") && is_met(either, "bc") && !is_met(either, "b"));
        let grouped =
            "(strpos(line, 'a') > 0 OR strpos(line, 'b') > 0) AND NOT strpos(line, 'c') > 0";
        assert!(is_met(grouped, "a") && !is_met(grouped, "ac"));
        assert!(is_met("regexp_like(line, '^x.z$')", "xyz"));
        assert!(is_met("line BETWEEN 'a' AND 'c'", "b") && !is_met("line IN ('a', 'c')", "b"));
        assert!(!is_met("other = 'a'", "a"), "NULL is not equal to anything");
    }

    #[test]
    fn other_statements_are_refused() {
        for text in [
            "",
            "SELECT 1",
            "DROP TABLE t",
            "SELECT DISTINCT \"$path\" FROM t",
            "SELECT DISTINCT \"$path\" FROM t WHERE strpos(line, 'a') > 1",
            "SELECT DISTINCT \"$path\" FROM t WHERE a = 'b'; DROP TABLE t",
            "SELECT DISTINCT \"$path\" FROM t WHERE lower(line, 'a') > 0",
            "SELECT DISTINCT \"$path\" FROM t WHERE line = 'a' 'b'",
        ] {
            assert!(Statement::parse(text).is_err(), "{text}");
        }
    }
}

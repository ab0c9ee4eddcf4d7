//! Formats a syntax tree as text that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use super::grammar::is_plain_name;
use super::tree::{
    Aggregate, AggregateKind, Comparison, Expr, Extraction, ExtractionPattern, Item, LikePattern,
    Operator, Query, SortKey, Source, Stage, Stats,
};

fn join<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// A field's name, in backticks if it needs them.
struct Name<'n>(&'n str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_plain_name(self.0) {
            f.write_str(self.0)
        } else {
            write!(f, "`{}`", self.0)
        }
    }
}

fn names<S: AsRef<str>>(names: &[S]) -> Vec<Name<'_>> {
    names.iter().map(|name| Name(name.as_ref())).collect()
}

/// Text in quotation marks, with escapes.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\"",
            self.0.replace('\\', r"\\").replace('"', "\\\"")
        )
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source} | ")?;
        }
        join(f, &self.stages, " | ")
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SOURCE logGroups(")?;
        for (at, (name, values)) in self.parameters.iter().enumerate() {
            let quoted: Vec<Quoted<'_>> = values.iter().map(|value| Quoted(value)).collect();
            f.write_str(if at > 0 { ", " } else { "" })?;
            write!(f, "{name}: [")?;
            join(f, &quoted, ", ")?;
            f.write_str("]")?;
        }
        f.write_str(")")
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(items) => {
                f.write_str("fields ")?;
                join(f, items, ", ")
            }
            Self::Display(items) => {
                f.write_str("display ")?;
                join(f, items, ", ")
            }
            Self::Filter(condition) => write!(f, "filter {condition}"),
            Self::Parse(extraction) => write!(f, "parse {extraction}"),
            Self::Stats(stats) => write!(f, "stats {stats}"),
            Self::Sort(keys) => {
                f.write_str("sort ")?;
                join(f, keys, ", ")
            }
            Self::Limit(rows) => write!(f, "limit {rows}"),
            Self::Dedup(fields) => {
                f.write_str("dedup ")?;
                join(f, &names(fields), ", ")
            }
        }
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "{} as {}", self.expr, Name(alias)),
            None => self.expr.fmt(f),
        }
    }
}

impl Display for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        join(f, &self.items, ", ")?;
        if !self.by.is_empty() {
            f.write_str(" by ")?;
            join(f, &self.by, ", ")?;
        }
        Ok(())
    }
}

impl Display for SortKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.expr,
            if self.descending { "desc" } else { "asc" }
        )
    }
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.from)?;
        match &self.pattern {
            ExtractionPattern::Glob {
                text,
                names: fields,
                ..
            } => {
                write!(f, "{} as ", Quoted(text))?;
                join(f, &names(fields), ", ")
            }
            ExtractionPattern::Regex(regex) => write!(f, "/{}/", regex.as_str()),
        }
    }
}

/// The precedence of an expression. An operand with a lower precedence than required is put in
/// parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Precedence {
    Or,
    And,
    Not,
    Condition,
    Sum,
    Product,
    Power,
    Atom,
}

impl Operator {
    fn precedence(self) -> Precedence {
        match self {
            Self::Add | Self::Subtract => Precedence::Sum,
            Self::Multiply | Self::Divide | Self::Remainder => Precedence::Product,
            Self::Power => Precedence::Power,
        }
    }

    /// The lowest precedence of a left operand without parentheses. All operators except the power
    /// are left-associative.
    fn left_precedence(self) -> Precedence {
        match self.precedence() {
            Precedence::Power => Precedence::Atom,
            own => own,
        }
    }

    /// The lowest precedence of a right operand without parentheses.
    fn right_precedence(self) -> Precedence {
        match self.precedence() {
            Precedence::Sum => Precedence::Product,
            _ => Precedence::Power,
        }
    }
}

impl Expr {
    fn precedence(&self) -> Precedence {
        match self {
            Self::Or(_) => Precedence::Or,
            Self::And(_) => Precedence::And,
            Self::Not(_) => Precedence::Not,
            Self::Compare(..) | Self::Like { .. } | Self::In { .. } => Precedence::Condition,
            Self::Arithmetic(_, operator, _) => operator.precedence(),
            Self::Field(_)
            | Self::Text(_)
            | Self::Number(_)
            | Self::Bool(_)
            | Self::Period(_)
            | Self::Call(..)
            | Self::Aggregate(_) => Precedence::Atom,
        }
    }

    /// This expression as an operand, in parentheses if it binds less tightly than required.
    fn as_operand(&self, minimum: Precedence) -> Operand<'_> {
        Operand {
            expr: self,
            needs_parentheses: self.precedence() < minimum,
        }
    }
}

struct Operand<'e> {
    expr: &'e Expr,
    needs_parentheses: bool,
}

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.needs_parentheses {
            write!(f, "({})", self.expr)
        } else {
            self.expr.fmt(f)
        }
    }
}

fn operands(parts: &[Expr], minimum: Precedence) -> Vec<Operand<'_>> {
    parts.iter().map(|part| part.as_operand(minimum)).collect()
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => Name(name).fmt(f),
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Bool(truth) => truth.fmt(f),
            Self::Period(period) => period.fmt(f),
            Self::Or(parts) => join(f, &operands(parts, Precedence::And), " or "),
            Self::And(parts) => join(f, &operands(parts, Precedence::Not), " and "),
            Self::Not(inner) => write!(f, "not {}", inner.as_operand(Precedence::Not)),
            Self::Compare(left, comparison, right) => {
                write!(
                    f,
                    "{} {comparison} {}",
                    left.as_operand(Precedence::Sum),
                    right.as_operand(Precedence::Sum)
                )
            }
            Self::Like {
                subject,
                negated,
                pattern,
            } => {
                write_subject(f, subject, *negated)?;
                write!(f, "like {pattern}")
            }
            Self::In {
                subject,
                negated,
                options,
            } => {
                write_subject(f, subject, *negated)?;
                f.write_str("in [")?;
                join(f, options, ", ")?;
                f.write_str("]")
            }
            Self::Arithmetic(left, operator, right) => {
                let left = left.as_operand(operator.left_precedence());
                let right = right.as_operand(operator.right_precedence());
                write!(f, "{left} {operator} {right}")
            }
            Self::Call(function, arguments) => {
                write!(f, "{function}(")?;
                join(f, arguments, ", ")?;
                f.write_str(")")
            }
            Self::Aggregate(aggregate) => aggregate.fmt(f),
        }
    }
}

/// Writes the part of a condition before `like` or `in`.
fn write_subject(f: &mut Formatter<'_>, subject: &Expr, is_negated: bool) -> fmt::Result {
    let not = if is_negated { "not " } else { "" };
    write!(f, "{} {not}", subject.as_operand(Precedence::Sum))
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.kind.name())?;
        match &self.argument {
            Some(argument) => argument.fmt(f)?,
            None => f.write_str("*")?,
        }
        if let AggregateKind::Pct(percent) = self.kind {
            write!(f, ", {percent}")?;
        }
        f.write_str(")")
    }
}

impl Display for LikePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Regex(regex) => write!(f, "/{}/", regex.as_str()),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        })
    }
}

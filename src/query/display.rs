//! Formats a syntax tree as text that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use super::grammar::is_plain_name;
use super::tree::{
    Aggregate, AggregateKind, Comparison, Expr, Extraction, ExtractionPattern, Item, LikePattern,
    Operator, Query, SortKey, Source, Stage, Stats,
};

fn join<T: Display>(f: &mut Formatter<'_>, things: &[T], separator: &str) -> fmt::Result {
    for (at, thing) in things.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{thing}")?;
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
enum Binding {
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
    fn binding(self) -> Binding {
        match self {
            Self::Add | Self::Subtract => Binding::Sum,
            Self::Multiply | Self::Divide | Self::Remainder => Binding::Product,
            Self::Power => Binding::Power,
        }
    }
}

impl Expr {
    fn binding(&self) -> Binding {
        match self {
            Self::Or(_) => Binding::Or,
            Self::And(_) => Binding::And,
            Self::Not(_) => Binding::Not,
            Self::Compare(..) | Self::Like { .. } | Self::In { .. } => Binding::Condition,
            Self::Arithmetic(_, operator, _) => operator.binding(),
            Self::Field(_)
            | Self::Text(_)
            | Self::Number(_)
            | Self::Bool(_)
            | Self::Period(_)
            | Self::Call(..)
            | Self::Aggregate(_) => Binding::Atom,
        }
    }

    /// This expression as an operand, in parentheses if it binds less tightly than required.
    fn within(&self, place: Binding) -> Operand<'_> {
        Operand {
            expr: self,
            enclosed: self.binding() < place,
        }
    }
}

struct Operand<'e> {
    expr: &'e Expr,
    enclosed: bool,
}

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.enclosed {
            write!(f, "({})", self.expr)
        } else {
            self.expr.fmt(f)
        }
    }
}

fn operands(parts: &[Expr], place: Binding) -> Vec<Operand<'_>> {
    parts.iter().map(|part| part.within(place)).collect()
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => Name(name).fmt(f),
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Bool(truth) => truth.fmt(f),
            Self::Period(period) => period.fmt(f),
            Self::Or(parts) => join(f, &operands(parts, Binding::And), " or "),
            Self::And(parts) => join(f, &operands(parts, Binding::Not), " and "),
            Self::Not(inner) => write!(f, "not {}", inner.within(Binding::Not)),
            Self::Compare(left, comparison, right) => {
                write!(
                    f,
                    "{} {comparison} {}",
                    left.within(Binding::Sum),
                    right.within(Binding::Sum)
                )
            }
            Self::Like {
                subject,
                negated,
                pattern,
            } => {
                write!(
                    f,
                    "{} {}like {pattern}",
                    subject.within(Binding::Sum),
                    if *negated { "not " } else { "" }
                )
            }
            Self::In {
                subject,
                negated,
                options,
            } => {
                write!(
                    f,
                    "{} {}in [",
                    subject.within(Binding::Sum),
                    if *negated { "not " } else { "" }
                )?;
                join(f, options, ", ")?;
                f.write_str("]")
            }
            // All operators except the power are left-associative.
            Self::Arithmetic(left, Operator::Power, right) => {
                write!(
                    f,
                    "{} ^ {}",
                    left.within(Binding::Atom),
                    right.within(Binding::Power)
                )
            }
            Self::Arithmetic(left, operator, right) => {
                let (left, right) = match operator.binding() {
                    Binding::Sum => (left.within(Binding::Sum), right.within(Binding::Product)),
                    _ => (left.within(Binding::Product), right.within(Binding::Power)),
                };
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

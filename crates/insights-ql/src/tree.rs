//! The syntax tree of a query.
//!
//! It is small on purpose: the search planner reads it to find conditions for a coarse filter
//! pattern, and the evaluator walks it.

use regex::Regex;

use super::function::Function;
use super::java_regex::{self, InvalidRegex};
use super::period::Period;

/// A query: commands, each of which processes the output of the previous one.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The log groups to search, if the query names them.
    pub source: Option<Source>,
    /// The commands, in order.
    pub stages: Vec<Stage>,
}

impl Query {
    /// All quoted texts in the expressions of the query, including duplicates.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        for expr in self.stages.iter().flat_map(Stage::exprs) {
            expr.walk(&mut |expr| match expr {
                Expr::Text(text)
                | Expr::Like {
                    pattern: LikePattern::Text(text),
                    ..
                } => texts.push(text.as_str()),
                _ => {}
            });
        }
        texts
    }
}

/// `SOURCE logGroups(namePrefix: ["/aws/a"], class: ["STANDARD"])`, with its parameters by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The names of the parameters and their values, as written.
    pub parameters: Vec<(String, Vec<String>)>,
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// `fields a, f(b) as c`: adds columns.
    Fields(Vec<Item>),
    /// `display a, b`: selects the columns to show.
    Display(Vec<Item>),
    /// `filter condition`.
    Filter(Expr),
    /// `parse field pattern`: adds fields that are extracted from a text.
    Parse(Extraction),
    /// `stats aggregate, … by key, …`.
    Stats(Stats),
    /// `sort a desc, b`.
    Sort(Vec<SortKey>),
    /// `limit n`.
    Limit(usize),
    /// `dedup a, b`: one row for each combination of values.
    Dedup(Vec<String>),
}

impl Stage {
    fn exprs(&self) -> Vec<&Expr> {
        match self {
            Self::Fields(items) | Self::Display(items) => {
                items.iter().map(|item| &item.expr).collect()
            }
            Self::Filter(condition) => vec![condition],
            Self::Parse(extraction) => vec![&extraction.from],
            Self::Stats(stats) => stats
                .items
                .iter()
                .chain(&stats.by)
                .map(|item| &item.expr)
                .collect(),
            Self::Sort(keys) => keys.iter().map(|key| &key.expr).collect(),
            Self::Limit(_) | Self::Dedup(_) => Vec::new(),
        }
    }
}

/// An expression that becomes a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The expression to compute.
    pub expr: Expr,
    /// The name given with `as`.
    pub alias: Option<String>,
}

impl Item {
    /// The column's name: the alias, the field's name, or the expression's text.
    pub fn name(&self) -> String {
        match (&self.alias, &self.expr) {
            (Some(alias), _) => alias.clone(),
            (None, Expr::Field(name)) => name.clone(),
            (None, expr) => expr.to_string(),
        }
    }

    /// Whether the item only shows an existing field under its own name.
    pub(super) fn is_plain_field(&self) -> bool {
        matches!((&self.expr, &self.alias), (Expr::Field(name), alias) if alias.as_ref().is_none_or(|alias| alias == name))
    }
}

/// The `stats` command.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// The results for each group: expressions over [`Expr::Aggregate`]s and earlier columns.
    pub items: Vec<Item>,
    /// The keys of a group; empty for one group of all records.
    pub by: Vec<Item>,
}

/// A key of `sort`.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// The expression to sort by.
    pub expr: Expr,
    /// Whether the largest value comes first.
    pub descending: bool,
}

/// The `parse` command.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    /// The text to extract from.
    pub from: Expr,
    /// The pattern with the fields to extract.
    pub pattern: ExtractionPattern,
}

/// The pattern of `parse`.
#[derive(Clone, Debug, PartialEq)]
pub enum ExtractionPattern {
    /// Text in which each `*` is a field; there is one name for each `*`.
    Glob {
        /// The text as written.
        text: String,
        /// The names of the fields.
        names: Vec<String>,
        /// The same pattern as a regular expression, with a group for each field.
        regex: RegexLiteral,
    },
    /// A regular expression with named groups.
    Regex(RegexLiteral),
}

impl ExtractionPattern {
    /// The names of the fields that the pattern extracts.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Glob { names, .. } => names.iter().map(String::as_str).collect(),
            Self::Regex(regex) => regex.compiled().capture_names().flatten().collect(),
        }
    }

    /// Whether every group is a field, not only the named ones.
    pub(super) fn is_glob(&self) -> bool {
        matches!(self, Self::Glob { .. })
    }

    /// The regular expression that extracts the fields.
    pub(super) fn regex(&self) -> &Regex {
        match self {
            Self::Glob { regex, .. } | Self::Regex(regex) => regex.compiled(),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// The value of a field.
    Field(String),
    /// Quoted text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A period of time, as an argument of a function.
    Period(Period),
    /// True if all parts are true; at least two parts.
    And(Vec<Expr>),
    /// True if one part is true; at least two parts.
    Or(Vec<Expr>),
    /// True if the inner expression is not.
    Not(Box<Expr>),
    /// A comparison such as `left = right`.
    Compare(Box<Expr>, Comparison, Box<Expr>),
    /// `subject [not] like pattern`, also written `subject =~ /pattern/`.
    Like {
        /// The text to search.
        subject: Box<Expr>,
        /// Whether it is `not like`.
        negated: bool,
        /// The pattern to search for.
        pattern: LikePattern,
    },
    /// `subject [not] in [a, b]`.
    In {
        /// The value to find in the list.
        subject: Box<Expr>,
        /// Whether it is `not in`.
        negated: bool,
        /// The values of the list.
        options: Vec<Expr>,
    },
    /// Arithmetic such as `left + right`.
    Arithmetic(Box<Expr>, Operator, Box<Expr>),
    /// `function(arguments)`.
    Call(Function, Vec<Expr>),
    /// An aggregate; allowed only in `stats`.
    Aggregate(Box<Aggregate>),
}

impl Expr {
    /// Calls `visit` with this expression and all expressions inside it, the outer ones first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        visit(self);
        match self {
            Self::Field(_) | Self::Text(_) | Self::Number(_) | Self::Bool(_) | Self::Period(_) => {}
            Self::And(parts) | Self::Or(parts) | Self::Call(_, parts) => {
                for part in parts {
                    part.walk(visit);
                }
            }
            Self::Not(inner) | Self::Like { subject: inner, .. } => inner.walk(visit),
            Self::Compare(left, _, right) | Self::Arithmetic(left, _, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            Self::In {
                subject, options, ..
            } => {
                subject.walk(visit);
                for option in options {
                    option.walk(visit);
                }
            }
            Self::Aggregate(aggregate) => {
                if let Some(argument) = &aggregate.argument {
                    argument.walk(visit);
                }
            }
        }
    }

    /// The fields that the expression reads, including duplicates.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::Field(name) => fields.push(name.as_str()),
            Self::Call(Function::Bin, _) => fields.push("@timestamp"),
            _ => {}
        });
        fields
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// The pattern of `like`, which may match anywhere in the text.
#[derive(Clone, Debug, PartialEq)]
pub enum LikePattern {
    /// This text, case-sensitive.
    Text(String),
    /// A match of this regular expression.
    Regex(RegexLiteral),
}

/// An aggregate of `stats`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The kind of aggregate.
    pub kind: AggregateKind,
    /// Its argument; `None` only for `count(*)`.
    pub argument: Option<Expr>,
}

/// The kinds of aggregates.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "they bear the names that AWS documents")]
pub enum AggregateKind {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    StdDev,
    /// A percentile, from 0 to 100.
    Pct(f64),
    Earliest,
    Latest,
    SortsFirst,
    SortsLast,
}

/// A compiled regular expression, with its text.
#[derive(Clone, Debug)]
pub struct RegexLiteral {
    text: String,
    compiled: Regex,
}

impl RegexLiteral {
    /// Compiles the text between the slashes; a slash in it is written `\/`.
    ///
    /// # Errors
    /// The text is not a regular expression, or one that only Insights can evaluate (look-around,
    /// back references).
    pub fn new(text: &str) -> Result<Self, InvalidRegex> {
        Ok(Self {
            text: text.to_owned(),
            compiled: java_regex::compile(text)?,
        })
    }

    /// The text between the slashes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The compiled regular expression.
    pub fn compiled(&self) -> &Regex {
        &self.compiled
    }
}

impl PartialEq for RegexLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

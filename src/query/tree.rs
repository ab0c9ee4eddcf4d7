//! A query as a tree.
//!
//! Small on purpose: the search planner reads it to find what a coarse filter pattern may narrow by, and
//! the evaluator walks it.

use regex::{Regex, RegexBuilder};

use super::function::Function;
use super::period::Period;

/// Compiled size, in bytes, above which a regular expression is refused.
const REGEX_SIZE_LIMIT: usize = 10 << 20;

/// A whole query: commands, each of which works on what the one before it left.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where to search, if the query itself says so.
    pub source: Option<Source>,
    /// The commands, in order.
    pub stages: Vec<Stage>,
}

impl Query {
    /// Every quoted text in it, each as often as it stands there.
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

/// `SOURCE logGroups(namePrefix: ["/aws/a"], class: ["STANDARD"])`: its parameters by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Parameter names and their values, as written.
    pub parameters: Vec<(String, Vec<String>)>,
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// `fields a, f(b) as c`: adds columns.
    Fields(Vec<Item>),
    /// `display a, b`: the only columns to show.
    Display(Vec<Item>),
    /// `filter condition`.
    Filter(Expr),
    /// `parse field pattern`: adds fields taken out of a text.
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
    /// What to compute.
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

    /// Whether it only shows a field that is there anyway.
    pub(super) fn is_plain_field(&self) -> bool {
        matches!((&self.expr, &self.alias), (Expr::Field(name), alias) if alias.as_ref().is_none_or(|alias| alias == name))
    }
}

/// The aggregation command.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// What to compute for each group: expressions over [`Expr::Aggregate`]s and earlier columns.
    pub items: Vec<Item>,
    /// What makes a group; empty for one group of everything.
    pub by: Vec<Item>,
}

/// One key of a `sort`.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// What to sort by.
    pub expr: Expr,
    /// Largest first.
    pub descending: bool,
}

/// The `parse` command: what to take out of which text.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    /// The text to read.
    pub from: Expr,
    /// How.
    pub pattern: ExtractionPattern,
}

/// The pattern of a `parse`.
#[derive(Clone, Debug, PartialEq)]
pub enum ExtractionPattern {
    /// Text in which each `*` is a field; as many names as `*`s.
    Glob {
        /// The text as written.
        text: String,
        /// The names of the fields.
        names: Vec<String>,
        /// The same as a regular expression, with a group for each field.
        regex: RegexLiteral,
    },
    /// A regular expression with named groups.
    Regex(RegexLiteral),
}

impl ExtractionPattern {
    /// The names of the fields that it gives.
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

    /// The regular expression that reads them.
    pub(super) fn regex(&self) -> &Regex {
        match self {
            Self::Glob { regex, .. } | Self::Regex(regex) => regex.compiled(),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A field's value.
    Field(String),
    /// Quoted text.
    Text(String),
    /// A number; finite.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A span of time, as an argument.
    Period(Period),
    /// All hold; at least two.
    And(Vec<Expr>),
    /// One holds; at least two.
    Or(Vec<Expr>),
    /// Does not hold.
    Not(Box<Expr>),
    /// `left = right` and the like.
    Compare(Box<Expr>, Comparison, Box<Expr>),
    /// `subject [not] like pattern`, also written `subject =~ /pattern/`.
    Like {
        /// The text to search.
        subject: Box<Expr>,
        /// `not like`.
        negated: bool,
        /// What to search for.
        pattern: LikePattern,
    },
    /// `subject [not] in [a, b]`.
    In {
        /// The value to look up.
        subject: Box<Expr>,
        /// `not in`.
        negated: bool,
        /// The values that are in.
        options: Vec<Expr>,
    },
    /// `left + right` and the like.
    Arithmetic(Box<Expr>, Operator, Box<Expr>),
    /// `function(arguments)`.
    Call(Function, Vec<Expr>),
    /// An aggregate; only in `stats`.
    Aggregate(Box<Aggregate>),
}

impl Expr {
    /// Calls `visit` with this expression and every one inside it, the outer ones first.
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

    /// The fields that it reads, each as often as it is read.
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

/// How two values are compared.
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

/// What `like` searches for, anywhere in the text.
#[derive(Clone, Debug, PartialEq)]
pub enum LikePattern {
    /// This text; case counts.
    Text(String),
    /// A match of this regular expression.
    Regex(RegexLiteral),
}

/// An aggregate of `stats`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub kind: AggregateKind,
    /// Of what; `None` only for `count(*)`.
    pub argument: Option<Expr>,
}

/// The aggregates there are.
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
    /// A percentile, 0 to 100.
    Pct(f64),
    Earliest,
    Latest,
    SortsFirst,
    SortsLast,
}

/// A regular expression with its text.
#[derive(Clone, Debug)]
pub struct RegexLiteral {
    text: String,
    compiled: Regex,
}

impl RegexLiteral {
    /// Compiles what stands between the slashes; a slash in it is written `\/`.
    ///
    /// # Errors
    /// It is not a regular expression, or one that cannot be evaluated here (look-around, back references).
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        let compiled = RegexBuilder::new(text)
            .size_limit(REGEX_SIZE_LIMIT)
            .build()?;
        Ok(Self {
            text: text.to_owned(),
            compiled,
        })
    }

    /// The text between the slashes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The regular expression, ready for use.
    pub fn compiled(&self) -> &Regex {
        &self.compiled
    }
}

impl PartialEq for RegexLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

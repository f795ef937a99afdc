//! The tree of a PromQL expression. Positions are byte offsets into the text it was parsed from.

use super::functions::Function;

/// Bytes `start..end` of the query's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// Line and column of the first byte, both from one, the column in bytes.
    #[must_use]
    pub fn line_and_column(self, text: &str) -> (u32, u32) {
        let before = &text.as_bytes()[..self.start.min(text.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (line as u32, (before.len() - line_start + 1) as u32)
    }
}

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// One number per step.
    Scalar,
    /// A string.
    Text,
    /// At most one sample per series and step.
    Vector,
    /// A range of samples per series.
    Matrix,
}

impl ValueType {
    /// The name in the documentation of the query language: `scalar`, `string`, `instant vector`,
    /// `range vector`.
    #[must_use]
    pub fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Text => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }

    /// The name in the HTTP API: `scalar`, `string`, `vector`, `matrix`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Text => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }
}

/// Any expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number, or a duration in its place.
    Number(Number),
    /// A string literal.
    Text(Text),
    /// An instant or range selector.
    Selector(Box<Selector>),
    /// `expr[range:step]`
    Subquery(Box<Subquery>),
    /// A function call.
    Call(Box<Call>),
    /// An aggregation such as `sum by (…) (…)`.
    Aggregate(Box<Aggregate>),
    /// Two operands and an operator.
    Binary(Box<Binary>),
    /// A sign before an expression.
    Unary(Box<Unary>),
    /// An expression in parentheses.
    Paren(Box<Paren>),
}

/// A number literal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value; seconds when written as a duration.
    pub value: f64,
    /// Whether it was written as a duration, such as `5m`.
    pub is_duration: bool,
    /// Its position.
    pub span: Span,
}

/// A string literal, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Its position, with the quotes.
    pub span: Span,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator in the language.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on one label; a pattern has been compiled once to validate it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// The comparison.
    pub op: MatchOp,
    /// Value or pattern.
    pub value: String,
    /// Whether a series without the label satisfies it.
    pub matches_empty: bool,
}

/// `@`: the time at which a selector is evaluated instead of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since 1970.
    Time(i64),
    /// Start of the whole query.
    Start,
    /// End of the whole query.
    End,
}

/// The modifiers `anchored` and `smoothed` of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// Includes the sample before the window, moved to its edge.
    Anchored,
    /// Interpolates values at the edges.
    Smoothed,
}

/// `name{matchers}[range] @ at offset offset`
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// The name before the braces.
    pub name: Option<String>,
    /// All conditions; one on the name from before the braces is last.
    pub matchers: Vec<Matcher>,
    /// Width of the range; `None` for an instant selector.
    pub range: Option<DurationExpr>,
    /// The extension of the range.
    pub extension: Option<Extension>,
    /// The offset back in time; negative is forward.
    pub offset: Option<DurationExpr>,
    /// The `@` modifier.
    pub at: Option<At>,
    /// Name, braces, range and modifiers.
    pub span: Span,
}

/// `expr[range:step] @ at offset offset`
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// The expression to evaluate at each step.
    pub expr: Expr,
    /// Width of the range.
    pub range: DurationExpr,
    /// Interval of the steps; the server has a default.
    pub step: Option<DurationExpr>,
    /// As for selectors.
    pub offset: Option<DurationExpr>,
    /// As for selectors.
    pub at: Option<At>,
    /// Its position.
    pub span: Span,
}

/// `function(arguments)`
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name and signature.
    pub function: &'static Function,
    /// Its arguments.
    pub arguments: Vec<Expr>,
    /// Its position.
    pub span: Span,
}

/// An aggregation operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the language")]
pub enum Aggregation {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
    Limitk,
    LimitRatio,
}

impl Aggregation {
    /// The name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::Quantile => "quantile",
            Self::CountValues => "count_values",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Whether a parameter precedes the vector.
    #[must_use]
    pub fn has_parameter(self) -> bool {
        use Aggregation::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        matches!(self, Topk | Bottomk | Quantile | CountValues | Limitk | LimitRatio)
    }
}

/// `sum by (labels) (expr)`
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The operator.
    pub op: Aggregation,
    /// Number or string before the vector.
    pub parameter: Option<Expr>,
    /// The vector.
    pub expr: Expr,
    /// Labels of `by` or `without`.
    pub grouping: Vec<String>,
    /// Whether `grouping` is dropped (`without`) rather than kept.
    pub is_without: bool,
    /// Its position.
    pub span: Span,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `</`: trims the observations above a value off a histogram.
    TrimUpper,
    /// `>/`: trims the observations below a value off a histogram.
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    /// The operator in the language.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it is a comparison: it filters, or with `bool` returns 0 or 1.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    /// Whether it is a set operator.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Its precedence: operators with a greater one bind tighter.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::TrimUpper
            | Self::TrimLower => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => 5,
            Self::Pow => 6,
        }
    }
}

/// The cardinality of vector matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// Set operators.
    ManyToMany,
}

/// Vector matching.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matching {
    /// The cardinality.
    pub cardinality: Cardinality,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Whether this is `on` rather than `ignoring`.
    pub is_on: bool,
    /// Labels that `group_left` and `group_right` copy from the one side.
    pub include: Vec<String>,
    /// Value for series that are missing on the left.
    pub fill_left: Option<f64>,
    /// Value for series that are missing on the right.
    pub fill_right: Option<f64>,
}

/// `left op right`
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Position of the operator.
    pub op_span: Span,
    /// Left operand.
    pub left: Expr,
    /// Right operand.
    pub right: Expr,
    /// The matching of series.
    pub matching: Matching,
    /// Whether a comparison returns 0 or 1 instead of filtering.
    pub is_bool: bool,
}

/// `-expr` or `+expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// Whether the sign is minus.
    pub is_negative: bool,
    /// The operand.
    pub expr: Expr,
    /// Its position.
    pub span: Span,
}

/// `(expr)`
#[derive(Debug, Clone, PartialEq)]
pub struct Paren {
    /// The inner expression.
    pub expr: Expr,
    /// Its position, with the parentheses.
    pub span: Span,
}

/// A binary operator on durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DurationOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    MinOf,
    MaxOf,
}

/// A duration, or duration arithmetic, which needs the step and range of the query.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationExpr {
    /// A number of seconds.
    Number(Number),
    /// `step()`
    Step(Span),
    /// `range()`
    Range(Span),
    /// A sign.
    Unary {
        /// Whether the sign is minus.
        is_negative: bool,
        /// The operand.
        expr: Box<DurationExpr>,
        /// Position of the sign.
        span: Span,
    },
    /// A binary operator, also `min_of` and `max_of`.
    Binary {
        /// The operator.
        op: DurationOp,
        /// Left operand.
        left: Box<DurationExpr>,
        /// Right operand.
        right: Box<DurationExpr>,
        /// Position of the operator.
        span: Span,
    },
    /// In parentheses.
    Paren(Box<DurationExpr>, Span),
}

impl Expr {
    /// Its position in the text.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(number) => number.span,
            Self::Text(text) => text.span,
            Self::Selector(selector) => selector.span,
            Self::Subquery(subquery) => subquery.span,
            Self::Call(call) => call.span,
            Self::Aggregate(aggregate) => aggregate.span,
            Self::Binary(binary) => binary.left.span().to(binary.right.span()),
            Self::Unary(unary) => unary.span,
            Self::Paren(paren) => paren.span,
        }
    }

    /// The type of its result.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Scalar,
            Self::Text(_) => ValueType::Text,
            Self::Selector(selector) if selector.range.is_some() => ValueType::Matrix,
            Self::Selector(_) | Self::Aggregate(_) => ValueType::Vector,
            Self::Subquery(_) => ValueType::Matrix,
            Self::Call(call) => call.function.returns,
            Self::Binary(binary) => {
                let is_scalar = |expr: &Self| expr.value_type() == ValueType::Scalar;
                if is_scalar(&binary.left) && is_scalar(&binary.right) {
                    ValueType::Scalar
                } else {
                    ValueType::Vector
                }
            }
            Self::Unary(unary) => unary.expr.value_type(),
            Self::Paren(paren) => paren.expr.value_type(),
        }
    }

    /// The expression without surrounding parentheses.
    #[must_use]
    pub fn bare(&self) -> &Self {
        let mut expr = self;
        while let Self::Paren(paren) = expr {
            expr = &paren.expr;
        }
        expr
    }

    /// Its selectors, in the order of the text.
    #[must_use]
    pub fn selectors(&self) -> Vec<&Selector> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            match expr {
                Self::Number(_) | Self::Text(_) => {}
                Self::Selector(selector) => found.push(&**selector),
                Self::Subquery(subquery) => open.push(&subquery.expr),
                Self::Call(call) => open.extend(call.arguments.iter().rev()),
                Self::Aggregate(aggregate) => {
                    open.push(&aggregate.expr);
                    open.extend(&aggregate.parameter);
                }
                Self::Binary(binary) => open.extend([&binary.right, &binary.left]),
                Self::Unary(unary) => open.push(&unary.expr),
                Self::Paren(paren) => open.push(&paren.expr),
            }
        }
        found
    }
}

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

/// What an expression evaluates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// One number per step.
    Scalar,
    /// A text.
    Text,
    /// At most one sample per series and step.
    Vector,
    /// A range of samples per series.
    Matrix,
}

impl ValueType {
    /// The word of the query language's documentation: `scalar`, `string`, `instant vector`,
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

    /// The word of the HTTP API: `scalar`, `string`, `vector`, `matrix`.
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
    /// A number, or a duration in place of one.
    Number(Number),
    /// A quoted text.
    Text(Text),
    /// An instant or range selector.
    Selector(Box<Selector>),
    /// `expr[range:step]`
    Subquery(Box<Subquery>),
    /// A function call.
    Call(Box<Call>),
    /// `sum by (…) (…)` and its like.
    Aggregate(Box<Aggregate>),
    /// Two operands and an operator.
    Binary(Box<Binary>),
    /// A sign before an expression.
    Unary(Box<Unary>),
    /// An expression in parentheses.
    Paren(Box<Paren>),
}

/// A number in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value; seconds when written as a duration.
    pub value: f64,
    /// Whether it was written as a duration, such as `5m`.
    pub is_duration: bool,
    /// Where.
    pub span: Span,
}

/// A quoted text with its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Where, with the quotes.
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
    /// The sign in the language.
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

/// A condition on one label; a pattern has been compiled once to see that it is one.
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

/// `@`: which instant a selector looks at instead of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since 1970.
    Time(i64),
    /// Start of the whole query.
    Start,
    /// End of the whole query.
    End,
}

/// How a range is extended at its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// With the sample before, at the edge.
    Anchored,
    /// With values interpolated at the edges.
    Smoothed,
}

/// `name{matchers}[range] @ at offset offset`
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// The name before the braces.
    pub name: Option<String>,
    /// All conditions, that on the name last when it stands before the braces.
    pub matchers: Vec<Matcher>,
    /// Width of the range; none for an instant selector.
    pub range: Option<DurationExpr>,
    /// How the range's edges are treated.
    pub extension: Option<Extension>,
    /// How far back to look; negative is forward.
    pub offset: Option<DurationExpr>,
    /// When to look.
    pub at: Option<At>,
    /// Name, braces, range and modifiers.
    pub span: Span,
}

/// `expr[range:step] @ at offset offset`
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated at each step.
    pub expr: Expr,
    /// Width of the range.
    pub range: DurationExpr,
    /// Distance of the steps; the default is the server's.
    pub step: Option<DurationExpr>,
    /// As for selectors.
    pub offset: Option<DurationExpr>,
    /// As for selectors.
    pub at: Option<At>,
    /// Where.
    pub span: Span,
}

/// `function(arguments)`
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name and signature.
    pub function: &'static Function,
    /// What it is called with.
    pub arguments: Vec<Expr>,
    /// Where.
    pub span: Span,
}

/// How series are put together.
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

    /// Whether a parameter stands before the vector.
    #[must_use]
    pub fn has_parameter(self) -> bool {
        use Aggregation::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        matches!(self, Topk | Bottomk | Quantile | CountValues | Limitk | LimitRatio)
    }
}

/// `sum by (labels) (expr)`
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which one.
    pub op: Aggregation,
    /// Number or text before the vector.
    pub parameter: Option<Expr>,
    /// The vector.
    pub expr: Expr,
    /// Labels of `by` or `without`.
    pub grouping: Vec<String>,
    /// Whether `grouping` is dropped rather than kept.
    pub is_without: bool,
    /// Where.
    pub span: Span,
}

/// An operator between two operands.
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
    /// `</`: a histogram without the observations above.
    TrimUpper,
    /// `>/`: a histogram without the observations below.
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    /// The sign or word in the language.
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

    /// Whether it filters, or with `bool` gives 0 or 1.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    /// Whether it works on sets of series rather than on values.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// How strongly it binds: more is stronger.
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

/// How many series of each side belong together.
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

/// Which series of two vectors belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matching {
    /// How many of each side.
    pub cardinality: Cardinality,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Whether `labels` are those compared rather than those left out.
    pub is_on: bool,
    /// Labels that `group_left` and `group_right` take from the one side.
    pub include: Vec<String>,
    /// Value for series missing on the left.
    pub fill_left: Option<f64>,
    /// Value for series missing on the right.
    pub fill_right: Option<f64>,
}

/// `left op right`
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Where it stands.
    pub op_span: Span,
    /// Left operand.
    pub left: Expr,
    /// Right operand.
    pub right: Expr,
    /// Which series belong together.
    pub matching: Matching,
    /// Whether a comparison gives 0 or 1 rather than filtering.
    pub is_bool: bool,
}

/// `-expr` or `+expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// Minus rather than plus.
    pub is_negative: bool,
    /// The operand.
    pub expr: Expr,
    /// Where.
    pub span: Span,
}

/// `(expr)`
#[derive(Debug, Clone, PartialEq)]
pub struct Paren {
    /// What is inside.
    pub expr: Expr,
    /// Where, with the parentheses.
    pub span: Span,
}

/// An operator between durations.
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

/// A duration, or arithmetic that gives one once step and range of the query are known.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationExpr {
    /// Seconds.
    Number(Number),
    /// `step()`
    Step(Span),
    /// `range()`
    Range(Span),
    /// A sign.
    Unary {
        /// Minus rather than plus.
        is_negative: bool,
        /// The operand.
        expr: Box<DurationExpr>,
        /// Where the sign stands.
        span: Span,
    },
    /// Two operands, also of `min_of` and `max_of`.
    Binary {
        /// The operator.
        op: DurationOp,
        /// Left operand.
        left: Box<DurationExpr>,
        /// Right operand.
        right: Box<DurationExpr>,
        /// Where the operator stands.
        span: Span,
    },
    /// In parentheses.
    Paren(Box<DurationExpr>, Span),
}

impl Expr {
    /// Where it stands in the text.
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

    /// What it evaluates to.
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

    /// The expression without parentheses around it.
    #[must_use]
    pub fn bare(&self) -> &Self {
        let mut expr = self;
        while let Self::Paren(paren) = expr {
            expr = &paren.expr;
        }
        expr
    }

    /// The selectors in it, in the order of the text.
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

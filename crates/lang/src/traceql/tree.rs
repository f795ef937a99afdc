//! The tree of a TraceQL query.

/// A query with its hints.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The root of the query.
    pub root: Root,
    /// `with(name=value, …)`.
    pub hints: Vec<(String, Static)>,
}

/// The kind of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// Spans.
    Spansets(Pipeline),
    /// Traces, selected by a comparison of the numeric results of two pipelines.
    ScalarFilter(ScalarFilter),
    /// Series over time.
    Metrics(MetricsExpr),
}

/// Stages that each map the span sets of one trace to span sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The stages; at least one.
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Filters spans.
    Spanset(SpansetExpr),
    /// Filters span sets by a number computed from them.
    Scalar(ScalarFilter),
    /// `by(…)`: splits span sets by a value.
    By(FieldExpr),
    /// `coalesce()`: merges span sets.
    Coalesce,
    /// `select(…)`: returns these attributes with the spans.
    Select(Vec<FieldExpr>),
}

/// An expression that selects spans.
#[derive(Debug, Clone, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`
    Filter(FieldExpr),
    /// `( … | … )`
    Pipeline(Pipeline),
    /// A binary operator between two span sets.
    Operation {
        /// The operator.
        op: SpansetOp,
        /// Left operand.
        left: Box<SpansetExpr>,
        /// Right operand.
        right: Box<SpansetExpr>,
    },
}

/// A spanset operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpansetOp {
    /// `&&`: all spans of both, if neither is empty.
    And,
    /// `||`: all spans of both.
    Or,
    /// A structural operator, by positions in the trace.
    Structural(Relation, RelationKind),
}

/// The relation of the right span to the left span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `>`: right is a child of left.
    Child,
    /// `<`: right is the parent of left.
    Parent,
    /// `>>`: right is a descendant of left.
    Descendant,
    /// `<<`: right is an ancestor of left.
    Ancestor,
    /// `~`: both have the same parent.
    Sibling,
}

/// The spans that a structural operator returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// Right spans with the relation to some left span.
    Plain,
    /// `!`: right spans without it.
    Negated,
    /// `&`: spans of both sides with the relation.
    Union,
}

/// `left op right` of numbers computed from a span set.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarFilter {
    /// A comparison.
    pub op: BinaryOp,
    /// Left operand.
    pub left: ScalarExpr,
    /// Right operand.
    pub right: ScalarExpr,
}

/// A number computed from a span set.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarExpr {
    /// A constant.
    Static(Static),
    /// `count()`, or a function of a field; the field is `None` only for `count`.
    Aggregate(Aggregate, Option<Box<FieldExpr>>),
    /// Arithmetic.
    Binary(BinaryOp, Box<ScalarExpr>, Box<ScalarExpr>),
    /// `( … | count())`
    Pipeline(Pipeline, Box<ScalarExpr>),
}

/// Functions of a span set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Number of spans.
    Count,
    /// Mean.
    Avg,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
    /// Sum.
    Sum,
}

/// A value of one span.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldExpr {
    /// A constant.
    Static(Static),
    /// An attribute.
    Attribute(Attribute),
    /// A built-in field.
    Intrinsic(Intrinsic),
    /// A unary operator.
    Unary(UnaryOp, Box<FieldExpr>),
    /// A binary operator.
    Binary(BinaryOp, Box<FieldExpr>, Box<FieldExpr>),
}

/// An attribute and its scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute {
    /// The scope.
    pub scope: Scope,
    /// Whether it is an attribute of the parent span.
    pub of_parent: bool,
    /// The name.
    pub name: String,
}

/// The scope of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// On the span, else on the resource.
    Any,
    /// On the resource.
    Resource,
    /// On the span.
    Span,
    /// On an event.
    Event,
    /// On a link.
    Link,
    /// On the instrumentation scope.
    Instrumentation,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Only known at run time.
    Unknown,
    Nil,
    Int,
    Float,
    Text,
    Bool,
    Duration,
    Status,
    Kind,
}

macro_rules! intrinsics {
    ($($(#[$doc:meta])* $variant:ident, $kind:ident, $name:literal $(, $alias:literal)*;)*) => {
        /// Built-in fields.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Intrinsic { $($(#[$doc])* $variant),* }

        impl Intrinsic {
            /// All intrinsics.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The canonical name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The intrinsic with a name, with or without scope.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name $(| $alias)* => Some(Self::$variant),)* _ => None }
            }

            pub(super) fn value_type(self) -> Type {
                match self { $(Self::$variant => Type::$kind),* }
            }
        }
    };
}

intrinsics! {
    /// Duration of the span.
    Duration, Duration, "duration", "span:duration";
    /// Name of the span.
    Name, Text, "name", "span:name";
    /// Status of the span.
    Status, Status, "status", "span:status";
    /// Status message of the span.
    StatusMessage, Text, "statusMessage", "span:statusMessage";
    /// Kind of the span.
    Kind, Kind, "kind", "span:kind";
    /// Number of children.
    ChildCount, Int, "span:childCount", "childCount";
    /// The parent span.
    Parent, Nil, "parent";
    /// From the first start to the last end in the trace.
    TraceDuration, Duration, "traceDuration", "trace:duration";
    /// Name of the root span.
    RootName, Text, "rootName", "trace:rootName";
    /// Service of the root span.
    RootService, Text, "rootServiceName", "trace:rootService";
    /// Id of the trace in hexadecimal.
    TraceId, Text, "trace:id";
    /// Id of the span in hexadecimal.
    SpanId, Text, "span:id";
    /// Id of the parent span in hexadecimal.
    ParentId, Text, "span:parentID";
    /// Name of an event.
    EventName, Text, "event:name";
    /// From the span's start to an event.
    EventTimeSinceStart, Duration, "event:timeSinceStart";
    /// Trace id of a link.
    LinkTraceId, Text, "link:traceID";
    /// Span id of a link.
    LinkSpanId, Text, "link:spanID";
    /// Name of the instrumentation scope.
    InstrumentationName, Text, "instrumentation:name";
    /// Version of the instrumentation scope.
    InstrumentationVersion, Text, "instrumentation:version";
    /// Position in the trace's tree, counted on entering.
    NestedSetLeft, Int, "nestedSetLeft";
    /// Position in the trace's tree, counted on leaving.
    NestedSetRight, Int, "nestedSetRight";
    /// The parent's `nestedSetLeft`.
    NestedSetParent, Int, "nestedSetParent";
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Static {
    /// Absence of a value.
    Nil,
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A status.
    Status(Status),
    /// A kind.
    Kind(Kind),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// The keyword in the language.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value of a keyword.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Status of a span.
    Status {
        /// An error.
        Error = "error",
        /// Explicitly successful.
        Ok = "ok",
        /// Not set.
        Unset = "unset",
    }
}

words! {
    /// Kind of a span, in OTLP's order.
    Kind {
        /// Not specified.
        Unspecified = "unspecified",
        /// Inside a service.
        Internal = "internal",
        /// Answers a request.
        Server = "server",
        /// Makes a request.
        Client = "client",
        /// Sends a message.
        Producer = "producer",
        /// Receives a message.
        Consumer = "consumer",
    }
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

words! {
    /// Binary operators.
    BinaryOp {
        /// Addition.
        Add = "+",
        /// Subtraction.
        Sub = "-",
        /// Multiplication.
        Mul = "*",
        /// Division.
        Div = "/",
        /// Modulo.
        Mod = "%",
        /// Power.
        Pow = "^",
        /// Equality.
        Equal = "=",
        /// Inequality.
        NotEqual = "!=",
        /// Matches a pattern.
        Regex = "=~",
        /// Does not match a pattern.
        NotRegex = "!~",
        /// Greater.
        Greater = ">",
        /// Greater or equal.
        GreaterOrEqual = ">=",
        /// Less.
        Less = "<",
        /// Less or equal.
        LessOrEqual = "<=",
        /// Logical and.
        And = "&&",
        /// Logical or.
        Or = "||",
    }
}

impl BinaryOp {
    /// `+ - * / % ^`
    #[must_use]
    pub fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow)
    }

    /// `= != > >= < <=`
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Less
                | Self::LessOrEqual
        )
    }
}

/// Series over time.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsExpr {
    /// Spans, a metrics function, and second stages.
    Pipeline {
        /// The spans.
        spans: Pipeline,
        /// The function.
        aggregate: MetricsAggregate,
        /// Later stages.
        second: Vec<SecondStage>,
    },
    /// Arithmetic of two operands, then second stages.
    Math {
        /// `+ - * /`
        op: BinaryOp,
        /// Left operand.
        left: Box<MetricsExpr>,
        /// Right operand.
        right: Box<MetricsExpr>,
        /// Later stages.
        second: Vec<SecondStage>,
    },
    /// A constant operand of arithmetic.
    Constant(f64),
}

/// A metrics function.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsAggregate {
    /// The function.
    pub op: MetricsOp,
    /// The field, if it takes one.
    pub field: Option<FieldExpr>,
    /// The quantiles, if it takes them.
    pub quantiles: Vec<f64>,
    /// The selection of `compare`, and its integer arguments.
    pub compare: Option<(Box<SpansetExpr>, Vec<i64>)>,
    /// `by(…)`.
    pub by: Vec<FieldExpr>,
}

words! {
    /// Metrics functions.
    MetricsOp {
        /// Spans per second.
        Rate = "rate",
        /// Number of spans.
        CountOverTime = "count_over_time",
        /// Minimum.
        MinOverTime = "min_over_time",
        /// Maximum.
        MaxOverTime = "max_over_time",
        /// Mean.
        AvgOverTime = "avg_over_time",
        /// Sum.
        SumOverTime = "sum_over_time",
        /// Quantiles.
        QuantileOverTime = "quantile_over_time",
        /// A histogram with power-of-two buckets.
        HistogramOverTime = "histogram_over_time",
        /// Differences between two groups of spans.
        Compare = "compare",
    }
}

/// A second stage.
#[derive(Debug, Clone, PartialEq)]
pub enum SecondStage {
    /// The top k series.
    Topk(u64),
    /// The bottom k series.
    Bottomk(u64),
    /// Points that satisfy a comparison.
    Filter(BinaryOp, f64),
}

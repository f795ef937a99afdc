//! The tree of a TraceQL query.

/// A query with its hints.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is asked.
    pub root: Root,
    /// `with(name=value, …)`.
    pub hints: Vec<(String, Static)>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// Spans.
    Spansets(Pipeline),
    /// Traces by a comparison of two pipelines' numbers.
    ScalarFilter(ScalarFilter),
    /// Series over time.
    Metrics(MetricsExpr),
}

/// Steps that each take the span sets of one trace and give span sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The steps; at least one.
    pub stages: Vec<Stage>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Keeps spans.
    Spanset(SpansetExpr),
    /// Keeps span sets by a number computed from them.
    Scalar(ScalarFilter),
    /// `by(…)`: splits span sets by a value.
    By(FieldExpr),
    /// `coalesce()`: joins span sets again.
    Coalesce,
    /// `select(…)`: returns these attributes with the spans.
    Select(Vec<FieldExpr>),
}

/// Which spans.
#[derive(Debug, Clone, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`
    Filter(FieldExpr),
    /// `( … | … )`
    Pipeline(Pipeline),
    /// Two span sets and how they relate.
    Operation {
        /// The operator.
        op: SpansetOp,
        /// Left operand.
        left: Box<SpansetExpr>,
        /// Right operand.
        right: Box<SpansetExpr>,
    },
}

/// How two span sets are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpansetOp {
    /// `&&`: all spans of both, when neither is empty.
    And,
    /// `||`: all spans of both.
    Or,
    /// By their places in the trace.
    Structural(Relation, RelationKind),
}

/// What the right span is to a left span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `>`: right is a child of left.
    Child,
    /// `<`: right is the parent of left.
    Parent,
    /// `>>`: right is below left.
    Descendant,
    /// `<<`: right is above left.
    Ancestor,
    /// `~`: both have the same parent.
    Sibling,
}

/// Which spans a structural operator gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// Right spans that are so related to some left span.
    Plain,
    /// `!`: right spans that are not.
    Negated,
    /// `&`: the related spans of both sides.
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
    /// Greatest.
    Max,
    /// Least.
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
    /// One operand.
    Unary(UnaryOp, Box<FieldExpr>),
    /// Two operands.
    Binary(BinaryOp, Box<FieldExpr>, Box<FieldExpr>),
}

/// An attribute and where to look for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute {
    /// Where.
    pub scope: Scope,
    /// Whether the parent span's is meant.
    pub of_parent: bool,
    /// The name.
    pub name: String,
}

/// Where an attribute is.
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
    /// Known only with data.
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
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The usual name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The field of a name, with or without scope.
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
    /// How long the span took.
    Duration, Duration, "duration", "span:duration";
    /// Name of the span.
    Name, Text, "name", "span:name";
    /// Status of the span.
    Status, Status, "status", "span:status";
    /// What the status says.
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
    /// Place in the trace's tree, counted when entering.
    NestedSetLeft, Int, "nestedSetLeft";
    /// Place in the trace's tree, counted when leaving.
    NestedSetRight, Int, "nestedSetRight";
    /// The parent's `nestedSetLeft`.
    NestedSetParent, Int, "nestedSetParent";
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Static {
    /// Nothing.
    Nil,
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// Nanoseconds.
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
            /// The word in the language.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What a word stands for.
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
        /// Explicitly fine.
        Ok = "ok",
        /// Not said.
        Unset = "unset",
    }
}

words! {
    /// Kind of a span, in OTLP's order.
    Kind {
        /// Not said.
        Unspecified = "unspecified",
        /// Inside a service.
        Internal = "internal",
        /// Answers a request.
        Server = "server",
        /// Makes a request.
        Client = "client",
        /// Sends a message.
        Producer = "producer",
        /// Takes a message.
        Consumer = "consumer",
    }
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

words! {
    /// Operators with two operands.
    BinaryOp {
        /// Addition.
        Add = "+",
        /// Subtraction.
        Sub = "-",
        /// Multiplication.
        Mul = "*",
        /// Division.
        Div = "/",
        /// Remainder.
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
        /// Both.
        And = "&&",
        /// Either.
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
    /// Spans, a function over time, and what is done with its series.
    Pipeline {
        /// The spans.
        spans: Pipeline,
        /// The function.
        aggregate: MetricsAggregate,
        /// Later stages.
        second: Vec<SecondStage>,
    },
    /// Arithmetic of two, then later stages.
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

/// A function over time.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsAggregate {
    /// Which.
    pub op: MetricsOp,
    /// The field, where it takes one.
    pub field: Option<FieldExpr>,
    /// The quantiles, where it takes them.
    pub quantiles: Vec<f64>,
    /// What `compare` compares with, and its whole-number arguments.
    pub compare: Option<(Box<SpansetExpr>, Vec<i64>)>,
    /// `by(…)`.
    pub by: Vec<FieldExpr>,
}

words! {
    /// Functions over time.
    MetricsOp {
        /// Spans a second.
        Rate = "rate",
        /// Number of spans.
        CountOverTime = "count_over_time",
        /// Least.
        MinOverTime = "min_over_time",
        /// Greatest.
        MaxOverTime = "max_over_time",
        /// Mean.
        AvgOverTime = "avg_over_time",
        /// Sum.
        SumOverTime = "sum_over_time",
        /// Quantiles.
        QuantileOverTime = "quantile_over_time",
        /// A histogram with power-of-two buckets.
        HistogramOverTime = "histogram_over_time",
        /// What differs between two groups of spans.
        Compare = "compare",
    }
}

/// What is done with series.
#[derive(Debug, Clone, PartialEq)]
pub enum SecondStage {
    /// The greatest so many.
    Topk(u64),
    /// The least so many.
    Bottomk(u64),
    /// Points that compare so.
    Filter(BinaryOp, f64),
}

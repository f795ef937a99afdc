//! The tree of a LogQL query.

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Selects log lines.
    Log(LogExpr),
    /// Computes numbers from log lines.
    Metric(MetricExpr),
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`, anchored at both ends
    NotRegex,
}

/// A condition on the text of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// The comparison.
    pub op: MatchOp,
    /// The text or pattern.
    pub value: String,
}

/// Streams, and what is done to each of their lines in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// The stream selector.
    pub selector: Vec<Matcher>,
    /// The pipeline.
    pub stages: Vec<Stage>,
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Keeps lines by their text.
    Line(LineFilter),
    /// `| json`: all fields when there are no expressions, else the named paths.
    Json(Vec<Extraction>),
    /// `| logfmt`
    Logfmt {
        /// `--strict`: stop at the first malformed pair.
        strict: bool,
        /// `--keep-empty`: keys without values become empty labels.
        keep_empty: bool,
        /// The keys to take; all when empty.
        expressions: Vec<Extraction>,
    },
    /// `| regexp`: named groups become labels.
    Regexp(String),
    /// `| pattern`: `<name>` captures become labels.
    Pattern(String),
    /// `| unpack`: undoes what the `pack` stage of an agent did.
    Unpack,
    /// Keeps lines by their labels.
    Label(LabelFilter),
    /// `| line_format`: a template makes the new line.
    LineFormat(String),
    /// `| label_format`
    LabelFormat(Vec<LabelFormat>),
    /// `| drop`
    Drop(Vec<NameOrMatcher>),
    /// `| keep`
    Keep(Vec<NameOrMatcher>),
    /// `| decolorize`: removes terminal colours.
    Decolorize,
}

/// The comparison of a line filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOp {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`, not anchored
    Regex,
    /// `!~`, not anchored
    NotRegex,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

/// Keeps a line when one alternative matches it; the negative operators drop it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// The comparison, the same for all alternatives.
    pub op: LineOp,
    /// At least one; the chain of `or`.
    pub alternatives: Vec<LineMatch>,
}

/// What a line filter looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineMatch {
    /// A text or pattern.
    Text(String),
    /// `ip("…")`: an address, range or network.
    Ip(String),
}

/// `label="expression"` of `json` and `logfmt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The new label.
    pub label: String,
    /// The path or key to read; the label's own name when none was given.
    pub expression: String,
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilter {
    /// Both hold.
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// At least one holds.
    Or(Box<LabelFilter>, Box<LabelFilter>),
    /// A comparison of text.
    Text(Matcher),
    /// A comparison of numbers, durations or sizes.
    Value {
        /// The label.
        name: String,
        /// The comparison.
        op: Comparison,
        /// What it is compared with; its type says how the label's text is read.
        value: LabelValue,
    },
    /// `label = ip("…")`
    Ip {
        /// The label.
        name: String,
        /// Whether it is `!=`.
        negated: bool,
        /// Address, range or network.
        pattern: String,
    },
}

/// An ordering comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=` or `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// The right side of a typed label filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LabelValue {
    /// A plain number.
    Number(f64),
    /// A duration in nanoseconds.
    DurationNs(i64),
    /// A size in bytes.
    Bytes(u64),
}

/// `new=source` or `new="template"` of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFormat {
    /// The source label gets a new name.
    Rename {
        /// The new name.
        to: String,
        /// The old name.
        from: String,
    },
    /// A template makes the value.
    Template {
        /// The label.
        to: String,
        /// The template.
        template: String,
    },
}

/// What `drop` and `keep` name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrMatcher {
    /// The label whatever its value.
    Name(String),
    /// The label where its value matches.
    Matcher(Matcher),
}

/// Reads a number from a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// How the label's text becomes a number.
    pub conversion: Conversion,
    /// The label.
    pub label: String,
    /// Filters after the unwrap.
    pub filters: Vec<LabelFilter>,
}

/// How text becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// As a number.
    None,
    /// `bytes(label)`
    Bytes,
    /// `duration(label)` and `duration_seconds(label)`: seconds
    Duration,
}

/// Lines of a window that ends at each evaluation time.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSelector {
    /// The lines.
    pub log: LogExpr,
    /// The number in each line; none counts lines.
    pub unwrap: Option<Unwrap>,
    /// Length of the window in nanoseconds; positive.
    pub range_ns: i64,
    /// How far the window lies before the evaluation time, in nanoseconds.
    pub offset_ns: i64,
}

/// A query that gives numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricExpr {
    /// Over the lines of a window.
    Range(Box<RangeAggregation>),
    /// Over series at one time.
    Vector(Box<VectorAggregation>),
    /// Of two operands.
    Binary(Box<Binary>),
    /// A number.
    Literal(f64),
    /// `vector(n)`: the number as a series without labels.
    VectorOf(f64),
    /// `label_replace(v, destination, replacement, source, regex)`
    LabelReplace {
        /// The series.
        operand: Box<MetricExpr>,
        /// The label that is set.
        destination: String,
        /// Its value, with `$1` for groups.
        replacement: String,
        /// The label that is read.
        source: String,
        /// An anchored pattern.
        regex: String,
    },
}

/// Which labels make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Only these, or all but these.
    pub kind: Group,
    /// The names.
    pub labels: Vec<String>,
}

/// `by` or `without`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Only the named labels.
    By,
    /// All labels but the named.
    Without,
}

/// A function over a window of lines.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeAggregation {
    /// The function.
    pub op: RangeOp,
    /// The quantile.
    pub parameter: Option<f64>,
    /// The window.
    pub selector: RangeSelector,
    /// `None` keeps all labels.
    pub grouping: Option<Grouping>,
}

/// A function over series at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorAggregation {
    /// The function.
    pub op: VectorOp,
    /// How many series `topk` and its like keep; positive.
    pub parameter: Option<u32>,
    /// The series.
    pub operand: MetricExpr,
    /// `None` makes one group without labels.
    pub grouping: Option<Grouping>,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// The name in the language.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The function or operator of a name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

named! {
    /// Functions over windows.
    RangeOp {
        /// Whether there are no lines.
        Absent = "absent_over_time",
        /// Mean.
        Avg = "avg_over_time",
        /// Bytes of the lines.
        Bytes = "bytes_over_time",
        /// Bytes a second.
        BytesRate = "bytes_rate",
        /// Number of lines.
        Count = "count_over_time",
        /// First value.
        First = "first_over_time",
        /// Last value.
        Last = "last_over_time",
        /// Greatest.
        Max = "max_over_time",
        /// Least.
        Min = "min_over_time",
        /// Quantile with linear interpolation.
        Quantile = "quantile_over_time",
        /// Lines a second, or the sum of values a second.
        Rate = "rate",
        /// Increase of a counter a second.
        RateCounter = "rate_counter",
        /// Population standard deviation.
        Stddev = "stddev_over_time",
        /// Population variance.
        Stdvar = "stdvar_over_time",
        /// Sum.
        Sum = "sum_over_time",
    }
}

named! {
    /// Functions over series.
    VectorOp {
        /// The greatest k, estimated by Loki.
        ApproxTopk = "approx_topk",
        /// Mean.
        Avg = "avg",
        /// The least k.
        Bottomk = "bottomk",
        /// Number of series.
        Count = "count",
        /// Greatest.
        Max = "max",
        /// Least.
        Min = "min",
        /// Ascending order.
        Sort = "sort",
        /// Descending order.
        SortDesc = "sort_desc",
        /// Population standard deviation.
        Stddev = "stddev",
        /// Population variance.
        Stdvar = "stdvar",
        /// Sum.
        Sum = "sum",
        /// The greatest k.
        Topk = "topk",
    }
}

named! {
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
        /// Remainder.
        Mod = "%",
        /// Power.
        Pow = "^",
        /// Equality.
        Equal = "==",
        /// Inequality.
        NotEqual = "!=",
        /// Greater.
        Greater = ">",
        /// Greater or equal.
        GreaterOrEqual = ">=",
        /// Less.
        Less = "<",
        /// Less or equal.
        LessOrEqual = "<=",
        /// Series that are on both sides.
        And = "and",
        /// Series of either side.
        Or = "or",
        /// Series of the left side only.
        Unless = "unless",
    }
}

impl BinaryOp {
    /// Whether it works on sets of series.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether it compares.
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

/// An operator with two operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Left operand.
    pub left: MetricExpr,
    /// Right operand.
    pub right: MetricExpr,
    /// `bool`: comparisons give 0 and 1 in place of filtering.
    pub returns_bool: bool,
    /// How series of both sides find each other; `None` means by all labels.
    pub matching: Option<Matching>,
}

/// `on(…)` or `ignoring(…)`, with `group_left(…)` or `group_right(…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// `on` in place of `ignoring`.
    pub on: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// `group_left` or `group_right`.
    pub many: Option<Many>,
}

/// The side on which many series match one of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Many {
    /// `group_left` with the labels copied from the right.
    Left(Vec<String>),
    /// `group_right` with the labels copied from the left.
    Right(Vec<String>),
}

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

/// A stream selector and the pipeline for its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// The stream selector.
    pub selector: Vec<Matcher>,
    /// The pipeline.
    pub stages: Vec<Stage>,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Filters lines by their text.
    Line(LineFilter),
    /// `| json`: all fields when there are no expressions, else the named paths.
    Json(Vec<Extraction>),
    /// `| logfmt`
    Logfmt {
        /// `--strict`: stop at the first malformed pair.
        strict: bool,
        /// `--keep-empty`: keys without values become empty labels.
        keep_empty: bool,
        /// The keys to extract; all when empty.
        expressions: Vec<Extraction>,
    },
    /// `| regexp`: named groups become labels.
    Regexp(String),
    /// `| pattern`: `<name>` captures become labels.
    Pattern(String),
    /// `| unpack`: reverses the `pack` stage of an agent.
    Unpack,
    /// Filters lines by their labels.
    Label(LabelFilter),
    /// `| line_format`: replaces the line with the result of a template.
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

/// Keeps a line if any alternative matches; negative operators drop it in that case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// The comparison, the same for all alternatives.
    pub op: LineOp,
    /// At least one; the chain of `or`.
    pub alternatives: Vec<LineMatch>,
}

/// The operand of a line filter.
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
    /// The path or key to read; the name of the label if none was given.
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
        /// The value to compare with; its type determines how the label's text is parsed.
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

/// A comparison operator.
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
    /// Renames a label.
    Rename {
        /// The new name.
        to: String,
        /// The old name.
        from: String,
    },
    /// Sets a label from a template.
    Template {
        /// The label.
        to: String,
        /// The template.
        template: String,
    },
}

/// An operand of `drop` and `keep`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrMatcher {
    /// The label, whatever its value.
    Name(String),
    /// The label, if its value matches.
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
    /// The number in each line; `None` counts lines.
    pub unwrap: Option<Unwrap>,
    /// Length of the window in nanoseconds; positive.
    pub range_ns: i64,
    /// Offset of the window before the evaluation time, in nanoseconds.
    pub offset_ns: i64,
}

/// A query that returns numbers.
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
        /// The label to set.
        destination: String,
        /// Its value, with `$1` for groups.
        replacement: String,
        /// The label to read.
        source: String,
        /// An anchored pattern.
        regex: String,
    },
}

/// The labels that define a group.
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
    /// The number of series for `topk` and similar functions; positive.
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

            /// The function or operator with a name.
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
        /// Bytes per second.
        BytesRate = "bytes_rate",
        /// Number of lines.
        Count = "count_over_time",
        /// First value.
        First = "first_over_time",
        /// Last value.
        Last = "last_over_time",
        /// Maximum.
        Max = "max_over_time",
        /// Minimum.
        Min = "min_over_time",
        /// Quantile with linear interpolation.
        Quantile = "quantile_over_time",
        /// Lines per second, or the sum of values per second.
        Rate = "rate",
        /// Increase of a counter per second.
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
        /// The k greatest, estimated by Loki.
        ApproxTopk = "approx_topk",
        /// Mean.
        Avg = "avg",
        /// The k least.
        Bottomk = "bottomk",
        /// Number of series.
        Count = "count",
        /// Maximum.
        Max = "max",
        /// Minimum.
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
        /// The k greatest.
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
        /// Modulo.
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
    /// Whether it is a set operator.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether it is a comparison.
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

/// A binary operator and its operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Left operand.
    pub left: MetricExpr,
    /// Right operand.
    pub right: MetricExpr,
    /// `bool`: comparisons return 0 and 1 instead of filtering.
    pub returns_bool: bool,
    /// How series of both sides are matched; `None` means by all labels.
    pub matching: Option<Matching>,
}

/// `on(…)` or `ignoring(…)`, with `group_left(…)` or `group_right(…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Whether this is `on` rather than `ignoring`.
    pub on: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// `group_left` or `group_right`.
    pub many: Option<Many>,
}

/// The "many" side of a many-to-one match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Many {
    /// `group_left` with the labels copied from the right.
    Left(Vec<String>),
    /// `group_right` with the labels copied from the left.
    Right(Vec<String>),
}

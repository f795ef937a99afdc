//! The tree of an expression as JSON: what Prometheus answers to `/api/v1/parse_query`.
//!
//! Names, order and `null`s are those of Prometheus, which sorts fields by name.

mod duration;

use lang::promql::{
    Aggregate, At, Binary, BinaryOp, Call, Cardinality, Expr, Extension, Matcher, Matching,
    Selector, Subquery, Unary, ValueType, format_float,
};
use serde::{Serialize, Serializer};

use duration::{Duration, literal_ms};

/// The tree of a parsed expression, as Prometheus serializes it.
#[must_use]
pub fn syntax_tree(expr: &Expr) -> impl Serialize {
    Node::of(expr)
}

/// The fields of each node are in order of their names.
#[derive(Serialize)]
#[serde(untagged)]
enum Node<'a> {
    Aggregation {
        expr: Box<Node<'a>>,
        grouping: &'a [String],
        op: &'static str,
        param: Option<Box<Node<'a>>>,
        #[serde(rename = "type")]
        kind: &'static str,
        without: bool,
    },
    Binary {
        #[serde(rename = "bool")]
        is_bool: bool,
        lhs: Box<Node<'a>>,
        matching: Option<MatchingNode<'a>>,
        op: &'static str,
        rhs: Box<Node<'a>>,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    Call {
        args: Vec<Node<'a>>,
        func: Function,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    Selector(SelectorNode<'a>),
    Subquery(Box<SubqueryNode<'a>>),
    Unary {
        expr: Box<Node<'a>>,
        op: &'static str,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    Paren {
        expr: Box<Node<'a>>,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    Number {
        #[serde(rename = "type")]
        kind: &'static str,
        val: String,
    },
    Text {
        #[serde(rename = "type")]
        kind: &'static str,
        val: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MatchingNode<'a> {
    card: &'static str,
    fill_values: FillValues,
    include: &'a [String],
    labels: &'a [String],
    on: bool,
}

#[derive(Serialize)]
struct FillValues {
    #[serde(serialize_with = "shortest")]
    lhs: Option<f64>,
    #[serde(serialize_with = "shortest")]
    rhs: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Function {
    arg_types: Vec<&'static str>,
    name: &'static str,
    return_type: &'static str,
    variadic: i8,
}

/// `vectorSelector`, or with a range `matrixSelector`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SelectorNode<'a> {
    anchored: bool,
    matchers: Vec<MatcherNode<'a>>,
    name: &'a str,
    offset: i64,
    offset_expr: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "absent without a range, null for a literal")]
    range_expr: Option<Option<Duration>>,
    smoothed: bool,
    start_or_end: Option<&'static str>,
    timestamp: Option<i64>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct MatcherNode<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    sign: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubqueryNode<'a> {
    expr: Node<'a>,
    offset: i64,
    offset_expr: Option<Duration>,
    range: i64,
    range_expr: Option<Duration>,
    start_or_end: Option<&'static str>,
    step: i64,
    step_expr: Option<Duration>,
    timestamp: Option<i64>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> Node<'a> {
    fn of(expr: &'a Expr) -> Self {
        match expr {
            Expr::Number(number) => {
                Self::Number { kind: "numberLiteral", val: format_float(number.value) }
            }
            Expr::Text(text) => Self::Text { kind: "stringLiteral", val: &text.value },
            Expr::Selector(selector) => Self::Selector(SelectorNode::of(selector)),
            Expr::Subquery(subquery) => Self::Subquery(Box::new(SubqueryNode::of(subquery))),
            Expr::Call(call) => Self::call(call),
            Expr::Aggregate(aggregate) => Self::aggregation(aggregate),
            Expr::Binary(binary) => Self::binary(binary),
            Expr::Unary(unary) => Self::unary(unary),
            Expr::Paren(paren) => Self::Paren { expr: Self::boxed(&paren.expr), kind: "parenExpr" },
        }
    }

    fn boxed(expr: &'a Expr) -> Box<Self> {
        Box::new(Self::of(expr))
    }

    fn call(call: &'a Call) -> Self {
        let function = call.function;
        Self::Call {
            args: call.arguments.iter().map(Self::of).collect(),
            func: Function {
                arg_types: function.arguments.iter().map(|argument| argument.name()).collect(),
                name: function.name,
                return_type: function.returns.name(),
                variadic: function.variadic,
            },
            kind: "call",
        }
    }

    fn aggregation(aggregate: &'a Aggregate) -> Self {
        Self::Aggregation {
            expr: Self::boxed(&aggregate.expr),
            grouping: &aggregate.grouping,
            op: aggregate.op.name(),
            param: aggregate.parameter.as_ref().map(Self::boxed),
            kind: "aggregation",
            without: aggregate.is_without,
        }
    }

    fn binary(binary: &'a Binary) -> Self {
        let is_vector = |expr: &Expr| expr.value_type() == ValueType::Vector;
        let has_vectors = is_vector(&binary.left) && is_vector(&binary.right);
        Self::Binary {
            is_bool: binary.is_bool,
            lhs: Self::boxed(&binary.left),
            matching: has_vectors.then(|| MatchingNode::of(binary.op, &binary.matching)),
            op: binary.op.sign(),
            rhs: Self::boxed(&binary.right),
            kind: "binaryExpr",
        }
    }

    fn unary(unary: &'a Unary) -> Self {
        let op = if unary.is_negative { "-" } else { "+" };
        Self::Unary { expr: Self::boxed(&unary.expr), op, kind: "unaryExpr" }
    }
}

impl<'a> MatchingNode<'a> {
    fn of(op: BinaryOp, matching: &'a Matching) -> Self {
        let card = match matching.cardinality {
            Cardinality::OneToOne if !op.is_set() => "one-to-one",
            Cardinality::ManyToOne => "many-to-one",
            Cardinality::OneToMany => "one-to-many",
            Cardinality::OneToOne | Cardinality::ManyToMany => "many-to-many",
        };
        Self {
            card,
            fill_values: FillValues { lhs: matching.fill_left, rhs: matching.fill_right },
            include: &matching.include,
            labels: &matching.labels,
            on: matching.is_on,
        }
    }
}

impl<'a> SelectorNode<'a> {
    fn of(selector: &'a Selector) -> Self {
        let range = selector.range.as_ref();
        Self {
            anchored: selector.extension == Some(Extension::Anchored),
            matchers: selector.matchers.iter().map(MatcherNode::of).collect(),
            name: selector.name.as_deref().unwrap_or_default(),
            offset: literal_ms(selector.offset.as_ref()),
            offset_expr: Duration::of_offset(selector.offset.as_ref()),
            range: range.map(|range| literal_ms(Some(range))),
            range_expr: range.map(|range| Duration::of_range(Some(range))),
            smoothed: selector.extension == Some(Extension::Smoothed),
            start_or_end: start_or_end(selector.at),
            timestamp: timestamp(selector.at),
            kind: if range.is_some() { "matrixSelector" } else { "vectorSelector" },
        }
    }
}

impl<'a> MatcherNode<'a> {
    fn of(matcher: &'a Matcher) -> Self {
        Self { name: &matcher.name, sign: matcher.op.sign(), value: &matcher.value }
    }
}

impl<'a> SubqueryNode<'a> {
    fn of(subquery: &'a Subquery) -> Self {
        Self {
            expr: Node::of(&subquery.expr),
            offset: literal_ms(subquery.offset.as_ref()),
            offset_expr: Duration::of_offset(subquery.offset.as_ref()),
            range: literal_ms(Some(&subquery.range)),
            range_expr: Duration::of_range(Some(&subquery.range)),
            start_or_end: start_or_end(subquery.at),
            step: literal_ms(subquery.step.as_ref()),
            step_expr: Duration::of_range(subquery.step.as_ref()),
            timestamp: timestamp(subquery.at),
            kind: "subquery",
        }
    }
}

fn start_or_end(at: Option<At>) -> Option<&'static str> {
    match at? {
        At::Start => Some("start"),
        At::End => Some("end"),
        At::Time(_) => None,
    }
}

fn timestamp(at: Option<At>) -> Option<i64> {
    match at? {
        At::Time(milliseconds) => Some(milliseconds),
        At::Start | At::End => None,
    }
}

/// Writes whole numbers without a fraction, as Go does. Numbers without a form in JSON are `null`.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn shortest<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    const WHOLE_MAX: f64 = 1e15;
    match *value {
        None => serializer.serialize_none(),
        Some(value) if value.fract() == 0.0 && value.abs() < WHOLE_MAX => {
            serializer.serialize_i64(value as i64)
        }
        Some(value) => serializer.serialize_f64(value),
    }
}

//! The keywords of PromQL.

use super::ast::{Aggregation, BinaryOp};
use super::lexer::TokenKind;

/// A keyword outside braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the language")]
pub enum Keyword {
    Offset,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Bool,
    Fill,
    FillLeft,
    FillRight,
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
    Anchored,
    Smoothed,
}

/// The token of a word in lower case, unless it is a plain identifier.
pub(crate) fn word_kind(word: &str) -> Option<TokenKind> {
    use Aggregation as A;
    use Keyword as K;
    let keyword = |keyword| Some(TokenKind::Keyword(keyword));
    let operator = |op| Some(TokenKind::Operator(op));
    let aggregator = |op| Some(TokenKind::Aggregator(op));
    match word {
        "and" => operator(BinaryOp::And),
        "or" => operator(BinaryOp::Or),
        "unless" => operator(BinaryOp::Unless),
        "atan2" => operator(BinaryOp::Atan2),
        "sum" => aggregator(A::Sum),
        "avg" => aggregator(A::Avg),
        "count" => aggregator(A::Count),
        "min" => aggregator(A::Min),
        "max" => aggregator(A::Max),
        "group" => aggregator(A::Group),
        "stddev" => aggregator(A::Stddev),
        "stdvar" => aggregator(A::Stdvar),
        "topk" => aggregator(A::Topk),
        "bottomk" => aggregator(A::Bottomk),
        "count_values" => aggregator(A::CountValues),
        "quantile" => aggregator(A::Quantile),
        "limitk" => aggregator(A::Limitk),
        "limit_ratio" => aggregator(A::LimitRatio),
        "offset" => keyword(K::Offset),
        "by" => keyword(K::By),
        "without" => keyword(K::Without),
        "on" => keyword(K::On),
        "ignoring" => keyword(K::Ignoring),
        "group_left" => keyword(K::GroupLeft),
        "group_right" => keyword(K::GroupRight),
        "bool" => keyword(K::Bool),
        "fill" => keyword(K::Fill),
        "fill_left" => keyword(K::FillLeft),
        "fill_right" => keyword(K::FillRight),
        "start" => keyword(K::Start),
        "end" => keyword(K::End),
        "step" => keyword(K::Step),
        "range" => keyword(K::Range),
        "min_of" => keyword(K::MinOf),
        "max_of" => keyword(K::MaxOf),
        "anchored" => keyword(K::Anchored),
        "smoothed" => keyword(K::Smoothed),
        "inf" | "nan" => Some(TokenKind::Number),
        _ => None,
    }
}

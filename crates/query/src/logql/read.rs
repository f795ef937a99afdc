//! The rows and columns of the log table that a query reads.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::ident;
use lang::logql::{LabelFilter, LabelValue, LineMatch, LineOp, LogExpr, Stage};
use signals::attributes::large;
use signals::log::column;
use signals::{MatchOp, Matcher, MemoryReservation, Signal, Timestamp};
use store::TimeRange;

use super::pipeline::Wanted;
use super::row::Extras;
use super::{filter, labels, level};
use crate::scan::labels::{LabelTest, label_may_be};
use crate::scan::{self, Order, ScanRequest, like_escaped};
use crate::session::Session;
use crate::{Limits, QueryError};

/// Shared by all parts of a query.
#[derive(Clone, Copy)]
pub(super) struct Context<'e> {
    pub(super) session: &'e Session,
    pub(super) limits: &'e Limits,
    /// Memory of this query.
    pub(super) memory: &'e MemoryReservation,
    pub(super) now: Timestamp,
    pub(super) extras: Extras,
}

/// Service of the stream, as a label.
const SERVICE_NAME: &str = "service_name";

impl Context<'_> {
    pub(super) async fn read(
        &self,
        range: TimeRange,
        columns: Vec<&'static str>,
        filters: Vec<Expr>,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let request = ScanRequest { range, columns, filters, order: Order::Any, limit: None };
        scan::scan(self.session, self.now, Signal::Logs, request).await
    }
}

/// The matchers of a selector.
pub(super) fn matchers(selector: &[lang::logql::Matcher]) -> Result<Vec<Matcher>, QueryError> {
    selector.iter().map(filter::matcher).collect()
}

/// Filters that the store can apply before rows are read: the service, and texts that the line must
/// contain. All of them are checked again afterwards.
pub(super) fn filters(log: &LogExpr, matchers: &[Matcher]) -> Vec<Expr> {
    let mut filters: Vec<Expr> = matchers
        .iter()
        .filter(|matcher| {
            matcher.name == SERVICE_NAME
                && matcher.op == MatchOp::Equal
                && !matcher.value.is_empty()
        })
        .map(|matcher| ident(column::SERVICE_NAME).eq(lit(matcher.value.clone())))
        .collect();
    filters.extend(label_filters(&log.stages));
    for stage in &log.stages {
        match stage {
            Stage::Line(line) => {
                if let ([LineMatch::Text(text)], LineOp::Contains) =
                    (line.alternatives.as_slice(), line.op)
                    && !text.is_empty()
                {
                    filters
                        .push(ident(column::BODY).like(lit(format!("%{}%", like_escaped(text)))));
                }
            }
            // Later stages see a different line.
            Stage::LineFormat(_) | Stage::Unpack | Stage::Decolorize => break,
            _ => {}
        }
    }
    filters
}

/// Conditions on labels sent with the line, up to the first stage that creates labels.
fn label_filters(stages: &[Stage]) -> Vec<Expr> {
    let mut filters = Vec::new();
    // A line with an error passes comparisons, and a comparison may cause an error.
    let mut may_have_error = false;
    for stage in stages {
        match stage {
            Stage::Label(filter) => push_label(filter, &mut may_have_error, &mut filters),
            Stage::Line(_) | Stage::Drop(_) | Stage::Keep(_) | Stage::Decolorize => {}
            Stage::LineFormat(_) => may_have_error = true,
            _ => break,
        }
    }
    filters
}

fn push_label(filter: &LabelFilter, may_have_error: &mut bool, filters: &mut Vec<Expr>) {
    let (name, test) = match filter {
        LabelFilter::And(left, right) => {
            push_label(left, may_have_error, filters);
            push_label(right, may_have_error, filters);
            return;
        }
        LabelFilter::Text(matcher) => {
            let is_text = matcher.op == lang::logql::MatchOp::Equal && !matcher.value.is_empty();
            if !is_text || matcher.value.len() >= large::KEPT_BYTES_MIN {
                return;
            }
            (&matcher.name, LabelTest::Is(matcher.value.clone()))
        }
        LabelFilter::Value { name, op, value } if !*may_have_error => {
            *may_have_error = true;
            let test = match value {
                LabelValue::Number(number) => LabelTest::Compares(*op, *number),
                _ => LabelTest::Exists,
            };
            (name, test)
        }
        LabelFilter::Or(..) | LabelFilter::Value { .. } | LabelFilter::Ip { .. } => {
            *may_have_error = true;
            return;
        }
    };
    if is_only_sent(name) {
        filters.push(label_may_be(name, &test));
    }
}

/// Whether a label of this name comes only from the stream, the resource, the scope and the
/// record's attributes.
fn is_only_sent(name: &str) -> bool {
    let is_made = name.starts_with("__") || name.ends_with("_extracted");
    !is_made && name != level::DETECTED_LEVEL && !COLUMN_LABELS.contains(&name)
}

/// Columns of the record that are also labels.
const COLUMN_LABELS: [&str; 10] = [
    column::SEVERITY_NUMBER,
    column::SEVERITY_TEXT,
    column::EVENT_NAME,
    column::TRACE_ID,
    column::SPAN_ID,
    column::FLAGS,
    column::DROPPED_ATTRIBUTES_COUNT,
    column::SCOPE_NAME,
    column::SCOPE_VERSION,
    column::OBSERVED_TIMESTAMP,
];

/// The columns that hold the wanted labels.
pub(super) fn columns(wanted: &Wanted, needs_line: bool, extras: Extras) -> Vec<&'static str> {
    let needs_level = extras.detected_level && wanted.has(level::DETECTED_LEVEL);
    let mut columns = vec![column::TIMESTAMP, column::STREAM];
    if needs_line || needs_level {
        columns.push(column::BODY);
    }
    let is_any_wanted = match wanted {
        Wanted::All => true,
        Wanted::Only(names) => {
            names.iter().any(|name| name != labels::ERROR && name != labels::ERROR_DETAILS)
        }
    };
    if is_any_wanted {
        columns.extend([
            column::RESOURCE_ATTRIBUTES,
            column::SCOPE_ATTRIBUTES,
            column::ATTRIBUTES,
            column::ATTRIBUTE_TYPES,
            column::LARGE_ATTRIBUTES,
        ]);
    }
    for name in COLUMN_LABELS.into_iter().filter(|name| *name != column::OBSERVED_TIMESTAMP) {
        let is_severity = matches!(name, column::SEVERITY_NUMBER | column::SEVERITY_TEXT);
        if wanted.has(name) || is_severity && needs_level {
            columns.push(name);
        }
    }
    if extras.observed_timestamp && wanted.has(column::OBSERVED_TIMESTAMP) {
        columns.push(column::OBSERVED_TIMESTAMP);
    }
    columns
}

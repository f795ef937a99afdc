//! Which rows and columns of the log table a query reads.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::ident;
use lang::logql::{LineMatch, LineOp, LogExpr, Stage};
use signals::log::column;
use signals::{MatchOp, Matcher, MemoryReservation, Signal, Timestamp};
use store::TimeRange;

use super::pipeline::Wanted;
use super::row::Extras;
use super::{filter, labels, level};
use crate::scan::{self, Order, ScanRequest};
use crate::session::Session;
use crate::{Limits, QueryError};

/// What all parts of a query share.
#[derive(Clone, Copy)]
pub(super) struct Context<'e> {
    pub(super) session: &'e Session,
    pub(super) limits: &'e Limits,
    /// Of this query.
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

/// What the store can check before rows are read: the service, and texts that the line must have.
/// All of it is checked again afterwards; this only spares work.
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
            // From here on the line may be another one.
            Stage::LineFormat(_) | Stage::Unpack | Stage::Decolorize => break,
            _ => {}
        }
    }
    filters
}

fn like_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The columns that hold what is wanted.
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
        ]);
    }
    for name in [
        column::SEVERITY_NUMBER,
        column::SEVERITY_TEXT,
        column::EVENT_NAME,
        column::TRACE_ID,
        column::SPAN_ID,
        column::FLAGS,
        column::DROPPED_ATTRIBUTES_COUNT,
        column::SCOPE_NAME,
        column::SCOPE_VERSION,
    ] {
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

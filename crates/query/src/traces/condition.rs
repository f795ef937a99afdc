//! Conditions of a search on single spans: from the search form, and their pushdown to the store.

use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::ident;
use lang::traceql::Static;
use signals::attributes::large;
use signals::span::{StatusCode, column};

use super::SearchRequest;
use crate::traceql::{Fields, SpanTable, Value};

/// The conditions of a search in addition to its query.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    service: Option<String>,
    operation: Option<String>,
    tags: Vec<(String, String)>,
    duration_min_ns: Option<i64>,
    duration_max_ns: Option<i64>,
}

impl Form {
    pub(super) fn new(request: &SearchRequest) -> Self {
        Self {
            service: request.service.clone(),
            operation: request.operation.clone(),
            tags: request.tags.clone(),
            duration_min_ns: request.duration_min_ns,
            duration_max_ns: request.duration_max_ns,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.service.is_none()
            && self.operation.is_none()
            && self.tags.is_empty()
            && self.duration_min_ns.is_none()
            && self.duration_max_ns.is_none()
    }

    /// The columns that it reads.
    pub(super) fn add_to(&self, fields: &mut Fields) {
        if self.service.is_some() {
            fields.add_column(column::SERVICE_NAME);
        }
        if self.operation.is_some() {
            fields.add_column(column::NAME);
        }
        if self.duration_min_ns.is_some() || self.duration_max_ns.is_some() {
            fields.add_column(column::DURATION_NS);
        }
        let is_long = |(_, value): &(String, String)| value.len() >= large::KEPT_BYTES_MIN;
        if self.tags.iter().any(is_long) {
            fields.add_column(column::LARGE_ATTRIBUTES);
        }
        if !self.tags.is_empty() {
            for column in [
                column::ATTRIBUTES,
                column::ATTRIBUTE_TYPES,
                column::RESOURCE_ATTRIBUTES,
                column::SCOPE_ATTRIBUTES,
                column::SCOPE_NAME,
                column::SCOPE_VERSION,
                column::EVENTS,
                column::LINKS,
                column::KIND,
                column::STATUS_CODE,
                column::STATUS_MESSAGE,
            ] {
                fields.add_column(column);
            }
        }
    }

    /// The conditions that are pushed down to the store.
    pub(super) fn filters(&self) -> Vec<Expr> {
        let mut filters = Vec::new();
        if let Some(service) = &self.service {
            filters.push(ident(column::SERVICE_NAME).eq(lit(service.clone())));
        }
        if let Some(operation) = &self.operation {
            filters.push(ident(column::NAME).eq(lit(operation.clone())));
        }
        if let Some(least) = self.duration_min_ns {
            filters.push(ident(column::DURATION_NS).gt_eq(lit(least)));
        }
        if let Some(most) = self.duration_max_ns {
            filters.push(ident(column::DURATION_NS).lt_eq(lit(most)));
        }
        filters
    }

    /// Whether a span satisfies all conditions.
    pub(super) fn holds(&self, table: &SpanTable<'_>, row: usize) -> bool {
        let rows = &table.rows;
        self.service.as_ref().is_none_or(|service| rows.service_name(row) == service)
            && self.operation.as_ref().is_none_or(|operation| rows.name(row) == operation)
            && self.duration_min_ns.is_none_or(|least| rows.duration_ns(row) >= least)
            && self.duration_max_ns.is_none_or(|most| rows.duration_ns(row) <= most)
            && self.tags.iter().all(|(key, value)| has_tag(table, row, key, value))
    }
}

/// Whether a span has an attribute with this text, in any of the places that Jaeger shows.
fn has_tag(table: &SpanTable<'_>, row: usize, key: &str, value: &str) -> bool {
    let rows = &table.rows;
    let known = match key {
        "error" => Some((rows.status_code(row) == StatusCode::Error) == (value == "true"))
            .filter(|_| matches!(value, "true" | "false")),
        "span.kind" => Some(rows.kind(row).name() == value),
        "otel.status_code" => Some(rows.status_code(row).name().eq_ignore_ascii_case(value)),
        "otel.status_description" => Some(rows.status_message(row) == value),
        "otel.scope.name" | "otel.library.name" => Some(rows.scope_name(row) == value),
        "otel.scope.version" | "otel.library.version" => Some(rows.scope_version(row) == value),
        "service.name" => Some(rows.service_name(row) == value),
        _ => None,
    };
    if known == Some(true) {
        return true;
    }
    let is_in = |pairs: &[(String, Value<'static>)]| {
        pairs.iter().any(|(name, found)| name == key && is_text(found, value))
    };
    rows.attributes(row).any(|(name, text, _)| name == key && text == value)
        || is_in(table.resource(row))
        || is_in(table.scope(row))
        || is_in_items(rows.events(row), key, value)
        || is_in_items(rows.links(row), key, value)
}

fn is_text(found: &Value<'static>, text: &str) -> bool {
    match found.clone().into_static() {
        Some(Static::Text(found)) => found == text,
        Some(other) => other.to_string() == text,
        None => false,
    }
}

/// Whether an event or link has this attribute.
fn is_in_items(items: &str, key: &str, value: &str) -> bool {
    // Jaeger shows the name of an event as the field `event`.
    if key != "event" && !items.contains(key) {
        return false;
    }
    let Ok(serde_json::Value::Array(items)) = serde_json::from_str(items) else { return false };
    items.iter().any(|item| {
        key == "event" && item["name"] == value
            || item["attributes"]
                .get(key)
                .is_some_and(|found| is_text(&Value::of_json(found), value))
    })
}

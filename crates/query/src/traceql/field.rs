//! Reads the fields of spans: attributes of all scopes and intrinsics.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::RecordBatch;
use lang::traceql::{Attribute, BinaryOp, FieldExpr, Intrinsic, Kind, Scope, Static, Status};
use signals::attributes::{is_token_count, large};
use signals::span::{SpanRows, column};

use super::{TraceTree, Value, for_each_field};
use crate::QueryError;

type Pairs = Vec<(String, Value<'static>)>;

/// A batch of spans; the JSON of resources and scopes is parsed once per distinct text.
pub(crate) struct SpanTable<'a> {
    pub(crate) rows: SpanRows<'a>,
    objects: HashMap<&'a str, Pairs>,
}

impl<'a> SpanTable<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, QueryError> {
        let rows = SpanRows::new(batch).map_err(|error| QueryError::Internal(error.to_string()))?;
        let mut objects = HashMap::new();
        let mut latest = ["", ""];
        for row in 0..rows.len() {
            let texts = [rows.resource_attributes(row), rows.scope_attributes(row)];
            if texts != latest {
                for text in texts {
                    if !text.is_empty() && !objects.contains_key(text) {
                        objects.insert(text, pairs(text));
                    }
                }
                latest = texts;
            }
        }
        Ok(Self { rows, objects })
    }

    /// The attributes of a span's resource.
    pub(crate) fn resource(&self, row: usize) -> &[(String, Value<'static>)] {
        self.objects.get(self.rows.resource_attributes(row)).map_or(&[], Vec::as_slice)
    }

    /// The attributes of a span's instrumentation scope.
    pub(crate) fn scope(&self, row: usize) -> &[(String, Value<'static>)] {
        self.objects.get(self.rows.scope_attributes(row)).map_or(&[], Vec::as_slice)
    }

    /// Whether a field's value was truncated.
    pub(crate) fn is_cut(&self, row: usize, field: &FieldExpr) -> bool {
        let FieldExpr::Attribute(attribute) = field else { return false };
        matches!(attribute.scope, Scope::Span | Scope::Any)
            && self.rows.is_cut(row, &attribute.name)
    }

    /// A value; fields of the whole trace need its tree.
    pub(crate) fn value(
        &self,
        row: usize,
        field: &FieldExpr,
        tree: Option<&TraceTree>,
    ) -> Value<'_> {
        match field {
            FieldExpr::Attribute(attribute) => self.attribute(row, attribute),
            FieldExpr::Intrinsic(intrinsic) => self.intrinsic(row, *intrinsic, tree),
            _ => Value::Nil,
        }
    }

    fn attribute(&self, row: usize, attribute: &Attribute) -> Value<'_> {
        let name = attribute.name.as_str();
        let span = || {
            let found = self.rows.attributes(row).find(|(key, _, _)| *key == name);
            found.map_or(Value::Nil, |(_, text, kind)| Value::of_attribute(text, kind))
        };
        let listed = |pairs: &[(String, Value<'static>)]| {
            pairs.iter().find(|(key, _)| key == name).map_or(Value::Nil, |(_, value)| value.clone())
        };
        let value = match attribute.scope {
            Scope::Span => span(),
            Scope::Resource => listed(self.resource(row)),
            Scope::Instrumentation => listed(self.scope(row)),
            Scope::Any => match span() {
                Value::Nil => listed(self.resource(row)),
                value => value,
            },
            Scope::Event => {
                each(self.rows.events(row), |event| Value::of_json(&event["attributes"][name]))
            }
            Scope::Link => {
                each(self.rows.links(row), |link| Value::of_json(&link["attributes"][name]))
            }
        };
        if is_token_count(name) { value.with_numeric_text() } else { value }
    }

    fn intrinsic(&self, row: usize, intrinsic: Intrinsic, tree: Option<&TraceTree>) -> Value<'_> {
        let rows = &self.rows;
        let text = |text: &'a str| {
            if text.is_empty() { Value::Nil } else { Value::Text(Cow::Borrowed(text)) }
        };
        let json_text = |value: &serde_json::Value| {
            value.as_str().map_or(Value::Nil, |text| Value::Text(Cow::Owned(text.to_owned())))
        };
        match intrinsic {
            Intrinsic::Duration => Value::Duration(rows.duration_ns(row)),
            Intrinsic::Name => Value::Text(Cow::Borrowed(rows.name(row))),
            Intrinsic::Status => Value::Status(
                Status::from_name(rows.status_code(row).name()).unwrap_or(Status::Unset),
            ),
            Intrinsic::StatusMessage => Value::Text(Cow::Borrowed(rows.status_message(row))),
            Intrinsic::Kind => {
                Value::Kind(Kind::from_name(rows.kind(row).name()).unwrap_or(Kind::Unspecified))
            }
            Intrinsic::TraceId => Value::Text(Cow::Owned(rows.trace_id(row).to_string())),
            Intrinsic::SpanId => Value::Text(Cow::Owned(rows.span_id(row).to_string())),
            Intrinsic::ParentId => rows
                .parent_span_id(row)
                .map_or(Value::Nil, |id| Value::Text(Cow::Owned(id.to_string()))),
            Intrinsic::EventName => each(rows.events(row), |event| json_text(&event["name"])),
            Intrinsic::EventTimeSinceStart => {
                let start = rows.start_time(row);
                each(rows.events(row), |event| {
                    event["time_unix_nano"]
                        .as_i64()
                        .map_or(Value::Nil, |time| Value::Duration(time.saturating_sub(start)))
                })
            }
            Intrinsic::LinkTraceId => each(rows.links(row), |link| json_text(&link["trace_id"])),
            Intrinsic::LinkSpanId => each(rows.links(row), |link| json_text(&link["span_id"])),
            Intrinsic::InstrumentationName => text(rows.scope_name(row)),
            Intrinsic::InstrumentationVersion => text(rows.scope_version(row)),
            Intrinsic::Parent => Value::Nil,
            _ => tree.map_or(Value::Nil, |tree| self.of_trace(row, intrinsic, tree)),
        }
    }

    fn of_trace(&self, row: usize, intrinsic: Intrinsic, tree: &TraceTree) -> Value<'_> {
        let root = |read: fn(&SpanRows<'a>, usize) -> &'a str| {
            tree.root.map_or(Value::Nil, |root| Value::Text(Cow::Borrowed(read(&self.rows, root))))
        };
        match intrinsic {
            Intrinsic::TraceDuration => {
                Value::Duration(tree.end_time.saturating_sub(tree.start_time))
            }
            Intrinsic::RootName => root(SpanRows::name),
            Intrinsic::RootService => root(SpanRows::service_name),
            Intrinsic::ChildCount => Value::Int(tree.child_count(row) as i64),
            Intrinsic::NestedSetLeft => Value::Int(tree.nested(row).0),
            Intrinsic::NestedSetRight => Value::Int(tree.nested(row).1),
            // A root's parent is -1, as in Tempo.
            Intrinsic::NestedSetParent => {
                Value::Int(tree.parent(row).map_or(-1, |parent| tree.nested(parent).0))
            }
            _ => Value::Nil,
        }
    }
}

fn pairs(text: &str) -> Pairs {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(object)) => {
            object.iter().map(|(key, value)| (key.clone(), Value::of_json(value))).collect()
        }
        _ => Vec::new(),
    }
}

fn each<'v>(array: &str, read: impl Fn(&serde_json::Value) -> Value<'v>) -> Value<'v> {
    match serde_json::from_str(array) {
        Ok(serde_json::Value::Array(items)) => {
            Value::Each(items.iter().map(read).filter(|value| !value.is_nil()).collect())
        }
        _ => Value::Nil,
    }
}

/// Whether a pattern, or a text longer than the kept start of large attributes, is compared with an
/// attribute. Without it the starts decide for nearly every span.
fn needs_whole_texts(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Binary(op, left, right) => {
            let is_long = match right.as_ref() {
                FieldExpr::Static(Static::Text(text)) => text.len() >= large::KEPT_BYTES_MIN,
                _ => false,
            };
            let is_pattern = matches!(op, BinaryOp::Regex | BinaryOp::NotRegex);
            (is_long || is_pattern) && matches!(left.as_ref(), FieldExpr::Attribute(_))
                || needs_whole_texts(left)
                || needs_whole_texts(right)
        }
        FieldExpr::Unary(_, operand) => needs_whole_texts(operand),
        _ => false,
    }
}

/// The fields that expressions read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    columns: Vec<&'static str>,
    /// Whether a field of the whole trace is read, so that single spans are not enough.
    pub(crate) needs_trace: bool,
}

impl Fields {
    pub(crate) fn add(&mut self, expr: &FieldExpr) {
        if needs_whole_texts(expr) {
            self.add_column(column::LARGE_ATTRIBUTES);
        }
        for_each_field(expr, &mut |field| {
            let columns: &[&'static str] = match field {
                FieldExpr::Attribute(attribute) => match attribute.scope {
                    Scope::Span => &[column::ATTRIBUTES, column::ATTRIBUTE_TYPES],
                    Scope::Resource => &[column::RESOURCE_ATTRIBUTES],
                    Scope::Any => {
                        &[column::ATTRIBUTES, column::ATTRIBUTE_TYPES, column::RESOURCE_ATTRIBUTES]
                    }
                    Scope::Event => &[column::EVENTS],
                    Scope::Link => &[column::LINKS],
                    Scope::Instrumentation => &[column::SCOPE_ATTRIBUTES],
                },
                FieldExpr::Intrinsic(intrinsic) => match intrinsic {
                    Intrinsic::Duration => &[column::DURATION_NS],
                    Intrinsic::Name => &[column::NAME],
                    Intrinsic::Status => &[column::STATUS_CODE],
                    Intrinsic::StatusMessage => &[column::STATUS_MESSAGE],
                    Intrinsic::Kind => &[column::KIND],
                    Intrinsic::SpanId => &[column::SPAN_ID],
                    Intrinsic::ParentId => &[column::PARENT_SPAN_ID],
                    Intrinsic::EventName | Intrinsic::EventTimeSinceStart => &[column::EVENTS],
                    Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => &[column::LINKS],
                    Intrinsic::InstrumentationName => &[column::SCOPE_NAME],
                    Intrinsic::InstrumentationVersion => &[column::SCOPE_VERSION],
                    Intrinsic::TraceId | Intrinsic::Parent => &[],
                    _ => {
                        self.needs_trace = true;
                        &[]
                    }
                },
                _ => &[],
            };
            for column in columns {
                self.add_column(column);
            }
        });
    }

    pub(crate) fn add_column(&mut self, column: &'static str) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
    }

    /// The columns that hold them, and trace id and start.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        let mut columns = vec![column::TRACE_ID, column::START_TIME];
        columns.extend(&self.columns);
        columns
    }
}

//! Lists services, operations, tags and values.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::ident;
use futures::StreamExt;
use lang::traceql::{FieldExpr, Intrinsic, Kind, Root, Scope, Static, Status};
use signals::rows::TextColumn;
use signals::span::column;
use store::TimeRange;

use super::ALWAYS;
use super::by_id::Spans;
use super::pushed::pushed;
use crate::instruments::Language;
use crate::scan::{Order, ScanRequest};
use crate::traceql::{Fields, Program, SpanTable};
use crate::{Engine, QueryError, running};

/// Maximum number of names or values of one answer; reading stops there.
const NAMES_MAX: usize = 20_000;

/// Longest text that is returned as a value, in bytes.
const VALUE_BYTES_MAX: usize = 1_024;

/// An operation of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// Name of its spans.
    pub name: String,
    /// Kind of its spans, as in the column `kind`.
    pub kind: String,
}

/// Names of attributes in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedNames {
    /// `resource`, `span`, `event`, `link`, `instrumentation` or `intrinsic`.
    pub scope: &'static str,
    /// The names, sorted.
    pub names: Vec<String>,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagValue {
    /// `string`, `int`, `float`, `bool`, `duration` or `keyword`.
    pub kind: &'static str,
    /// The value as text.
    pub value: String,
}

impl Engine {
    /// The services with spans in the range, sorted.
    ///
    /// # Errors
    /// Those of the scan.
    pub async fn services(&self, range: Option<TimeRange>) -> Result<Vec<String>, QueryError> {
        self.within(Language::Traceql, |engine| async move {
            let found =
                distinct(&engine.spans()?, range, vec![column::SERVICE_NAME], Vec::new()).await?;
            Ok(found.into_iter().filter_map(|mut row| row.pop()).collect())
        })
        .await
    }

    /// The operations of a service, or of all when `service` is empty; sorted.
    ///
    /// # Errors
    /// Those of the scan.
    pub async fn operations(
        &self,
        service: &str,
        range: Option<TimeRange>,
    ) -> Result<Vec<Operation>, QueryError> {
        let service = service.to_owned();
        self.within(Language::Traceql, |engine| async move {
            let filters = if service.is_empty() {
                Vec::new()
            } else {
                vec![ident(column::SERVICE_NAME).eq(lit(service))]
            };
            let found =
                distinct(&engine.spans()?, range, vec![column::NAME, column::KIND], filters)
                    .await?;
            let operation = |row: Vec<String>| match <[String; 2]>::try_from(row) {
                Ok([name, kind]) => Some(Operation { name, kind }),
                Err(_) => None,
            };
            Ok(found.into_iter().filter_map(operation).collect())
        })
        .await
    }

    /// The names of attributes by scope; `scope` is one of [`ScopedNames::scope`], or empty or
    /// `none` or `all` for all.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] for another scope; those of the scan.
    pub async fn tag_names(
        &self,
        scope: &str,
        range: Option<TimeRange>,
    ) -> Result<Vec<ScopedNames>, QueryError> {
        let scope = scope.to_owned();
        self.within(Language::Traceql, |engine| async move {
            tag_names(&engine.spans()?, &scope, range).await
        })
        .await
    }

    /// The values of an attribute or intrinsic, such as `resource.service.name`, `.http.method` or
    /// `status`; sorted. With a TraceQL query, only those of spans that satisfy its conditions; an
    /// incomplete query, as sent by completion, has no effect.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] if it is neither; those of the scan.
    pub async fn tag_values(
        &self,
        tag: &str,
        query: &str,
        range: Option<TimeRange>,
    ) -> Result<Vec<TagValue>, QueryError> {
        let (tag, query) = (tag.to_owned(), query.to_owned());
        self.within(Language::Traceql, |engine| async move {
            tag_values(&engine.spans()?, &tag, &query, range).await
        })
        .await
    }
}

/// The distinct texts of some columns combined, sorted.
pub(super) async fn distinct(
    spans: &Spans<'_>,
    range: Option<TimeRange>,
    columns: Vec<&'static str>,
    filters: Vec<Expr>,
) -> Result<BTreeSet<Vec<String>>, QueryError> {
    let request = ScanRequest {
        range: range.unwrap_or(ALWAYS),
        columns: columns.clone(),
        filters,
        order: Order::Any,
        limit: None,
    };
    let mut batches = spans.scan(request).await?;
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let texts = columns
            .iter()
            .map(|name| TextColumn::new(&batch, name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        let mut latest: Vec<&str> = Vec::new();
        for row in 0..batch.num_rows() {
            let values: Vec<&str> = texts.iter().map(|column| column.text(row)).collect();
            if values != latest {
                found.insert(values.iter().map(|value| (*value).to_owned()).collect());
                latest = values;
            }
        }
        if found.len() > NAMES_MAX {
            break;
        }
        running::check()?;
    }
    Ok(found)
}

const SCOPES: [&str; 6] = ["resource", "span", "event", "link", "instrumentation", "intrinsic"];

pub(super) async fn tag_names(
    spans: &Spans<'_>,
    scope: &str,
    range: Option<TimeRange>,
) -> Result<Vec<ScopedNames>, QueryError> {
    let is_all = matches!(scope, "" | "all" | "none");
    if !is_all && !SCOPES.contains(&scope) {
        return Err(QueryError::Invalid(format!(
            "unknown scope {scope:?}: expected one of {}",
            SCOPES.join(", ")
        )));
    }
    let mut answer = Vec::new();
    for wanted in SCOPES.into_iter().filter(|name| is_all || *name == scope) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        match wanted {
            "intrinsic" => names.extend(
                Intrinsic::ALL
                    .iter()
                    .filter(|intrinsic| is_offered(**intrinsic))
                    .map(|intrinsic| intrinsic.name().to_owned()),
            ),
            "span" => span_names(spans, range, &mut names).await?,
            "resource" => {
                object_names(spans, range, column::RESOURCE_ATTRIBUTES, &mut names).await?;
            }
            "instrumentation" => {
                object_names(spans, range, column::SCOPE_ATTRIBUTES, &mut names).await?;
            }
            "event" => object_names(spans, range, column::EVENTS, &mut names).await?,
            _ => object_names(spans, range, column::LINKS, &mut names).await?,
        }
        if !names.is_empty() {
            answer.push(ScopedNames { scope: wanted, names: names.into_iter().collect() });
        }
    }
    Ok(answer)
}

fn is_offered(intrinsic: Intrinsic) -> bool {
    !matches!(
        intrinsic,
        Intrinsic::Parent
            | Intrinsic::NestedSetLeft
            | Intrinsic::NestedSetParent
            | Intrinsic::NestedSetRight
    )
}

async fn span_names(
    spans: &Spans<'_>,
    range: Option<TimeRange>,
    names: &mut BTreeSet<String>,
) -> Result<(), QueryError> {
    let request = ScanRequest {
        range: range.unwrap_or(ALWAYS),
        columns: vec![column::ATTRIBUTES],
        filters: Vec::new(),
        order: Order::Any,
        limit: None,
    };
    let mut batches = spans.scan(request).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let Some(map) = batch
            .column_by_name(column::ATTRIBUTES)
            .and_then(|column| column.as_map_opt().cloned())
        else {
            continue;
        };
        let keys = TextColumn::from_array(map.keys().as_ref(), column::ATTRIBUTES)
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        // Only keys of rows in this batch: the array below may be shared with other batches.
        let offsets = map.value_offsets();
        let (first, end) = (
            offsets.first().copied().unwrap_or_default(),
            offsets.last().copied().unwrap_or_default(),
        );
        for entry in first..end {
            let key = keys.text(entry as usize);
            if !names.contains(key) {
                names.insert(key.to_owned());
            }
        }
        if names.len() > NAMES_MAX {
            return Ok(());
        }
        running::check()?;
    }
    Ok(())
}

/// Keys of JSON objects, or of the `attributes` of the objects in JSON arrays.
async fn object_names(
    spans: &Spans<'_>,
    range: Option<TimeRange>,
    column: &'static str,
    names: &mut BTreeSet<String>,
) -> Result<(), QueryError> {
    for row in distinct(spans, range, vec![column], Vec::new()).await? {
        let Some(Ok(json)) =
            row.first().map(|text| serde_json::from_str::<serde_json::Value>(text))
        else {
            continue;
        };
        let objects: Vec<&serde_json::Value> = match &json {
            serde_json::Value::Array(items) => {
                items.iter().map(|item| &item["attributes"]).collect()
            }
            object => vec![object],
        };
        for object in objects.into_iter().filter_map(serde_json::Value::as_object) {
            names.extend(object.keys().cloned());
        }
    }
    Ok(())
}

#[expect(
    clippy::too_many_lines,
    reason = "the tags that need no scan, then the scan for the others"
)]
pub(super) async fn tag_values(
    spans: &Spans<'_>,
    tag: &str,
    query: &str,
    range: Option<TimeRange>,
) -> Result<Vec<TagValue>, QueryError> {
    let filter = filter(query);
    let field = parse_tag(tag)?;
    let keywords = |words: Vec<&'static str>| {
        Ok(words
            .into_iter()
            .map(|word| TagValue { kind: "keyword", value: word.to_owned() })
            .collect())
    };
    let mut fields = Fields::default();
    match &field {
        FieldExpr::Intrinsic(Intrinsic::Status) => {
            return keywords([Status::Error, Status::Ok, Status::Unset].map(Status::name).to_vec());
        }
        FieldExpr::Intrinsic(Intrinsic::Kind) => {
            return keywords(
                [
                    Kind::Client,
                    Kind::Consumer,
                    Kind::Internal,
                    Kind::Producer,
                    Kind::Server,
                    Kind::Unspecified,
                ]
                .map(Kind::name)
                .to_vec(),
            );
        }
        // Fields with a distinct value per span are not useful suggestions.
        FieldExpr::Intrinsic(
            Intrinsic::TraceId
            | Intrinsic::SpanId
            | Intrinsic::ParentId
            | Intrinsic::LinkSpanId
            | Intrinsic::LinkTraceId
            | Intrinsic::Duration
            | Intrinsic::TraceDuration
            | Intrinsic::EventTimeSinceStart,
        ) => return Ok(Vec::new()),
        FieldExpr::Intrinsic(Intrinsic::RootName) => {
            return roots(spans, range, column::NAME).await;
        }
        FieldExpr::Intrinsic(Intrinsic::RootService) => {
            return roots(spans, range, column::SERVICE_NAME).await;
        }
        FieldExpr::Attribute(attribute)
            if attribute.scope == Scope::Resource
                && attribute.name == "service.name"
                && filter.is_none() =>
        {
            let found = distinct(spans, range, vec![column::SERVICE_NAME], Vec::new()).await?;
            return Ok(found
                .into_iter()
                .filter_map(|mut row| row.pop())
                .map(|value| TagValue { kind: "string", value })
                .collect());
        }
        field => fields.add(field),
    }
    if fields.needs_trace {
        return Ok(Vec::new());
    }
    if let Some((_, condition)) = &filter {
        fields.add(condition);
    }
    let request = ScanRequest {
        range: range.unwrap_or(ALWAYS),
        columns: fields.columns(),
        filters: filter.as_ref().map_or_else(Vec::new, |(_, condition)| pushed(condition)),
        order: Order::Any,
        limit: None,
    };
    let mut batches = spans.scan(request).await?;
    let mut values: BTreeSet<TagValue> = BTreeSet::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let table = SpanTable::new(&batch)?;
        for row in 0..table.rows.len() {
            // A truncated value is longer than any that is returned.
            let is_left_out = table.is_cut(row, &field)
                || filter
                    .as_ref()
                    .is_some_and(|(program, condition)| !program.holds(condition, &table, row));
            if is_left_out {
                continue;
            }
            let value = table.value(row, &field, None).into_static().and_then(tag_value);
            if let Some(value) = value
                .filter(|value| value.value.len() <= VALUE_BYTES_MAX && !values.contains(value))
            {
                values.insert(value);
            }
        }
        if values.len() > NAMES_MAX {
            break;
        }
        running::check()?;
    }
    Ok(values.into_iter().collect())
}

/// The condition on single spans in a query, with the program that holds its patterns.
fn filter(query: &str) -> Option<(Program, FieldExpr)> {
    let Root::Spansets(pipeline) = lang::traceql::parse(query).ok()?.root else { return None };
    let program = Program::new(pipeline).ok()?;
    let condition = program.necessary()?;
    Some((program, condition))
}

/// An attribute or intrinsic; a bare name that is not an intrinsic is an attribute of any scope.
fn parse_tag(tag: &str) -> Result<FieldExpr, QueryError> {
    lang::traceql::parse_attribute(tag).or_else(|error| {
        let is_scoped = tag.starts_with('.') || tag.contains(':');
        let bare =
            (!is_scoped).then(|| lang::traceql::parse_attribute(&format!(".{tag}")).ok()).flatten();
        bare.ok_or_else(|| QueryError::Invalid(format!("{tag:?} is not an attribute: {error}")))
    })
}

async fn roots(
    spans: &Spans<'_>,
    range: Option<TimeRange>,
    column: &'static str,
) -> Result<Vec<TagValue>, QueryError> {
    let filters = vec![ident(column::PARENT_SPAN_ID).is_null()];
    let found = distinct(spans, range, vec![column], filters).await?;
    Ok(found
        .into_iter()
        .filter_map(|mut row| row.pop())
        .map(|value| TagValue { kind: "string", value })
        .collect())
}

fn tag_value(value: Static) -> Option<TagValue> {
    let (kind, value) = match value {
        Static::Nil => return None,
        Static::Text(text) => ("string", text),
        Static::Int(number) => ("int", number.to_string()),
        Static::Float(number) => ("float", number.to_string()),
        Static::Bool(value) => ("bool", value.to_string()),
        Static::Duration(ns) => ("duration", Static::Duration(ns).to_string()),
        Static::Status(status) => ("keyword", status.name().to_owned()),
        Static::Kind(kind) => ("keyword", kind.name().to_owned()),
    };
    Some(TagValue { kind, value })
}

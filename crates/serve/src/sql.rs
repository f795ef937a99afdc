//! `POST /api/sql`: one read-only statement; rows as JSON objects or as an Arrow stream.

mod cell;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::ipc::writer::StreamWriter;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use page_api::{SqlColumn, SqlError, SqlRequest};
use query::sql::SqlAnswer;
use query::{Engine, QueryError};

use crate::parameters::read;
use crate::routers::Api;
use crate::{error, json};

/// Maximum size of a request.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Maximum rows in a JSON response; an Arrow stream has the engine's limit.
const JSON_ROWS_MAX: usize = 10_000;
/// Maximum size of a JSON response.
const JSON_BYTES_MAX: usize = 64 << 20;
const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// The route of the SQL endpoint.
pub(crate) fn route() -> MethodRouter<Arc<Api>> {
    post(answer)
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let wants_arrow = request.headers().get(ACCEPT).is_some_and(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.split(',').any(|kind| kind.trim().starts_with(ARROW_STREAM)))
    });
    let body = match read(request.into_body(), BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err((status, message)) => return failure(status, message.trim_end()),
    };
    let question: SqlRequest = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) => {
            let message = format!("the request is not {{\"query\": \"…\"}}: {error}");
            return failure(StatusCode::BAD_REQUEST, &message);
        }
    };
    match ask(&api.engine, &question.query, wants_arrow).await {
        Ok(response) => response,
        Err(error) => query_failure(&error),
    }
}

async fn ask(engine: &Engine, query: &str, wants_arrow: bool) -> Result<Response, QueryError> {
    let answer = engine.sql(query).await?;
    if wants_arrow { arrow_stream(answer).await } else { rows(answer).await }
}

fn query_failure(error: &QueryError) -> Response {
    failure(error::status(error), &error.to_string())
}

fn failure(status: StatusCode, message: &str) -> Response {
    let mut body = Vec::new();
    json::value(&mut body, &SqlError { error: message.to_owned() });
    error::with_retry_after(json::response(status, body))
}

/// Writes a [`page_api::SqlAnswer`] while rows arrive.
async fn rows(answer: SqlAnswer) -> Result<Response, QueryError> {
    let SqlAnswer { schema, mut batches, memory } = answer;
    let mut out = b"{\"columns\":".to_vec();
    let names = distinct_names(schema.fields().iter().map(|field| field.name().as_str()));
    json::list(&mut out, schema.fields().iter().zip(&names), |out, (field, name)| {
        let data_type = type_name(field.data_type());
        json::value(out, &SqlColumn { name: name.clone(), data_type });
    });
    out.extend_from_slice(b",\"rows\":[");
    let (mut count, mut is_truncated) = (0, false);
    'all: while let Some(batch) = batches.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            // The engine's row limit: return the rows so far as a truncated result.
            Err(QueryError::TooLarge(_)) if count > 0 => {
                is_truncated = true;
                break;
            }
            Err(error) => return Err(error),
        };
        for row in 0..batch.num_rows() {
            if count == JSON_ROWS_MAX || out.len() > JSON_BYTES_MAX {
                is_truncated = true;
                break 'all;
            }
            if count > 0 {
                out.push(b',');
            }
            cell::object(&mut out, &names, &batch, row);
            count += 1;
            // Growing the buffer copies it, so both copies are charged.
            let more = (2 * out.capacity()).saturating_sub(memory.bytes());
            memory.try_grow(more).map_err(QueryError::from)?;
        }
    }
    out.extend_from_slice(if is_truncated {
        b"],\"truncated\":true}"
    } else {
        b"],\"truncated\":false}"
    });
    Ok(json::counted(out, memory))
}

/// Makes duplicate column names unique, because rows are JSON objects: `name`, `name_1`, `name_2`.
fn distinct_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let given: HashSet<&str> = names.clone().collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut distinct = |name: &str| {
        let others = (1_u32..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.to_owned())
            .chain(others.filter(|other| !given.contains(other.as_str())))
            .find(|unique| taken.insert(unique.clone()))
            .unwrap_or_default()
    };
    names.map(&mut distinct).collect()
}

/// The SQL name of a type.
fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text".to_owned(),
        DataType::Dictionary(_, values) => type_name(values),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Binary
        | DataType::BinaryView
        | DataType::LargeBinary
        | DataType::FixedSizeBinary(_) => "binary".to_owned(),
        DataType::Map(..) => "map".to_owned(),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::FixedSizeList(..) => "list".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        DataType::Null => "null".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// An Arrow IPC stream with one message per batch, sent as batches arrive.
async fn arrow_stream(answer: SqlAnswer) -> Result<Response, QueryError> {
    let SqlAnswer { schema, mut batches, .. } = answer;
    let writer = StreamWriter::try_new(Vec::new(), &schema).map_err(internal)?;
    // Compute the first batch before sending the status, so that most errors get their own.
    let first = batches.next().await.transpose()?;
    let state = Some((writer, batches, first));
    let body = stream::unfold(state, |state| async move {
        let (mut writer, mut batches, first) = state?;
        let next = match first {
            Some(batch) => Some(Ok(batch)),
            None => batches.next().await,
        };
        match next {
            Some(Ok(batch)) => match message(&mut writer, &batch) {
                Ok(bytes) => Some((Ok(bytes), Some((writer, batches, None)))),
                Err(error) => Some((Err(error), None)),
            },
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((end(writer), None)),
        }
    });
    Ok(([(CONTENT_TYPE, ARROW_STREAM)], Body::from_stream(body)).into_response())
}

fn message(writer: &mut StreamWriter<Vec<u8>>, batch: &RecordBatch) -> Result<Bytes, QueryError> {
    writer.write(batch).map_err(internal)?;
    Ok(std::mem::take(writer.get_mut()).into())
}

fn end(mut writer: StreamWriter<Vec<u8>>) -> Result<Bytes, QueryError> {
    writer.finish().map_err(internal)?;
    Ok(std::mem::take(writer.get_mut()).into())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn internal(error: arrow::error::ArrowError) -> QueryError {
    QueryError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_columns_of_a_row_have_one_name() {
        for (given, expected) in [
            ("a b", "a b"),
            ("a a a", "a a_1 a_2"),
            ("a a a_1", "a a_2 a_1"),
            ("a_1 a a", "a_1 a a_2"),
            ("a a_1 a_1 a", "a a_1 a_1_1 a_2"),
            ("", ""),
        ] {
            let names = distinct_names(given.split_whitespace());
            assert_eq!(names.join(" "), expected, "{given}");
        }
    }
}

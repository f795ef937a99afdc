//! Remote read: `POST /read`, with both kinds of responses.
//!
//! Source: Prometheus' documents "Remote read API" and `remote/read_handler.go`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use query::{Counted, QueryError, SampleRange};
use signals::Labels;
use signals::metric::{NativeHistogram, Samples};
use wire::WireError;
use wire::body::decompress_snappy;
use wire::remote::read::{ReadRequest, ReadSeries, ResponseType, encode_frames, encode_samples};

use crate::error::TextError;
use crate::json;
use crate::parameters;
use crate::routers::Api;

/// Largest request, before and after decompression.
const REQUEST_BYTES_MAX: usize = 1 << 20;
/// A frame of a streamed response ends after the chunk that reaches this, as in Prometheus.
const FRAME_BYTES_MAX: usize = 1 << 20;

pub(super) fn api() -> Router<Arc<Api>> {
    Router::new().route("/read", post(read))
}

async fn read(State(api): State<Arc<Api>>, body: Body) -> Result<Response, TextError> {
    let body = match parameters::read(body, REQUEST_BYTES_MAX).await {
        Ok(body) => body,
        Err((status, message)) => return Err(TextError::new(status, message)),
    };
    let body = decompress_snappy(&body, REQUEST_BYTES_MAX).map_err(|error| bad_request(&error))?;
    let request = ReadRequest::decode(&body).map_err(|error| bad_request(&error))?;
    let ranges: Vec<SampleRange> = request
        .queries
        .iter()
        .map(|query| SampleRange {
            matchers: query.matchers.clone(),
            start_ms: query.start_ms,
            end_ms: query.end_ms,
        })
        .collect();
    let kind = request.response_type().map_err(|error| bad_request(&error))?;
    if kind == ResponseType::StreamedXorChunks {
        match frames(&api, ranges.clone()).await {
            Ok(found) => {
                let frames: Vec<&[u8]> = found.iter().flatten().map(Vec::as_slice).collect();
                return Ok(respond(kind, frames.concat(), found));
            }
            // Native histograms are sent as samples to those who also take these.
            Err(QueryError::Unsupported(_)) if request.accepts(ResponseType::Samples) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = samples(&api, ranges).await?;
    let body = encode_samples(&found)
        .map_err(|error| TextError::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    Ok(respond(ResponseType::Samples, body, found))
}

fn bad_request(error: &WireError) -> TextError {
    TextError::bad_request(error.to_string())
}

/// The encoded frames of each series.
async fn frames(
    api: &Api,
    ranges: Vec<SampleRange>,
) -> Result<Counted<Vec<Vec<Vec<u8>>>>, QueryError> {
    let encode = |query: usize, labels: &Labels, samples: &Samples| {
        let mut out = Vec::new();
        encode_frames(query, labels, samples, FRAME_BYTES_MAX, &mut out)
            .map_err(|error| QueryError::Unsupported(error.to_string()))?;
        // The body is a copy of all frames.
        let bytes = 2 * out.len();
        Ok(Some((out, bytes)))
    };
    api.engine.read_samples(ranges, encode).await
}

/// The samples of each series.
async fn samples(
    api: &Api,
    ranges: Vec<SampleRange>,
) -> Result<Counted<Vec<Vec<ReadSeries>>>, QueryError> {
    let keep = |_: usize, labels: &Labels, samples: &Samples| {
        // The message and its compressed form are made beside them.
        let bytes = 3 * size(samples);
        Ok(Some((ReadSeries { labels: labels.clone(), samples: samples.clone() }, bytes)))
    };
    api.engine.read_samples(ranges, keep).await
}

/// Bytes that samples take.
fn size(samples: &Samples) -> usize {
    let floats = samples.timestamps.len() * (size_of::<i64>() + size_of::<f64>());
    let histograms = samples.histograms.iter().map(|(_, histogram)| {
        let counts = histogram.positive_counts.len() + histogram.negative_counts.len();
        let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
        let numbers = counts + spans + histogram.custom_bounds.len();
        size_of::<NativeHistogram>() + numbers * size_of::<f64>()
    });
    floats + histograms.sum::<usize>()
}

fn respond<T>(kind: ResponseType, body: Vec<u8>, found: Counted<T>) -> Response {
    let bytes = body.len();
    let mut response = ([(CONTENT_TYPE, kind.content_type())], body).into_response();
    // An empty encoding also keeps the response from being compressed again.
    let encoding = kind.content_encoding().unwrap_or("identity");
    response.headers_mut().insert(CONTENT_ENCODING, http::HeaderValue::from_static(encoding));
    json::count(response, bytes, found.into_memory())
}

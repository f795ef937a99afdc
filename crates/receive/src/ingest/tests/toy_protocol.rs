//! A minimal protocol, as CONTRIBUTING describes: a decoder, an endpoint and its responses. A line
//! is one log record, `SERVICE MESSAGE`; the response is 204, or 400 with the rejections.

use axum::routing::post;
use axum::{Router, extract::State, response::IntoResponse, response::Response};
use http::StatusCode;
use signals::log::{LogBuilder, Record};
use store::TimeRange;
use wire::DecodeContext;

use super::*;
use crate::request_body;

#[derive(Debug)]
struct Lines;

impl Decode for Lines {
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
        let text = String::from_utf8_lossy(body);
        let (mut decoded, mut rows) = (Decoded::default(), LogBuilder::default());
        for line in text.lines() {
            let Some((service, message)) = line.split_once(' ') else {
                decoded.rejected += 1;
                decoded.message = format!("{line:?} has no message");
                continue;
            };
            context.memory.try_grow(line.len())?;
            let resource = rows.resource(service, "", "{}");
            let scope = rows.scope("", "", "");
            let record = Record::new(context.received_at, message);
            rows.append(resource, scope, &record)?;
            decoded.services.push((service.to_owned(), 1));
            decoded.accepted += 1;
        }
        decoded.batches.push(Batch::Logs(rows.finish()?));
        Ok(decoded)
    }
}

async fn push(State(receiver): State<Arc<Receiver>>, request: Request<Body>) -> Response {
    let ingested = async {
        let body = request_body::read(request.into_body(), None, receiver.limits()).await?;
        let request = IngestRequest {
            signal: Signal::Logs,
            decoder: Box::new(Lines),
            compression: Compression::None,
            body: body.bytes,
            memory: body.memory,
            body_bytes_max: receiver.limits().http_body_bytes_max,
        };
        receiver.ingest(request).await
    };
    match ingested.await {
        Ok(outcome) if outcome.rejected == 0 => StatusCode::NO_CONTENT.into_response(),
        Ok(outcome) => (StatusCode::BAD_REQUEST, outcome.message().to_owned()).into_response(),
        Err(rejection) if rejection.retry_after().is_some() => {
            (StatusCode::SERVICE_UNAVAILABLE, rejection.to_string()).into_response()
        }
        Err(rejection) => (StatusCode::BAD_REQUEST, rejection.to_string()).into_response(),
    }
}

#[tokio::test]
async fn a_protocol_is_a_decoder_and_an_endpoint() {
    let fixture = fixture(Limits::default()).await;
    let router =
        Router::new().route("/lines", post(push)).with_state(Arc::clone(&fixture.receiver));
    for (body, status, answer) in [
        ("agent started\nagent called a tool", 204, ""),
        ("agent answered\nnothing", 400, r#""nothing" has no message"#),
    ] {
        let request = Request::post("/lines").body(Body::from(body)).unwrap();
        let (got, _, text) = ask(router.clone(), request).await;
        assert_eq!((got, String::from_utf8(text).unwrap().as_str()), (status, answer), "{body}");
    }
    let range = TimeRange { start: i64::MIN, end: i64::MAX };
    let stored = fixture.store.snapshot(Signal::Logs, range).await.unwrap();
    assert_eq!(stored.head.iter().fold(0, |rows, batch| rows + batch.num_rows()), 3);
    let logs = &fixture.receiver.statistics().snapshot().signals[1];
    assert_eq!((logs.accepted, logs.rejected), (3, 1));

    fixture.receiver.close();
    let request = Request::post("/lines").body(Body::from("agent stopped")).unwrap();
    assert_eq!(ask(router, request).await.0, 503);
}

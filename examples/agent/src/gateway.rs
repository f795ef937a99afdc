//! `llm-gateway`: an HTTP service with OpenAI's chat completions API, with and without streaming.
//!
//! Its backend is a scripted model ([`script`]) on a simulated accelerator ([`engine`]) that
//! produces all kinds of provider errors ([`failure`]).

mod engine;
mod failure;
mod script;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt, stream};
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::http::ObservabilityLayer;
use glasshouse_sdk::sse::{self, Event, SseOptions};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::engine::{Engine, MODELS, Slot};
use self::failure::Failure;
use self::script::Turn;
use self::wire::{ChatRequest, Reply};
use crate::service::{Service, Surroundings};
use crate::settings::{Pace, Settings};
use crate::{clock, lock};

/// Maximum size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Words per streamed chunk.
const PIECE_WORDS: usize = 3;
/// The service's name, also in its queue's metrics.
const NAME: &str = "llm-gateway";
const ROUTE: &str = "/v1/chat/completions";

/// State shared by the handlers.
#[derive(Debug)]
struct Gateway {
    telemetry: Telemetry,
    engine: Engine,
    pace: Pace,
    /// Source of randomness for simulated errors; `None` disables them.
    failures: Option<Mutex<StdRng>>,
    stop: CancellationToken,
}

/// Starts the service.
pub(crate) fn start(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<Service> {
    let (pace, fails) = (Pace(settings.pace), settings.failures);
    let configuration = settings.configuration(NAME, 1);
    let build = move |surroundings: Surroundings| async move { router(&surroundings, pace, fails) };
    Service::start(NAME, configuration, settings.gateway_address, stop, build)
}

fn router(surroundings: &Surroundings, pace: Pace, fails: bool) -> Router {
    let Surroundings { telemetry, stop, work } = surroundings;
    let engine = Engine::new(telemetry);
    work.spawn(engine.clone().watch_device(stop.clone()));
    let gateway = Arc::new(Gateway {
        telemetry: telemetry.clone(),
        engine,
        pace,
        failures: fails.then(|| Mutex::new(StdRng::seed_from_u64(7))),
        stop: stop.clone(),
    });
    Router::new()
        .route(ROUTE, post(complete))
        .route("/v1/models", get(models))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { Failure::NotFound.response("this address") })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(ObservabilityLayer::new(telemetry))
        .with_state(gateway)
}

async fn models() -> Json<Value> {
    let data: Vec<Value> = MODELS
        .iter()
        .map(|model| json!({ "id": model.name, "object": "model", "created": 1_715_367_049, "owned_by": "openai" }))
        .collect();
    Json(json!({ "object": "list", "data": data }))
}

/// `POST /v1/chat/completions`.
async fn complete(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Result<Json<ChatRequest>, JsonRejection>,
) -> Response {
    let request = match body {
        Ok(Json(request)) => request,
        Err(rejection) => return Failure::InvalidRequest.response(&rejection.body_text()),
    };
    let is_known = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("Bearer ") && value.len() > "Bearer ".len());
    if !is_known {
        return Failure::Auth.response(&request.model);
    }
    let failure = gateway.failure(&request);
    if let Some(failure) = failure {
        tracing::warn!(
            model = request.model,
            error_type = failure.as_str(),
            "the model refuses, on purpose"
        );
    }
    gateway.answer(request, failure).await
}

impl Gateway {
    /// The error of this request, if any: requested by the model's name, genuine, or random.
    fn failure(&self, request: &ChatRequest) -> Option<Failure> {
        if let Some(name) = request.model.strip_prefix("fail:") {
            return Some(Failure::named(name).unwrap_or(Failure::NotFound));
        }
        if !MODELS.iter().any(|model| model.name == request.model) {
            return Some(Failure::NotFound);
        }
        if request.messages.is_empty() {
            return Some(Failure::InvalidRequest);
        }
        if request.prompt_tokens() > engine::CONTEXT_TOKENS_MAX {
            return Some(Failure::ContextLength);
        }
        Failure::by_chance(&mut lock(self.failures.as_ref()?))
    }

    async fn answer(self: Arc<Self>, request: ChatRequest, failure: Option<Failure>) -> Response {
        let begin = clock::now();
        match failure {
            // No response: the client times out.
            Some(Failure::Timeout) => {
                self.stop.cancelled().await;
                return Failure::Overloaded.response(&request.model);
            }
            // These occur during the response.
            Some(Failure::Network | Failure::Parse) | None => {}
            Some(refusal) => {
                self.pace.wait(Duration::from_millis(40)).await;
                return refusal.response(&request.model);
            }
        }
        let Some(slot) = self.engine.slot(&request.model).await else {
            return Failure::Overloaded.response(&request.model);
        };
        let turn = script::next(&request);
        self.pace.wait(slot.prefill(request.prompt_tokens())).await;
        slot.first_token(begin.elapsed());
        let reply = Reply::new(&request, &turn);
        match failure {
            Some(Failure::Network) => cut_off(&reply),
            Some(Failure::Parse) => garbled(),
            _ if request.stream => self.streamed(&reply, &turn, slot, begin),
            _ => {
                let tokens = reply.usage.completion_tokens;
                let generate = self.pace.wait(slot.decode(tokens));
                generate.instrument(tracing::info_span!("model.generate", tokens)).await;
                slot.finished(begin.elapsed());
                Json(reply.whole(&turn)).into_response()
            }
        }
    }

    /// The answer as an event stream at the model's speed.
    fn streamed(&self, reply: &Reply, turn: &Turn, slot: Slot, begin: Instant) -> Response {
        let pieces = pieces(reply, turn);
        let tokens_each = (reply.usage.completion_tokens / pieces.len().max(1) as u64).max(1);
        let (pace, gap) = (self.pace, slot.decode(tokens_each));
        let span = tracing::info_span!("model.generate", tokens = reply.usage.completion_tokens);
        let events = stream::iter(pieces)
            .then(move |piece| {
                let waited = async move {
                    pace.wait(gap).await;
                    Ok::<_, Infallible>(Event::message().data(piece))
                };
                waited.instrument(span.clone())
            })
            .chain(stream::once(async move {
                slot.finished(begin.elapsed());
                Ok(Event::message().data("[DONE]"))
            }));
        let options =
            SseOptions::new(ROUTE).without_handshake().until(self.stop.clone().cancelled_owned());
        sse::response(sse::observe(&self.telemetry, Box::pin(events), options)).map(Body::new)
    }
}

/// The events of a streamed answer except the last.
fn pieces(reply: &Reply, turn: &Turn) -> Vec<String> {
    let mut pieces = vec![reply.chunk(&json!({ "role": "assistant", "content": "" }), None)];
    let words: Vec<&str> = turn.text.split_inclusive(' ').collect();
    for words in words.chunks(PIECE_WORDS) {
        pieces.push(reply.chunk(&json!({ "content": words.concat() }), None));
    }
    for (index, call) in turn.calls.iter().enumerate() {
        let delta = json!({ "tool_calls": [call.delta(index)] });
        pieces.push(reply.chunk(&delta, None));
    }
    pieces.push(reply.chunk(&json!({}), Some(turn.finish_reason())));
    if reply.includes_usage {
        pieces.push(reply.usage_chunk());
    }
    pieces
}

/// Breaks the connection in the middle of the response.
fn cut_off(reply: &Reply) -> Response {
    let start = format!("data: {}\n\n", reply.chunk(&json!({ "content": "The" }), None));
    let broken: [io::Result<Bytes>; 2] =
        [Ok(Bytes::from(start)), Err(io::ErrorKind::ConnectionReset.into())];
    let content_type = if reply.is_stream { "text/event-stream" } else { "application/json" };
    ([(CONTENT_TYPE, content_type)], Body::from_stream(delayed(broken))).into_response()
}

/// Adds a delay between the parts, so that the header and the first chunk are sent.
fn delayed(parts: [io::Result<Bytes>; 2]) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(parts).then(|part| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        part
    })
}

/// A response that is not JSON, like an error page of an intermediate proxy.
fn garbled() -> Response {
    let page = "data: <html><body>upstream connect error</body></html>\n\n";
    let headers = [(CONTENT_TYPE, "application/json")];
    (StatusCode::OK, headers, page).into_response()
}

impl Failure {
    /// The provider's error response.
    fn response(self, subject: &str) -> Response {
        let (status, body) = self.refusal(subject);
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Whether the model exists. Models become metric labels, so only existing ones are accepted.
/// `fail:rate_limit` and similar names produce one error each.
pub(crate) fn serves(model: &str) -> bool {
    let fails = model.strip_prefix("fail:").is_some_and(|name| Failure::named(name).is_some());
    fails || MODELS.iter().any(|known| known.name == model)
}

/// The base URL of the gateway's API.
pub(crate) fn api_base(address: SocketAddr) -> String {
    format!("http://{address}/v1")
}

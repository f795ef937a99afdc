//! The real client with a scripted provider; no network.

use std::collections::VecDeque;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, CreateChatCompletionRequest, CreateChatCompletionRequestArgs,
};
use bytes::Bytes;
use futures::StreamExt;
use http_body::Frame;
use http_body_util::StreamBody;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::Sampler;
use serde_json::{Value, json};
use tower::{ServiceBuilder, service_fn};

use super::*;
use crate::llm::{ContentPolicy, PriceTable};
use crate::metrics::Registry;
use crate::scope::recorded::{Recorded, attributes};
use crate::session::Session;

const DURATION: &str = "gen_ai.client.inference.duration";
const INPUT: &str = "gen_ai.client.inference.usage.input_tokens";
const FIRST: &str = "gen_ai.client.inference.time_to_first_chunk";
const GAPS: &str = "gen_ai.client.inference.time_per_output_chunk";

/// A scripted response: status, content type, and the body in pieces. A `None` piece breaks the
/// connection.
type Script = (u16, &'static str, Vec<Option<Bytes>>);

/// The headers of the received requests.
type Got = Arc<Mutex<VecDeque<http::HeaderMap>>>;

fn provider(
    script: Script,
) -> (
    impl Service<HttpRequestFactory, Response = Response, Error = OpenAIError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Got,
) {
    let got = Got::default();
    let seen = Arc::clone(&got);
    let service = service_fn(move |factory: HttpRequestFactory| {
        let ((status, kind, pieces), seen) = (script.clone(), Arc::clone(&seen));
        async move {
            let request = factory.build().await?;
            seen.lock().expect("seen").push_back(request.headers().clone());
            if status == 0 {
                return Err(OpenAIError::Boxed(std::io::Error::other("refused").into()));
            }
            let pieces = pieces
                .into_iter()
                .map(|piece| piece.map(Frame::data).ok_or_else(|| std::io::Error::other("broken")));
            let body = reqwest::Body::wrap(StreamBody::new(futures::stream::iter(pieces)));
            let response = http::Response::builder()
                .status(status)
                .header("content-type", kind)
                .url(request.url().clone())
                .body(body)
                .expect("a response");
            Ok(Response::from(response))
        }
    });
    (service, got)
}

fn client(recorded: &Recorded, script: Script) -> (Client<OpenAIConfig>, Got) {
    let (service, got) = provider(script);
    let service =
        ServiceBuilder::new().layer(OpenAiLayer::new(&recorded.telemetry)).service(service);
    let config = OpenAIConfig::new().with_api_key("sk-test");
    (Client::with_config(config).with_http_service(service), got)
}

fn request(stream: bool) -> CreateChatCompletionRequest {
    CreateChatCompletionRequestArgs::default()
        .model("gpt-4o")
        .messages([ChatCompletionRequestUserMessage::from("secret question").into()])
        .temperature(0.5)
        .max_completion_tokens(64_u32)
        .stream(stream)
        .build()
        .expect("a request")
}

fn answer() -> Value {
    json!({
        "id": "r-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "secret answer" }
        }],
        "usage": {
            "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
            "prompt_tokens_details": { "cached_tokens": 400 }
        }
    })
}

fn events(parts: &[Value]) -> Vec<u8> {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(format!("data: {part}\r\n\r\n").as_bytes());
    }
    text.extend_from_slice(b": a comment\n\ndata: [DONE]\n\n");
    text
}

fn chunk(delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({
        "id": "r-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }]
    })
}

fn streamed() -> Vec<u8> {
    let mut last = chunk(&json!({}), None);
    last["choices"] = json!([]);
    last["usage"] =
        json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 });
    events(&[
        chunk(&json!({ "role": "assistant", "content": "secret" }), None),
        chunk(&json!({ "content": " answer" }), Some("stop")),
        last,
    ])
}

fn whole(text: impl Into<Bytes>) -> Vec<Option<Bytes>> {
    vec![Some(text.into())]
}

#[tokio::test]
async fn a_call_is_one_span_with_usage_and_cost_and_the_provider_gets_no_baggage() {
    let recorded = Recorded::new();
    let (client, got) = client(&recorded, (200, "application/json", whole(answer().to_string())));
    let said = Session::new("s-1").instrument(client.chat().create(request(false))).await;
    let said = said.expect("an answer");
    assert_eq!(said.choices[0].message.content.as_deref(), Some("secret answer"));

    let spans = recorded.spans();
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(span.name, "chat gpt-4o");
    let said = attributes(span);
    for (key, value) in [
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("gen_ai.response.id", "r-1"),
        ("gen_ai.response.finish_reasons", "[\"stop\"]"),
        ("gen_ai.usage.input_tokens", "1000"),
        ("gen_ai.usage.cache_read.input_tokens", "400"),
        ("gen_ai.usage.cost", "0.003"),
        ("gen_ai.request.max_tokens", "64"),
        ("gen_ai.request.temperature", "0.5"),
        ("openai.api.type", "chat_completions"),
        ("server.address", "api.openai.com"),
        ("server.port", "443"),
        ("session.id", "s-1"),
    ] {
        assert_eq!(said.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(!format!("{span:?}").contains("secret"));
    assert_eq!(recorded.count(INPUT, &[]), 1000.0);
    let got = got.lock().expect("got");
    let parent = got[0].get("traceparent").and_then(|value| value.to_str().ok()).expect("a parent");
    assert!(parent.contains(&span.span_context.span_id().to_string()), "{parent}");
    assert_eq!(got[0].get("baggage"), None);
}

#[tokio::test]
async fn a_stream_is_followed_to_its_end_however_its_bytes_are_cut() {
    for size in [1, 7, 1 << 16] {
        let recorded = Recorded::new();
        let body = streamed();
        let pieces = body.chunks(size).map(|piece| Some(Bytes::copy_from_slice(piece))).collect();
        let (client, _) = client(&recorded, (200, "text/event-stream; charset=utf-8", pieces));
        let mut stream = client.chat().create_stream(request(true)).await.expect("a stream");
        let mut parts = 0;
        while let Some(part) = stream.next().await {
            part.expect("a part");
            parts += 1;
        }
        assert_eq!(parts, 3);
        assert_eq!(recorded.count(DURATION, &[("error.type", "")]), 1.0, "{size}");
        assert_eq!(recorded.count(FIRST, &[]), 1.0, "{size}");
        assert_eq!(recorded.count(GAPS, &[]), 2.0, "{size}");
        assert_eq!(recorded.count(INPUT, &[]), 1000.0, "{size}");
        let said = attributes(&recorded.spans()[0]);
        assert_eq!(said["gen_ai.request.stream"], "true");
        assert_eq!(said["gen_ai.response.finish_reasons"], "[\"stop\"]");
    }
}

/// Sends one request through the layer and reads the whole answer.
async fn sent(recorded: &Recorded, path: &str, script: Script) -> Result<Bytes, String> {
    let (service, _) = provider(script);
    let mut service = OpenAiLayer::new(&recorded.telemetry).layer(service);
    let url = format!("http://localhost:1234{path}");
    let factory = HttpRequestFactory::new(move || {
        let body = json!({ "model": "m", "messages": 7, "temperature": "hot" }).to_string();
        let request = reqwest::Client::new().post(url.clone()).body(body).build();
        async { request.map_err(OpenAIError::Reqwest) }
    });
    let response = service.call(factory).await.map_err(|error| error.to_string())?;
    assert_eq!(response.url().path(), path.split('?').next().unwrap_or_default());
    response.bytes().await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn every_failure_has_its_class_and_passes_through() {
    let refusal = |code: &str| {
        json!({ "error": { "message": "secret", "type": "invalid_request_error", "code": code } })
            .to_string()
    };
    let in_stream = format!("data: {}\n\n", refusal("rate_limit_exceeded"));
    let failed = "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n";
    let json = "application/json";
    let sse = "text/event-stream";
    let cases: Vec<(Script, &str)> = vec![
        ((401, json, whole(refusal("invalid_api_key"))), "auth"),
        ((429, json, whole(refusal("rate_limit_exceeded"))), "rate_limit"),
        ((429, json, whole(refusal("insufficient_quota"))), "quota"),
        ((400, json, whole(refusal("context_length_exceeded"))), "context_length"),
        ((404, json, whole(refusal("model_not_found"))), "not_found"),
        ((503, "text/html", whole("<h1>Sorry</h1>")), "overloaded"),
        ((500, json, vec![]), "server_error"),
        ((500, json, whole(vec![b'x'; 1 << 20])), "server_error"),
        ((200, json, whole("not JSON")), "parse"),
        ((200, json, vec![Some("{".into()), None]), "network"),
        ((200, sse, whole(in_stream)), "rate_limit"),
        ((200, sse, whole(failed)), "server_error"),
        ((200, sse, vec![Some("data: {}\n".into()), None]), "network"),
        ((0, json, vec![]), "network"),
        // Streams without readable content still end.
        ((200, sse, whole("data: \u{7}\n\ndata: [1]\n\nevent: x\n")), ""),
        ((200, sse, whole(vec![b'x'; 9 << 20])), ""),
        ((200, json, whole(vec![b' '; 17 << 20])), ""),
    ];
    for (script, class) in cases {
        let recorded = Recorded::new();
        let status = script.0;
        let bytes: usize = script.2.iter().flatten().map(Bytes::len).sum();
        let passed = sent(&recorded, "/v1/chat/completions", script).await;
        if let Ok(passed) = &passed {
            assert_eq!(passed.len(), bytes, "{status} {class}: the body is another");
        }
        assert_eq!(recorded.count(DURATION, &[]), 1.0, "{status} {class}");
        assert_eq!(recorded.count(DURATION, &[("error.type", class)]), 1.0, "{status} {class}");
        let spans = recorded.spans();
        assert!(!format!("{spans:?}").contains("secret"), "{status} {class}");
        if !class.is_empty() {
            assert_eq!(spans[0].status, Status::error(class.to_owned()));
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_dropped_is_cancelled_and_a_refusal_stays_one() {
    for (status, class) in [(200, "cancelled"), (429, "rate_limit")] {
        let recorded = Recorded::new();
        let (service, _) = provider((status, "application/json", whole("{}")));
        let mut service = OpenAiLayer::new(&recorded.telemetry).provider("vllm").layer(service);
        let factory = HttpRequestFactory::new(|| {
            let request = reqwest::Client::new().post("http://h/embeddings").body("{}").build();
            async { request.map_err(OpenAIError::Reqwest) }
        });
        drop(service.call(factory).await.expect("a response"));
        assert_eq!(recorded.count(DURATION, &[("error.type", class)]), 1.0, "{class}");
        assert_eq!(attributes(&recorded.spans()[0])["gen_ai.provider.name"], "vllm");
    }
}

#[tokio::test]
async fn operations_are_told_by_their_path_and_others_pass() {
    let responses = json!({
        "id": "x", "model": "m", "status": "completed", "error": null,
        "output": [{ "role": "assistant", "content": [{ "type": "output_text", "text": "t" }] }],
        "usage": { "input_tokens": 5, "output_tokens": 6 }
    });
    for (path, name) in [
        ("/v1/chat/completions", Some("chat m")),
        ("/v1/responses", Some("chat m")),
        ("/v1/completions", Some("text_completion m")),
        ("/openai/deployments/d/embeddings?api-version=1", Some("embeddings m")),
        ("/v1/files", None),
    ] {
        let recorded = Recorded::new();
        let script = (200, "application/json", whole(responses.to_string()));
        sent(&recorded, path, script).await.expect("an answer");
        let spans = recorded.spans();
        assert_eq!(spans.first().map(|span| span.name.as_ref()), name, "{path}");
        assert_eq!(recorded.count(INPUT, &[]), if name.is_some() { 5.0 } else { 0.0 }, "{path}");
    }
}

#[tokio::test]
async fn content_is_recorded_in_the_shape_of_the_conventions_when_capture_is_on() {
    let telemetry = Telemetry::with_policies(
        Registry::new(2000),
        PriceTable::built_in(),
        ContentPolicy::capturing(),
    );
    let recorded = Recorded::of(telemetry, Sampler::AlwaysOn);
    let (client, _) = client(&recorded, (200, "text/event-stream", whole(streamed())));
    let stream = client.chat().create_stream(request(true)).await.expect("a stream");
    let _: Vec<Result<_, OpenAIError>> = stream.collect().await;
    let said = attributes(&recorded.spans()[0]);
    let json = |key: &str| serde_json::from_str::<Value>(&said[key]).expect("JSON");
    let text = |role: &str, text: &str| json!([{ "role": role, "parts": [{ "type": "text", "content": text }] }]);
    assert_eq!(json("gen_ai.input.messages"), text("user", "secret question"));
    assert_eq!(json("gen_ai.output.messages"), text("assistant", "secret answer"));
}

#[test]
fn messages_of_every_kind_become_parts() {
    let mut output = messages::Output::default();
    let choices: Vec<answer::Choice> = serde_json::from_value(json!([
        { "index": 99, "delta": { "content": "lost" } },
        { "index": 0, "delta": { "tool_calls": [
            { "index": 0, "id": "c", "function": { "name": "f", "arguments": "{\"a\"" } }
        ] } },
        { "index": 0, "delta": { "tool_calls": [{ "index": 0, "function": { "arguments": ":1}" } }] } }
    ]))
    .expect("choices");
    output.add(&choices, &Value::Null, &Value::Null);
    let call = json!({ "type": "tool_call", "id": "c", "name": "f", "arguments": "{\"a\":1}" });
    assert_eq!(output.into_messages(), json!([{ "role": "assistant", "parts": [call] }]));

    // The responses API has items other than messages.
    let mut output = messages::Output::default();
    let items = json!([
        { "type": "reasoning", "id": "r", "summary": [{ "type": "summary_text", "text": "why" }] },
        { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "a" }] },
        { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}" },
        { "type": "function_call_output", "call_id": "c", "output": "done" }
    ]);
    output.add(&[], &items, &Value::Null);
    let part = |role: &str, part: Value| json!({ "role": role, "parts": [part] });
    let expected = json!([
        part("assistant", json!({ "type": "reasoning", "content": "why" })),
        part("assistant", json!({ "type": "text", "content": "a" })),
        part("assistant", {
            json!({ "type": "tool_call", "id": "c", "name": "f", "arguments": { "a": 1 } })
        }),
        part("tool", json!({ "type": "tool_call_response", "id": "c", "response": "done" })),
    ]);
    assert_eq!(output.into_messages(), expected);
}

#[test]
fn the_layer_takes_services_with_other_errors() {
    let inner = service_fn(|factory: HttpRequestFactory| async move {
        let request = factory.build().await?;
        Err::<Response, tower::BoxError>(request.url().to_string().into())
    });
    let service = OpenAiLayer::new(&Telemetry::noop()).layer(inner);
    let _ = Client::with_config(OpenAIConfig::new()).with_http_service(service);
}

#[tokio::test]
async fn an_event_that_is_an_error_fails_the_call() {
    let recorded = Recorded::new();
    let body = events(&[
        json!({ "type": "response.created", "response": { "id": "r-1", "status": "in_progress" } }),
        json!({
            "type": "error", "code": "rate_limit_exceeded", "message": "secret", "param": null,
            "sequence_number": 2
        }),
    ]);
    let script = (200, "text/event-stream", whole(body));
    sent(&recorded, "/responses", script).await.expect("passes through");
    assert_eq!(recorded.count(DURATION, &[]), 1.0);
    assert_eq!(recorded.count(DURATION, &[("error.type", "rate_limit")]), 1.0);
}

#[tokio::test]
async fn a_choice_has_one_finish_reason_however_often_it_is_said() {
    let recorded = Recorded::new();
    let body = events(&[
        chunk(&json!({ "content": "a" }), Some("stop")),
        chunk(&json!({ "content": "" }), Some("stop")),
    ]);
    let script = (200, "text/event-stream", whole(body));
    sent(&recorded, "/chat/completions", script).await.expect("passes through");
    let said = attributes(&recorded.spans()[0]);
    assert_eq!(said["gen_ai.response.finish_reasons"], "[\"stop\"]");
}

#[tokio::test]
async fn an_error_in_a_stream_is_no_first_token() {
    let recorded = Recorded::new();
    let body = events(&[json!({ "error": { "message": "secret", "code": "server_error" } })]);
    let script = (200, "text/event-stream", whole(body));
    sent(&recorded, "/chat/completions", script).await.expect("passes through");
    assert_eq!(recorded.count(DURATION, &[("error.type", "server_error")]), 1.0);
    assert_eq!(recorded.count("gen_ai.client.inference.time_to_first_chunk", &[]), 0.0);
}

//! A real agent of rig against a scripted model: what the SDK counts and sends of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An HTTP server on the loopback: answers chat completions from a script and keeps what it gets.
#[derive(Clone, Default)]
struct Server {
    script: Arc<Mutex<VecDeque<(u16, Value)>>>,
    spans: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(connection).await });
            }
        });
        format!("http://{address}")
    }

    async fn serve(&self, connection: TcpStream) -> Option<()> {
        let mut connection = BufReader::new(connection);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if connection.read_line(&mut head).await.ok()? == 0 {
                    return None;
                }
            }
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            });
            let mut body = vec![0; length.unwrap_or(0)];
            connection.read_exact(&mut body).await.ok()?;
            let (status, answer) = if head.starts_with("POST /v1/chat/completions") {
                self.script.lock().ok()?.pop_front().expect("the script has an answer")
            } else {
                if head.starts_with("POST /v1/traces") {
                    self.spans.lock().ok()?.push(body);
                }
                (200, json!({}))
            };
            let answer = answer.to_string();
            let head = format!(
                "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n",
                answer.len()
            );
            connection.write_all(head.as_bytes()).await.ok()?;
            connection.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    fn will_answer(&self, answers: impl IntoIterator<Item = (u16, Value)>) {
        self.script.lock().expect("a script").extend(answers);
    }
}

fn answer(message: Value, finish_reason: &str) -> (u16, Value) {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason }],
        "usage": {
            "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
            "prompt_tokens_details": { "cached_tokens": 400 }
        }
    });
    (200, body)
}

fn call_of_the_tool(place: &str) -> (u16, Value) {
    let call = json!({
        "id": "call_1", "type": "function",
        "function": { "name": "weather", "arguments": json!({ "place": place }).to_string() }
    });
    answer(json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls")
}

fn words(text: &str) -> (u16, Value) {
    answer(json!({ "role": "assistant", "content": text }), "stop")
}

/// The sum of the series of a metric that have all these labels.
fn value(exposition: &str, name: &str, labels: &[&str]) -> f64 {
    let lines = exposition.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    let values = lines.filter_map(|line| {
        let (_, rest) = line.split_once("} ").or_else(|| line.split_once(' '))?;
        rest.split(' ').next()?.parse::<f64>().ok()
    });
    values.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_rig_is_counted_priced_and_traced_without_a_change() {
    let server = Server::default();
    let url = server.start().await;
    let (telemetry, guard) = glasshouse_sdk::configure()
        .service_name("rig-example")
        .otlp_endpoint(&url)
        .metrics_address("127.0.0.1:0".parse().expect("an address"))
        .start();
    assert_eq!(guard.problems(), <[String; 0]>::default());
    let agent = rig_example::agent(&format!("{url}/v1"), "sk-test");

    // Rig opens its own span for the run.
    server.will_answer([call_of_the_tool("Berlin"), words("It rains.")]);
    let said = agent.prompt("Weather in Berlin?").await.expect("an answer");
    assert_eq!(said.output(), "It rains.");

    // The tool fails, and the model is told so.
    server.will_answer([call_of_the_tool("Atlantis"), words("Nobody knows.")]);
    agent.prompt("Weather in Atlantis?").await.expect("an answer");

    // The program's own span for the run: the calls below it count for it.
    server.will_answer([call_of_the_tool("Berlin"), words("It rains.")]);
    glasshouse_sdk::agent::invoke(&telemetry, "planner")
        .run(async { agent.prompt("Weather in Berlin?").await })
        .await
        .expect("an answer");

    // The provider refuses.
    server.will_answer([(
        401,
        json!({ "error": { "message": "bad key", "code": "invalid_api_key" } }),
    )]);
    agent.prompt("Weather?").await.expect_err("no answer");

    let seen = telemetry.exposition();
    let call = ["gen_ai_operation_name=\"chat\"", "gen_ai_provider_name=\"openai\""];
    let answered = [call[0], call[1], "gen_ai_response_model=\"gpt-4o-2024-08-06\""];
    let duration = "gen_ai_client_inference_duration_seconds_count";
    assert_eq!(value(&seen, duration, &answered), 6.0);
    assert_eq!(value(&seen, duration, &[call[0], "error_type=\"unknown\""]), 1.0);
    let tokens = |name: &str| value(&seen, name, &answered);
    assert_eq!(tokens("gen_ai_client_inference_usage_input_tokens_total"), 6000.0);
    assert_eq!(tokens("gen_ai_client_inference_usage_output_tokens_total"), 600.0);
    assert_eq!(tokens("gen_ai_client_inference_usage_cache_read_input_tokens_total"), 2400.0);
    let cost = value(&seen, "glasshouse_llm_cost_total", &["glasshouse_cost_source=\"computed\""]);
    let expected = 6.0 * (600.0 * 2.5e-6 + 400.0 * 1.25e-6 + 100.0 * 1e-5);
    assert!((cost - expected).abs() < 1e-9, "{cost}, not {expected}");

    let tool = "gen_ai_execute_tool_duration_seconds_count";
    let weather = "gen_ai_tool_name=\"weather\"";
    assert_eq!(value(&seen, tool, &[weather]), 3.0);
    assert_eq!(value(&seen, tool, &[weather, "error_type=\"tool_error\""]), 1.0);

    let runs = "gen_ai_invoke_agent_duration_seconds_count";
    assert_eq!(value(&seen, runs, &["gen_ai_agent_name=\"forecaster\""]), 3.0);
    let failed = ["gen_ai_agent_name=\"forecaster\"", "error_type=\"unknown\""];
    assert_eq!(value(&seen, runs, &failed), 1.0);
    for (agent, inference, tools) in [("forecaster", 5.0, 2.0), ("planner", 2.0, 1.0)] {
        let label = format!("gen_ai_agent_name=\"{agent}\"");
        let sum = |name: &str| value(&seen, name, &[&label]);
        assert_eq!(sum("gen_ai_invoke_agent_inference_calls_sum"), inference, "{agent}");
        assert_eq!(sum("gen_ai_invoke_agent_tool_calls_sum"), tools, "{agent}");
    }

    assert!(guard.shutdown());
    let spans = server.spans.lock().expect("spans").concat();
    let has = |text: &str| spans.windows(text.len()).any(|window| window == text.as_bytes());
    for text in [
        "invoke_agent",
        "execute_tool",
        "chat",
        "gen_ai.usage.cost",
        "glasshouse.cost.source",
        "invoke_agent planner",
        "gen_ai.usage.input_tokens",
        "call_1",
    ] {
        assert!(has(text), "no span has {text}");
    }
    for text in ["Atlantis", "It rains.", "sk-test"] {
        assert!(!has(text), "content or a key has left: {text}");
    }
}

//! The scripted model: reads a conversation, calls the tools in its plan, then answers.
//!
//! The plan follows from the words of the task and the current step from the tool calls so far, so
//! a conversation always continues in the same way. It is not a language model; it only gives the
//! agent something to do.

use std::fmt::Write;

use serde_json::{Value, json};

use super::wire::ChatRequest;

/// Maximum length of a quoted tool result, in characters.
const QUOTE_CHARS_MAX: usize = 220;
/// Maximum number of quoted tool results in one answer.
const QUOTES_MAX: usize = 6;

/// The model's next message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    pub(super) reasoning_tokens: u64,
}

/// A tool call requested by the model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    id: String,
    name: &'static str,
    pub(super) arguments: String,
}

impl Call {
    /// The call in a complete answer.
    pub(super) fn whole(&self) -> Value {
        let function = json!({ "name": self.name, "arguments": self.arguments });
        json!({ "id": self.id, "type": "function", "function": function })
    }

    /// The call in a streamed chunk.
    pub(super) fn delta(&self, index: usize) -> Value {
        let mut delta = self.whole();
        delta["index"] = index.into();
        delta
    }
}

impl Turn {
    pub(super) fn finish_reason(&self) -> &'static str {
        if self.calls.is_empty() { "stop" } else { "tool_calls" }
    }
}

/// The model's next turn.
pub(super) fn next(request: &ChatRequest) -> Turn {
    let last_task = request.messages.iter().rposition(|message| message.role == "user");
    let after = last_task.map_or(0, |index| index + 1);
    let task = last_task.and_then(|index| request.messages.get(index));
    let task = task.map(super::wire::Message::text).unwrap_or_default();
    let since = request.messages.get(after..).unwrap_or_default();
    let steps_done = since.iter().filter(|message| !message.tool_calls.is_empty()).count();
    let fingerprint = request.fingerprint();
    let thinks = request.model == "gpt-4o" && fingerprint.is_multiple_of(3);
    let reasoning_tokens = if thinks { 24 + fingerprint % 160 } else { 0 };
    let offered = |name: &str| {
        let named =
            |tool: &Value| tool.pointer("/function/name").and_then(Value::as_str) == Some(name);
        request.tools.iter().any(named)
    };
    let step = plan(&task).into_iter().filter_map(|step| {
        let step: Vec<_> = step.into_iter().filter(|(name, _)| offered(name)).collect();
        (!step.is_empty()).then_some(step)
    });
    if let Some(step) = step.clone().nth(steps_done) {
        let names: Vec<&str> = step.iter().map(|(name, _)| *name).collect();
        let calls = step.into_iter().enumerate().map(|(index, (name, arguments))| Call {
            id: format!("call_{:08x}{index:02x}", fingerprint as u32),
            name,
            arguments: arguments.to_string(),
        });
        let text = format!("I look that up with {}. ", names.join(" and "));
        return Turn { text, calls: calls.collect(), reasoning_tokens };
    }
    let results: Vec<String> = since
        .iter()
        .filter(|message| message.role == "tool")
        .map(super::wire::Message::text)
        .collect();
    Turn { text: answer(&task, &results), calls: Vec::new(), reasoning_tokens }
}

type Step = Vec<(&'static str, Value)>;

/// The tools for a task, step by step.
fn plan(task: &str) -> Vec<Step> {
    let words = task.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let search = |query: &str| ("web_search", json!({ "query": query }));
    let page = |path: &str| ("fetch_page", json!({ "path": path }));
    let rows = |table: &str, contains: &str| {
        ("query_database", json!({ "table": table, "contains": contains }))
    };
    let remember = |text: &str| ("remember", json!({ "text": text }));
    if says(&["repeat"]) {
        vec![]
    } else if says(&["weather"]) {
        vec![vec![search(&words), ("clock", json!({}))]]
    } else if says(&["what time", "what day"]) {
        vec![vec![("clock", json!({}))]]
    } else if says(&["not there", "missing"]) {
        vec![vec![page("no/such/page")]]
    } else if says(&["how much", "calculate"]) {
        vec![vec![("calculator", json!({ "expression": expression(task) }))]]
    } else if says(&["incident", "latency", "checkout"]) {
        vec![
            vec![rows("incidents", "checkout"), search("checkout latency release")],
            vec![
                page("runbooks/checkout"),
                ("run_python", json!({ "code": "(840 - 410) / 410 * 100" })),
            ],
            vec![remember("checkout got slower with release 4.12: connection pool of 10")],
        ]
    } else if says(&["gpu", "compare"]) {
        vec![
            vec![search("gpu offers 70b model")],
            vec![page("offers/gpu"), ("calculator", json!({ "expression": "2.49 * 24 * 30" }))],
        ]
    } else if says(&["release notes", "merged"]) {
        vec![
            vec![rows("releases", "4.12"), ("recall", json!({ "query": "release checkout" }))],
            vec![remember("release notes of 4.12 are drafted")],
        ]
    } else if says(&["migration", "table"]) {
        vec![vec![page("schema/customers")], vec![rows("orders", "berlin")]]
    } else if says(&["failing test", "payments"]) {
        vec![
            vec![page("logs/payments-test"), ("recall", json!({ "query": "payments rounding" }))],
            vec![("run_python", json!({ "code": "round(19.99 * 3 * 100) / 100" }))],
            vec![remember("payments test failed on rounding of cents")],
        ]
    } else if says(&["load test", "search service"]) {
        vec![
            vec![rows("orders", ""), page("runbooks/search")],
            vec![("calculator", json!({ "expression": "1200 * 60 / 0.8" }))],
        ]
    } else if says(&["translate", "onboarding", "summar"]) {
        vec![vec![page("guides/onboarding")]]
    } else {
        vec![vec![search(&words), ("recall", json!({ "query": words }))]]
    }
}

/// The arithmetic expression in a question.
fn expression(task: &str) -> String {
    let start = task.find(|letter: char| letter.is_ascii_digit() || letter == '(').unwrap_or(0);
    let rest = task.get(start..).unwrap_or_default();
    let end = rest.find('?').unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().trim().chars().take(200).collect()
}

/// The final answer, based on the tool results.
fn answer(task: &str, results: &[String]) -> String {
    if task.to_lowercase().contains("repeat") {
        let said: String = task.chars().take(2000).collect();
        return format!("You asked me to say this again: {said}");
    }
    let mut text = String::new();
    for result in results.iter().take(QUOTES_MAX) {
        let quote: String = result.chars().take(QUOTE_CHARS_MAX).collect();
        let quote = quote.trim().trim_end_matches('.').replace('\n', "; ");
        if let Some(reason) = result.strip_prefix("error: ") {
            let reason: String = reason.chars().take(QUOTE_CHARS_MAX).collect();
            let _ = write!(text, "One look-up did not work ({reason}), so I went on without it. ");
        } else if !quote.is_empty() {
            let _ = write!(text, "I found this: {quote}. ");
        }
    }
    if text.is_empty() {
        text.push_str("I know nothing that helps with it. ");
    }
    let count = results.len();
    let _ = write!(text, "That is what {count} look-ups say; ask me for any of them in detail.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: &Value) -> ChatRequest {
        let names =
            ["web_search", "fetch_page", "run_python", "query_database", "calculator", "clock"];
        let tools: Vec<Value> = names
            .iter()
            .map(|name| json!({ "type": "function", "function": { "name": name } }))
            .collect();
        serde_json::from_value(json!({ "model": "gpt-4o", "messages": messages, "tools": tools }))
            .unwrap()
    }

    #[test]
    fn a_task_is_asked_for_tools_and_then_answered_in_the_same_words_each_time() {
        let task = json!({ "role": "user", "content": "How much is 17 % of 2,340 plus 12?" });
        let first = next(&request(&json!([task])));
        assert_eq!(first.finish_reason(), "tool_calls");
        assert_eq!(first.calls[0].name, "calculator");
        assert_eq!(first.calls[0].arguments, r#"{"expression":"17 % of 2,340 plus 12"}"#);
        let called =
            json!({ "role": "assistant", "content": null, "tool_calls": [first.calls[0].whole()] });
        let result =
            json!({ "role": "tool", "tool_call_id": first.calls[0].id, "content": "409.8" });
        let conversation = json!([task, called, result]);
        let last = next(&request(&conversation));
        assert_eq!(last.finish_reason(), "stop");
        assert!(last.text.contains("409.8"));
        assert_eq!(last, next(&request(&conversation)));
    }

    #[test]
    fn tools_that_are_not_offered_are_not_called() {
        let mut asked =
            request(&json!([{ "role": "user", "content": "What is the weather in Oslo?" }]));
        asked.tools.clear();
        assert!(next(&asked).calls.is_empty());
    }
}

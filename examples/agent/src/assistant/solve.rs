//! Solves a task: reasons with a model and acts with tools until there is an answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use glasshouse_sdk::agent;
use glasshouse_sdk::llm::ErrorClass;
use glasshouse_sdk::task::{self, TaskOptions, TaskOutcome};
use serde_json::{Value, json};

use super::Assistant;
use super::choice::{self, Situation};
use super::model::{Answer, ModelError};
use super::tasks::{State, Task};
use super::toolbox::ToolCall;
use crate::clock;

/// The name of the agent.
const AGENT: &str = "alex";
/// Maximum number of turns per task.
const ITERATIONS_MAX: u64 = 8;
/// Number of earlier turns of the session in the prompt.
const EARLIER_MAX: usize = 3;
/// Maximum length of an earlier answer in the prompt, in characters.
const EARLIER_CHARS_MAX: usize = 300;
/// Delay before a retry.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
const INSTRUCTIONS: &str = "You are Alex, an agent that helps the people who run a shop's software. Think first, then call \
    the tools that you need, several at once where they do not depend on each other. Use what they say, and say so when \
    one of them fails. Answer in a few plain sentences.";

/// Why a task ended without an answer.
#[derive(Debug)]
pub(super) enum Stop {
    Cancelled,
    Failed(ErrorClass, String),
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => formatter.write_str("cancelled"),
            Self::Failed(_, message) => formatter.write_str(message),
        }
    }
}

/// Starts a task in the background. Its span is a child of the current span.
pub(super) fn start(assistant: &Arc<Assistant>, task: &Arc<Task>) {
    let options =
        TaskOptions { task_id: Some(task.id.clone()), session_id: Some(task.session_id.clone()) };
    let end = End(Arc::clone(task));
    let (worker, worked) = (Arc::clone(assistant), Arc::clone(task));
    let work = async move {
        let result = work(&worker, &worked).await;
        drop(end);
        result
    };
    let work =
        task::observe_with(
            &assistant.telemetry,
            "solve_task",
            options,
            work,
            |result| match result {
                Ok(()) => TaskOutcome::Success,
                Err(Stop::Cancelled) => TaskOutcome::Cancelled,
                Err(Stop::Failed(..)) => TaskOutcome::Error,
            },
        );
    assistant.work.spawn(work);
}

/// Ends the task's stream on drop, however the task ends.
struct End(Arc<Task>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end(State::Cancelled);
    }
}

async fn work(assistant: &Assistant, task: &Task) -> Result<(), Stop> {
    let begin = clock::now();
    // User and model text is content and must not be logged.
    tracing::info!(task_chars = task.text.chars().count(), "task accepted");
    let solved = async {
        let _place = assistant.queue.enter().await;
        solve(assistant, task).await
    };
    let result = tokio::select! {
        biased;
        () = task.cancel.cancelled() => Err(Stop::Cancelled),
        () = assistant.stop.cancelled() => Err(Stop::Cancelled),
        result = solved => result,
    };
    let duration_ms = begin.elapsed().as_millis() as u64;
    match &result {
        Ok(answer) => {
            tracing::info!(duration_ms, "task finished");
            task.tell("result", json!({ "text": answer }));
            task.end(State::Success);
        }
        Err(Stop::Cancelled) => {
            tracing::warn!(duration_ms, "task cancelled");
            task.end(State::Cancelled);
        }
        Err(Stop::Failed(class, message)) => {
            let error_type = class.as_str();
            tracing::error!(duration_ms, error_type, "task failed");
            task.tell("error", json!({ "class": error_type, "message": message }));
            task.end(State::Error);
        }
    }
    result.map(drop)
}

/// One run of the agent.
async fn solve(assistant: &Assistant, task: &Task) -> Result<String, Stop> {
    let run = agent::invoke(&assistant.telemetry, AGENT).conversation(&task.session_id);
    run.run_with(think_and_act(assistant, task), |stop| match stop {
        Stop::Cancelled => ErrorClass::Cancelled,
        Stop::Failed(class, _) => *class,
    })
    .await
}

async fn think_and_act(assistant: &Assistant, task: &Task) -> Result<String, Stop> {
    let mut conversation = Conversation {
        messages: opening(assistant, task).await,
        tools: assistant.toolbox.definitions().await,
        spent_usd: 0.0,
    };
    for number in 1..=ITERATIONS_MAX {
        let iteration = agent::iteration(number);
        match iteration.instrument(turn(assistant, task, &mut conversation, number)).await {
            Ok(None) => drop(iteration),
            Ok(Some(text)) => {
                drop(iteration);
                let row = vec![
                    ("session", task.session_id.clone()),
                    ("task", task.text.clone()),
                    ("answer", text.chars().take(EARLIER_CHARS_MAX).collect()),
                ];
                if let Err(reason) = assistant.archive.create("turns", row).await {
                    tracing::warn!(reason, "the turn is not kept");
                }
                return Ok(text);
            }
            Err(stop) => {
                if let Stop::Failed(class, _) = &stop {
                    iteration.error(*class);
                }
                return Err(stop);
            }
        }
    }
    let message = format!("there is no answer after {ITERATIONS_MAX} turns");
    Err(Stop::Failed(ErrorClass::Unknown, message))
}

struct Conversation {
    messages: Vec<Value>,
    tools: Vec<Value>,
    spent_usd: f64,
}

/// The instructions, the session so far, and the task.
async fn opening(assistant: &Assistant, task: &Task) -> Vec<Value> {
    let mut messages = vec![json!({ "role": "system", "content": INSTRUCTIONS })];
    let earlier = assistant.archive.find_many("turns", &[&task.session_id]).await;
    let earlier = earlier.unwrap_or_default();
    for row in earlier.iter().take(EARLIER_MAX).rev() {
        let cell =
            |column| row.iter().find(|(name, _)| *name == column).map(|(_, text)| text.as_str());
        messages.push(json!({ "role": "user", "content": cell("task") }));
        messages.push(json!({ "role": "assistant", "content": cell("answer") }));
    }
    messages.push(json!({ "role": "user", "content": task.text }));
    messages
}

/// One turn: a model's answer and the tool calls in it. Returns the final answer, if any.
async fn turn(
    assistant: &Assistant,
    task: &Task,
    conversation: &mut Conversation,
    number: u64,
) -> Result<Option<String>, Stop> {
    task.tell("iteration", json!({ "iteration": number }));
    let answer = think(assistant, task, conversation, number).await?;
    if answer.calls.is_empty() {
        return Ok(Some(answer.text));
    }
    let calls: Vec<Value> = answer
        .calls
        .iter()
        .map(|call| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": call.id, "type": "function", "function": function })
        })
        .collect();
    conversation
        .messages
        .push(json!({ "role": "assistant", "content": answer.text, "tool_calls": calls }));
    let results = join_all(answer.calls.iter().map(|call| act(assistant, task, call))).await;
    for (call, content) in answer.calls.iter().zip(results) {
        conversation
            .messages
            .push(json!({ "role": "tool", "tool_call_id": call.id, "content": content }));
    }
    Ok(None)
}

/// Gets a model's answer. An error that another model or a retry may avoid is retried once.
async fn think(
    assistant: &Assistant,
    task: &Task,
    conversation: &mut Conversation,
    number: u64,
) -> Result<Answer, Stop> {
    let mut failed: Option<String> = None;
    loop {
        let situation = Situation {
            task: &task.text,
            requested: task.model.as_deref(),
            failed: failed.as_deref(),
            spent_usd: conversation.spent_usd,
        };
        let model = choice::choose(&assistant.telemetry, situation);
        match ask(assistant, task, conversation, &model, number).await {
            Ok(answer) => {
                conversation.spent_usd += answer.cost_usd.unwrap_or_default();
                return Ok(answer);
            }
            Err(error) if failed.is_none() && task.model.is_none() && may_succeed(error.class) => {
                let error_type = error.class.as_str();
                tracing::warn!(model, error_type, "model call failed, trying another model");
                assistant.pace.wait(RETRY_PAUSE).await;
                failed = Some(model);
            }
            Err(error) => return Err(Stop::Failed(error.class, error.message)),
        }
    }
}

/// Whether a retry makes sense.
fn may_succeed(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::RateLimit
            | ErrorClass::Network
            | ErrorClass::Timeout
            | ErrorClass::Overloaded
            | ErrorClass::ServerError
            | ErrorClass::Parse
    )
}

/// One model call, published to subscribers. The first call of a task is not streamed: it usually
/// requests tools.
async fn ask(
    assistant: &Assistant,
    task: &Task,
    conversation: &Conversation,
    model: &str,
    number: u64,
) -> Result<Answer, ModelError> {
    let begin = clock::now();
    let on_token = |text: &str| task.tell("token", json!({ "text": text }));
    let on_token: Option<&(dyn Fn(&str) + Sync)> = (number > 1).then_some(&on_token);
    let Conversation { messages, tools, .. } = conversation;
    let result = assistant.models.ask(model, messages, tools, on_token).await;
    let duration_ms = begin.elapsed().as_secs_f64() * 1000.0;
    match &result {
        Ok(answer) => {
            let usage = answer.usage.unwrap_or_default();
            assistant.drift.answered(model, usage.output_tokens);
            tracing::info!(
                model,
                input_tokens = usage.input_tokens,
                output_tokens = usage.output_tokens,
                cost_usd = answer.cost_usd,
                duration_ms,
                "model answered"
            );
            task.tell(
                "llm",
                json!({
                    "iteration": number,
                    "model": model,
                    "duration_ms": duration_ms,
                    "input_tokens": usage.input_tokens,
                    "output_tokens": usage.output_tokens,
                    "cost_usd": answer.cost_usd,
                }),
            );
        }
        Err(error) => {
            let (error_type, message) = (error.class.as_str(), &error.message);
            tracing::warn!(model, error_type, duration_ms, "model call failed");
            let failed = json!({ "model": model, "duration_ms": duration_ms, "error": format!("{error_type}: {message}") });
            task.tell("llm", failed);
        }
    }
    result
}

/// One tool call; returns the result for the model.
async fn act(assistant: &Assistant, task: &Task, call: &ToolCall) -> String {
    let begin = clock::now();
    let result = assistant.toolbox.execute(&task.session_id, call).await;
    let duration_ms = begin.elapsed().as_secs_f64() * 1000.0;
    let mut told =
        json!({ "tool": call.name, "arguments": call.arguments, "duration_ms": duration_ms });
    let (key, text, content) = match result {
        Ok(text) => ("result", text.clone(), text),
        Err(failure) => ("error", failure.message.clone(), format!("error: {}", failure.message)),
    };
    told[key] = text.into();
    task.tell("tool", told);
    content
}

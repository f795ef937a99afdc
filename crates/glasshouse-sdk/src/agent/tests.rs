//! Agent runs as spans and metrics, with manually instrumented calls.

use std::io;

use opentelemetry::trace::{SpanKind, Status};

use super::*;
use crate::llm;
use crate::metrics::Registry;
use crate::scope::recorded::{Recorded, attributes};
use crate::tool;

const INFERENCE: &str = "gen_ai.invoke_agent.inference_calls";
const TOOLS: &str = "gen_ai.invoke_agent.tool_calls";

async fn one_turn(telemetry: &Telemetry, number: u64) -> Result<(), io::Error> {
    iteration(number)
        .run(async {
            let call = llm::chat(telemetry, "openai", "m").start();
            tokio::task::yield_now().await;
            call.finish();
            tool::execute(telemetry, "search").toolset("web").run(async { Ok(()) }).await
        })
        .await
}

#[tokio::test]
async fn a_run_counts_the_calls_below_it_and_not_those_of_other_agents() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let result = invoke(telemetry, "planner")
        .conversation("c-1")
        .run(async {
            one_turn(telemetry, 1).await?;
            one_turn(telemetry, 2).await?;
            let helper = invoke(telemetry, "helper").run(one_turn(telemetry, 1)).await;
            // Failed calls are counted, too.
            drop(llm::chat(telemetry, "openai", "m").start());
            helper
        })
        .await;
    assert!(result.is_ok());
    drop(llm::chat(telemetry, "openai", "m").start());

    for (agent, inference, tools) in [("planner", 3.0, 2.0), ("helper", 1.0, 1.0)] {
        let labels = [("gen_ai.agent.name", agent)];
        assert_eq!(recorded.sum(INFERENCE, &labels), inference, "{agent}");
        assert_eq!(recorded.sum(TOOLS, &labels), tools, "{agent}");
    }
    let tool = [("gen_ai.tool.name", "search"), ("glasshouse.toolset.key", "web")];
    assert_eq!(recorded.count("gen_ai.execute_tool.duration", &tool), 3.0);

    let spans = recorded.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let run = named("invoke_agent planner")[0];
    assert_eq!(run.span_kind, SpanKind::Internal);
    assert_eq!(attributes(run)["gen_ai.conversation.id"], "c-1");
    let turns = named("react.iteration");
    assert_eq!(turns.len(), 3);
    assert_eq!(turns[0].parent_span_id, run.span_context.span_id());
    assert_eq!(attributes(turns[1])["glasshouse.iteration"], "2");
    let tool = named("execute_tool search")[0];
    assert_eq!(tool.parent_span_id, turns[0].span_context.span_id());
    assert!(
        spans.iter().all(|span| span.span_context.trace_id() == run.span_context.trace_id()
            || span.name == "chat m")
    );
}

#[tokio::test]
async fn calls_are_counted_without_traces_too() {
    let telemetry = Telemetry::recording(Registry::new(2000));
    let _none = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    let _: Result<(), io::Error> =
        invoke(&telemetry, "planner").run(async { one_turn(&telemetry, 1).await }).await;
    let text = telemetry.exposition();
    for name in ["inference_calls_sum", "tool_calls_sum"] {
        let line = format!("gen_ai_invoke_agent_{name}{{gen_ai_agent_name=\"planner\"}} 1");
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn a_run_ends_once_as_success_error_or_cancelled() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let failed = invoke(telemetry, "a").run(async { Err::<(), _>("secret") }).await;
    assert_eq!(failed, Err("secret"));
    let late = invoke(telemetry, "a")
        .run_with(async { Err::<(), _>("late") }, |_| ErrorClass::Timeout)
        .await;
    assert_eq!(late, Err("late"));
    let pending = invoke(telemetry, "a").run(std::future::pending::<Result<(), String>>());
    assert!(futures::poll!(Box::pin(pending)).is_pending());
    iteration(1).error(ErrorClass::Parse);

    for class in ["unknown", "timeout", "cancelled"] {
        let labels = [("gen_ai.agent.name", "a"), ("error.type", class)];
        assert_eq!(recorded.count("gen_ai.invoke_agent.duration", &labels), 1.0, "{class}");
    }
    let spans = recorded.spans();
    assert_eq!(spans.len(), 4);
    assert_eq!(spans[0].status, Status::error("unknown"));
    assert_eq!(spans[3].status, Status::error("parse"));
}

//! The agent service of the demo: a task is solved in a few ReAct iterations of model and tools.

use std::time::Duration;

use anyhow::Result;
use opentelemetry::logs::Severity;
use opentelemetry::metrics::{Counter, Histogram, UpDownCounter};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::json;
use tokio::time::Instant;

use super::Endpoints;
use super::story::{FAILURES, Failure, MODELS, Model, TASKS, TOOLS, Tool};
use super::telemetry::Service;

/// How a piece of work ended.
type Outcome = Result<(), &'static Failure>;

/// The three services and the agent's instruments.
pub(super) struct Agent {
    service: Service,
    gateway: Service,
    tools: Service,
    instruments: Instruments,
}

/// The metrics of the seeds' dashboards, and those of the GenAI conventions.
struct Instruments {
    llm_requests: Counter<u64>,
    llm_errors: Counter<u64>,
    llm_latency: Histogram<f64>,
    tokens_input: Counter<u64>,
    tokens_output: Counter<u64>,
    cost: Counter<f64>,
    operation_duration: Histogram<f64>,
    tool_executions: Counter<u64>,
    tool_duration: Histogram<f64>,
    sessions_active: UpDownCounter<i64>,
    task_executions: Counter<u64>,
    task_duration: Histogram<f64>,
    http_requests: Counter<u64>,
    http_latency: Histogram<f64>,
    http_response_size: Histogram<u64>,
    sse_active: UpDownCounter<i64>,
    sse_duration: Histogram<f64>,
    sse_messages: Counter<u64>,
}

impl Instruments {
    fn new(service: &Service) -> Self {
        let meter = &service.meter;
        let seconds = |name| {
            let bounds = vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
            meter.f64_histogram(name).with_unit("s").with_boundaries(bounds).build()
        };
        Self {
            llm_requests: meter.u64_counter("alex.llm.requests.total").build(),
            llm_errors: meter.u64_counter("llm_errors_total").build(),
            llm_latency: seconds("alex.llm.latency"),
            tokens_input: meter.u64_counter("alex.llm.tokens.input").build(),
            tokens_output: meter.u64_counter("alex.llm.tokens.output").build(),
            cost: meter.f64_counter("alex.cost.total").build(),
            operation_duration: seconds("gen_ai.client.operation.duration"),
            tool_executions: meter.u64_counter("alex.tool.executions.total").build(),
            tool_duration: seconds("alex.tool.duration"),
            sessions_active: meter.i64_up_down_counter("alex.sessions.active").build(),
            task_executions: meter.u64_counter("alex.tasks.executions.total").build(),
            task_duration: seconds("alex.tasks.execution.duration"),
            http_requests: meter.u64_counter("alex.http.requests.total").build(),
            http_latency: seconds("alex.http.latency"),
            http_response_size: meter
                .u64_histogram("alex.http.response.size")
                .with_unit("By")
                .build(),
            sse_active: meter.i64_up_down_counter("alex.sse.connections.active").build(),
            sse_duration: seconds("alex.sse.connection.duration"),
            sse_messages: meter.u64_counter("alex.sse.messages.total").build(),
        }
    }
}

/// What belongs to one task.
struct Session {
    id: String,
    task_id: String,
    model: &'static Model,
    cost: f64,
    random: StdRng,
}

impl Agent {
    /// The three services; must be called inside a Tokio runtime.
    pub(super) fn new(endpoints: &Endpoints) -> Result<Self> {
        let agent = Service::new("alex-agent", "4.12.0", endpoints)?;
        Ok(Self {
            instruments: Instruments::new(&agent),
            service: agent,
            gateway: Service::new("llm-gateway", "1.8.3", endpoints)?,
            tools: Service::new("tool-runner", "2.1.0", endpoints)?,
        })
    }

    /// Sends what is still queued. Blocks; not for an async thread.
    pub(super) fn flush(&self) {
        for service in [&self.service, &self.gateway, &self.tools] {
            service.flush();
        }
    }

    /// `POST /api/tasks`: the request, its event stream and the task behind it.
    pub(super) async fn serve_task(&self, mut random: StdRng) {
        let session = Session {
            id: format!("session-{:04x}", random.random_range(0..4096)),
            task_id: format!("task-{:08x}", random.random::<u32>()),
            model: if random.random_bool(0.6) { &MODELS[1] } else { &MODELS[0] },
            cost: 0.0,
            random,
        };
        let begin = Instant::now();
        let request = self.service.start(
            &Context::new(),
            "alex.http.request",
            SpanKind::Server,
            [
                KeyValue::new("http.request.method", "POST"),
                KeyValue::new("http.route", "/api/tasks"),
                KeyValue::new("url.path", "/api/tasks"),
                KeyValue::new("user_agent.original", "alex-web/4.12"),
                KeyValue::new("alex.session_id", session.id.clone()),
            ],
        );
        let stream = self.service.start(
            &request,
            "alex.sse.connection",
            SpanKind::Internal,
            [KeyValue::new("alex.session_id", session.id.clone())],
        );
        self.instruments.sse_active.add(1, &[]);
        self.sse_message("connected");
        let (outcome, size) = self.solve_task(&request, session).await;
        self.instruments.sse_active.add(-1, &[]);
        self.instruments.sse_duration.record(begin.elapsed().as_secs_f64(), &[]);
        let reason = if outcome.is_ok() { "completed" } else { "error" };
        stream.span().set_attribute(KeyValue::new("alex.sse.close_reason", reason));
        stream.span().end();
        self.finish_request(&request, outcome, size, begin.elapsed());
    }

    fn finish_request(&self, request: &Context, outcome: Outcome, size: u64, took: Duration) {
        let status = outcome.err().map_or(200, |failure| failure.http_status);
        let labels = [
            KeyValue::new("http.method", "POST"),
            KeyValue::new("http.route", "/api/tasks"),
            KeyValue::new("http.status_code", status),
        ];
        self.instruments.http_requests.add(1, &labels);
        self.instruments.http_latency.record(took.as_secs_f64(), &labels);
        self.service.exemplars.observe("alex.http.latency", &labels, took.as_secs_f64(), request);
        self.instruments.http_response_size.record(size, &labels);
        request.span().set_attribute(KeyValue::new("http.response.status_code", status));
        request.span().set_attribute(KeyValue::new("http.response.body.size", size as i64));
        if status >= 500 {
            request.span().set_status(Status::error(format!("HTTP {status}")));
        }
        request.span().end();
    }

    fn sse_message(&self, event: &'static str) {
        let labels = [KeyValue::new("event_type", event), KeyValue::new("status", "ok")];
        self.instruments.sse_messages.add(1, &labels);
    }

    /// The task itself: iterations until there is an answer. Returns the size of the answer too.
    async fn solve_task(&self, request: &Context, mut session: Session) -> (Outcome, u64) {
        let begin = Instant::now();
        let task = self.service.start(
            request,
            "alex.session.solve_task",
            SpanKind::Internal,
            [
                KeyValue::new("alex.session_id", session.id.clone()),
                KeyValue::new("alex.task_id", session.task_id.clone()),
                KeyValue::new("gen_ai.operation.name", "invoke_agent"),
                KeyValue::new("gen_ai.agent.name", "alex"),
                KeyValue::new("gen_ai.conversation.id", session.id.clone()),
            ],
        );
        self.instruments.sessions_active.add(1, &[]);
        let wanted = TASKS.choose(&mut session.random).copied().unwrap_or_default();
        let fields = [
            ("session_id", json!(session.id)),
            ("task_id", json!(session.task_id)),
            ("task", json!(wanted)),
        ];
        self.service.log(&task, Severity::Info, "task accepted", &fields);
        let iterations = session.random.random_range(2..=5);
        let mut outcome = Ok(());
        for iteration in 1..=iterations {
            outcome = self.iterate(&task, &mut session, iteration, iteration == iterations).await;
            if outcome.is_err() {
                break;
            }
        }
        let is_cancelled = outcome.is_ok() && session.random.random_bool(0.03);
        let status = match outcome {
            Err(_) => "error",
            Ok(()) if is_cancelled => "cancelled",
            Ok(()) => "success",
        };
        self.finish_task(&task, &session, outcome, status, begin.elapsed());
        (outcome, session.random.random_range(400..9000))
    }

    fn finish_task(
        &self,
        task: &Context,
        session: &Session,
        outcome: Outcome,
        status: &'static str,
        took: Duration,
    ) {
        let labels = [KeyValue::new("status", status)];
        self.instruments.sessions_active.add(-1, &[]);
        self.instruments.task_executions.add(1, &labels);
        self.instruments.task_duration.record(took.as_secs_f64(), &labels);
        self.service.exemplars.observe(
            "alex.tasks.execution.duration",
            &labels,
            took.as_secs_f64(),
            task,
        );
        task.span().set_attribute(KeyValue::new("alex.cost", session.cost));
        task.span().set_attribute(KeyValue::new("alex.task.status", status));
        let fields = [
            ("session_id", json!(session.id)),
            ("task_id", json!(session.task_id)),
            ("status", json!(status)),
            ("duration_ms", json!(took.as_millis() as u64)),
            ("cost_usd", json!(session.cost)),
        ];
        match (outcome, status) {
            (Err(failure), _) => {
                task.span().set_status(Status::error(failure.message));
                self.service.log(task, Severity::Error, "task failed", &fields);
            }
            (Ok(()), "cancelled") => {
                task.span().set_status(Status::error("cancelled by the user"));
                self.service.log(task, Severity::Warn, "task cancelled", &fields);
            }
            (Ok(()), _) => {
                task.span().set_status(Status::Ok);
                self.service.log(task, Severity::Info, "task finished", &fields);
            }
        }
        self.sse_message(if outcome.is_ok() { "final_answer" } else { "error" });
        task.span().end();
    }

    /// Think, then act: one model call and, unless this is the last round, one or two tools.
    async fn iterate(
        &self,
        task: &Context,
        session: &mut Session,
        number: i64,
        is_last: bool,
    ) -> Outcome {
        let iteration = self.service.start(
            task,
            "alex.react.iteration",
            SpanKind::Internal,
            [
                KeyValue::new("alex.session_id", session.id.clone()),
                KeyValue::new("alex.react.iteration", number),
            ],
        );
        let mut outcome = self.generate(&iteration, session, number).await;
        if let Err(failure) = outcome
            && matches!(failure.class, "rate_limit" | "network" | "timeout")
        {
            let fields = [("error_type", json!(failure.class)), ("attempt", json!(2))];
            self.service.log(
                &iteration,
                Severity::Warn,
                "model call failed, trying again",
                &fields,
            );
            tokio::time::sleep(Duration::from_millis(session.random.random_range(150..600))).await;
            outcome = self.generate(&iteration, session, number).await;
        }
        self.sse_message("thought");
        if outcome.is_ok() && !is_last {
            for _ in 0..session.random.random_range(1..=2) {
                self.execute_tool(&iteration, session).await;
            }
        }
        if let Err(failure) = outcome {
            iteration.span().set_status(Status::error(failure.message));
        }
        iteration.span().end();
        outcome
    }

    /// One model call, through the gateway.
    async fn generate(&self, parent: &Context, session: &mut Session, number: i64) -> Outcome {
        let model = session.model;
        let begin = Instant::now();
        let call = self.service.start(
            parent,
            "alex.llm.generate",
            SpanKind::Client,
            [
                KeyValue::new("alex.session_id", session.id.clone()),
                KeyValue::new("alex.llm.model", model.name),
                KeyValue::new("gen_ai.operation.name", "chat"),
                KeyValue::new("gen_ai.provider.name", model.provider),
                KeyValue::new("gen_ai.request.model", model.name),
                KeyValue::new("gen_ai.request.temperature", 0.2),
                KeyValue::new("gen_ai.request.max_tokens", 1024_i64),
                KeyValue::new("gen_ai.conversation.id", session.id.clone()),
                KeyValue::new("server.address", "llm-gateway"),
                KeyValue::new("server.port", 8080_i64),
            ],
        );
        let failure = session.random.random_bool(0.06).then(|| pick_failure(&mut session.random));
        let input = session.random.random_range(300..1800) + number as u64 * 650;
        let output = session.random.random_range(40..420_u64);
        let first_token = Duration::from_millis(session.random.random_range(120..480));
        self.forward(&call, session, failure, first_token, output).await;
        let took = begin.elapsed().as_secs_f64();
        let status = if failure.is_some() { "error" } else { "success" };
        let labels = [KeyValue::new("model", model.name), KeyValue::new("status", status)];
        self.instruments.llm_requests.add(1, &labels);
        let of_model = [KeyValue::new("model", model.name)];
        self.instruments.llm_latency.record(took, &of_model);
        self.service.exemplars.observe("alex.llm.latency", &of_model, took, &call);
        self.record_operation(model, failure, took, &call);
        let outcome = if let Some(failure) = failure {
            self.fail_call(&call, model, failure)
        } else {
            self.record_usage(&call, session, input, output);
            Ok(())
        };
        call.span().end();
        outcome
    }

    fn record_operation(
        &self,
        model: &Model,
        failure: Option<&Failure>,
        took: f64,
        call: &Context,
    ) {
        let mut labels = vec![
            KeyValue::new("gen_ai.operation.name", "chat"),
            KeyValue::new("gen_ai.provider.name", model.provider),
            KeyValue::new("gen_ai.request.model", model.name),
        ];
        labels.extend(failure.map(|failure| KeyValue::new("error.type", failure.class)));
        self.instruments.operation_duration.record(took, &labels);
        self.service.exemplars.observe("gen_ai.client.operation.duration", &labels, took, call);
    }

    fn record_usage(&self, call: &Context, session: &mut Session, input: u64, output: u64) {
        let model = session.model;
        let cost = (input as f64 * model.input_price + output as f64 * model.output_price) / 1e6;
        session.cost += cost;
        let labels = [KeyValue::new("model", model.name)];
        self.instruments.tokens_input.add(input, &labels);
        self.instruments.tokens_output.add(output, &labels);
        self.instruments.cost.add(cost, &labels);
        let span = call.span();
        span.set_attribute(KeyValue::new("gen_ai.response.model", model.name));
        span.set_attribute(KeyValue::new("gen_ai.response.finish_reasons", "stop"));
        span.set_attribute(KeyValue::new("gen_ai.usage.input_tokens", input as i64));
        span.set_attribute(KeyValue::new("gen_ai.usage.output_tokens", output as i64));
        span.set_attribute(KeyValue::new("alex.llm.token_count", (input + output) as i64));
        span.set_attribute(KeyValue::new("alex.cost", cost));
        let fields = [
            ("model", json!(model.name)),
            ("input_tokens", json!(input)),
            ("output_tokens", json!(output)),
            ("cost_usd", json!(cost)),
        ];
        self.service.log(call, Severity::Info, "model answered", &fields);
    }

    fn fail_call(&self, call: &Context, model: &Model, failure: &'static Failure) -> Outcome {
        self.instruments.llm_errors.add(
            1,
            &[
                KeyValue::new("provider", model.provider),
                KeyValue::new("model", model.name),
                KeyValue::new("error_type", failure.class),
            ],
        );
        let span = call.span();
        span.set_attribute(KeyValue::new("error.type", failure.class));
        span.add_event(
            "exception",
            vec![
                KeyValue::new("exception.type", failure.exception),
                KeyValue::new("exception.message", failure.message),
            ],
        );
        span.set_status(Status::error(failure.message));
        let fields = [
            ("model", json!(model.name)),
            ("error_type", json!(failure.class)),
            ("status_code", json!(failure.http_status)),
            ("error", json!(failure.message)),
        ];
        self.service.log(call, Severity::Error, "model call failed", &fields);
        Err(failure)
    }

    /// The gateway's side of a model call: an HTTP server span around the provider's stream.
    async fn forward(
        &self,
        call: &Context,
        session: &Session,
        failure: Option<&Failure>,
        first_token: Duration,
        output: u64,
    ) {
        let model = session.model;
        let served = self.gateway.continue_from(
            call.span().span_context(),
            "POST /v1/chat/completions",
            [
                KeyValue::new("http.request.method", "POST"),
                KeyValue::new("http.route", "/v1/chat/completions"),
                KeyValue::new("gen_ai.request.model", model.name),
            ],
        );
        let provider = self.gateway.start(
            &served,
            "chat",
            SpanKind::Client,
            [
                KeyValue::new("gen_ai.operation.name", "chat"),
                KeyValue::new("gen_ai.provider.name", model.provider),
                KeyValue::new("gen_ai.request.model", model.name),
                KeyValue::new("server.address", "api.openai.example.com"),
                KeyValue::new("server.port", 443_i64),
            ],
        );
        tokio::time::sleep(first_token).await;
        let status = failure.map_or(200, |failure| failure.http_status);
        if let Some(failure) = failure {
            provider.span().set_status(Status::error(failure.message));
            served.span().set_attribute(KeyValue::new("error.type", failure.class));
            let fields = [("status_code", json!(status)), ("error_type", json!(failure.class))];
            self.gateway.log(&provider, Severity::Warn, "the provider refused", &fields);
        } else {
            provider.span().add_event("gen_ai.first_token", Vec::new());
            tokio::time::sleep(Duration::from_secs_f64(output as f64 / model.speed / 4.0)).await;
            let fields = [("model", json!(model.name)), ("output_tokens", json!(output))];
            self.gateway.log(&served, Severity::Debug, "stream complete", &fields);
        }
        provider.span().set_attribute(KeyValue::new("http.response.status_code", status));
        provider.span().end();
        served.span().set_attribute(KeyValue::new("http.response.status_code", status));
        if status >= 500 {
            served.span().set_status(Status::error(format!("HTTP {status}")));
        }
        served.span().end();
    }

    /// One tool call: asked for by the agent, executed by the tool runner.
    async fn execute_tool(&self, iteration: &Context, session: &mut Session) {
        let Some(tool) = TOOLS.choose(&mut session.random) else { return };
        let begin = Instant::now();
        let asked = self.service.start(
            iteration,
            "alex.tool.execute",
            SpanKind::Client,
            [
                KeyValue::new("alex.session_id", session.id.clone()),
                KeyValue::new("alex.tool_name", tool.name),
                KeyValue::new("gen_ai.operation.name", "execute_tool"),
                KeyValue::new("gen_ai.tool.name", tool.name),
            ],
        );
        let is_failed = session.random.random_bool(0.05);
        let took =
            Duration::from_millis(tool.usual_ms * session.random.random_range(50..220) / 100);
        self.run_tool(&asked, tool, took, is_failed).await;
        let status = if is_failed { "error" } else { "success" };
        let labels = [KeyValue::new("tool_name", tool.name), KeyValue::new("status", status)];
        self.instruments.tool_executions.add(1, &labels);
        let of_tool = [KeyValue::new("tool_name", tool.name)];
        let elapsed = begin.elapsed().as_secs_f64();
        self.instruments.tool_duration.record(elapsed, &of_tool);
        self.service.exemplars.observe("alex.tool.duration", &of_tool, elapsed, &asked);
        if is_failed {
            asked.span().set_status(Status::error("the tool failed"));
        }
        self.sse_message("tool_result");
        asked.span().end();
    }

    async fn run_tool(&self, asked: &Context, tool: &Tool, took: Duration, is_failed: bool) {
        let run = self.tools.continue_from(
            asked.span().span_context(),
            "execute_tool",
            [
                KeyValue::new("gen_ai.operation.name", "execute_tool"),
                KeyValue::new("gen_ai.tool.name", tool.name),
                KeyValue::new("gen_ai.tool.type", "function"),
            ],
        );
        let outgoing = (!tool.host.is_empty()).then(|| {
            let attributes = [
                KeyValue::new("http.request.method", "GET"),
                KeyValue::new("server.address", tool.host),
                KeyValue::new("url.full", format!("https://{}/", tool.host)),
            ];
            self.tools.start(&run, "GET", SpanKind::Client, attributes)
        });
        tokio::time::sleep(took).await;
        if let Some(outgoing) = outgoing {
            let status = if is_failed { 503_i64 } else { 200 };
            outgoing.span().set_attribute(KeyValue::new("http.response.status_code", status));
            outgoing.span().end();
        }
        let fields = [("tool", json!(tool.name)), ("duration_ms", json!(took.as_millis() as u64))];
        if is_failed {
            let attributes = vec![
                KeyValue::new("exception.type", "ToolError"),
                KeyValue::new("exception.message", "upstream answered 503"),
            ];
            run.span().add_event("exception", attributes);
            run.span().set_status(Status::error("upstream answered 503"));
            self.tools.log(&run, Severity::Error, "tool failed", &fields);
        } else {
            self.tools.log(&run, Severity::Info, "tool finished", &fields);
        }
        run.span().end();
    }
}

/// Rate limits are about half of all failures.
fn pick_failure(random: &mut StdRng) -> &'static Failure {
    if random.random_bool(0.5) {
        return &FAILURES[0];
    }
    FAILURES.choose(random).unwrap_or(&FAILURES[0])
}

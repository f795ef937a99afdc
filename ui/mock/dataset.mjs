/** Generated telemetry of an AI agent service, deterministic for a seed. */

/**
 * @typedef {object} Span
 * @property {string} traceId
 * @property {string} spanId
 * @property {string} service
 * @property {string} name
 * @property {number} startMs
 * @property {number} durationMs
 * @property {{ [key: string]: import("../src/api/generated").JsonValue }} attributes
 * @property {string | null} error
 */

const HOUR_MS = 3_600_000;

/** Epoch milliseconds to a decimal string of nanoseconds. */
export const nanos = (ms) => `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, "0")}`;
/** A decimal string of seconds or nanoseconds to epoch milliseconds. */
export const toMs = (text) => (text.length > 15 ? Number(text) / 1e6 : Number(text) * 1_000);

/** A seeded generator of pseudo-random numbers in [0, 1). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const hex = (random, digits) =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
const pick = (random, items) => items[Math.floor(random() * items.length)];

const MODELS = [
  { name: "gpt-5.2", provider: "openai", input: 1.25e-6, output: 1e-5 },
  { name: "claude-haiku-4.5", provider: "anthropic", input: 1e-6, output: 5e-6 },
];
const TOOLS = ["web_search", "read_file", "run_python", "vector_lookup"];
const ERRORS = ["rate_limited", "timeout", "tool_failed", "context_length_exceeded"];

/** Collects the spans of a trace and their log records. */
class TraceBuilder {
  constructor(random, startMs) {
    this.random = random;
    this.traceId = hex(random, 32);
    this.session = `sess-${hex(random, 6)}`;
    this.now = startMs;
    this.startMs = startMs;
    this.spans = [];
    this.logs = [];
    this.cost = 0;
    this.failed = null;
  }

  span(service, name, kind, parent, fromMs, lengthMs, attributes = {}, error = null) {
    const made = {
      traceId: this.traceId,
      spanId: hex(this.random, 16),
      parent: parent?.spanId ?? "",
      service,
      name,
      kind,
      startMs: fromMs,
      durationMs: lengthMs,
      attributes,
      error,
      events: [],
      links: [],
    };
    this.spans.push(made);
    return made;
  }

  log(atMs, { service, spanId }, level, message, extra = {}) {
    const body = { level, message, session_id: this.session, ...extra };
    this.logs.push({ atMs, service, level, traceId: this.traceId, spanId, body });
  }
}

/** One trace of solve_task: iterations of an LLM call and its tool executions. */
function task(random, startMs) {
  const builder = new TraceBuilder(random, startMs);
  const root = builder.span("alex-agent", "alex.session.solve_task", 1, null, startMs, 0, {
    "alex.session_id": builder.session,
    "gen_ai.conversation.id": builder.session,
  });
  builder.log(startMs, root, "info", "task accepted", { queue_ms: Math.round(random() * 20) });
  const turns = 1 + Math.floor(random() * 5);
  for (let turn = 0; turn < turns && !builder.failed; turn += 1) {
    const iteration = builder.span("alex-agent", "alex.react.iteration", 1, root, builder.now, 0, {
      "alex.session_id": builder.session,
      "alex.iteration": turn + 1,
    });
    think(builder, iteration);
    const calls = builder.failed ? 0 : Math.floor(random() * 3);
    for (let call = 0; call < calls; call += 1) runTool(builder, iteration);
    iteration.durationMs = builder.now - iteration.startMs;
    iteration.error = builder.failed;
  }
  root.durationMs = builder.now - startMs + 1;
  root.error = builder.failed;
  root.attributes["alex.cost"] = builder.cost;
  const end = { cost_usd: Number(builder.cost.toFixed(5)), iterations: turns };
  builder.log(
    builder.now,
    root,
    builder.failed ? "error" : "info",
    builder.failed ? "task failed" : "task solved",
    end,
  );
  return { traceId: builder.traceId, spans: builder.spans, logs: builder.logs, startMs };
}

/** One model call through the gateway; may fail. */
function think(builder, iteration) {
  const { random, now } = builder;
  const model = pick(random, MODELS);
  const tokensIn = 400 + Math.floor(random() * 5_000);
  const tokensOut = 40 + Math.floor(random() * 900);
  const price = tokensIn * model.input + tokensOut * model.output;
  const lengthMs = 300 + random() * random() * 6_000;
  const failed = random() < 0.06 ? pick(random, ERRORS) : null;
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": model.provider,
    "gen_ai.request.model": model.name,
    "gen_ai.request.temperature": 0.2,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": tokensIn,
    "gen_ai.usage.output_tokens": tokensOut,
    "alex.llm.model": model.name,
    "alex.cost": price,
  };
  const llm = builder.span(
    "alex-agent",
    "alex.llm.generate",
    3,
    iteration,
    now + 2,
    lengthMs,
    attributes,
    failed,
  );
  const http = {
    "http.request.method": "POST",
    "http.route": "/v1/chat/completions",
    "http.response.status_code": failed ? 429 : 200,
  };
  const post = builder.span(
    "llm-gateway",
    "POST /v1/chat/completions",
    2,
    llm,
    now + 6,
    lengthMs - 9,
    http,
    failed,
  );
  builder.span("llm-gateway", "upstream.stream", 3, post, now + 14, lengthMs - 22, {
    "server.address": `api.${model.provider}.example`,
  });
  const end = {
    model: model.name,
    tokens_in: tokensIn,
    tokens_out: tokensOut,
    duration_ms: Math.round(lengthMs),
  };
  if (failed) llm.events.push(refusal(failed, now + lengthMs));
  builder.log(
    now + lengthMs,
    llm,
    failed ? "error" : "info",
    failed ? `llm call failed: ${failed}` : "llm call finished",
    end,
  );
  builder.cost += price;
  builder.failed = failed;
  builder.now += lengthMs + 5;
}

function refusal(failed, atMs) {
  const stack = ["LlmError: refused", "  at generate (agent/llm.rs:118)", "  at iterate (agent/react.rs:64)"];
  return {
    name: "exception",
    atMs,
    attributes: {
      "exception.type": "LlmError",
      "exception.message": `${failed}: the provider refused the request`,
      "exception.stacktrace": stack.join("\n"),
    },
  };
}

/** One tool execution in the runner; it rarely fails, and the agent continues. */
function runTool(builder, iteration) {
  const { random, now, session } = builder;
  const tool = pick(random, TOOLS);
  const lengthMs = 20 + random() * random() * 2_500;
  const broken = random() < 0.05 ? "tool_failed" : null;
  const asked = {
    "alex.tool_name": tool,
    "alex.session_id": session,
    "gen_ai.tool.name": tool,
    "gen_ai.operation.name": "execute_tool",
  };
  const execute = builder.span("alex-agent", "alex.tool.execute", 1, iteration, now, lengthMs, asked, broken);
  const done = { "sandbox.id": hex(random, 8), "process.exit_code": broken ? 1 : 0, dry_run: false };
  const run = builder.span("tool-runner", `run ${tool}`, 2, execute, now + 3, lengthMs - 6, done, broken);
  if (tool === "vector_lookup") {
    builder.span("tool-runner", "SELECT embeddings", 3, run, now + 5, lengthMs * 0.6, {
      "db.system.name": "postgresql",
      "db.query.text": "SELECT id, body FROM embeddings ORDER BY v <-> $1 LIMIT 8",
    });
  }
  const level = broken ? "error" : random() < 0.1 ? "warn" : "debug";
  const message = broken ? `${tool} exited with status 1` : `${tool} finished`;
  builder.log(now + lengthMs, run, level, message, { tool, duration_ms: Math.round(lengthMs) });
  builder.now += lengthMs + 2;
}

/** A trace of `count` spans, to try the waterfall with. Its id ends in `b16`. */
export function huge(count, startMs) {
  const random = seeded(20_000);
  const traceId = `${"0".repeat(29)}b16`;
  const spans = [];
  for (let index = 0; index < count; index += 1) {
    const parent = index === 0 ? null : spans[Math.floor(Math.max(0, index - 1 - random() * 40))];
    const begin = parent ? parent.startMs + random() * parent.durationMs * 0.5 : startMs;
    const length = parent ? Math.max(0.01, parent.durationMs * (0.2 + random() * 0.45)) : 60_000;
    spans.push({
      traceId,
      spanId: hex(random, 16),
      parent: parent?.spanId ?? "",
      service: pick(random, ["alex-agent", "llm-gateway", "tool-runner", "billing", "vector-db"]),
      name: parent ? `step ${index % 97}` : "alex.session.solve_task",
      kind: 1,
      startMs: begin,
      durationMs: length,
      attributes: { index },
      error: random() < 0.002 ? "boom" : null,
      events: [],
      links: [],
    });
  }
  return { traceId, spans, logs: [], startMs };
}

/** Two hours of tasks that end now. */
export function makeDataset(nowMs = Date.now()) {
  const random = seeded(7);
  const traces = [];
  for (let atMs = nowMs - 2 * HOUR_MS; atMs < nowMs - 20_000; atMs += 4_000 + random() * 22_000)
    traces.push(task(random, atMs));
  traces.push(huge(20_000, nowMs - 600_000));
  const logs = traces.flatMap((trace) => trace.logs).sort((left, right) => right.atMs - left.atMs);
  return { traces, logs, startedMs: nowMs };
}

/** Invented telemetry of an AI agent service, the same for the same seed. For development without the binary. */

const HOUR_MS = 3_600_000;

/** A small generator of repeatable numbers in [0, 1). */
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

/** One trace of solve_task: iterations of an LLM call and its tool executions. */
function task(random, startMs) {
  const traceId = hex(random, 32);
  const session = `sess-${hex(random, 6)}`;
  const spans = [];
  const logs = [];
  let now = startMs;
  const add = (service, name, kind, parent, fromMs, lengthMs, attributes = {}, error = null) => {
    const span = {
      traceId,
      spanId: hex(random, 16),
      parent,
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
    spans.push(span);
    return span;
  };
  const say = (atMs, span, level, message, extra = {}) =>
    logs.push({
      atMs,
      service: span.service,
      level,
      traceId,
      spanId: span.spanId,
      body: { level, message, session_id: session, ...extra },
    });

  const root = add("alex-agent", "alex.session.solve_task", 1, "", now, 0, {
    "alex.session_id": session,
    "gen_ai.conversation.id": session,
  });
  say(now, root, "info", "task accepted", { queue_ms: Math.round(random() * 20) });
  const turns = 1 + Math.floor(random() * 5);
  let cost = 0;
  let failed = null;
  for (let turn = 0; turn < turns && !failed; turn += 1) {
    const iteration = add("alex-agent", "alex.react.iteration", 1, root.spanId, now, 0, {
      "alex.session_id": session,
      "alex.iteration": turn + 1,
    });
    const model = pick(random, MODELS);
    const tokensIn = 400 + Math.floor(random() * 5_000);
    const tokensOut = 40 + Math.floor(random() * 900);
    const price = tokensIn * model.input + tokensOut * model.output;
    cost += price;
    const thinkMs = 300 + random() * random() * 6_000;
    failed = random() < 0.06 ? pick(random, ERRORS) : null;
    const llm = add(
      "alex-agent",
      "alex.llm.generate",
      3,
      iteration.spanId,
      now + 2,
      thinkMs,
      {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
        "gen_ai.usage.input_tokens": tokensIn,
        "gen_ai.usage.output_tokens": tokensOut,
        "gen_ai.usage.cost": price,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.temperature": 0.2,
        "alex.llm.model": model.name,
        "alex.cost": price,
      },
      failed,
    );
    const post = add(
      "llm-gateway",
      `POST /v1/chat/completions`,
      2,
      llm.spanId,
      now + 6,
      thinkMs - 9,
      {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": failed ? 429 : 200,
        "server.address": "llm-gateway",
        "url.path": "/v1/chat/completions",
      },
      failed,
    );
    add("llm-gateway", "upstream.stream", 3, post.spanId, now + 14, thinkMs - 22, {
      "server.address": `api.${model.provider}.example`,
      "network.protocol.version": "2",
    });
    if (failed) {
      llm.events.push({
        name: "exception",
        atMs: now + thinkMs,
        attributes: {
          "exception.type": "LlmError",
          "exception.message": `${failed}: the provider refused the request`,
          "exception.stacktrace":
            "LlmError: refused\n  at generate (agent/llm.rs:118)\n  at iterate (agent/react.rs:64)\n  at solve_task (agent/session.rs:31)",
        },
      });
      say(now + thinkMs, llm, "error", `llm call failed: ${failed}`, {
        model: model.name,
        error_class: failed,
      });
    } else
      say(now + thinkMs, llm, "info", "llm call finished", {
        model: model.name,
        tokens_in: tokensIn,
        tokens_out: tokensOut,
        duration_ms: Math.round(thinkMs),
      });
    now += 2 + thinkMs + 3;
    const calls = failed ? 0 : Math.floor(random() * 3);
    for (let call = 0; call < calls; call += 1) {
      const tool = pick(random, TOOLS);
      const toolMs = 20 + random() * random() * 2_500;
      const broken = random() < 0.05 ? "tool_failed" : null;
      const execute = add(
        "alex-agent",
        "alex.tool.execute",
        1,
        iteration.spanId,
        now,
        toolMs,
        {
          "alex.tool_name": tool,
          "gen_ai.tool.name": tool,
          "gen_ai.operation.name": "execute_tool",
          "alex.session_id": session,
        },
        broken,
      );
      const run = add(
        "tool-runner",
        `run ${tool}`,
        2,
        execute.spanId,
        now + 3,
        toolMs - 6,
        { "sandbox.id": hex(random, 8), "process.exit_code": broken ? 1 : 0, dry_run: false },
        broken,
      );
      if (tool === "vector_lookup")
        add("tool-runner", "SELECT embeddings", 3, run.spanId, now + 5, toolMs * 0.6, {
          "db.system.name": "postgresql",
          "db.query.text": "SELECT id, body FROM embeddings ORDER BY v <-> $1 LIMIT 8",
        });
      say(
        now + toolMs,
        run,
        broken ? "error" : random() < 0.1 ? "warn" : "debug",
        broken ? `${tool} exited with status 1` : `${tool} finished`,
        { tool, duration_ms: Math.round(toolMs) },
      );
      now += toolMs + 2;
    }
    iteration.durationMs = now - iteration.startMs;
    iteration.error = failed;
  }
  root.durationMs = now - startMs + 1;
  root.error = failed;
  root.attributes["alex.cost"] = cost;
  say(now, root, failed ? "error" : "info", failed ? "task failed" : "task solved", {
    cost_usd: Number(cost.toFixed(5)),
    iterations: turns,
  });
  return { traceId, spans, logs, startMs };
}

/** A trace of `count` spans, for the waterfall's own good. Its id ends in `b16`. */
function huge(count, startMs) {
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
export function makeWorld(nowMs = Date.now()) {
  const random = seeded(7);
  const traces = [];
  for (let atMs = nowMs - 2 * HOUR_MS; atMs < nowMs - 20_000; atMs += 4_000 + random() * 22_000)
    traces.push(task(random, atMs));
  traces.push(huge(20_000, nowMs - 600_000));
  const logs = traces.flatMap((trace) => trace.logs).sort((left, right) => right.atMs - left.atMs);
  return { traces, logs, startedMs: nowMs };
}

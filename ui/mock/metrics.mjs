/** A minimal Prometheus API: recognises metric names and grouping, and returns generated series. */
import { linesOf, seenNames } from "./alerting/evaluate.mjs";
import { seeded } from "./dataset.mjs";

const METRICS = {
  alex_llm_requests_total: {
    type: "counter",
    help: "LLM API calls.",
    by: { model: ["gpt-5.2", "claude-haiku-4.5"], status: ["ok", "error"] },
  },
  alex_llm_tokens_input_total: {
    type: "counter",
    help: "Input tokens sent.",
    by: { model: ["gpt-5.2", "claude-haiku-4.5"] },
  },
  alex_llm_latency_seconds_bucket: {
    type: "histogram",
    help: "LLM request latency.",
    by: { model: ["gpt-5.2", "claude-haiku-4.5"], le: ["0.5", "1", "2.5", "5", "+Inf"] },
  },
  alex_llm_latency_seconds_count: {
    type: "histogram",
    help: "LLM request latency.",
    by: { model: ["gpt-5.2", "claude-haiku-4.5"] },
  },
  alex_tool_executions_total: {
    type: "counter",
    help: "Tool executions.",
    by: {
      tool_name: ["web_search", "read_file", "run_python", "vector_lookup"],
      status: ["success", "error"],
    },
  },
  alex_sessions_active: { type: "gauge", help: "Active sessions.", by: {} },
  alex_cost_total: {
    type: "counter",
    help: "Estimated cost in USD.",
    by: { model: ["gpt-5.2", "claude-haiku-4.5"] },
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Resident memory.",
    by: { instance: ["a:9090", "b:9090", "c:9090"] },
  },
  many_series: {
    type: "gauge",
    help: "Far too many series.",
    by: { shard: Array.from({ length: 1_500 }, (_, index) => String(index)) },
  },
};

export const metricNames = () => Object.keys(METRICS);
export const metadata = () =>
  Object.fromEntries(
    Object.entries(METRICS).map(([name, { type, help }]) => [name, [{ type, help, unit: "" }]]),
  );

/** The series of each metric and label pair, and the values of each label. */
export function metricSizes() {
  const sizes = { metrics: {}, pairs: {}, labels: { __name__: new Set(metricNames()) } };
  for (const [name, { by }] of Object.entries(METRICS)) {
    const sets = combinations(by);
    sizes.metrics[name] = sets.length;
    for (const [label, value] of sets.flatMap(Object.entries)) {
      sizes.pairs[`${label}=${value}`] = (sizes.pairs[`${label}=${value}`] ?? 0) + 1;
      sizes.labels[label] = (sizes.labels[label] ?? new Set()).add(value);
    }
  }
  return sizes;
}

export function labelNames() {
  return [
    "__name__",
    "job",
    "instance",
    ...new Set(Object.values(METRICS).flatMap((metric) => Object.keys(metric.by))),
  ];
}

export function labelValues(name, selector) {
  if (name === "__name__") {
    if (/__name__=~/.test(selector ?? "")) return seenNames(selector);
    const label = /^\{(\w+)!=""\}$/.exec(selector ?? "")?.[1];
    return metricNames().filter((metric) => !label || label in METRICS[metric].by);
  }
  if (name === "job") return ["alex-agent", "llm-gateway", "tool-runner"];
  return [...new Set(Object.values(METRICS).flatMap((metric) => metric.by[name] ?? []))];
}

function combinations(by) {
  return Object.entries(by).reduce(
    (sets, [key, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [key]: value }))),
    [{}],
  );
}

/** The label sets of the answer. */
function seriesOf(query) {
  if (/count by \(__name__\)/.test(query)) return metricNames().map((name) => ({ __name__: name }));
  const name = metricNames().find((candidate) => query.includes(candidate));
  if (!name) return [];
  const grouping = /\bby\s*\(([^)]*)\)/
    .exec(query)?.[1]
    .split(",")
    .map((label) => label.trim())
    .filter(Boolean);
  const aggregated = /\b(sum|avg|max|min|count|histogram_quantile)\b/.test(query);
  const sets = combinations(METRICS[name].by);
  if (!aggregated)
    return sets.map((set) =>
      /rate|increase/.test(query)
        ? { job: "alex-agent", ...set }
        : { __name__: name, job: "alex-agent", ...set },
    );
  const seen = new Map();
  for (const set of sets) {
    const kept = Object.fromEntries(
      (grouping ?? []).filter((label) => label !== "le" && set[label]).map((label) => [label, set[label]]),
    );
    seen.set(JSON.stringify(kept), kept);
  }
  return [...seen.values()];
}

function parseError(query) {
  const open = (query.match(/[({[]/g) ?? []).length;
  const close = (query.match(/[)}\]]/g) ?? []).length;
  return open === close ? null : `1:${query.length}: parse error: unclosed left parenthesis`;
}

function value(labels, query, seconds) {
  const key = JSON.stringify(labels) + query.slice(0, 24);
  let seed = 0;
  for (const letter of key) seed = (seed * 31 + letter.charCodeAt(0)) >>> 0;
  const random = seeded(seed);
  const scale = /quantile/.test(query)
    ? 2
    : /bytes/.test(query)
      ? 3e8
      : /tokens/.test(query)
        ? 4_000
        : 8 * random();
  const wave =
    Math.sin(seconds / (400 + random() * 900) + random() * 6) * 0.3 +
    Math.sin(seconds / 77 + random() * 6) * 0.08;
  return scale * (0.7 + random() * 0.5 + wave) * (labels.status === "error" ? 0.06 : 1);
}

export function query({ query: text, time }) {
  const problem = parseError(text);
  if (problem) return { status: 400, body: { status: "error", errorType: "bad_data", error: problem } };
  const at = Number(time ?? Date.now() / 1_000);
  const lines = linesOf(text);
  if (lines) {
    const result = lines.flatMap(({ metric, at: valueAt }) => {
      const found = valueAt(at);
      return found === null ? [] : [{ metric, value: [at, String(found)] }];
    });
    return { status: 200, body: { status: "success", data: { resultType: "vector", result } } };
  }
  const result = seriesOf(text).map((metric) => ({ metric, value: [at, String(value(metric, text, at))] }));
  return { status: 200, body: { status: "success", data: { resultType: "vector", result } } };
}

export function queryRange({ query: text, start, end, step }) {
  const problem = parseError(text);
  if (problem) return { status: 400, body: { status: "error", errorType: "bad_data", error: problem } };
  const lines = linesOf(text);
  if (lines) return { status: 200, body: rangeOf(lines, start, end, step) };
  const result = seriesOf(text).map((metric) => {
    const values = [];
    for (let at = Math.ceil(start / step) * step; at <= end; at += Number(step)) {
      if (metric.model === "claude-haiku-4.5" && at % 7_200 < 500) continue;
      values.push([at, String(value(metric, text, at))]);
    }
    return { metric, values };
  });
  const warnings =
    /alex_sessions_active/.test(text) && /rate/.test(text)
      ? [
          'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "alex_sessions_active" (1:6)',
        ]
      : undefined;
  return { status: 200, body: { status: "success", data: { resultType: "matrix", result }, warnings } };
}

function rangeOf(lines, start, end, step) {
  const result = lines.flatMap(({ metric, at: valueAt }) => {
    const values = [];
    for (let at = Math.ceil(start / step) * step; at <= end; at += Number(step)) {
      const found = valueAt(at);
      if (found !== null) values.push([at, String(found)]);
    }
    return values.length > 0 ? [{ metric, values }] : [];
  });
  return { status: "success", data: { resultType: "matrix", result } };
}

export function exemplars({ query: text, start, end }, dataset) {
  if (!/latency|duration_seconds/.test(text)) return { status: "success", data: [] };
  const found = dataset.traces
    .filter((trace) => trace.startMs / 1_000 >= start && trace.startMs / 1_000 <= end)
    .filter((_, index) => index % 6 === 0)
    .map((trace) => ({
      labels: { trace_id: trace.traceId, span_id: trace.spans[0].spanId },
      value: String(
        (trace.spans.find((span) => span.name === "alex.llm.generate")?.durationMs ?? 800) / 1_000,
      ),
      timestamp: trace.startMs / 1_000,
    }));
  return {
    status: "success",
    data: [
      { seriesLabels: { __name__: "alex_llm_latency_seconds_bucket", model: "gpt-5.2" }, exemplars: found },
    ],
  };
}

/** Pretends to be Loki, Tempo, Jaeger, SQL and the overview, just well enough to build the page against. */

const nanos = (ms) => `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, "0")}`;
const toMs = (text) => (text.length > 15 ? Number(text) / 1e6 : Number(text) * 1_000);

function logFilter(query) {
  const services = /service_name\s*(=~?)\s*"((?:[^"\\]|\\.)*)"/.exec(query);
  const contains = [...query.matchAll(/\|=\s*"((?:[^"\\]|\\.)*)"/g)].map((match) =>
    JSON.parse(`"${match[1]}"`),
  );
  const excludes = [...query.matchAll(/!=\s*"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]);
  const fields = [...query.matchAll(/\|\s*([a-z_]+)\s*(=|!=)\s*"((?:[^"\\]|\\.)*)"/g)];
  return (log) => {
    if (
      services &&
      !(services[1] === "="
        ? log.service === services[2]
        : new RegExp(`^(${JSON.parse(`"${services[2]}"`)})$`).test(log.service))
    )
      return false;
    const line = JSON.stringify(log.body);
    if (contains.some((text) => !line.includes(text))) return false;
    if (fields.length === 0 && excludes.some((text) => line.includes(text))) return false;
    const all = {
      ...log.body,
      trace_id: log.traceId,
      span_id: log.spanId,
      detected_level: log.level,
      service_name: log.service,
    };
    return fields.every(
      ([, name, operator, wanted]) => (String(all[name] ?? "") === wanted) === (operator === "="),
    );
  };
}

export function logs({ query, start, end, limit = "100", step }, world) {
  if (!/^[^{]*\{/.test(query))
    return { status: 400, text: `parse error at line 1, col 1: syntax error: unexpected IDENTIFIER` };
  const [from, to] = [toMs(start), toMs(end)];
  const found = world.logs.filter((log) => log.atMs >= from && log.atMs < to).filter(logFilter(query));
  if (/count_over_time|rate\(/.test(query)) {
    const stepMs = Number(step) * 1_000;
    const groups = new Map();
    for (const log of found) {
      const at = Math.ceil(log.atMs / stepMs) * stepMs;
      const counts = groups.get(log.level) ?? new Map();
      counts.set(at, (counts.get(at) ?? 0) + 1);
      groups.set(log.level, counts);
    }
    const result = [...groups].map(([level, counts]) => ({
      metric: { detected_level: level },
      values: [...counts]
        .sort((left, right) => left[0] - right[0])
        .map(([at, count]) => [at / 1_000, String(count)]),
    }));
    return { status: 200, body: { status: "success", data: { resultType: "matrix", result } } };
  }
  const json = /\|\s*json/.test(query);
  const streams = new Map();
  for (const log of found.slice(0, Number(limit))) {
    const stream = { service_name: log.service, deployment_environment: "production" };
    const key = JSON.stringify(stream);
    const parsed = json
      ? Object.fromEntries(Object.entries(log.body).map(([name, value]) => [name, String(value)]))
      : undefined;
    const entry = [
      nanos(log.atMs),
      JSON.stringify(log.body),
      {
        structuredMetadata: {
          trace_id: log.traceId,
          span_id: log.spanId,
          detected_level: log.level,
          severity_text: log.level.toUpperCase(),
          scope_name: "alex.agent",
        },
        ...(parsed ? { parsed } : {}),
      },
    ];
    const held = streams.get(key) ?? { stream, values: [] };
    held.values.push(entry);
    streams.set(key, held);
  }
  return {
    status: 200,
    body: {
      status: "success",
      data: {
        resultType: "streams",
        encodingFlags: ["categorize-labels"],
        result: [...streams.values()],
        stats: {},
      },
    },
  };
}

const attribute = ([key, value]) => ({
  key,
  value: Array.isArray(value)
    ? { arrayValue: { values: value.map((item) => ({ stringValue: item })) } }
    : typeof value === "boolean"
      ? { boolValue: value }
      : typeof value === "number"
        ? Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value }
        : { stringValue: value },
});
const base64 = (hex) => Buffer.from(hex, "hex").toString("base64");
const KINDS = ["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"];

export function trace(id, world) {
  const found = world.traces.find((candidate) => candidate.traceId === id.padStart(32, "0"));
  if (!found) return { status: 404, text: "" };
  const services = [...new Set(found.spans.map((span) => span.service))];
  const batches = services.map((service) => ({
    resource: {
      attributes: Object.entries({
        "service.name": service,
        "service.version": "1.4.2",
        "host.name": "node-3",
        "process.pid": 4_711,
        "telemetry.sdk.language": "rust",
      }).map(attribute),
    },
    scopeSpans: [
      {
        scope: { name: "alex.agent", version: "0.9.0" },
        spans: found.spans
          .filter((span) => span.service === service)
          .map((span) => ({
            traceId: base64(span.traceId),
            spanId: base64(span.spanId),
            parentSpanId: span.parent ? base64(span.parent) : undefined,
            name: span.name,
            kind: KINDS[span.kind],
            startTimeUnixNano: nanos(span.startMs),
            endTimeUnixNano: nanos(span.startMs + span.durationMs),
            attributes: Object.entries(span.attributes).map(attribute),
            events: span.events.map((event) => ({
              name: event.name,
              timeUnixNano: nanos(event.atMs),
              attributes: Object.entries(event.attributes).map(attribute),
            })),
            status: span.error ? { code: "STATUS_CODE_ERROR", message: span.error } : {},
          })),
      },
    ],
  }));
  return { status: 200, body: { batches } };
}

export function search({ q = "{}", start, end, limit = "20" }, world) {
  if ((q.match(/\{/g) ?? []).length !== (q.match(/\}/g) ?? []).length)
    return {
      status: 400,
      text: "invalid TraceQL query: parse error at line 1, col 5: syntax error: unexpected $end",
    };
  const service = /resource\.service\.name\s*=\s*"([^"]*)"/.exec(q)?.[1];
  const name = /(?:^|[^.\w])name\s*=\s*"([^"]*)"/.exec(q)?.[1];
  const wantsError = /status\s*=\s*error/.test(q);
  const longer = /(?:traceDuration|trace:duration|duration)\s*>=?\s*([\d.]+)(ms|s)/.exec(q);
  const minMs = longer ? Number(longer[1]) * (longer[2] === "s" ? 1_000 : 1) : 0;
  const traces = world.traces
    .filter(
      (candidate) => candidate.startMs / 1_000 >= Number(start) && candidate.startMs / 1_000 <= Number(end),
    )
    .filter((candidate) => candidate.spans[0].durationMs >= minMs)
    .map((candidate) => ({
      candidate,
      matched: candidate.spans.filter(
        (span) =>
          (!service || span.service === service) &&
          (!name || span.name === name) &&
          (!wantsError || span.error),
      ),
    }))
    .filter(({ matched }) => matched.length > 0)
    .sort((left, right) => right.candidate.startMs - left.candidate.startMs)
    .slice(0, Number(limit))
    .map(({ candidate, matched }) => {
      const [root] = candidate.spans;
      const serviceStats = {};
      for (const span of candidate.spans) {
        serviceStats[span.service] ??= { spanCount: 0, errorCount: 0 };
        serviceStats[span.service].spanCount += 1;
        if (span.error) serviceStats[span.service].errorCount += 1;
      }
      return {
        traceID: candidate.traceId,
        rootServiceName: root.service,
        rootTraceName: root.name,
        startTimeUnixNano: nanos(root.startMs),
        durationMs: Math.round(root.durationMs),
        spanSets: [{ spans: [], matched: matched.length }],
        serviceStats,
      };
    });
  return { status: 200, body: { traces, metrics: {} } };
}

export const operations = (service, world) => [
  ...new Set(
    world.traces
      .slice(0, 80)
      .flatMap((trace) => trace.spans)
      .filter((span) => span.service === service)
      .map((span) => span.name),
  ),
];

export function sql(query, world) {
  const table = /from\s+(\w+)/i.exec(query)?.[1];
  const columns = {
    spans: [
      ["trace_id", "Utf8"],
      ["span_id", "Utf8"],
      ["service_name", "Dictionary(Int32, Utf8)"],
      ["name", "Utf8"],
      ["start_time", 'Timestamp(Nanosecond, Some("UTC"))'],
      ["duration_ns", "Int64"],
      ["status_code", "Utf8"],
      ["attributes", "Map(Utf8, Utf8)"],
    ],
    logs: [
      ["time", 'Timestamp(Nanosecond, Some("UTC"))'],
      ["service_name", "Dictionary(Int32, Utf8)"],
      ["severity_text", "Utf8"],
      ["body", "Utf8"],
      ["trace_id", "Utf8"],
    ],
    metrics: [
      ["time", 'Timestamp(Millisecond, Some("UTC"))'],
      ["name", "Utf8"],
      ["value", "Float64"],
      ["labels", "Map(Utf8, Utf8)"],
    ],
  }[table];
  if (!columns)
    return {
      status: 400,
      body: {
        error: `table '${table ?? ""}' not found; the tables are spans, logs and metrics`,
        position: { line: 1, column: 15 },
      },
    };
  const limit = Number(/limit\s+(\d+)/i.exec(query)?.[1] ?? 1_000);
  const spans = world.traces
    .slice(0, 200)
    .flatMap((trace) => trace.spans)
    .slice(0, limit);
  const rows = spans.map((span) => ({
    trace_id: span.traceId,
    span_id: span.spanId,
    service_name: span.service,
    name: table === "metrics" ? "alex_llm_latency_seconds_count" : span.name,
    start_time: new Date(span.startMs).toISOString(),
    time: new Date(span.startMs).toISOString(),
    duration_ns: Math.round(span.durationMs * 1e6),
    status_code: span.error ? "error" : "unset",
    severity_text: "INFO",
    body: `{"message":"${span.name}"}`,
    value: span.durationMs,
    attributes: span.attributes,
    labels: { job: span.service },
  }));
  return {
    status: 200,
    body: { columns: columns.map(([name, type]) => ({ name, type })), rows, truncated: limit >= 1_000 },
  };
}

export function overview(world, empty) {
  const now = Date.now();
  const wobble = (value) => value * (0.9 + 0.2 * Math.abs(Math.sin(now / 9_000 + value)));
  const signal = (rate, total, retentionDays, rest = {}) =>
    empty
      ? {
          items_total: 0,
          rate_per_s: 0,
          rejected_total: 0,
          last_received_unix_ms: null,
          head_rows: 0,
          part_rows: 0,
          part_bytes: 0,
          retention_s: retentionDays * 86_400,
          ...rest,
        }
      : {
          items_total: total,
          rate_per_s: wobble(rate),
          rejected_total: 0,
          last_received_unix_ms: now - 1_200,
          head_rows: Math.round(total / 9),
          part_rows: total,
          part_bytes: total * 41,
          retention_s: retentionDays * 86_400,
          ...rest,
        };
  return {
    version: "0.1.0",
    now_unix_ms: now,
    uptime_s: (now - world.startedMs) / 1_000 + 8_100,
    data_dir_bytes: empty ? 41_200 : 183_400_000,
    signals: {
      spans: signal(312.4, 2_184_220, 7),
      logs: signal(148.2, 991_020, 7, empty ? {} : { rejected_total: 17 }),
      metrics: signal(1_204, 9_120_440, 30, { active_series: empty ? 0 : 2_062 }),
    },
    services: empty
      ? []
      : [
          {
            name: "alex-agent",
            spans_per_s: wobble(180),
            logs_per_s: wobble(81),
            samples_per_s: wobble(640),
            last_received_unix_ms: now - 1_200,
          },
          {
            name: "llm-gateway",
            spans_per_s: wobble(98),
            logs_per_s: wobble(52),
            samples_per_s: wobble(402),
            last_received_unix_ms: now - 3_100,
          },
          {
            name: "tool-runner",
            spans_per_s: wobble(34),
            logs_per_s: wobble(15),
            samples_per_s: wobble(162),
            last_received_unix_ms: now - 2_400,
          },
          {
            name: "billing",
            spans_per_s: 0,
            logs_per_s: 0,
            samples_per_s: 0,
            last_received_unix_ms: now - 1_500_000,
          },
        ],
    receivers: [
      {
        protocol: "otlp_grpc",
        address: "127.0.0.1:4317",
        state: "listening",
        requests_total: empty ? 0 : 48_211,
        errors_total: 0,
        last_request_unix_ms: empty ? null : now - 1_200,
        last_error: null,
      },
      {
        protocol: "otlp_http",
        address: "127.0.0.1:4318",
        state: "listening",
        requests_total: empty ? 0 : 9_120,
        errors_total: empty ? 0 : 3,
        last_request_unix_ms: empty ? null : now - 4_000,
        last_error: empty
          ? null
          : {
              message: "logs: 17 of 512 records rejected: body is longer than 1 MiB",
              at_unix_ms: now - 380_000,
            },
      },
    ],
    hints: empty
      ? []
      : [
          {
            signal: "logs",
            message:
              "17 log records were rejected: their body is longer than the limit of 1 MiB (limits.log_body_bytes_max).",
          },
        ],
  };
}

/** A minimal SQL API: recognises the table and the limit, and returns spans in the columns of the table. */

export function sql(query, dataset) {
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
  const spans = dataset.traces
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

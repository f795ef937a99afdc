/** Minimal Tempo and Jaeger APIs: traces by id, and a search by the conditions of the form. */
import { nanos } from "./dataset.mjs";

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

export function trace(id, dataset) {
  const found = dataset.traces.find((candidate) => candidate.traceId === id.padStart(32, "0"));
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

export function search({ q = "{}", start, end, limit = "20" }, dataset) {
  if ((q.match(/\{/g) ?? []).length !== (q.match(/\}/g) ?? []).length)
    return {
      status: 400,
      text: "invalid TraceQL query: parse error at line 1, col 5: syntax error: unexpected $end",
    };
  const service = /resource\.service\.name\s*=\s*"([^"]*)"/.exec(q)?.[1];
  const name = /(?:^|[^.\w])name\s*=\s*"([^"]*)"/.exec(q)?.[1];
  const wantsError = /status\s*=\s*error/.test(q);
  const longer = /(?:traceDuration|trace:duration|duration)\s*>=?\s*([\d.]+)(ns|ms|s)/.exec(q);
  const minMs = longer ? Number(longer[1]) * { ns: 1e-6, ms: 1, s: 1_000 }[longer[2]] : 0;
  const most = /traceDuration\s*<=\s*(\d+)ns/.exec(q)?.[1];
  const maxMs = most ? Number(most) * 1e-6 : Number.POSITIVE_INFINITY;
  const traces = dataset.traces
    .filter(
      (candidate) => candidate.startMs / 1_000 >= Number(start) && candidate.startMs / 1_000 <= Number(end),
    )
    .filter(({ spans: [root] }) => root.durationMs >= minMs && root.durationMs <= maxMs)
    .filter(({ spans }) => counted(q, /\{ status = error \}/, spans.filter(({ error }) => error).length))
    .filter(({ spans }) => counted(q, /\{\}/, spans.length))
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
        durationMs: Math.floor(root.durationMs),
        spanSets: [{ spans: [spanOf(matched[0], root)], matched: matched.length }],
        serviceStats,
      };
    });
  return { status: 200, body: { traces, metrics: {} } };
}

/** Whether a number of spans is within the bounds that follow the filter in the query. */
function counted(q, filter, count) {
  const bounds = new RegExp(`${filter.source} \\| count\\(\\) > (\\d+)(?: \\| count\\(\\) <= (\\d+))?`).exec(
    q,
  );
  return !bounds || (count > Number(bounds[1]) && count <= Number(bounds[2] ?? count));
}

/** A span of an answer, with the attribute that the page selects. */
const spanOf = (span, root) => ({
  spanID: span.spanId,
  name: span.name,
  attributes: [attribute(["traceDuration", Math.round(root.durationMs * 1e6)])],
});

export const operations = (service, dataset) => [
  ...new Set(
    dataset.traces
      .slice(0, 80)
      .flatMap((trace) => trace.spans)
      .filter((span) => span.service === service)
      .map((span) => span.name),
  ),
];

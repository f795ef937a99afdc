// @ts-check
/** A server that answers every question of a dashboard with made data: metrics, logs, traces and tables. */
import { makeDataset } from "./dataset.mjs";
import { labelSets, valuesAt, valuesOf } from "./synthetic-series.mjs";
import { testTable } from "./test-data.mjs";
import * as traces from "./traces.mjs";

/** @typedef {Record<string, string>} Given */
/** @typedef {{ status: number, body?: unknown, text?: string }} Answer */

/** @type {(data: unknown) => Answer} */
const data = (data) => ({ status: 200, body: { status: "success", data } });

const LINES = [
  'level=info ts=2026-05-04T10:12:31Z caller=metrics.go:159 component=querier query="{app=\\"cart\\"}" duration=12.4ms status=200',
  '{"level":"error","message":"payment refused: card expired","order":"8f3a-11","duration_ms":241,"status":502}',
  '10.0.1.7 - - [04/May/2026:10:12:31 +0000] "GET /api/cart?id=18 HTTP/1.1" 200 1843 "-" "Mozilla/5.0"',
  'level=warn ts=2026-05-04T10:12:32Z caller=retry.go:73 msg="retrying request" attempt=3 err="connection reset by peer"',
  'level=debug ts=2026-05-04T10:12:33Z caller=cache.go:211 msg="cache hit" key=cart/18 ttl=30s',
];
const LINES_MAX = 60;

/** The labels in the names of the series of a query. @typedef {Map<string, string[]>} Legends */

/** The legends of a dashboard, by the queries without their selectors and ranges. @type {(board: unknown) => Legends} */
export function legendsOf(board) {
  const found = new Map();
  JSON.stringify(board, (_key, value) => {
    if (typeof value?.expr === "string" && value.legendFormat && value.legendFormat !== "__auto")
      found.set(
        skeleton(value.expr),
        [...value.legendFormat.matchAll(/\{\{\s*\.?(\w+)\s*\}\}/g)].map(([, name]) => name),
      );
    return value;
  });
  return found;
}

/** @type {(query: string) => string} */
const skeleton = (query) => query.replace(/\{[^}]*\}|\[[^\]]*\]|\s+/g, "");

/**
 * The answer to a request, or null for one that is no question for data.
 * @type {(path: string, given: Given, json: { query?: string }, legends: Legends) => Answer | null}
 */
export function syntheticAnswer(path, given, json, legends) {
  const [, api, rest = ""] = /^\/(prometheus|loki|tempo|jaeger|api)\/(?:api\/)?(.*)$/.exec(path) ?? [];
  if (api === "api") return rest === "sql" ? { status: 200, body: testTable(json.query ?? "") } : null;
  if (api === undefined) return null;
  const label = /^v\d\/label\/([^/]+)\/values$/.exec(rest)?.[1];
  if (label) return data(valuesOf(decodeURIComponent(label)));
  if (rest === "v1/labels") return data(["__name__", "job", "instance", "namespace", "pod"]);
  if (rest === "v1/series") return data(labelSets(given["match[]"] ?? "", undefined));
  if (rest === "v1/query") return instant(given, legends);
  if (rest === "v1/query_range")
    return api === "loki" && isLines(given.query ?? "") ? lines(given) : range(given, legends);
  if (api === "tempo" && rest === "search")
    return traces.search({ start: given.start, end: given.end, q: "{}" }, dataset());
  const traceId = /^traces\/(\w+)$/.exec(rest)?.[1];
  if (api === "tempo" && traceId) return traces.trace(traceId, dataset());
  if (api === "tempo")
    return {
      status: 200,
      body: { scopes: [], tagValues: ["a", "b"].map((value) => ({ type: "string", value })) },
    };
  if (api === "jaeger") return { status: 200, body: { data: valuesOf("service_name") } };
  return data([]);
}

/** @type {ReturnType<typeof makeDataset> | undefined} */
let made;
function dataset() {
  made ??= makeDataset();
  return made;
}

/** @type {(query: string) => boolean} */
const isLines = (query) => /^[\s(]*\{/.test(query.replace(/^\s*#.*$/gm, ""));

/** Loki's times are in nanoseconds. @type {(text: string | undefined) => number} */
const seconds = (text = "") => (text.length > 15 ? Number(text) / 1e9 : Number(text));

/** @type {(given: Given, legends: Legends) => Answer} */
function instant({ query = "", time }, legends) {
  const at = seconds(time);
  const scalar = /^[\s(]*[\d.]+[\s)]*$/.test(query) ? Number.parseFloat(query.replace(/[()\s]/g, "")) : null;
  if (scalar !== null) return data({ resultType: "scalar", result: [at, String(scalar)] });
  const result = labelSets(query, legends.get(skeleton(query))).map((metric) => ({
    metric,
    value: [at, String(valuesAt(query, metric, [at])[0] ?? 0)],
  }));
  return data({ resultType: "vector", result });
}

/** @type {(given: Given, legends: Legends) => Answer} */
function range({ query = "", start, end, step = "60" }, legends) {
  const [from, to, by] = [seconds(start), seconds(end), Math.max(Number.parseFloat(step), 1e-3)];
  const first = Math.ceil(from / by) * by;
  const times = Array.from(
    { length: Math.max(0, Math.floor((to - first) / by) + 1) },
    (_, index) => first + index * by,
  );
  const result = labelSets(query, legends.get(skeleton(query))).map((metric) => {
    const values = valuesAt(query, metric, times);
    return {
      metric,
      values: times.flatMap((time, index) => (values[index] == null ? [] : [[time, String(values[index])]])),
    };
  });
  return data({ resultType: "matrix", result });
}

/** @type {(given: Given) => Answer} */
function lines({ start, end, limit = "100", query = "" }) {
  const [from, to] = [seconds(start), seconds(end)];
  const count = Math.min(Number(limit), LINES_MAX);
  const [stream] = labelSets(query.slice(0, query.indexOf("}") + 1), undefined);
  const values = Array.from({ length: count }, (_, index) => {
    const at = to - ((index + 1) * (to - from)) / (count + 2);
    const level = ["info", "error", "info", "warn", "debug"][index % LINES.length] ?? "";
    return [
      `${Math.floor(at)}000000000`,
      LINES[index % LINES.length],
      { structuredMetadata: { detected_level: level } },
    ];
  });
  return data({
    resultType: "streams",
    encodingFlags: ["categorize-labels"],
    result: [{ stream, values }],
    stats: {},
  });
}

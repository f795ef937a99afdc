/**
 * A server for developing the page without the binary: `npm run mock`, then `npm run dev`, or open it directly
 * to see the built page under the same content security policy. MOCK_EMPTY=1 serves no data; MOCK_CORPUS=1 serves the
 * dashboards of other projects, with made data for every query.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { Alerting } from "./alerting/alerting.mjs";
import { servedBoards } from "./corpus-boards.mjs";
import { Dashboards } from "./dashboards.mjs";
import { makeDataset } from "./dataset.mjs";
import { logs } from "./logs.mjs";
import * as metrics from "./metrics.mjs";
import { overview } from "./overview.mjs";
import { sql } from "./sql.mjs";
import { cardinality, targets } from "./status.mjs";
import { legendsOf, syntheticAnswer } from "./synthetic.mjs";
import * as traces from "./traces.mjs";

const PORT = Number(process.env.PORT ?? 3000);
const EMPTY = process.env.MOCK_EMPTY === "1";
const CORPUS = process.env.MOCK_CORPUS === "1" ? servedBoards() : undefined;
const DIST = new URL("../dist", import.meta.url).pathname;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

let dataset = makeDataset();
setInterval(() => {
  dataset = makeDataset();
}, 600_000).unref();

const dashboards = new Dashboards(EMPTY ? [] : CORPUS);
const alerting = new Alerting(EMPTY);
/** Those of the dashboard that was opened last. */
let legends = new Map();

const ok = (body) => ({ status: 200, body });
const data = (list) => ok({ status: "success", data: list });

const SCOPES = [
  { name: "resource", tags: ["service.name", "host.name"] },
  { name: "span", tags: ["alex.session_id", "gen_ai.request.model", "http.response.status_code"] },
  { name: "intrinsic", tags: ["name", "status", "duration", "kind"] },
];
const SERVICES = ["alex-agent", "llm-gateway", "tool-runner"];
const NO_LOGS = data({ resultType: "streams", result: [] });

/** A pattern of paths, and a function of its captures, the parameters and the JSON body to the answer. */
const ROUTES = [
  [/^\/api\/overview$/, () => ok(overview(dataset, EMPTY))],
  [/^\/api\/sql$/, (_found, _given, json) => sql(json.query ?? "", dataset)],
  [/^\/prometheus\/api\/v1\/query$/, (_found, given) => metrics.query(given)],
  [/^\/prometheus\/api\/v1\/query_range$/, (_found, given) => metrics.queryRange(given)],
  [/^\/prometheus\/api\/v1\/query_exemplars$/, (_found, given) => ok(metrics.exemplars(given, dataset))],
  [/^\/prometheus\/api\/v1\/metadata$/, () => data(metrics.metadata())],
  [/^\/prometheus\/api\/v1\/labels$/, () => data(metrics.labelNames())],
  [/^\/prometheus\/api\/v1\/series$/, () => data(metrics.metricNames().map((name) => ({ __name__: name })))],
  [
    /^\/prometheus\/api\/v1\/label\/([^/]+)\/values$/,
    ([, name], given) => data(metrics.labelValues(name, given["match[]"])),
  ],
  [/^\/prometheus\/api\/v1\/targets$/, () => ok(targets(EMPTY))],
  [/^\/prometheus\/api\/v1\/status\/tsdb$/, (_found, given) => ok(cardinality(given, EMPTY))],
  [/^\/loki\/api\/v1\/query_range$/, (_found, given) => (EMPTY ? NO_LOGS : logs(given, dataset))],
  [/^\/loki\/api\/v1\/query$/, (_found, given) => metrics.query(given)],
  [/^\/loki\/api\/v1\/labels$/, () => data(["service_name", "deployment_environment"])],
  [
    /^\/loki\/api\/v1\/label\/([^/]+)\/values$/,
    ([, name]) => data(name === "service_name" ? SERVICES : ["production"]),
  ],
  [/^\/tempo\/api\/search$/, (_found, given) => (EMPTY ? ok({ traces: [] }) : traces.search(given, dataset))],
  [/^\/tempo\/api\/traces\/(\w+)$/, ([, id]) => traces.trace(id, dataset)],
  [/^\/tempo\/api\/v2\/search\/tags$/, () => ok({ scopes: SCOPES })],
  [
    /^\/tempo\/api\/v2\/search\/tag\/([^/]+)\/values$/,
    () => ok({ tagValues: SERVICES.map((value) => ({ type: "string", value })) }),
  ],
  [/^\/jaeger\/api\/services$/, () => ok({ data: EMPTY ? [] : SERVICES })],
  [
    /^\/jaeger\/api\/services\/([^/]+)\/operations$/,
    ([, service]) => ok({ data: traces.operations(decodeURIComponent(service), dataset) }),
  ],
];

function answer(path, given, json) {
  for (const [pattern, make] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return make(found, given, json);
  }
  return null;
}

/** Like the binary, sends the compressed variant that the build made. */
function sendFile(path, { headers }, response) {
  const wanted = join(DIST, normalize(path));
  const file =
    wanted.startsWith(DIST) && extname(wanted) && existsSync(wanted) ? wanted : join(DIST, "index.html");
  const packed = headers["accept-encoding"]?.includes("br") && existsSync(`${file}.br`);
  const bytes = readFileSync(packed ? `${file}.br` : file);
  response.writeHead(200, {
    ...(packed ? { "Content-Encoding": "br" } : {}),
    "Content-Length": bytes.length,
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": POLICY,
    "Cache-Control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  response.end(bytes);
}

createServer(async (request, response) => {
  const address = new URL(request.url ?? "/", "http://mock");
  let body = "";
  for await (const chunk of request) body += chunk;
  const isJson = request.headers["content-type"]?.includes("json");
  const given = Object.fromEntries([...address.searchParams, ...(isJson ? [] : new URLSearchParams(body))]);
  const opened = CORPUS?.find(({ uid }) => address.pathname === `/api/dashboards/${uid}`);
  if (opened) legends = legendsOf(opened);
  const json = isJson ? JSON.parse(body) : {};
  const found =
    dashboards.answer(request.method ?? "GET", address.pathname, body) ??
    alerting.answer(request.method ?? "GET", address, body) ??
    (CORPUS && syntheticAnswer(address.pathname, given, json, legends)) ??
    answer(address.pathname, given, json);
  if (!found) return sendFile(address.pathname, request, response);
  const type = found.text === undefined ? "application/json" : "text/plain";
  response.writeHead(found.status, { "Content-Type": type });
  response.end(found.text ?? JSON.stringify(found.body) ?? "");
}).listen(PORT, "127.0.0.1", () =>
  process.stdout.write(`mock at http://127.0.0.1:${PORT}${EMPTY ? " (empty)" : ""}\n`),
);

import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Overview, SignalOverview, SqlAnswer } from "./api/generated";
import { type Answers, renderPage } from "./testing/render";

const NO_DATA: SignalOverview = {
  items_total: 0,
  rate_per_s: 0,
  rejected_total: 0,
  last_received_unix_ms: null,
  head_rows: 0,
  part_rows: 0,
  part_bytes: 0,
  retention_s: 604_800,
  active_series: null,
};
const EMPTY_OVERVIEW: Overview = {
  version: "0.1.0",
  now_unix_ms: 1_795_000_000_000,
  uptime_s: 10,
  data_dir_bytes: 0,
  signals: { spans: NO_DATA, logs: NO_DATA, metrics: NO_DATA },
  services: [],
  receivers: [],
  hints: [],
};
const NO_ROWS: SqlAnswer = { columns: [{ name: "a", type: "text" }], rows: [], truncated: false };
const NO_LINES = { "/loki/api/v1/query_range": { data: { resultType: "streams", result: [] } } };
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

describe("an empty view says why it is empty and what to do", () => {
  it.each<[string, Answers, string, RegExp]>([
    ["/", { "/api/overview": EMPTY_OVERVIEW }, "No services yet", /appears here with its first span/],
    [
      "/explore/metrics",
      { "/prometheus/api/v1/label": { data: [] } },
      "No metrics are stored yet",
      /port 4317/,
    ],
    ["/explore/metrics?expr=up", {}, "No series in this time range", /Widen the time range/],
    ["/explore/metrics?expr=up&off=A", {}, "All queries are disabled", /letter of a query to enable it/],
    ["/explore/logs", NO_LINES, "No log lines in this time range", /send logs over OTLP to port 4317/],
    ["/explore/logs?query={a=%22b%22}", NO_LINES, "No log lines in this time range", /remove filters/],
    ["/explore/traces", {}, "No traces in this time range", /send traces over OTLP to port 4317/],
    ["/explore/traces?service=a", {}, "No traces in this time range", /Remove a condition/],
    ["/explore/sql?query=SELECT", { "/api/sql": NO_ROWS }, "No rows", /Remove a condition/],
    ["/targets", {}, "No targets are configured", /glasshouse serve --adopt prometheus\.yml.*adopt: \[/],
    ["/alerts", {}, "No rules are configured", /--adopt \/etc\/prometheus.*adopt: \[/],
    ["/alerts/rules", {}, "No rules are configured", /“Alert on this” beside a query in Explore/],
    ["/alerts/silences", {}, "Nothing is silenced", /Press s on an alert/],
    ["/alerts/rules/file", {}, "No files of rules", /write a rule/],
    ["/dashboards", {}, "No dashboards yet", /glasshouse serve --adopt.*adopt: \[/],
    [
      "/d/none",
      { "/api/dashboards/": Response.json({ error: "there is none" }, { status: 404 }) },
      "Dashboard not found",
      /may have been deleted or renamed/,
    ],
    ["/cardinality", { "/prometheus/api/v1/status/tsdb": {} }, "No metrics are stored yet", /--adopt/],
    [`/trace/${TRACE_ID}`, {}, "Trace not found", /may not have arrived yet/],
    ["/no/such/view", {}, "Page not found", /No view has this URL/],
  ])("%s", async (url, answers, title, advice) => {
    renderPage(url, answers);
    const heading = await screen.findByRole("heading", { name: title });
    expect(heading.parentElement?.textContent).toMatch(advice);
  });
});

describe("a failed request is shown", () => {
  it.each([
    "/explore/logs",
    "/explore/traces",
    "/explore/sql?query=x",
    "/explore/metrics?expr=x",
    "/targets",
    "/alerts",
    "/alerts/rules",
    "/alerts/silences",
    "/alerts/routes",
    "/alerts/notifications",
    "/cardinality",
    "/dashboards",
    "/d/a",
    "/",
  ])("by %s", async (url) => {
    const failure = Response.json({ error: "the disk is full" }, { status: 500 });
    renderPage(url, { "/": failure });
    const alerts = await screen.findAllByRole("alert");
    expect(alerts[0]?.textContent).toMatch(/Internal server error.*the disk is full/);
  });
  it("by Home when the answer is not an overview", async () => {
    renderPage("/", { "/api/overview": { status: "ok" } });
    expect((await screen.findByRole("alert")).textContent).toMatch(/did not answer with an overview/);
  });
});

describe("the URL", () => {
  it("keeps the time range when another view is opened", async () => {
    const { user, path, search } = renderPage("/explore/sql?from=now-6h&to=now&query=x");
    await user.click(await screen.findByRole("link", { name: "Logs" }));
    await waitFor(() => expect(path()).toBe("/explore/logs"));
    expect(search()).toEqual({ from: "now-6h", to: "now" });
  });
  it("keeps the state of a view that is changed", async () => {
    const { user, search } = renderPage("/explore/traces?service=a&sort=longest");
    await user.click(await screen.findByRole("checkbox", { name: "Errors" }));
    await waitFor(() => expect(search()).toEqual({ service: "a", sort: "longest", status: "error" }));
  });
  it.each([
    ["/graph?g0.expr=up&g0.range_input=2h", "/explore/metrics", { expr: "up", from: "now-2h", to: "now" }],
    [
      `/explore?schemaVersion=1&panes=${encodeURIComponent('{"a":{"queries":[{"expr":"up"}],"range":{"from":"now-2h","to":"now"}}}')}`,
      "/explore/metrics",
      { expr: "up", from: "now-2h", to: "now" },
    ],
    ["/explore?panes={", "/explore/metrics", {}],
    ["/search?service=a&minDuration=1s", "/explore/traces", { service: "a", min: "1s" }],
    ["/d/a/the-slug?var-v=1&var-v=2", "/d/a", { "var-v": ["1", "2"] }],
    ["/d-solo/a/the-slug?panelId=3&from=now-2h", "/d/a", { viewPanel: "3", kiosk: "1", from: "now-2h" }],
    ["/service-discovery", "/targets", {}],
    ["/tsdb-status", "/cardinality", {}],
    ["/#/alerts?receiver=team-a", "/alerts", { receiver: "team-a" }],
    ["/alertmanager/#/alerts?filter=%7Ba%3D%22b%22%7D", "/alerts", { find: '{a="b"}' }],
    ["/#/silences", "/alerts/silences", {}],
    ["/#/silences/new?filter=%7Ba%3D%22b%22%7D", "/alerts/silences/new", { filter: '{a="b"}' }],
    ["/#/silences/1-2", "/alerts/silences", { silence: "1-2" }],
    ["/silences", "/alerts/silences", {}],
    ["/rules?search=up", "/alerts/rules", { find: "up" }],
    ["/alerts?search=up&state=pending", "/alerts", { find: "up", state: "pending" }],
    ["/alerting/list", "/alerts/rules", {}],
  ])("of another tool is redirected: %s", async (url, view, expected) => {
    const { path, search } = renderPage(url);
    await waitFor(() => expect([path(), search()]).toEqual([view, expected]));
  });
});

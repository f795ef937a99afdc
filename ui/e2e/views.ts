/** How the tests open the views. */
import type { Page } from "@playwright/test";
import { Alerting } from "../mock/alerting/alerting.mjs";
import { Dashboards } from "../mock/dashboards.mjs";
import { encoded, expect } from "./test";

export const traceLinks = (page: Page) => page.locator("[data-scroll-restoration-id=traces] a");
export const spanRows = (page: Page) => page.getByRole("treegrid").getByRole("row");
export const logLines = (page: Page) => page.getByRole("log").locator("[role=button]");

/** Opens the first complete trace of the search; spans of the newest may still be missing. */
export async function openTrace(page: Page, search = "") {
  await page.goto(`/explore/traces${search}`);
  await traceLinks(page).filter({ hasNotText: "not received" }).first().click();
  await expect(spanRows(page).first()).toBeVisible();
}

/** Opens a trace with many spans: most requests of a page have one, a task of the agent has many. */
export const openTaskTrace = (page: Page) =>
  openTrace(page, `?q=${encoded('{ name = "alex.session.solve_task" }')}`);

/** Files of dashboards that the test has for itself, with the data of the server. */
export async function serveDashboards(page: Page, dashboards = new Dashboards()) {
  const served = /\/api\/(dashboards|data-sources)/;
  await page.route(served, async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    const answer = dashboards.answer(request.method(), pathname, request.postData() ?? "");
    if (answer) await route.fulfill({ status: answer.status, json: answer.body });
    else await route.continue();
  });
  return dashboards;
}

/** Rules, alerts and silences that the test has for itself. */
export async function serveAlerting(page: Page, alerting = new Alerting()) {
  const served = /\/(prometheus\/api\/v1\/(rules|alerts)|alertmanager\/api|api\/alerting)(\/|\?|$)/;
  await page.route(served, async (route) => {
    const request = route.request();
    const answer = alerting.answer(request.method(), new URL(request.url()), request.postData() ?? "");
    if (!answer) return route.continue();
    const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
    await route.fulfill({ status: answer.status, contentType: "application/json", body });
  });
  return alerting;
}

export interface View {
  name: string;
  /** Ends when the view shows its data. */
  open: (page: Page) => Promise<void>;
}

function at(address: string, data: string): View["open"] {
  return async (page) => {
    await page.goto(address);
    await expect(page.locator(data).first()).toBeVisible();
  };
}

/** With the dashboards of the mock. */
function atDashboard(address: string, data: string): View["open"] {
  return async (page) => {
    await serveDashboards(page);
    await at(address, data)(page);
  };
}

/** With the alerts of the mock. */
function atAlerts(address: string, data: string): View["open"] {
  return async (page) => {
    await serveAlerting(page);
    await at(address, data)(page);
  };
}

const GPU_SILENCE = "5b1f7c0e-0000-4000-8000-000000000001";
const SERIES = encoded("alex_llm_requests_total");
const ONE_RULE =
  "text:groups:\n  - name: gpu\n    rules:\n      - alert: HighGPUMemory\n        expr: a > 1\n";
const SPANS = encoded("SELECT service_name, name, duration_ns FROM spans LIMIT 50");

/** Every view, with data. */
export const VIEWS: View[] = [
  { name: "Home", open: at("/", "section:has(h2:text-is('Services')) tbody tr") },
  { name: "the list of dashboards", open: atDashboard("/dashboards", "a:text-is('Agents')") },
  {
    name: "a dashboard",
    open: atDashboard("/d/agents?rows=1", "[aria-label='Requests by model'] canvas"),
  },
  {
    name: "the editor of a panel",
    open: atDashboard("/d/agents?editPanel=4", "[aria-label='Requests by model'] canvas"),
  },
  {
    name: "the layout of a dashboard",
    open: atDashboard("/d/agents?edit=layout", "[aria-label='Requests by model'] canvas"),
  },
  {
    name: "the variables of a dashboard",
    open: atDashboard("/d/agents?edit=variables", "[aria-label=Values] code"),
  },
  { name: "the JSON of a dashboard", open: atDashboard("/d/agents?edit=json", ".cm-content") },
  { name: "Alerts", open: atAlerts("/alerts", "[aria-label=Alerts] button") },
  {
    name: "an alert",
    open: atAlerts(`/alerts?alert=${encoded('{alertname="HighGPUMemory"}')}`, "dt:text-is('gpu_id')"),
  },
  { name: "Rules", open: atAlerts("/alerts/rules", "[aria-label=Rules] button") },
  { name: "a rule", open: atAlerts("/alerts/rules?rule=gpu/HighGPUUtilization", "h3:text-is('2 alerts')") },
  { name: "a new rule", open: atAlerts(`/alerts/rules/new?expr=${encoded("up == 0")}`, ".cm-content") },
  { name: "a file of rules", open: atAlerts("/alerts/rules/file", "pre") },
  { name: "Silences", open: atAlerts("/alerts/silences", "[aria-label=Silences] button") },
  {
    name: "a silence",
    open: atAlerts(`/alerts/silences?silence=${GPU_SILENCE}`, "a:text-is('HighGPUMemory')"),
  },
  {
    name: "the form of a silence",
    open: atAlerts(`/alerts/silences/new?filter=${encoded('{type="gpu"}')}`, "a:text-is('HighGPUMemory')"),
  },
  {
    name: "Routes",
    open: atAlerts("/alerts/routes?route=0.4&labels=type%3Ddrift", "button:has-text('Send a test message')"),
  },
  { name: "Notifications", open: atAlerts("/alerts/notifications", "[aria-label=Notifications] button") },
  { name: "a replay", open: atAlerts("/alerts/replay?open=HighGPUMemory", "li:has-text('peak')") },
  {
    name: "a comparison of replays",
    open: atAlerts(`/alerts/replay?otherRules=${encoded(ONE_RULE)}`, "b:text-is('1 message with B')"),
  },
  {
    name: "the messages of a replay",
    open: atAlerts("/alerts/replay?list=messages&otherRules=used", "[aria-label=Messages] button"),
  },
  { name: "the list of metrics", open: at("/explore/metrics?browse=on", "[role=grid] [role=gridcell]") },
  { name: "the chart of metrics", open: at(`/explore/metrics?expr=${SERIES}`, "th:has-text('Last')") },
  {
    name: "the table of metrics",
    open: at(`/explore/metrics?view=table&expr=${SERIES}`, "[role=gridcell]"),
  },
  { name: "Logs", open: at("/explore/logs", "[role=log] [role=button]") },
  { name: "Traces", open: at("/explore/traces", "[data-scroll-restoration-id=traces] a") },
  { name: "a trace", open: openTaskTrace },
  { name: "SQL", open: at(`/explore/sql?query=${SPANS}`, "[role=gridcell]") },
  { name: "Targets", open: at("/targets", "text=/Active \\d|No targets/") },
  { name: "Cardinality", open: at("/cardinality", "tbody a") },
];

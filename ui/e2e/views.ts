/** How the tests open the views. */
import type { Page } from "@playwright/test";
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

const SERIES = encoded("alex_llm_requests_total");
const SPANS = encoded("SELECT service_name, name, duration_ns FROM spans LIMIT 50");

/** Every view, with data. */
export const VIEWS: View[] = [
  { name: "Home", open: at("/", "section:has(h2:text-is('Services')) tbody tr") },
  { name: "the list of dashboards", open: atDashboard("/dashboards", "a:text-is('Agents')") },
  {
    name: "a dashboard",
    open: atDashboard("/d/agents?rows=1", "[aria-label='Requests by model'] canvas"),
  },
  { name: "the JSON of a dashboard", open: atDashboard("/d/agents?edit=json", ".cm-content") },
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

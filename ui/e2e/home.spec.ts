/** Home. */
import type { Page } from "@playwright/test";

import { expect, expectMarkupAsText, MARKUP, test } from "./test";
import { logLines, spanRows, traceLinks } from "./views";

/** The row of a service with its requests, errors and durations. */
const serviceRow = (page: Page) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: "alex-agent", exact: true }) });

test("Home shows services, errors, LLM calls and what arrives", async ({ page }) => {
  await page.goto("/");
  for (const name of ["Attention", "Services", "Errors", "LLM calls", "Received by service", "Receivers"])
    await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
  await expect(page.getByText("OTLP gRPC")).toBeVisible();
  await expect(page).toHaveTitle("Home · Glasshouse");
});

test("the errors of a service open its traces", async ({ page }) => {
  await page.goto("/?from=now-3h");
  await serviceRow(page).getByRole("link").last().click();
  await expect(traceLinks(page).first()).toBeVisible();
  expect(page.url()).toMatch(/from=now-3h.*service=alex-agent|service=alex-agent.*from=now-3h/);
});

test("the requests, errors and durations of a service open TraceQL that finds them", async ({ page }) => {
  for (const column of [1, 3]) {
    await page.goto("/");
    await serviceRow(page).getByRole("cell").nth(column).getByRole("link").click();
    await expect(traceLinks(page).first()).toBeVisible();
  }
});

test("a group of errors opens its spans, its newest trace and its logs", async ({ page }) => {
  await page.goto("/");
  await page
    .getByRole("link", { name: /^[\d,.K]+ spans: / })
    .first()
    .click();
  await expect(traceLinks(page).first()).toBeVisible();
  await page.goto("/");
  await page
    .getByRole("link", { name: /^Trace of the newest: / })
    .first()
    .click();
  await expect(spanRows(page).first()).toBeVisible();
  await page.goto("/");
  await page
    .getByRole("link", { name: /^[\d,.K]+ log records: / })
    .first()
    .click();
  await expect(logLines(page).first()).toBeVisible();
});

test("the calls of a model and its tokens open traces and SQL", async ({ page }) => {
  await page.goto("/");
  await page
    .getByRole("link", { name: /\d calls of / })
    .first()
    .click();
  await expect(traceLinks(page).first()).toBeVisible();
  await page.goto("/");
  await page
    .getByRole("link", { name: /tokens\/h of / })
    .first()
    .click();
  await expect(page.getByRole("gridcell").first()).toBeVisible();
});

test("Home follows the time range and Refresh", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/api/sql")) asked.push(request.postDataJSON().query);
  });
  await page.goto("/?from=now-15m");
  await expect(serviceRow(page)).toBeVisible();
  const before = asked.length;
  // Half a minute for each of the thirty points.
  expect(asked.some((query) => query.includes("INTERVAL '30000 milliseconds'"))).toBe(true);
  await page.keyboard.press("r");
  await expect.poll(() => asked.length).toBe(2 * before);
});

test("Home says that the server cannot be reached", async ({ page, server }) => {
  await server.disconnect("**/api/overview");
  await page.goto("/");
  await expect(page.getByText("The overview cannot be loaded")).toBeVisible();
});

test("Home shows an error of SQL, and the data that arrives", async ({ page, server }) => {
  await server.fail("**/api/sql", 503);
  await page.goto("/");
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expect(page.getByText(/^Not checked: services, errors, LLM calls/)).toBeVisible();
  await expect(page.getByText("OTLP gRPC")).toBeVisible();
});

test("messages of errors are text", async ({ page }) => {
  await page.route("**/api/sql", (route) => {
    const row = {
      service_name: MARKUP,
      name: MARKUP,
      type: null,
      template: MARKUP,
      least: MARKUP,
      greatest: MARKUP,
      errors: 9,
      errors_before: 0,
      first_seen: new Date().toISOString(),
      last_seen: new Date().toISOString(),
      trace_id: null,
    };
    const columns = Object.keys(row).map((name) => ({ name, type: "text" }));
    return route.fulfill({ json: { columns, rows: [row], truncated: false } });
  });
  await page.goto("/");
  await expectMarkupAsText(page);
});

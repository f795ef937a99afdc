/** What a value leads to, and what Back takes back. */
import type { Locator, Page } from "@playwright/test";
import { encoded, expect, test } from "./test";
import { logLines, openTaskTrace, spanRows, traceLinks } from "./views";

const item = (page: Page, name: string | RegExp) => page.getByRole("menuitem", { name });
const actions = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first();

/** Drags over the right half of a chart. */
async function drag(page: Page, chart: Locator) {
  const box = await chart.boundingBox();
  if (!box) throw new Error("the chart is not shown");
  const y = box.y + box.height / 3;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, y, { steps: 4 });
  await page.mouse.move(box.x + box.width * 0.95, y, { steps: 4 });
  await page.mouse.up();
}

test("an attribute of a span finds other spans", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await actions(page, "Actions for service.name").click();
  await item(page, "Filter for this value").click();
  await expect(page).toHaveURL(/explore\/traces.*resource\.service\.name/);
  await expect(traceLinks(page).first()).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
});

test("Escape closes the menu of a value and nothing else", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await actions(page, "Actions for service.name").click();
  await expect(item(page, "Copy the value")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(item(page, "Copy the value")).toHaveCount(0);
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
});

test("log lines are grouped by a field, and come back", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  await actions(page, "Actions for detected_level").click();
  await item(page, "Group by detected_level").click();
  await expect(page).toHaveURL(/count_over_time/);
  await expect(page.locator("th", { hasText: "Last" })).toBeVisible();
  await page.goBack();
  await expect(logLines(page).first()).toBeVisible();
});

test("a cell of a result of SQL filters its rows", async ({ page }) => {
  await page.goto(`/explore/sql?query=${encoded("SELECT service_name, duration_ns FROM spans LIMIT 20")}`);
  await page.getByRole("gridcell").first().hover();
  await actions(page, "Actions for service_name").click();
  await item(page, "Filter out this value").click();
  await expect(page).toHaveURL(/IS\+DISTINCT\+FROM/);
});

test("a query that was run is recalled", async ({ page }) => {
  const query = '{service_name=~".+"} | detected_level="info"';
  await page.goto(`/explore/logs?query=${encoded(query)}`);
  await expect(page.getByRole("button", { name: "Query history" })).toBeVisible();
  await page.goto("/explore/logs");
  await page.getByRole("button", { name: "Query history" }).click();
  await page.getByRole("dialog").getByText(query).click();
  await expect(page).toHaveURL(/detected_level/);
});

test("the link to a log line shows the line opened", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/explore/logs");
  const line = logLines(page).nth(2);
  await line.click();
  await page.getByRole("button", { name: "Copy a link to this line" }).click();
  await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
  const opened = page.getByRole("log").locator("[role=button][aria-expanded=true]");
  await expect(opened).toBeInViewport();
});

test("the link to a span selects the span", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openTaskTrace(page);
  await spanRows(page).nth(2).click();
  await page.getByRole("button", { name: "Copy a link to this span" }).click();
  await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
  await expect(page.locator("[role=row][aria-selected=true]")).toBeInViewport();
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
});

for (const [name, address, label] of [
  ["logs", "/explore/logs", "Lines over time by level"],
  ["traces", "/explore/traces", "Traces by start and duration"],
  ["metrics", `/explore/metrics?expr=${encoded("alex_llm_requests_total")}`, /^Chart of/],
] as const) {
  test(`a drag over the chart of ${name} selects a time range, which Back takes back`, async ({ page }) => {
    await page.goto(address);
    const chart = page.getByRole("img", { name: label });
    await expect(chart).toBeVisible();
    await page.waitForLoadState("networkidle");
    await drag(page, chart);
    await expect(page).toHaveURL(/from=\d{13}&to=\d{13}/);
    await page.goBack();
    await expect(page).not.toHaveURL(/from=\d{13}/);
  });
}

/** Metrics: chart, list of metrics, table, exemplars. */
import type { Page } from "@playwright/test";
import { encoded, expect, test } from "./test";

/** A metric with exemplars, of the demo and of the mock. */
const LATENCY = "alex_llm_latency_seconds_bucket";

async function chartFirstMetric(page: Page) {
  await page.goto("/explore/metrics");
  await page.getByRole("grid").getByRole("row").nth(1).click();
}

async function chartBox(page: Page) {
  const box = await page.locator(".u-over").boundingBox();
  if (!box) throw new Error("the chart is not drawn");
  return box;
}

test("a metric chosen from the list is charted", async ({ page }) => {
  await chartFirstMetric(page);
  await expect(page.locator(".uplot canvas")).toBeVisible();
  await expect(page.locator("th", { hasText: "Last" }).first()).toBeVisible();
  await expect(page).toHaveURL(/expr=/);
});

test("dragging across the chart zooms, and Back returns", async ({ page }) => {
  await chartFirstMetric(page);
  const { x, y, width } = await chartBox(page);
  await page.mouse.move(x + width * 0.5, y + 60);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.9, y + 60, { steps: 6 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{13}&to=\d{13}/);
  await page.goBack();
  await expect(page).not.toHaveURL(/from=\d/);
});

test("a chart that is refreshed keeps its canvas, its tooltip and a drag", async ({ page }) => {
  await page.goto(`/explore/metrics?expr=${encoded("alex_sessions_active")}&from=now-5m&to=now`);
  const { x, y, width } = await chartBox(page);
  const canvas = await page.locator(".uplot canvas").elementHandle();
  const tooltip = page.locator(".gh-chart-tooltip");
  const refreshed = () => page.waitForResponse((response) => response.url().includes("query_range"));
  await page.mouse.move(x + width - 30, y + 60);
  await page.mouse.move(x + width - 40, y + 60);
  await expect(tooltip).toBeVisible();
  await Promise.all([refreshed(), page.keyboard.press("r")]);
  await expect(page.getByRole("button", { name: "Refresh now" })).toHaveAttribute("aria-busy", "false");
  await expect(tooltip).toBeVisible();
  await page.mouse.down();
  await page.mouse.move(x + width * 0.7, y + 60, { steps: 4 });
  await Promise.all([refreshed(), page.keyboard.press("r")]);
  await expect(page.getByRole("button", { name: "Refresh now" })).toHaveAttribute("aria-busy", "false");
  await page.mouse.move(x + width * 0.5, y + 60, { steps: 4 });
  expect(await page.locator(".u-select").evaluate((part) => part.clientWidth)).toBeGreaterThan(width * 0.4);
  expect(await canvas?.evaluate((element) => element.isConnected)).toBe(true);
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{13}&to=\d{13}/);
});

test("a metric is found by a label that it has", async ({ page }) => {
  await page.goto("/explore/metrics?browse=on");
  await page.getByRole("textbox", { name: "Search metrics" }).fill("model llm_requests");
  await expect(page.getByRole("grid").getByText("alex_llm_requests_total")).toBeVisible();
});

test("the list of metrics is searched and chosen from with the keyboard", async ({ page }) => {
  await page.goto("/explore/metrics?browse=on");
  await expect(page.getByRole("grid").getByRole("row").nth(1)).toBeVisible();
  const search = page.getByLabel("Search metrics");
  await search.fill("llm_latency bucket");
  await expect(page).toHaveURL(/find=llm_latency/);
  await search.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/expr=histogram_quantile/);
  await expect(page.locator(".uplot canvas")).toBeVisible();
});

test("the table has a column for each label and is sorted by a click", async ({ page }) => {
  await page.goto(`/explore/metrics?view=table&expr=${encoded("alex_llm_requests_total")}`);
  const headers = page.getByRole("columnheader");
  await expect(headers.getByText("model").first()).toBeVisible();
  await headers.getByRole("button").filter({ hasText: "value" }).click();
  await expect(page).toHaveURL(/sort=value/);
  await expect(page.locator("[role=columnheader][aria-sort=ascending]")).toBeVisible();
});

test("an exemplar opens its trace", async ({ page }) => {
  const expression = `histogram_quantile(0.95, sum by (le) (rate(${LATENCY}[$__rate_interval])))`;
  const exemplars = page.waitForResponse(/query_exemplars/);
  await page.goto(`/explore/metrics?from=now-15m&to=now&expr=${encoded(expression)}`);
  await (await exemplars).finished();
  await moveToExemplar(page);
  await expect(page.locator(".gh-chart-tooltip").getByText("trace_id").first()).toBeVisible();
  await page.mouse.down();
  await page.mouse.up();
  await expect(page).toHaveURL(/\/trace\/[0-9a-f]{32}/);
});

/** Moves the pointer to an exemplar: the first one when searching from the newest points to the oldest. */
async function moveToExemplar(page: Page) {
  // One call: moving the real pointer over hundreds of points takes a minute.
  const point = await page.locator(".u-over").evaluate((chart) => {
    const { x: left, y: top, width, height } = chart.getBoundingClientRect();
    for (let x = width - 4; x > 0; x -= 6) {
      for (let y = 4; y < height; y += 12) {
        const at = { clientX: left + x, clientY: top + y };
        chart.dispatchEvent(new MouseEvent("mousemove", { ...at, bubbles: true }));
        if (chart.getAttribute("data-exemplar") === "true") return at;
      }
    }
    return null;
  });
  if (!point) throw new Error("no exemplar is drawn");
  await page.mouse.move(point.clientX, point.clientY);
}

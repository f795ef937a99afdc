/** The PromQL editor: completion and errors. */
import type { Page } from "@playwright/test";
import { encoded, expect, test } from "./test";

const LATENCY = "alex_llm_latency_seconds_bucket";
/** Not the plain text area that stands in until the editor is loaded. */
const editor = (page: Page) => page.locator(".cm-content[aria-label='PromQL query A']");
const options = (page: Page) => page.locator(".cm-tooltip-autocomplete li");

async function openAndType(page: Page, text: string) {
  await page.goto("/explore/metrics");
  await expect(editor(page)).toBeFocused();
  await page.keyboard.type(text);
}

/** Right after the list opens, the editor takes Enter as a new line. */
async function accept(page: Page) {
  await page.waitForTimeout(200);
  await page.keyboard.press("Enter");
}

test("metrics and labels are completed", async ({ page }) => {
  await openAndType(page, `sum by (model) (rate(${LATENCY.slice(0, -4)}`);
  const metric = options(page).filter({ hasText: LATENCY }).filter({ hasText: "histogram" });
  await expect(metric.first()).toBeVisible();
  await accept(page);
  await page.keyboard.type("{mo");
  await expect(options(page).filter({ hasText: "model" }).first()).toBeVisible();
  await accept(page);
  await expect(options(page).first()).toBeVisible();
  await expect(editor(page)).toHaveText(/_bucket\{model=""\}/);
});

test("functions are completed with their type and description", async ({ page }) => {
  await openAndType(page, "histogram_qu");
  await expect(options(page).filter({ hasText: "instant-vector" }).first()).toBeVisible();
  await expect(page.locator(".cm-completionInfo").getByText("quantiles").first()).toBeVisible();
});

test("a query that the server rejects shows an error", async ({ page }) => {
  await page.goto(`/explore/metrics?expr=${encoded("sum(")}`);
  await expect(page.getByRole("alert").first()).toBeVisible();
});

test("the place of an error is marked in the query", async ({ page }) => {
  await page.goto(`/explore/metrics?expr=${encoded("sum(rate(up[$__rate_interval])")}`);
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expect(page.locator(".cm-query-error").first()).toBeVisible();
});

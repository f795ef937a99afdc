/** Cardinality. */
import { expect, test } from "./test";

test("the metric with most series opens in a chart", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText("Receivers").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page).toHaveURL(/\/cardinality/);
  await expect(page.getByRole("heading", { level: 2, name: "Active series over time" })).toBeVisible();
  const largest = page.locator("section", { hasText: "Metrics with most series" }).locator("tbody a");
  await largest.first().click();
  await expect(page).toHaveURL(/explore\/metrics\?.*expr=/);
  await expect(page.locator(".uplot canvas")).toBeVisible();
});

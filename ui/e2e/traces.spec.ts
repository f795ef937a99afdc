/** The search for traces. */
import { encoded, expect, test } from "./test";
import { traceLinks } from "./views";

test("the newest traces are listed", async ({ page }) => {
  await page.goto("/explore/traces");
  await expect(traceLinks(page).first()).toBeVisible();
});

test("a TraceQL query that the server rejects shows an error", async ({ page }) => {
  await page.goto(`/explore/traces?q=${encoded("{ name = ")}`);
  await expect(page.getByRole("alert").first()).toBeVisible();
});

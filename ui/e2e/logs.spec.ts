/** Logs. */
import { encoded, expect, test } from "./test";
import { logLines } from "./views";

test("a log line opens its fields", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  await expect(page.getByText("service_name").first()).toBeVisible();
});

test("a field of a line becomes a filter of the query", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  await page.getByRole("button", { name: "Actions for service_name" }).first().click();
  await page.getByRole("menuitem", { name: "Filter for this value" }).click();
  await expect(page).toHaveURL(/query=.*service_name/);
  await expect(logLines(page).first()).toBeVisible();
});

test("a log line opens its trace", async ({ page }) => {
  // Log lines arrive a few seconds before their spans.
  const query = encoded('{service_name=~".+"} | trace_id!=""');
  await page.goto(`/explore/logs?query=${query}&from=now-1h&to=now-20s`);
  await logLines(page).first().click();
  await page.getByText("Open trace").first().click();
  await expect(page.getByRole("treegrid").getByRole("row").first()).toBeVisible();
});

test("a log line opens its trace with the keyboard", async ({ page }) => {
  const query = encoded('{service_name=~".+"} | trace_id!=""');
  await page.goto(`/explore/logs?query=${query}&from=now-1h&to=now-20s`);
  await expect(logLines(page).first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Open trace" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("treegrid").getByRole("row").first()).toBeVisible();
});

test("logs say that the server cannot be reached", async ({ page, server }) => {
  await server.disconnect("**/api/overview");
  await server.disconnect("**/loki/api/v1/**");
  await page.goto("/explore/logs");
  await expect(page.getByRole("alert").getByText("No answer").first()).toBeVisible();
});

/** What every view has: keyboard shortcuts, command palette, time range, addresses. */
import type { Page } from "@playwright/test";
import { encoded, expect, test } from "./test";

const palette = (page: Page) => page.getByRole("dialog").getByRole("combobox");

test("views are reached with shortcuts and with the command palette", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText("Services").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await expect(page).toHaveURL(/explore\/logs/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog").getByText("Go to").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await expect(palette(page)).toBeFocused();
  await page.keyboard.type("sql");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/explore\/sql/);
});

for (const [address, label] of [
  ["/explore/metrics?expr=up", "PromQL query A"],
  ["/explore/metrics?browse=on&expr=up", "Search metrics"],
  ["/explore/logs", "LogQL query"],
  ["/explore/traces", "Tags"],
  ["/explore/traces?q={}", "TraceQL query"],
  ["/explore/sql", "SQL query"],
] as const) {
  test(`the key / leads to "${label}" of ${address}`, async ({ page }) => {
    await page.goto(address);
    const field = page.getByRole("textbox", { name: label });
    await expect(field).toBeVisible();
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("/");
    await expect(field).toBeFocused();
  });
}

test("the command palette opens a trace by its id", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(palette(page)).toBeFocused();
  await page.keyboard.type("0af7651916cd43dd8448eb211c80319c");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/trace\/0af7651916cd43dd8448eb211c80319c/);
});

test("the time range is part of the address and kept between views", async ({ page }) => {
  await page.goto("/explore/traces?from=now-6h&to=now");
  await expect(page.getByText("Last 6 hours").first()).toBeVisible();
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Logs" }).click();
  await expect(page).toHaveURL(/explore\/logs\?.*from=now-6h/);
});

test("a time range that cannot be read is reported", async ({ page }) => {
  await page.goto("/explore/logs?from=tomorrow&to=now");
  await expect(page.getByRole("note").first()).toBeVisible();
});

test("addresses of Prometheus and Jaeger lead to the same query here", async ({ page }) => {
  await page.goto(`/graph?g0.expr=${encoded("up")}&g0.range_input=2h`);
  await expect(page).toHaveURL(/explore\/metrics\?.*expr=up/);
  await page.goto("/search?service=alex-agent");
  await expect(page).toHaveURL(/explore\/traces\?.*service=alex-agent/);
});

test("an unknown address is reported", async ({ page }) => {
  await page.goto("/no/such/address");
  await expect(page.getByText("Page not found").first()).toBeVisible();
});

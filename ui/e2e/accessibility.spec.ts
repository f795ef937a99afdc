/** Accessibility: axe with all its rules, over every view and what opens in front of it. */
import type { Page } from "@playwright/test";
import axe from "axe-core";
import { encoded, expect, test } from "./test";
import { logLines, openTaskTrace, serveDashboards, spanRows, VIEWS } from "./views";

/** Half-transparent text has no contrast to measure. */
test.use({ contextOptions: { reducedMotion: "reduce" } });

async function expectAccessible(page: Page) {
  // An animation whose element goes away is cancelled: it rejects.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((animation) => animation.finished)),
  );
  // The content security policy forbids a script element.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<axe.AxeResults> } };
    return (await axe.run()).violations;
  });
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}\n${failureSummary}`),
  );
  expect(found.join("\n\n")).toBe("");
}

for (const { name, open } of VIEWS) {
  test(`${name} is accessible`, async ({ page }) => {
    await open(page);
    await expectAccessible(page);
  });
}

test("an opened log line is accessible", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  await expect(page.getByText("service_name").first()).toBeVisible();
  await expectAccessible(page);
});

test("a selected span is accessible", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
  await expectAccessible(page);
});

test("a trace with dimmed rows is accessible", async ({ page }) => {
  await openTaskTrace(page);
  await page.getByLabel("Find in this trace").fill("generate");
  await expect(page.locator("[data-hit=true]").first()).toBeVisible();
  await expectAccessible(page);
});

test("the keyboard shortcuts are accessible", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Shortcuts" }).click();
  await expect(page.getByRole("dialog").getByText("Go to").first()).toBeVisible();
  await expectAccessible(page);
});

test("the command palette is accessible", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Search or trace id" }).click();
  await expect(page.getByRole("option").first()).toBeVisible();
  await expectAccessible(page);
});

test("the time picker is accessible", async ({ page }) => {
  await page.goto("/explore/logs");
  await page.getByRole("button", { name: "Last hour" }).click();
  await expect(page.getByRole("button", { name: "Apply" })).toBeVisible();
  await expectAccessible(page);
});

for (const menu of ["Theme", "Auto refresh: Off"]) {
  test(`the menu ${menu} is accessible`, async ({ page }) => {
    await page.goto("/explore/logs");
    await page.getByRole("button", { name: menu }).click();
    await expect(page.getByRole("menuitem").first()).toBeVisible();
    await expectAccessible(page);
  });
}

test("the menu of a value is accessible", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  await page.getByRole("button", { name: "Actions for service_name" }).first().click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  await expectAccessible(page);
});

for (const [name, open] of [
  ["the choice of a variable", (page: Page) => page.getByRole("button", { name: "Model: All" }).click()],
  ["the menu of a panel", (page: Page) => page.getByRole("button", { name: "Menu of Sessions" }).click()],
  ["an inspected panel", (page: Page) => page.goto("/d/agents?inspect=panel-4")],
  ["a panel alone", (page: Page) => page.goto("/d/agents?viewPanel=panel-4")],
  ["a dashboard without controls", (page: Page) => page.goto("/d/agents?kiosk")],
  ["an import", (page: Page) => openImport(page)],
] as const) {
  test(`${name} is accessible`, async ({ page }) => {
    await serveDashboards(page);
    await page.goto("/d/agents");
    await expect(page.locator("[data-panel] canvas").first()).toBeVisible();
    await open(page);
    await expect(
      page
        .getByRole("option")
        .or(page.getByRole("gridcell"))
        .or(page.locator("[data-panel] canvas"))
        .or(page.getByRole("dialog"))
        .first(),
    ).toBeVisible();
    await expectAccessible(page);
  });
}

async function openImport(page: Page) {
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "Import" }).click();
}

test("the history of queries is accessible", async ({ page }) => {
  await page.goto(`/explore/logs?query=${encoded('{service_name=~".+"}')}`);
  await page.getByRole("button", { name: "Query history" }).click();
  await expect(page.getByRole("dialog").getByText("Recent")).toBeVisible();
  await expectAccessible(page);
});

test("an open select is accessible", async ({ page }) => {
  await page.goto("/explore/logs");
  await page.getByRole("combobox", { name: "Lines per request" }).click();
  await expect(page.getByRole("option").first()).toBeVisible();
  await expectAccessible(page);
});

test("completions are accessible", async ({ page }) => {
  await page.goto("/explore/metrics");
  await expect(page.locator(".cm-content[aria-label='PromQL query A']")).toBeFocused();
  await page.keyboard.type("histogram_qu");
  await expect(page.locator(".cm-completionInfo")).toBeVisible();
  await expectAccessible(page);
});

test("errors are accessible", async ({ page, server }) => {
  await server.fail("**/loki/api/v1/query_range?**", 503);
  await page.goto("/explore/logs");
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expectAccessible(page);
  await page.goto(`/explore/metrics?expr=${encoded("sum(rate(up[$__rate_interval])")}`);
  await expect(page.locator(".cm-query-error").first()).toBeVisible();
  await expectAccessible(page);
});

test("empty states are accessible", async ({ page, server }) => {
  const streams = { resultType: "streams", result: [] };
  await server.answer("**/loki/api/v1/query_range?**", { status: "success", data: streams });
  for (const address of ["/explore/logs", `/trace/${"f".repeat(32)}`, "/no/such/address"]) {
    await page.goto(address);
    await expect(page.getByRole("status").first()).toBeVisible();
    await expectAccessible(page);
  }
});

/** No view is wider than the window: nothing but a table or a query scrolls sideways. */
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./test";
import { logLines, openTaskTrace, spanRows, VIEWS } from "./views";

/** By how many pixels the page and the part of it that scrolls are too wide. */
const excess = (page: Page) =>
  page.evaluate(async () => {
    await document.fonts.ready;
    const boxes = [document.documentElement, ...document.querySelectorAll("#content")];
    return Math.max(...boxes.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
  });

/** Expects that all of it can be seen and that it has space for a line of text. */
async function expectWithin(page: Page, part: Locator) {
  await expect(part).toBeInViewport({ ratio: 1 });
  const box = await part.boundingBox();
  expect(box?.width).toBeGreaterThanOrEqual(280);
  expect(await excess(page)).toBe(0);
}

for (const { name, open } of VIEWS) {
  test(`${name} is not wider than the window`, async ({ page }) => {
    await open(page);
    expect(await excess(page)).toBe(0);
  });
}

test("an empty state is not wider than the window", async ({ page, server }) => {
  const data = { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} };
  await server.answer("**/prometheus/api/v1/targets", { status: "success", data });
  await page.goto("/targets");
  await expect(page.getByText("No targets are configured")).toBeVisible();
  expect(await excess(page)).toBe(0);
});

test("the details of a span are within the window", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await expectWithin(page, page.getByRole("complementary", { name: "Span" }));
});

test("the fields of a log line are within the window, with their values on one line", async ({ page }) => {
  await page.goto("/explore/logs");
  await logLines(page).first().click();
  const field = page.getByRole("log").getByRole("row").filter({ hasText: "detected_level" });
  const [row, list] = [await field.boundingBox(), await page.getByRole("log").boundingBox()];
  expect(row?.height).toBeLessThan(60);
  expect((row?.x ?? 0) + (row?.width ?? 0)).toBeLessThanOrEqual((list?.x ?? 0) + (list?.width ?? 0));
});

test("the time picker is within the window", async ({ page }) => {
  await page.goto("/explore/logs");
  await page.getByRole("button", { name: "Last hour" }).click();
  await expectWithin(page, page.getByRole("dialog"));
});

test("the command palette is within the window", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Search or trace id" }).click();
  await expectWithin(page, page.getByRole("dialog"));
});

test("the keyboard shortcuts are within the window", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Shortcuts" }).click();
  await expectWithin(page, page.getByRole("dialog"));
});

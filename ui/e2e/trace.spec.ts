/** A trace. */
import { expect, test } from "./test";
import { openTaskTrace, openTrace, spanRows } from "./views";

test("a span is selected with the pointer and with the keyboard", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
  await expect(page).toHaveURL(/span=[0-9a-f]{16}/);
  await page.getByRole("treegrid").press("ArrowUp");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await expect(page.locator("[role=row][aria-selected=true]")).toBeVisible();
});

test("the focus returns to the spans when the details of one are closed", async ({ page }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  const details = page.getByRole("complementary", { name: "Span" });
  for (const shut of ["Escape", "Enter"]) {
    await page.keyboard.press("ArrowDown");
    await details.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press(shut);
    await expect(details).toHaveCount(0);
    await expect(page.getByRole("treegrid")).toBeFocused();
  }
});

test("a span opens its logs", async ({ page }) => {
  await openTrace(page);
  await spanRows(page).first().click();
  await page.getByText("Logs of this span").click();
  await expect(page).toHaveURL(/explore\/logs.*trace_id/);
});

test("a trace that is not stored is said to be missing", async ({ page }) => {
  await page.goto(`/trace/${"f".repeat(32)}`);
  await expect(page.getByText("Trace not found")).toBeVisible();
});

test("a long model name is shown in full", async ({ page, server }) => {
  const traceId = "a".repeat(32);
  const spanId = "b".repeat(16);
  const model = "gpt-4o-2024-11-20-of-the-whole-platform-team";
  const attributes = [{ key: "gen_ai.request.model", value: { stringValue: model } }];
  const span = { traceId, spanId, name: "chat", startTimeUnixNano: "1", endTimeUnixNano: "9", attributes };
  await server.answer("**/tempo/api/traces/**", { batches: [{ scopeSpans: [{ spans: [span] }] }] });
  await page.goto(`/trace/${traceId}?span=${spanId}`);
  const name = page.locator("b").filter({ hasText: model });
  await expect(name).toBeVisible();
  expect(await name.evaluate((shown) => shown.scrollWidth - shown.clientWidth)).toBe(0);
});

test("a zoom of a trace is part of the address", async ({ page }) => {
  await openTaskTrace(page);
  const map = page.getByTitle("Drag to zoom in");
  const box = await map.boundingBox();
  if (!box) throw new Error("there is no overview");
  await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=\d{19}-\d{19}/);
  const ruler = page.getByText("0 ms", { exact: true });
  await expect(ruler).toHaveCount(0);
  await page.reload();
  await expect(spanRows(page).first()).toBeVisible();
  await expect(ruler).toHaveCount(0);
  await page.getByRole("button", { name: "Reset zoom" }).click();
  await expect(page).not.toHaveURL(/zoom=/);
  await expect(ruler).toHaveCount(1);
});

test("the two sides of a call that share a span id are two rows, and each can be selected", async ({
  page,
  server,
}) => {
  const span = (spanId: string, parentSpanId: string, kind: number, name: string, from: number) => ({
    traceId: "a".repeat(32),
    spanId: spanId.repeat(16),
    parentSpanId: parentSpanId.repeat(16),
    kind,
    name,
    startTimeUnixNano: String(from),
    endTimeUnixNano: String(100 - from),
  });
  const batch = (service: string, ...spans: object[]) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [{ spans }],
  });
  await server.answer("**/tempo/api/traces/**", {
    batches: [
      batch("backend", span("c", "b", 3, "SELECT", 30), span("b", "", 2, "GET /items", 20)),
      batch("frontend", span("b", "", 3, "GET /items", 10)),
    ],
  });
  await page.goto(`/trace/${"a".repeat(32)}`);
  await expect(spanRows(page)).toContainText(["frontend", "backend", "SELECT"]);
  await spanRows(page).nth(1).click();
  const details = page.getByRole("complementary", { name: "Span" });
  await expect(details).toContainText("backend");
  await page.reload();
  await expect(details).toContainText("backend");
  await expect(spanRows(page).nth(1)).toHaveAttribute("aria-selected", "true");
  await expect(spanRows(page).nth(1)).toHaveAttribute("aria-level", "2");
  await expect(spanRows(page).nth(2)).toHaveAttribute("aria-level", "3");
});

/**
 * Budgets of size and time. Time is the CPU time of the page's main thread, which does not depend on what else the
 * machine does, as it is on the machine for which the budgets are set; the waits for the server and the network are
 * not part of it.
 */
import type { APIRequestContext, Page } from "@playwright/test";
import { LARGE } from "../mock/boards.mjs";
import { Dashboards } from "../mock/dashboards.mjs";
import { huge } from "../mock/dataset.mjs";
import { trace } from "../mock/traces.mjs";
import { expect, test } from "./test";
import { serveDashboards, spanRows, VIEWS } from "./views";

/** Scripts and style sheets that every view needs. */
const SHELL_BYTES_MAX = 190 * 1_024;
/** Compression does not pay for smaller files. */
const UNPACKED_BYTES_MAX = 1_024;
const FIRST_VIEW_MS_MAX = 800;
const SPANS = 10_000;
const SPANS_MS_MAX = 700;
const ROWS_MAX = 200;
const CHARTS = 40;
/** For the charts that are in the window, of a day each. */
const CHARTS_MS_MAX = 2_000;
const REFRESH_MS_MAX = 1_000;
/** The CPU time of `fixedWork` on the machine for which the budgets of time are set. */
const FIXED_WORK_MS = 42;

/** Recording a trace takes time of the main thread. */
test.use({ trace: "off" });

/** The CPU time of the main thread, in milliseconds, that a new page needs until `open` ends. */
async function mainThreadMs(page: Page, open: (page: Page) => Promise<void>): Promise<number> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send("Performance.enable", { timeDomain: "threadTicks" });
  await open(page);
  const { metrics } = await devTools.send("Performance.getMetrics");
  const seconds = metrics.find(({ name }) => name === "TaskDuration")?.value;
  return (seconds ?? Number.NaN) * 1_000;
}

/** Work that is the same on every machine: objects, texts and sorting, as in the page. */
function fixedWork(): number {
  let length = 0;
  for (let round = 0; round < 40; round++) {
    const rows = Array.from({ length: 2_000 }, (_, row) => ({ id: `row-${row}`, at: (row * 7_919) % 2_003 }));
    rows.sort((left, right) => left.at - right.at);
    length += JSON.stringify(JSON.parse(JSON.stringify(rows))).length;
  }
  return length;
}

/** A CPU time of this machine as that of the machine of the budgets, unless this one is faster. */
async function normalized(ms: number, page: Page): Promise<number> {
  const blank = await page.context().newPage();
  const fixedMs = await mainThreadMs(blank, async (page) => {
    await page.evaluate(fixedWork);
  });
  await blank.close();
  return ms / Math.max(1, fixedMs / FIXED_WORK_MS);
}

/** The size of a file as the server sends it to a browser. */
async function sentBytes(request: APIRequestContext, path: string): Promise<number> {
  const response = await request.get(path, { headers: { "accept-encoding": "br" } });
  const bytes = Number(response.headers()["content-length"]);
  if (response.headers()["content-encoding"] !== "br") expect(bytes, path).toBeLessThan(UNPACKED_BYTES_MAX);
  return bytes;
}

test("the shell has at most 190 KB", async ({ request }) => {
  const html = await (await request.get("/")).text();
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(
    ([, path]) => path ?? "",
  );
  expect(files.length).toBeGreaterThan(1);
  let bytes = 0;
  for (const path of files) bytes += await sentBytes(request, path);
  expect(bytes).toBeLessThanOrEqual(SHELL_BYTES_MAX);
});

for (const { name, open } of VIEWS) {
  test(`${name} needs at most 800 ms of CPU to open`, async ({ page }) => {
    const used = await mainThreadMs(page, open);
    expect(await normalized(used, page)).toBeLessThanOrEqual(FIRST_VIEW_MS_MAX);
  });
}

test("a trace of 10,000 spans needs at most 700 ms of CPU to open", async ({ page, server }) => {
  const large = huge(SPANS, Date.now() - 600_000);
  await server.answer("**/tempo/api/traces/**", trace(large.traceId, { traces: [large] }).body);
  const used = await mainThreadMs(page, async () => {
    await page.goto(`/trace/${large.traceId}`);
    await expect(spanRows(page).first()).toBeVisible();
  });
  await expect(page.getByText(/10,?000 spans/).first()).toBeVisible();
  expect(await spanRows(page).count()).toBeLessThanOrEqual(ROWS_MAX);
  expect(await normalized(used, page)).toBeLessThanOrEqual(SPANS_MS_MAX);
});

/** Ten series over a day, which a server that just started does not have. */
function day() {
  const endS = Math.floor(Date.now() / 300_000) * 300;
  const times = Array.from({ length: 289 }, (_, index) => endS - (288 - index) * 300);
  const result = Array.from({ length: 10 }, (_, index) => ({
    metric: { model: `model ${index}`, status: "success" },
    values: times.map((time) => [time, String(index + Math.sin(time / 3_000))]),
  }));
  return { status: "success", data: { resultType: "matrix", result } };
}

test("a dashboard of 40 charts over a day needs at most 2 s of CPU to open", async ({ page, server }) => {
  await serveDashboards(page, new Dashboards([LARGE]));
  await server.answer("**/prometheus/api/v1/query_range", day());
  await server.answer("**/prometheus/api/v1/query_range?**", day());
  const used = await mainThreadMs(page, async () => {
    await page.goto("/d/large");
    await expect(page.locator("[data-panel] canvas").nth(11)).toBeVisible();
  });
  await expect(page.locator("[data-panel]")).toHaveCount(CHARTS);
  expect(await normalized(used, page)).toBeLessThanOrEqual(CHARTS_MS_MAX);
});

test("a refresh of a dashboard of 40 charts needs at most 1 s of CPU", async ({ page, server }) => {
  await serveDashboards(page, new Dashboards([LARGE]));
  await server.answer("**/prometheus/api/v1/query_range", day());
  await page.goto("/d/large");
  await expect(page.locator("[data-panel] canvas").nth(11)).toBeVisible();
  const settled = () => expect(page.locator("[data-panel] > [aria-hidden=true]")).toHaveCount(0);
  await settled();
  const used = await mainThreadMs(page, async () => {
    await page.getByRole("button", { name: "Refresh now" }).click();
    await settled();
  });
  expect(await normalized(used, page)).toBeLessThanOrEqual(REFRESH_MS_MAX);
});

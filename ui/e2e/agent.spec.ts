/** The page of the example agent, and that the Web Vitals of a real visit arrive in Glasshouse. */
import type { Page } from "@playwright/test";
import { agent } from "./environment";
import { expect, test } from "./test";

/** How long a value may take from the browser to a query. */
const VITALS_MS_MAX = 90_000;
const FAMILIES = "browser_web_vital(_[a-z]+)?_count|alex_frontend_web_vital(_[a-z]+)?_count";
const VITALS = ["CLS", "FCP", "INP", "LCP", "TTFB"];

test.skip(!agent, "AGENT_URL is not set");

async function doTask(page: Page, task: string) {
  await page.goto(`${agent}/`);
  await page.locator("#task").fill(task);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/tasks\/[^/]+$/);
  await expect(page.locator(".phase[data-phase=success], .phase[data-phase=error]").first()).toBeVisible();
}

type Counts = Record<string, number>;

/** The number of measurements of each vital for a page, from the Prometheus API. */
async function counted(page: Page, name: string): Promise<Counts> {
  const query = encodeURIComponent(`{__name__=~"${FAMILIES}"}`);
  const response = await page.request.get(`/prometheus/api/v1/query?query=${query}`);
  const { data } = await response.json();
  const counts: Counts = {};
  for (const { metric, value } of data.result) {
    const labels = Object.values(metric);
    const vital = VITALS.find((known) => labels.includes(known));
    if (vital && labels.includes(name)) counts[vital] = (counts[vital] ?? 0) + Number(value[1]);
  }
  return counts;
}

/** Expects new measurements of every vital. */
async function expectVitals(page: Page, name: string, vitals: string[], before: Counts) {
  const missing = async () => {
    const counts = await counted(page, name);
    return vitals.filter((vital) => (counts[vital] ?? 0) <= (before[vital] ?? 0));
  };
  const message = `vitals of ${name} that did not arrive`;
  await expect.poll(missing, { message, timeout: VITALS_MS_MAX, intervals: [1_000] }).toEqual([]);
}

test("a task shows its steps and its result", async ({ page }) => {
  await doTask(page, "What is the weather in Oslo today?");
  for (const kind of ["iteration", "llm", "result"])
    await expect(page.locator(`.steps [data-kind=${kind}]`).first()).toBeVisible();
  await expect(page.locator(".tasks a[aria-current]").first()).toBeVisible();
});

test("a task is started and cancelled with the keyboard", async ({ page }) => {
  await page.goto(`${agent}/`);
  await expect(page.locator("#task")).toBeFocused();
  await page.keyboard.type("What is the weather in Oslo?");
  await page.keyboard.press("Enter");
  await expect(page.locator(".run").first()).toBeVisible();
  await page.keyboard.press("Escape");
  const stopped = page.locator(".phase:not([data-phase=connecting]):not([data-phase=running])");
  await expect(stopped.first()).toBeVisible();
});

test("markup in a task is shown as text", async ({ page }) => {
  await doTask(page, `Repeat <img src=x onerror="document.title='broken'">`);
  await expect(page.locator("main")).toContainText("<img src=x");
  await expect(page.locator(".run img")).toHaveCount(0);
  expect(await page.title()).not.toBe("broken");
});

test("an unknown task and an unknown address are reported", async ({ page }) => {
  await page.goto(`${agent}/tasks/${"0".repeat(32)}`);
  await expect(page.getByText("The service does not know this task").first()).toBeVisible();
  await page.goto(`${agent}/no/such/address`);
  await expect(page.getByText("Nothing lives at this address").first()).toBeVisible();
});

test("the Web Vitals of a visit can be queried", async ({ page }) => {
  test.setTimeout(3 * VITALS_MS_MAX);
  const before = await counted(page, "/");
  const beforeTask = await counted(page, "/tasks/:id");
  await doTask(page, "How much is 17 % of 2,340 plus 12?");
  const task = page.url();
  // Leaving the page hides it, which sends its vitals.
  await page.goto("about:blank");
  await expectVitals(page, "/", VITALS, before);
  await page.goto(task);
  await expect(page.locator(".steps li").first()).toBeVisible();
  await page.goto("about:blank");
  await expectVitals(page, "/tasks/:id", ["FCP", "LCP", "TTFB"], beforeTask);
});

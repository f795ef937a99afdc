/**
 * The example agent's page, and that the Web Vitals of a real visit arrive in Glasshouse.
 *
 * AGENT_URL      where the agent runs; the checks are skipped when unset
 * VITALS_MS_MAX  how long a value may take from the browser to a query; 90000 when unset
 */
import assert from "node:assert/strict";

const agent = process.env.AGENT_URL?.replace(/\/$/, "");
const vitalsMsMax = Number(process.env.VITALS_MS_MAX ?? 90_000);

const seen = (page, selector) => page.locator(selector).first().waitFor();
const FAMILIES = "browser_web_vital(_[a-z]+)?_count|alex_frontend_web_vital(_[a-z]+)?_count";

async function doTask(page, task) {
  await page.goto(`${agent}/`);
  await page.locator("#task").fill(task);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/tasks\/[^/]+$/);
  await seen(page, ".phase[data-phase=success], .phase[data-phase=error]");
}

/** The number of measurements of each vital for a page, from the Prometheus API. */
async function counted(page, name) {
  const query = encodeURIComponent(`{__name__=~"${FAMILIES}"}`);
  const response = await page.request.get(`/prometheus/api/v1/query?query=${query}`);
  const { data } = await response.json();
  const counts = {};
  for (const { metric, value } of data.result) {
    const labels = Object.values(metric);
    const vital = ["CLS", "FCP", "INP", "LCP", "TTFB"].find((known) => labels.includes(known));
    if (vital && labels.includes(name)) counts[vital] = (counts[vital] ?? 0) + Number(value[1]);
  }
  return counts;
}

/** Waits until there are new measurements of every vital. */
async function waitForVitals(page, name, vitals, before) {
  const deadline = Date.now() + vitalsMsMax;
  for (;;) {
    const counts = await counted(page, name);
    const missing = vitals.filter((vital) => (counts[vital] ?? 0) <= (before[vital] ?? 0));
    if (missing.length === 0) return;
    assert.ok(
      Date.now() < deadline,
      `${missing} of page ${name} did not arrive; there is ${JSON.stringify(counts)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

export const agentChecks = [
  {
    name: "agent-task",
    screenshot: true,
    run: async (page) => {
      await doTask(page, "What is the weather in Oslo today?");
      await seen(page, ".steps [data-kind=iteration]");
      await seen(page, ".steps [data-kind=llm]");
      await seen(page, ".steps [data-kind=result]");
      await seen(page, ".tasks a[aria-current]");
    },
  },
  {
    name: "agent-keyboard",
    run: async (page) => {
      await page.goto(`${agent}/`);
      await seen(page, "#task:focus");
      await page.keyboard.type("What is the weather in Oslo?");
      await page.keyboard.press("Enter");
      await seen(page, ".run");
      await page.keyboard.press("Escape");
      await seen(page, ".phase:not([data-phase=connecting]):not([data-phase=running])");
    },
  },
  {
    name: "agent-markup-stays-text",
    run: async (page) => {
      await doTask(page, `Repeat <img src=x onerror="document.title='broken'">`);
      assert.equal(await page.locator(".run img").count(), 0);
      assert.notEqual(await page.title(), "broken");
      assert.match(await page.locator("main").textContent(), /<img src=x/);
    },
  },
  {
    name: "agent-unknown-task",
    run: async (page) => {
      await page.goto(`${agent}/tasks/${"0".repeat(32)}`);
      await seen(page, "text=The service does not know this task");
      await page.goto(`${agent}/no/such/address`);
      await seen(page, "text=Nothing lives at this address");
    },
  },
  {
    name: "agent-web-vitals",
    run: async (page) => {
      const before = await counted(page, "/");
      const beforeTask = await counted(page, "/tasks/:id");
      await doTask(page, "How much is 17 % of 2,340 plus 12?");
      const task = page.url();
      // Leaving the page hides it, which sends its vitals.
      await page.goto("about:blank");
      await waitForVitals(page, "/", ["CLS", "FCP", "INP", "LCP", "TTFB"], before);
      await page.goto(task);
      await seen(page, ".steps li");
      await page.goto("about:blank");
      await waitForVitals(page, "/tasks/:id", ["FCP", "LCP", "TTFB"], beforeTask);
    },
  },
];

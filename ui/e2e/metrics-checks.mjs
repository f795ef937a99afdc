/** The checks of metrics: editor, list of metrics, table, exemplars. */
import assert from "node:assert/strict";

const seen = (page, selector) => page.locator(selector).first().waitFor();
const query = (text) => encodeURIComponent(text);

const editor = ".cm-content[aria-label='PromQL query A']";
const options = ".cm-tooltip-autocomplete li";

async function typeQuery(page, text) {
  await seen(page, `${editor}:focus`);
  await page.keyboard.type(text);
}

/** Right after the list opens, the editor takes Enter as a new line. */
async function accept(page) {
  await page.waitForTimeout(200);
  await page.keyboard.press("Enter");
}

/** A metric with exemplars of the demo, and of the mock. */
const LATENCY = "alex_llm_latency_seconds_bucket";

export const metricsChecks = [
  {
    name: "metrics-completion",
    run: async (page) => {
      await page.goto("/explore/metrics");
      await typeQuery(page, `sum by (model) (rate(${LATENCY.slice(0, -4)}`);
      await seen(page, `${options}:has-text("${LATENCY}"):has-text("histogram")`);
      await accept(page);
      await page.keyboard.type("{mo");
      await seen(page, `${options}:has-text("model")`);
      await accept(page);
      await seen(page, options);
      const text = await page.locator(editor).textContent();
      assert.match(text, /_bucket\{model=""\}/);
    },
  },
  {
    name: "metrics-functions",
    screenshot: true,
    run: async (page) => {
      await page.goto("/explore/metrics");
      await typeQuery(page, "histogram_qu");
      await seen(page, `${options}:has-text("instant-vector")`);
      await seen(page, ".cm-completionInfo >> text=/quantiles/");
    },
  },
  {
    name: "metrics-error-position",
    run: async (page) => {
      await page.goto(`/explore/metrics?expr=${query("sum(rate(up[$__rate_interval])")}`);
      await seen(page, "[role=alert]");
      await seen(page, ".cm-query-error");
    },
  },
  {
    name: "metrics-list",
    screenshot: true,
    run: async (page) => {
      await page.goto("/explore/metrics?browse=on");
      await seen(page, "[role=grid] [role=row] >> nth=1");
      await page.locator("[aria-label='Search metrics']").fill("llm_latency bucket");
      await page.waitForURL(/find=llm_latency/);
      await page.locator("[aria-label='Search metrics']").press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForURL(/expr=histogram_quantile/);
      await seen(page, ".uplot canvas");
    },
  },
  {
    name: "metrics-table",
    screenshot: true,
    run: async (page) => {
      await page.goto(`/explore/metrics?view=table&expr=${query("alex_llm_requests_total")}`);
      await seen(page, "[role=columnheader] >> text=model");
      await page.locator("[role=columnheader] button", { hasText: "value" }).click();
      await page.waitForURL(/sort=value/);
      await seen(page, "[role=columnheader][aria-sort=ascending]");
    },
  },
  {
    name: "metrics-exemplar",
    screenshot: true,
    run: async (page) => {
      const expression = `histogram_quantile(0.95, sum by (le) (rate(${LATENCY}[$__rate_interval])))`;
      const exemplars = page.waitForResponse(/query_exemplars/);
      await page.goto(`/explore/metrics?from=now-15m&to=now&expr=${query(expression)}`);
      await (await exemplars).finished();
      const chart = page.locator(".u-over");
      const box = await chart.boundingBox();
      await moveToExemplar(page, chart, box);
      await seen(page, ".gh-chart-tooltip >> text=/trace_id/");
      await page.mouse.down();
      await page.mouse.up();
      await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
    },
  },
];

/** Moves the pointer over the chart, from the newest points to the oldest, until it is at an exemplar. */
async function moveToExemplar(page, chart, box) {
  for (let x = box.width - 4; x > 0; x -= 6) {
    for (let y = 4; y < box.height; y += 12) {
      await page.mouse.move(box.x + x, box.y + y);
      if ((await chart.getAttribute("data-exemplar")) === "true") return;
    }
  }
  assert.fail("no exemplar is drawn");
}

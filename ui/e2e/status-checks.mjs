/** The checks of targets and cardinality. */
import assert from "node:assert/strict";

const seen = (page, selector) => page.locator(selector).first().waitFor();

const MARKUP = `<img src=x onerror="document.title='broken'">`;

const target = (host, health, part = {}) => ({
  scrapePool: "api",
  scrapeUrl: `http://${host}/metrics`,
  globalUrl: `http://${host}/metrics`,
  health,
  labels: { job: "api", instance: host, [MARKUP]: MARKUP },
  discoveredLabels: { __address__: host, __meta_zone: MARKUP },
  lastError: health === "down" ? `${MARKUP} refused` : "",
  lastScrape: new Date(Date.now() - 4_000).toISOString(),
  lastScrapeDuration: 0.01,
  scrapeInterval: "15s",
  scrapeTimeout: "10s",
  ...part,
});

const many = Array.from({ length: 3_000 }, (_, index) => target(`10.0.0.1:${index + 1_000}`, "up"));

/** A demo has no targets, so that the checks bring their own. */
async function answerWithTargets(page, activeTargets) {
  const droppedTargets = [{ scrapePool: "api", discoveredLabels: { __address__: "gone:1" } }];
  const json = {
    status: "success",
    data: { activeTargets, droppedTargets, droppedTargetCounts: { api: 1 } },
  };
  await page.route("**/prometheus/api/v1/targets", (route) => route.fulfill({ json }));
}

export const statusChecks = [
  {
    name: "targets-empty",
    screenshot: true,
    run: async (page) => {
      const data = { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} };
      // Without this the check would need a server without targets.
      if (await hasTargets(page))
        await page.route("**/prometheus/api/v1/targets", (route) =>
          route.fulfill({ json: { status: "success", data } }),
        );
      await page.goto("/targets");
      await seen(page, "text=No targets are configured");
      await seen(page, "pre:has-text('glasshouse serve --adopt prometheus.yml')");
    },
  },
  {
    name: "targets",
    screenshot: true,
    run: async (page) => {
      await answerWithTargets(page, [target("a:1", "up"), target("b:1", "down")]);
      await page.goto("/");
      await seen(page, "text=Receivers");
      await page.keyboard.press("g");
      await page.keyboard.press("p");
      await page.waitForURL(/\/targets/);
      await seen(page, "text=refused");
      await page.locator("[aria-label='Discovered labels of http://b:1/metrics']").click();
      await page.waitForURL(/target=/);
      await seen(page, "dt:has-text('__meta_zone')");
      await page.locator("[aria-label='Filter targets']").fill("a:1");
      await page.waitForURL(/find=a:1/);
      await page.locator("a:has-text('http://b:1')").waitFor({ state: "detached" });
      assert.equal(await page.locator("#root img").count(), 0);
      assert.notEqual(await page.title(), "broken");
      assert.match(await page.locator("#root").textContent(), /<img src=x/);
    },
  },
  {
    name: "targets-many",
    run: async (page) => {
      await answerWithTargets(page, many);
      await page.goto("/targets");
      await seen(page, "text=Active 3000");
      await seen(page, "a:has-text('http://10.0.0.1:1000/')");
      assert.ok((await page.locator("a[href^='http://10.']").count()) < 200);
    },
  },
  {
    name: "cardinality",
    screenshot: true,
    run: async (page) => {
      await page.goto("/");
      await seen(page, "text=Receivers");
      await page.keyboard.press("g");
      await page.keyboard.press("c");
      await page.waitForURL(/\/cardinality/);
      await seen(page, "h2:has-text('Active series over time')");
      await page.locator("section:has-text('Metrics with most series') tbody a").first().click();
      await page.waitForURL(/explore\/metrics\?.*expr=/);
      await seen(page, ".uplot canvas");
    },
  },
];

async function hasTargets(page) {
  const response = await page.request.get("/prometheus/api/v1/targets");
  return (await response.json()).data.activeTargets.length > 0;
}

/** Targets. A demo has none, so most tests bring their own. */
import { expect, expectMarkupAsText, MARKUP, type Server, test } from "./test";

const target = (host: string, health: "up" | "down") => ({
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
});

function answerWithTargets(server: Server, activeTargets: unknown[]) {
  const droppedTargets = [{ scrapePool: "api", discoveredLabels: { __address__: "gone:1" } }];
  const data = { activeTargets, droppedTargets, droppedTargetCounts: { api: 1 } };
  return server.answer("**/prometheus/api/v1/targets", { status: "success", data });
}

test("without targets the view says how to configure them", async ({ page, server }) => {
  const response = await page.request.get("/prometheus/api/v1/targets");
  const { data } = await response.json();
  // The mock has targets; a demo must really answer with none.
  if (data.activeTargets.length > 0) {
    const none = { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} };
    await server.answer("**/prometheus/api/v1/targets", { status: "success", data: none });
  }
  await page.goto("/targets");
  await expect(page.getByText("No targets are configured").first()).toBeVisible();
  const example = page.locator("pre", { hasText: "glasshouse serve --adopt prometheus.yml" });
  await expect(example.first()).toBeVisible();
});

test("targets show their errors and labels, and are filtered", async ({ page, server }) => {
  await answerWithTargets(server, [target("a:1", "up"), target("b:1", "down")]);
  await page.goto("/");
  await expect(page.getByText("Receivers").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/targets/);
  await expect(page.getByText("refused").first()).toBeVisible();
  await page.getByLabel("Discovered labels of http://b:1/metrics").click();
  await expect(page).toHaveURL(/target=/);
  await expect(page.locator("dt", { hasText: "__meta_zone" }).first()).toBeVisible();
  await page.getByLabel("Filter targets").fill("a:1");
  await expect(page).toHaveURL(/find=a:1/);
  await expect(page.locator("a", { hasText: "http://b:1" })).toHaveCount(0);
  await expectMarkupAsText(page);
});

test("of thousands of targets only those in sight are in the document", async ({ page, server }) => {
  await answerWithTargets(
    server,
    Array.from({ length: 3_000 }, (_, index) => target(`10.0.0.1:${index + 1_000}`, "up")),
  );
  await page.goto("/targets");
  await expect(page.getByText("Active 3000").first()).toBeVisible();
  await expect(page.locator("a", { hasText: "http://10.0.0.1:1000/" }).first()).toBeVisible();
  expect(await page.locator("a[href^='http://10.']").count()).toBeLessThan(200);
});

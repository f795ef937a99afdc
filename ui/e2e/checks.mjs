/** What a person must be able to do. Each check gets a fresh page and throws when something is not there. */
import assert from "node:assert/strict";

const seen = (page, selector) => page.locator(selector).first().waitFor();
const query = (text) => encodeURIComponent(text);

/** The first trace of the search, opened. */
async function openTrace(page, search = "") {
  await page.goto(`/explore/traces${search}`);
  await page.locator("[data-scroll-restoration-id=traces] a").first().click();
  await seen(page, "[role=treegrid] [role=row]");
}

export const checks = [
  {
    name: "home",
    picture: true,
    look: async (page) => {
      await page.goto("/");
      await seen(page, "text=Services");
      await seen(page, "text=Receivers");
      await seen(page, "text=What may be missing");
      await seen(page, "text=OTLP gRPC");
      assert.match(await page.title(), /^Home · Glasshouse$/);
    },
  },
  {
    name: "metrics",
    picture: true,
    look: async (page) => {
      await page.goto("/explore/metrics");
      await page.locator("[role=grid] [role=row]").nth(1).click();
      await seen(page, ".uplot canvas");
      await seen(page, "th:has-text('Last')");
      assert.match(page.url(), /expr=/);
    },
  },
  {
    name: "metrics-refused",
    look: async (page) => {
      await page.goto(`/explore/metrics?expr=${query("sum(")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "metrics-zoom",
    look: async (page) => {
      await page.goto("/explore/metrics");
      await page.locator("[role=grid] [role=row]").nth(1).click();
      const chart = page.locator(".u-over");
      await chart.waitFor();
      const box = await chart.boundingBox();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 6 });
      await page.mouse.up();
      await page.waitForURL(/from=\d{13}&to=\d{13}/);
      await page.goBack();
      await page.waitForURL((address) => !/from=\d/.test(address.href));
    },
  },
  {
    name: "logs",
    picture: true,
    look: async (page) => {
      await page.goto("/explore/logs");
      await seen(page, "[role=log] [role=button]");
      await page.locator("[role=log] [role=button]").first().click();
      await seen(page, "text=service_name");
    },
  },
  {
    name: "logs-filter",
    look: async (page) => {
      await page.goto("/explore/logs");
      await page.locator("[role=log] [role=button]").first().click();
      await page.locator("[aria-label^='Only service_name=']").first().click();
      await page.waitForURL(/query=.*service_name/);
      await seen(page, "[role=log] [role=button]");
    },
  },
  {
    name: "logs-to-trace",
    look: async (page) => {
      await page.goto(`/explore/logs?query=${query('{service_name=~".+"} | trace_id!=""')}`);
      await page.locator("[role=log] [role=button]").first().click();
      await page.locator("text=Open trace").first().click();
      await seen(page, "[role=treegrid] [role=row]");
    },
  },
  {
    name: "traces",
    picture: true,
    look: async (page) => {
      await page.goto("/explore/traces");
      await seen(page, "[data-scroll-restoration-id=traces] a");
    },
  },
  {
    name: "traces-refused",
    look: async (page) => {
      await page.goto(`/explore/traces?q=${query("{ name = ")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "trace",
    picture: true,
    look: async (page) => {
      await openTrace(page);
      await page.locator("[role=treegrid] [role=row]").nth(1).click();
      await seen(page, "aside[aria-label=Span]");
      await page.waitForURL(/span=[0-9a-f]{16}/);
      await page.locator("[role=treegrid]").press("ArrowUp");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowRight");
      await seen(page, "[role=row][aria-selected=true]");
    },
  },
  {
    name: "trace-to-logs",
    look: async (page) => {
      await openTrace(page);
      await page.locator("[role=treegrid] [role=row]").first().click();
      await page.locator("text=Logs of this span").click();
      await page.waitForURL(/explore\/logs.*trace_id/);
    },
  },
  {
    name: "trace-missing",
    look: async (page) => {
      await page.goto(`/trace/${"f".repeat(32)}`);
      await seen(page, "text=This trace is not here");
    },
  },
  {
    name: "sql",
    picture: true,
    look: async (page) => {
      await page.goto(
        `/explore/sql?query=${query("SELECT service_name, name, duration_ns FROM spans LIMIT 50")}`,
      );
      await seen(page, "[role=gridcell]");
      await seen(page, "text=/\\d+ rows? in /");
      await seen(page, "summary:has-text('spans')");
    },
  },
  {
    name: "sql-refused",
    look: async (page) => {
      await page.goto(`/explore/sql?query=${query("SELECT nothing FROM nowhere")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "keyboard",
    look: async (page) => {
      await page.goto("/");
      await seen(page, "text=Services");
      await page.keyboard.press("g");
      await page.keyboard.press("l");
      await page.waitForURL(/explore\/logs/);
      await page.keyboard.press("?");
      await seen(page, "[role=dialog] >> text=Go to");
      await page.keyboard.press("Escape");
      await page.locator("[role=dialog]").waitFor({ state: "detached" });
      await page.keyboard.press("Control+k");
      await seen(page, "input[role=combobox]:focus");
      await page.keyboard.type("sql");
      await page.keyboard.press("Enter");
      await page.waitForURL(/explore\/sql/);
    },
  },
  {
    name: "palette-trace-id",
    look: async (page) => {
      await page.goto("/");
      await seen(page, "nav[aria-label=Views]");
      await page.keyboard.press("Control+k");
      await seen(page, "input[role=combobox]:focus");
      await page.keyboard.type("0af7651916cd43dd8448eb211c80319c");
      await page.keyboard.press("Enter");
      await page.waitForURL(/trace\/0af7651916cd43dd8448eb211c80319c/);
    },
  },
  {
    name: "range-in-the-address",
    look: async (page) => {
      await page.goto("/explore/traces?from=now-6h&to=now");
      await seen(page, "text=Last 6 hours");
      await page.locator("nav[aria-label=Views] a[aria-label=Logs]").click();
      await page.waitForURL(/explore\/logs\?.*from=now-6h/);
      await page.goto("/explore/logs?from=tomorrow&to=now");
      await seen(page, "[role=note]");
    },
  },
  {
    name: "foreign-addresses",
    look: async (page) => {
      await page.goto(`/graph?g0.expr=${query("up")}&g0.range_input=2h`);
      await page.waitForURL(/explore\/metrics\?.*expr=up/);
      await page.goto("/search?service=alex-agent");
      await page.waitForURL(/explore\/traces\?.*service=alex-agent/);
      await page.goto("/no/such/address");
      await seen(page, "text=Nothing lives at this address");
    },
  },
];

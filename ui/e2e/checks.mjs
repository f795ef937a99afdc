/** The checks of the page. Each gets a new browser page and throws when an expectation fails. */
import assert from "node:assert/strict";

const seen = (page, selector) => page.locator(selector).first().waitFor();
const query = (text) => encodeURIComponent(text);

const MARKUP = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`;

/** Answers requests with markup in every text that a sender controls. */
async function answerWithMarkup(page) {
  const now = Math.floor(Date.now() / 1_000) - 30;
  const attribute = { key: MARKUP, value: { stringValue: MARKUP } };
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: MARKUP,
    startTimeUnixNano: `${now}000000000`,
    endTimeUnixNano: `${now + 1}000000000`,
    attributes: [attribute],
    events: [{ name: MARKUP, timeUnixNano: `${now}000000000`, attributes: [attribute] }],
    status: { code: 2, message: MARKUP },
  };
  const service = { key: "service.name", value: { stringValue: MARKUP } };
  const batch = {
    resource: { attributes: [service] },
    scopeSpans: [{ scope: { name: MARKUP }, spans: [span] }],
  };
  const stream = { stream: { service_name: MARKUP }, values: [[`${now}000000000`, MARKUP]] };
  const matrix = [
    {
      metric: { [MARKUP]: MARKUP },
      values: [
        [now - 60, "1"],
        [now, "2"],
      ],
    },
  ];
  const answers = {
    "**/prometheus/api/v1/query_range": {
      status: "success",
      data: { resultType: "matrix", result: matrix },
      warnings: [MARKUP],
    },
    "**/loki/api/v1/query_range?**": { status: "success", data: { resultType: "streams", result: [stream] } },
    "**/tempo/api/traces/**": { batches: [batch] },
    "**/api/sql": {
      columns: [{ name: MARKUP, type: MARKUP }],
      rows: [{ [MARKUP]: MARKUP }],
      truncated: false,
    },
  };
  for (const [path, json] of Object.entries(answers))
    await page.route(path, (route) => route.fulfill({ json }));
}

/** Opens the first complete trace of the search; spans of the newest may still be missing. */
async function openTrace(page, search = "") {
  await page.goto(`/explore/traces${search}`);
  const traces = page.locator("[data-scroll-restoration-id=traces] a");
  await traces.filter({ hasNotText: "not received" }).first().click();
  await seen(page, "[role=treegrid] [role=row]");
}

export const checks = [
  {
    name: "home",
    screenshot: true,
    run: async (page) => {
      await page.goto("/");
      await seen(page, "text=Services");
      await seen(page, "text=Receivers");
      await seen(page, "text=Missing data");
      await seen(page, "text=OTLP gRPC");
      assert.match(await page.title(), /^Home · Glasshouse$/);
    },
  },
  {
    name: "metrics",
    screenshot: true,
    run: async (page) => {
      await page.goto("/explore/metrics");
      await page.locator("[role=grid] [role=row]").nth(1).click();
      await seen(page, ".uplot canvas");
      await seen(page, "th:has-text('Last')");
      assert.match(page.url(), /expr=/);
    },
  },
  {
    name: "metrics-refused",
    run: async (page) => {
      await page.goto(`/explore/metrics?expr=${query("sum(")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "metrics-zoom",
    run: async (page) => {
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
    screenshot: true,
    run: async (page) => {
      await page.goto("/explore/logs");
      await seen(page, "[role=log] [role=button]");
      await page.locator("[role=log] [role=button]").first().click();
      await seen(page, "text=service_name");
    },
  },
  {
    name: "logs-filter",
    run: async (page) => {
      await page.goto("/explore/logs");
      await page.locator("[role=log] [role=button]").first().click();
      await page.locator("[aria-label^='Filter for service_name=']").first().click();
      await page.waitForURL(/query=.*service_name/);
      await seen(page, "[role=log] [role=button]");
    },
  },
  {
    name: "logs-to-trace",
    run: async (page) => {
      // Log lines arrive a few seconds before their spans.
      const line = query('{service_name=~".+"} | trace_id!=""');
      await page.goto(`/explore/logs?query=${line}&from=now-1h&to=now-20s`);
      await page.locator("[role=log] [role=button]").first().click();
      await page.locator("text=Open trace").first().click();
      await seen(page, "[role=treegrid] [role=row]");
    },
  },
  {
    name: "traces",
    screenshot: true,
    run: async (page) => {
      await page.goto("/explore/traces");
      await seen(page, "[data-scroll-restoration-id=traces] a");
    },
  },
  {
    name: "traces-refused",
    run: async (page) => {
      await page.goto(`/explore/traces?q=${query("{ name = ")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "trace",
    screenshot: true,
    run: async (page) => {
      // Most requests of a page are one span; a task has many.
      await openTrace(page, `?q=${query('{ name = "alex.session.solve_task" }')}`);
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
    run: async (page) => {
      await openTrace(page);
      await page.locator("[role=treegrid] [role=row]").first().click();
      await page.locator("text=Logs of this span").click();
      await page.waitForURL(/explore\/logs.*trace_id/);
    },
  },
  {
    name: "trace-missing",
    run: async (page) => {
      await page.goto(`/trace/${"f".repeat(32)}`);
      await seen(page, "text=Trace not found");
    },
  },
  {
    name: "sql",
    screenshot: true,
    run: async (page) => {
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
    run: async (page) => {
      await page.goto(`/explore/sql?query=${query("SELECT nothing FROM nowhere")}`);
      await seen(page, "[role=alert]");
    },
  },
  {
    name: "keyboard",
    run: async (page) => {
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
    run: async (page) => {
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
    name: "range-in-the-url",
    run: async (page) => {
      await page.goto("/explore/traces?from=now-6h&to=now");
      await seen(page, "text=Last 6 hours");
      await page.locator("nav[aria-label=Views] a[aria-label=Logs]").click();
      await page.waitForURL(/explore\/logs\?.*from=now-6h/);
      await page.goto("/explore/logs?from=tomorrow&to=now");
      await seen(page, "[role=note]");
    },
  },
  {
    name: "redirects",
    run: async (page) => {
      await page.goto(`/graph?g0.expr=${query("up")}&g0.range_input=2h`);
      await page.waitForURL(/explore\/metrics\?.*expr=up/);
      await page.goto("/search?service=alex-agent");
      await page.waitForURL(/explore\/traces\?.*service=alex-agent/);
      await page.goto("/no/such/address");
      await seen(page, "text=Page not found");
    },
  },
  {
    name: "markup-stays-text",
    run: async (page) => {
      await answerWithMarkup(page);
      const views = [
        ["/explore/metrics?expr=x", "th:has-text('Last')"],
        ["/explore/logs", "[role=log] [role=button]"],
        ["/trace/0af7651916cd43dd8448eb211c80319c?span=b7ad6b7169203331", "aside[aria-label=Span]"],
        ["/explore/sql?query=x", "[role=gridcell]"],
      ];
      for (const [address, selector] of views) {
        await page.goto(address);
        await seen(page, selector);
        await page
          .locator(".u-over")
          .hover({ timeout: 2_000 })
          .catch(() => {});
        assert.equal(await page.locator("#root img, body > script").count(), 0, address);
        assert.notEqual(await page.title(), "broken");
        assert.match(await page.locator("#root").textContent(), /<img src=x/, address);
      }
    },
  },
  {
    name: "server-unreachable",
    run: async (page) => {
      await page.route("**/api/overview", (route) => route.abort());
      await page.goto("/");
      await seen(page, "text=The overview cannot be loaded");
      await page.route("**/loki/api/v1/**", (route) => route.abort());
      await page.goto("/explore/logs");
      await seen(page, "[role=alert] >> text=No answer");
    },
  },
];

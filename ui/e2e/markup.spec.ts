/** Markup in texts that senders control is shown as text. */
import type { Page } from "@playwright/test";
import { expect, expectMarkupAsText, MARKUP, type Server, test } from "./test";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

/** Answers with markup in every such text. */
async function answerWithMarkup(server: Server) {
  const now = Math.floor(Date.now() / 1_000) - 30;
  const answers = {
    "**/prometheus/api/v1/query_range": {
      status: "success",
      data: { resultType: "matrix", result: matrix(now) },
      warnings: [MARKUP],
    },
    "**/loki/api/v1/query_range?**": {
      status: "success",
      data: {
        resultType: "streams",
        result: [{ stream: { service_name: MARKUP }, values: [[`${now}000000000`, MARKUP]] }],
      },
    },
    "**/tempo/api/traces/**": { batches: [batch(now)] },
    "**/api/sql": {
      columns: [{ name: MARKUP, type: MARKUP }],
      rows: [{ [MARKUP]: MARKUP }],
      truncated: false,
    },
  };
  for (const [path, json] of Object.entries(answers)) await server.answer(path, json);
}

function matrix(now: number) {
  const values = [
    [now - 60, "1"],
    [now, "2"],
  ];
  return [{ metric: { [MARKUP]: MARKUP }, values }];
}

function batch(now: number) {
  const attribute = { key: MARKUP, value: { stringValue: MARKUP } };
  const span = {
    traceId: TRACE,
    spanId: SPAN,
    name: MARKUP,
    startTimeUnixNano: `${now}000000000`,
    endTimeUnixNano: `${now + 1}000000000`,
    attributes: [attribute],
    events: [{ name: MARKUP, timeUnixNano: `${now}000000000`, attributes: [attribute] }],
    status: { code: 2, message: MARKUP },
  };
  const service = { key: "service.name", value: { stringValue: MARKUP } };
  return {
    resource: { attributes: [service] },
    scopeSpans: [{ scope: { name: MARKUP }, spans: [span] }],
  };
}

async function expectMarkupIn(page: Page, address: string, shown: string) {
  await page.goto(address);
  await expect(page.locator(shown).first()).toBeVisible();
}

test.beforeEach(({ server }) => answerWithMarkup(server));

test("labels of a chart are shown as text, also in its tooltip", async ({ page }) => {
  await expectMarkupIn(page, "/explore/metrics?expr=x", "th:has-text('Last')");
  await page.locator(".u-over").hover();
  await expectMarkupAsText(page);
});

test("log lines and their labels are shown as text", async ({ page }) => {
  await expectMarkupIn(page, "/explore/logs", "[role=log] [role=button]");
  await expectMarkupAsText(page);
});

test("names, attributes and events of a span are shown as text", async ({ page }) => {
  await expectMarkupIn(page, `/trace/${TRACE}?span=${SPAN}`, "aside[aria-label=Span]");
  await expectMarkupAsText(page);
});

test("columns and values of SQL are shown as text", async ({ page }) => {
  await expectMarkupIn(page, "/explore/sql?query=x", "[role=gridcell]");
  await expectMarkupAsText(page);
});

/** Alerts. A server may have rules and no Alertmanager, so most tests bring the answers of the mock. */
import type { Page } from "@playwright/test";
import { Alerting } from "../mock/alerting/alerting.mjs";
import { encoded, expect, expectMarkupAsText, MARKUP, test } from "./test";
import { serveAlerting } from "./views";

const list = (page: Page, name: string) => page.getByRole("group", { name, exact: true });
const details = (page: Page) => page.locator("section", { has: page.getByLabel("Close the details") }).last();

test("the rules of the server are shown, or how to adopt them", async ({ page }) => {
  const response = await page.request.get("/prometheus/api/v1/rules");
  const { data } = await response.json();
  await page.goto("/alerts/rules");
  const expected =
    data.groups.length > 0
      ? page.getByRole("button", { name: data.groups[0].name, exact: true })
      : page.getByRole("heading", { name: "No rules are configured" });
  await expect(expected.first()).toBeVisible();
});

test("an alert is found, opened and silenced with the keyboard", async ({ page }) => {
  await serveAlerting(page);
  await page.goto("/");
  await expect(page.getByText("Receivers").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(list(page, "Alerts")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type('service="gateway" latency');
  await expect(page).toHaveURL(/find=/);
  await expect(list(page, "Alerts").getByRole("button", { expanded: false })).toHaveCount(1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(details(page)).toContainText("Gateway P95 latency above 2s");
  await expect(page).toHaveURL(/alert=/);
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/silences\/new\?filter=/);
  await expect(page.getByText("Would silence now")).toBeVisible();
  await page.keyboard.type("the rollback is running");
  await page.getByLabel("Your name").fill("ada");
  await page.keyboard.press("Enter");
  await expect(list(page, "Silences")).toContainText("the rollback is running");
  await expect(details(page).getByRole("link", { name: "HighGatewayLatency" })).toBeVisible();
});

test("the link to an alert shows it, its history and its receivers", async ({ page }) => {
  await serveAlerting(page);
  await page.goto(`/alerts?alert=${encoded('{alertname="HighDriftScore"}')}`);
  await expect(details(page)).toContainText("High drift score for llama-3.3-70b");
  await expect(details(page)).toContainText("slack-critical, slack-drift");
  await expect(
    details(page)
      .getByText("It was not active in this time range.")
      .or(details(page).getByLabel("State history")),
  ).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/alert=/);
});

test("links of Alertmanager lead to the same views", async ({ page }) => {
  await serveAlerting(page);
  await page.goto("/#/alerts?receiver=slack-infra");
  await expect(page).toHaveURL(/\/alerts\?receiver=slack-infra$/);
  await expect(list(page, "Alerts")).toContainText("ServiceDown");
  await page.goto(`/#/silences/new?filter=${encoded('{type="gpu"}')}`);
  await expect(page).toHaveURL(/\/alerts\/silences\/new/);
  await expect(page.getByLabel("Value 1").first()).toHaveValue("gpu");
});

test("the navigation counts what fires, and is quiet when nothing does", async ({ page }) => {
  await serveAlerting(page);
  await page.goto("/alerts/silences");
  await expect(page.getByTitle(/^\d+ firing, not silenced$/)).toBeVisible();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await serveAlerting(page, new Alerting(true));
  await page.goto("/alerts/rules");
  await expect(page.getByText("No rules are configured")).toBeVisible();
  await expect(page.getByTitle(/firing, not silenced/)).toHaveCount(0);
});

test("several silences are expired at once", async ({ page }) => {
  await serveAlerting(page);
  await page.goto("/alerts/silences?state=active");
  await list(page, "Silences").getByRole("checkbox").first().check();
  await page.getByRole("checkbox", { name: "1 selected" }).click();
  await page.getByRole("button", { name: "Expire 2 silences" }).click();
  await expect(page.getByText("No silence is active")).toBeVisible();
});

test("a query of Explore becomes a rule in a file", async ({ page }) => {
  const alerting = await serveAlerting(page);
  await page.goto(
    `/explore/metrics?expr=${encoded("sum(rate(alex_llm_requests_total[$__rate_interval])) > 3")}`,
  );
  await page.getByRole("link", { name: "Alert on this" }).click();
  await page.getByLabel("Name", { exact: true }).fill("TooManyRequests");
  await expect(page.locator("pre")).toContainText("alert: TooManyRequests");
  await expect(page.locator("pre")).toContainText("[5m])) > 3");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/find=TooManyRequests/);
  const files = alerting.answer("GET", new URL("http://x/api/alerting/rule-files"), "");
  expect(JSON.stringify(files?.body)).toContain("too-many-requests.yml");
});

test("a file of rules shows its mistakes in place", async ({ page }) => {
  await serveAlerting(page);
  await page.goto(`/alerts/rules/file?file=${encoded("/var/lib/glasshouse/rules/tools.yml")}`);
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\n    - alert: B\nexpr:\n");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText(/The file has a mistake at line \d+/);
  await expect(page.locator(".cm-query-error")).toBeVisible();
});

test("the routes show where an alert would go, and test a receiver", async ({ page }) => {
  await serveAlerting(page);
  await page.goto(`/alerts/routes?labels=${encoded('severity="critical", type="drift"')}`);
  await expect(page.getByText("This alert goes to slack-critical, slack-drift.")).toBeVisible();
  await list(page, "Routes").getByRole("button", { name: "slack-drift" }).click();
  await page.getByRole("button", { name: "Send a test message" }).click();
  await expect(page.getByText(/slack: .*invalid_blocks/)).toBeVisible();
});

test("notifications are filtered, and show the message that was sent", async ({ page }) => {
  await serveAlerting(page);
  await page.goto("/alerts/notifications?failed=on&receiver=slack-infra");
  await list(page, "Notifications").getByRole("button", { name: "slack-infra" }).first().click();
  await expect(details(page).locator("pre")).toContainText("[FIRING:1] ServiceDown");
});

test("markup in alerts, rules and silences is text, and dangerous links are none", async ({
  page,
  server,
}) => {
  const labels = { alertname: MARKUP, severity: MARKUP, [MARKUP]: MARKUP };
  const annotations = { summary: MARKUP, runbook_url: "javascript:alert(1)", dashboard: "//evil.example/x" };
  const active = { labels, annotations, state: "firing", activeAt: new Date().toISOString(), value: "1e+00" };
  const rule = {
    type: "alerting",
    name: MARKUP,
    query: MARKUP,
    state: "firing",
    health: "ok",
    labels,
    annotations,
  };
  const group = { name: MARKUP, file: MARKUP, interval: 15, rules: [{ ...rule, alerts: [active] }] };
  const none = { status: "success", data: { groups: [] } };
  await server.answer("**/loki/prometheus/api/v1/rules", none);
  await server.answer("**/prometheus/api/v1/rules", { status: "success", data: { groups: [group] } });
  await server.fail("**/alertmanager/api/v2/**", 404);
  await page.goto(`/alerts?alert=${encoded(`{alertname=${JSON.stringify(MARKUP)}}`)}`);
  await expect(details(page)).toBeVisible();
  await expectMarkupAsText(page);
  await expect(page.locator("a[href^='javascript:'], a[href^='//']")).toHaveCount(0);
  await page.goto("/alerts/rules");
  await expect(list(page, "Rules")).toBeVisible();
  await expectMarkupAsText(page);
});

test("of thousands of alerts only those in sight are in the document", async ({ page, server }) => {
  const alerts = Array.from({ length: 5_000 }, (_, index) => ({
    fingerprint: String(index),
    labels: { alertname: "Many", pod: `pod-${index}` },
    annotations: {},
    startsAt: new Date().toISOString(),
    status: { state: "active", silencedBy: [], inhibitedBy: [] },
    receivers: [{ name: "r" }],
  }));
  await server.answer("**/alertmanager/api/v2/alerts", alerts);
  await page.goto("/alerts?find=Many");
  await expect(page.getByText("5000 firing").first()).toBeVisible();
  expect(await list(page, "Alerts").getByRole("button").count()).toBeLessThan(200);
});

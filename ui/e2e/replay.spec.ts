/** Replays of rules over what the server has stored. */
import { encoded, expect, MARKUP, test } from "./test";

const METRIC = "alex_sessions_active";
const rules = (alerts: string[]) =>
  `text:groups:\n  - name: sessions\n    interval: 15s\n    rules:\n${alerts
    .map((name) => `      - alert: ${JSON.stringify(name)}\n        expr: ${METRIC} >= 0\n`)
    .join("")}`;
const ROUTE =
  'text:route:\n  receiver: hook\nreceivers:\n  - name: hook\n    webhook_configs: [{url: "http://x"}]\n';

test("a replay of two versions counts the messages of both, and shows the alerts of a rule", async ({
  page,
}) => {
  const [A, B] = [rules(["Sessions", "Other"]), rules(["Sessions"])].map(encoded);
  const route = encoded(ROUTE);
  await page.goto(
    `/alerts/replay?rules=${A}&alertmanager=${route}&otherRules=${B}&otherAlertmanager=${encoded("text:receivers: []")}`,
  );
  await expect(page.getByRole("alert")).toContainText(/The replay of B was rejected at line \d+/);
  await page.goto(
    `/alerts/replay?rules=${A}&alertmanager=${route}&otherRules=${B}&otherAlertmanager=${route}`,
  );
  await expect(page.getByText(/^[1-9]\d* messages? with A$/)).toBeVisible();
  await expect(page.getByText(/^[1-9]\d* messages? with B$/)).toBeVisible();
  await expect(page.getByText("not in B")).toHaveCount(1);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/open=Sessions/);
  await expect(page.locator("li").filter({ hasText: "peak" }).first()).toContainText(/firing .*not ended/);
  await page.keyboard.press("Escape");
  await page.getByText("Messages", { exact: true }).click();
  await expect(page.getByRole("list", { name: "Messages by receiver" })).toContainText(/hook\s*webhook/);
});

test("a text is run with the keyboard, and its mistake is marked in place", async ({ page }) => {
  await page.goto("/alerts/replay?rules=text:");
  const editor = page.locator(".cm-content[aria-label='Text of the rules']");
  await editor.click();
  await page.keyboard.insertText(`groups:\n  - name: a\n    rules:\n      - alert: A\n        expr:\n`);
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("alert")).toContainText(/at line [45]/);
  await expect(page.locator(".cm-query-error")).toBeVisible();
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(rules([MARKUP]).slice("text:".length));
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("button", { name: MARKUP })).toBeVisible();
  await expect(page.locator("#root img")).toHaveCount(0);
});

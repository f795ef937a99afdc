/** Dashboards: the list, the board, its variables and panels, and its JSON. */
import type { Page } from "@playwright/test";
import { LARGE } from "../mock/boards.mjs";
import { Dashboards } from "../mock/dashboards.mjs";
import { expect, expectMarkupAsText, MARKUP, test } from "./test";
import { serveDashboards } from "./views";

const panel = (page: Page, name: string) => page.locator(`[data-panel][aria-label="${name}"]`);
const editor = (page: Page) => page.locator(".cm-content");

/** The texts of all queries of metrics that the page sends. */
function sentQueries(page: Page): string[] {
  const sent: string[] = [];
  page.on("request", (request) => {
    if (!request.url().includes("/prometheus/api/v1/query")) return;
    sent.push(new URLSearchParams(request.postData() ?? new URL(request.url()).search).get("query") ?? "");
  });
  return sent;
}

test.beforeEach(({ page }) => serveDashboards(page));

test("the list finds a dashboard by typing, and opens it with the keyboard", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await expect(page).toHaveURL(/\/dashboards/);
  await expect(page.getByText("broken.json")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("host");
  await expect(page.getByRole("link", { name: "Agents" })).toHaveCount(0);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/d\/hosts/);
  await expect(panel(page, "Memory")).toBeVisible();
});

test("a star stays after a reload", async ({ page }) => {
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "Star Hosts" }).click();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Starred" })).toBeVisible();
});

test("a dashboard is found in the command palette", async ({ page }) => {
  await page.goto("/explore/logs");
  await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
  await page.keyboard.type("agents dashboard");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Agents" })).toBeVisible();
});

test("a JSON file is imported", async ({ page }) => {
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "Import" }).click();
  const text = JSON.stringify({ uid: "mine", title: "Mine", panels: [] });
  await page.getByRole("dialog").getByRole("textbox").fill(text);
  await page.getByRole("dialog").getByRole("button", { name: "Import" }).click();
  await expect(page).toHaveURL(/\/d\/mine/);
  await expect(page.getByText("The dashboard has no panels")).toBeVisible();
});

test("a chosen value is in the queries, the titles and the address", async ({ page }) => {
  const sent = sentQueries(page);
  await page.goto("/d/agents");
  await expect(panel(page, "Requests by model").locator("canvas")).toBeVisible();
  await page.getByRole("button", { name: "Window: 5m" }).click();
  await page.keyboard.type("15");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/var-window=15m/);
  await expect.poll(() => sent.some((query) => query.includes("[15m]"))).toBe(true);
  await page.getByRole("textbox", { name: "Limit" }).fill("7");
  await page.keyboard.press("Enter");
  await expect(page.getByText("7 requests a second")).toBeVisible();
});

test("several values are chosen with the keyboard", async ({ page }) => {
  await page.goto("/d/agents");
  await page.getByRole("button", { name: "Model: All" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option").nth(1)).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/var-model=(?!%24__all)/);
  await expect(page.getByRole("button", { name: "Model: All" })).toHaveCount(0);
});

test("a collapsed row asks nothing until it is opened", async ({ page }) => {
  const sent = sentQueries(page);
  await page.goto("/d/agents");
  await expect(panel(page, "Requests by model").locator("canvas")).toBeVisible();
  expect(sent.filter((query) => query.includes("tool_name"))).toEqual([]);
  await page.getByRole("button", { name: /^Tools/ }).click();
  await expect(panel(page, "Tools").getByRole("gridcell").first()).toBeVisible();
  await expect(page).toHaveURL(/rows=1/);
});

test("panels are asked for as they come into sight, and equal queries once", async ({ page }) => {
  await serveDashboards(page, new Dashboards([LARGE]));
  const sent = sentQueries(page);
  await page.goto("/d/large");
  await expect(panel(page, "Chart 1").locator("canvas")).toBeVisible();
  await expect(panel(page, "Chart 12").locator("canvas")).toBeVisible();
  expect(sent.length).toBeLessThan(40);
  await panel(page, "Chart 40").scrollIntoViewIfNeeded();
  await expect(panel(page, "Chart 40").locator("canvas")).toBeVisible();
  await expect.poll(() => sent.length).toBe(40);
  expect(new Set(sent).size).toBe(40);
  const same = LARGE.panels.slice(0, 4).map((one) => ({ ...one, targets: LARGE.panels[0]?.targets }));
  await serveDashboards(page, new Dashboards([{ ...LARGE, uid: "same", panels: same }]));
  await page.goto("/d/same");
  await expect(page.locator("[data-panel] canvas")).toHaveCount(4);
  expect(sent.length).toBe(41);
});

test("a refresh asks only for what is in sight, and keeps what is shown meanwhile", async ({ page }) => {
  await serveDashboards(page, new Dashboards([LARGE]));
  await page.goto("/d/large");
  await panel(page, "Chart 40").scrollIntoViewIfNeeded();
  const charts = page.locator("[data-panel] canvas");
  await expect(charts).toHaveCount(40);
  const sent = sentQueries(page);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/query_range/, async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Refresh now" }).click();
  await expect.poll(() => sent.length).toBeGreaterThan(0);
  await expect(charts).toHaveCount(40);
  await expect(page.getByText("Loading…")).toHaveCount(0);
  release();
  await expect(page.locator("[data-panel] > [aria-hidden=true]")).toHaveCount(0);
  expect(sent.length).toBeLessThan(40);
});

test("a panel is shown alone and inspected with the keyboard", async ({ page }) => {
  await page.goto("/d/agents");
  const chart = panel(page, "Requests by model");
  await expect(chart.locator("canvas")).toBeVisible();
  await chart.hover();
  await page.keyboard.press("v");
  await expect(page).toHaveURL(/viewPanel=panel-4/);
  await expect(panel(page, "Sessions")).toHaveCount(0);
  await chart.hover();
  await page.keyboard.press("i");
  await expect(page.getByRole("dialog").getByRole("gridcell").first()).toBeVisible();
  await page.getByRole("tab", { name: "Query" }).click();
  await expect(page.getByRole("dialog")).toContainText("sum by (model)");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(panel(page, "Sessions")).toBeVisible();
});

test("a panel leads to its data in Explore, in its own time range", async ({ page }) => {
  await page.goto("/d/agents?from=now-3h&to=now&var-model=gpt-4o");
  const shifted = panel(page, "Two hours before");
  await expect(shifted.getByText("2h earlier")).toBeVisible();
  await expect(shifted.locator("canvas, [role=status]").first()).toBeVisible();
  await shifted.hover();
  await page.keyboard.press("x");
  await expect(page).toHaveURL(/explore\/metrics\?.*from=\d{13}/);
  await expect(page.getByText('{model=~"gpt-4o"}').first()).toBeVisible();
});

test("a drag over a chart is the time range of the page", async ({ page }) => {
  await page.goto("/d/agents");
  const chart = panel(page, "Requests by model").locator(".u-over");
  await expect(chart).toBeVisible();
  const box = await chart.boundingBox();
  if (!box) throw new Error("the chart has no box");
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 160, box.y + 50, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{13}/);
});

test("navigation and controls are hidden and come back", async ({ page }) => {
  await page.goto("/d/agents?kiosk");
  await expect(panel(page, "Sessions")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Views" })).toBeHidden();
  await expect(page.getByRole("button", { name: "Model: All" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
});

test("an edited dashboard is saved, compared with what it was, and restored", async ({ page }) => {
  await page.goto("/d/hosts?edit=json");
  await page.getByText('"Memory"').click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(JSON.stringify({ uid: "hosts", title: "Machines", panels: [] }));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await page.getByText("History").click();
  const diff = page.getByRole("group", { name: "Changes since this version" });
  await expect(diff.locator("[data-kind=removed]").filter({ hasText: '"title": "Hosts"' })).toBeVisible();
  await expect(diff.locator("[data-kind=added]").filter({ hasText: '"title": "Machines"' })).toBeVisible();
  await page.getByRole("button", { name: "Edit this version" }).click();
  await expect(editor(page)).toContainText("process_resident_memory_bytes");
});

test("a save over the change of another is a choice", async ({ page }) => {
  const files = await serveDashboards(page);
  await page.goto("/d/hosts?edit=json");
  await page.getByText('"Memory"').click();
  const theirs = JSON.stringify({ dashboard: { uid: "hosts", title: "Theirs" }, base_version: null });
  files.answer("PUT", "/api/dashboards/hosts", theirs);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(JSON.stringify({ uid: "hosts", title: "Mine", panels: [] }));
  await expect(page.getByText("Not saved")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByText("has changed since you opened it")).toBeVisible();
  await page.getByRole("button", { name: "Discard my changes" }).click();
  await expect(editor(page)).toContainText('"Theirs"');
});

test("markup and scripts in a dashboard are text", async ({ page }) => {
  const links = [{ type: "link", title: MARKUP, url: "javascript:document.title='broken'" }];
  const board = {
    uid: "hostile",
    title: MARKUP,
    description: MARKUP,
    tags: [MARKUP],
    links,
    templating: { list: [{ name: "v", label: MARKUP, type: "custom", query: MARKUP }] },
    panels: [
      { id: 1, type: "row", title: MARKUP },
      {
        id: 2,
        type: "text",
        title: MARKUP,
        options: { mode: "html", content: `${MARKUP} [a](javascript:b)` },
      },
      {
        id: 3,
        type: "stat",
        title: "Links",
        description: MARKUP,
        links,
        targets: [{ refId: "A", expr: "alex_sessions_active", legendFormat: MARKUP, instant: true }],
        fieldConfig: {
          defaults: { displayName: MARKUP, unit: MARKUP, links: [{ title: "a", url: "javascript:b" }] },
        },
      },
    ],
  };
  await serveDashboards(page, new Dashboards([board]));
  await page.goto("/dashboards");
  await expectMarkupAsText(page);
  await page.goto("/d/hostile");
  await expect(panel(page, "Links")).toBeVisible();
  await expectMarkupAsText(page);
  await expect(page.locator("a[href*='script:']")).toHaveCount(0);
});

test("annotations are switched on, and their marks are reached with the keyboard", async ({ page }) => {
  const deploys = {
    name: "Deploys",
    datasource: { type: "prometheus" },
    expr: "alex_sessions_active",
    enable: false,
  };
  const chart = {
    id: 1,
    type: "timeseries",
    title: "Chart",
    targets: [{ refId: "A", expr: "alex_sessions_active" }],
  };
  const board = { uid: "marked", title: "Marked", panels: [{ ...chart, gridPos: { w: 24, h: 8 } }] };
  await serveDashboards(page, new Dashboards([{ ...board, annotations: { list: [deploys] } }]));
  await page.goto("/d/marked");
  await page.getByRole("switch", { name: "Deploys" }).click();
  await expect(page).toHaveURL(/annotations=Deploys/);
  const mark = panel(page, "Chart").getByRole("toolbar", { name: "Annotations" }).getByRole("button").first();
  await mark.focus();
  await expect(page.getByRole("tooltip")).toContainText("Deploys");
});

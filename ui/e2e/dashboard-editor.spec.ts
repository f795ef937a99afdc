/** The editors of a dashboard: of a panel, of the layout, of the settings. */
import type { Page } from "@playwright/test";
import { Dashboards } from "../mock/dashboards.mjs";
import { expect, test } from "./test";
import { serveDashboards } from "./views";

const panel = (page: Page, name: string) => page.locator(`[data-panel][aria-label="${name}"]`);
const side = (page: Page) => page.getByRole("complementary", { name: "Options of the panel" });

/** The JSON that the server has. */
async function stored(page: Page, uid: string) {
  return page.evaluate(async (uid) => (await (await fetch(`/api/dashboards/${uid}`)).json()).dashboard, uid);
}

/** Chooses an option of a searchable list with the keyboard. */
async function choose(page: Page, name: string, text: string) {
  await side(page).getByRole("combobox", { name, exact: true }).click();
  await page.keyboard.type(text);
  await page.getByRole("option").filter({ visible: true }).first().click();
}

test.beforeEach(({ page }) => serveDashboards(page));

test("the editor of a panel opens with a key, shows the panel with its data, and its address can be shared", async ({
  page,
}) => {
  await page.goto("/d/agents");
  await expect(panel(page, "Requests by model").locator("canvas")).toBeVisible();
  await panel(page, "Requests by model").hover();
  await page.keyboard.press("e");
  await expect(page).toHaveURL(/editPanel=panel-4/);
  await expect(side(page)).toBeVisible();
  await page.reload();
  await expect(panel(page, "Requests by model").locator("canvas")).toBeVisible();
  await expect(page.getByRole("region", { name: "Query A" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel(page, "Sessions")).toBeVisible();
  await expect(page).not.toHaveURL(/editPanel/);
});

test("the editor of a panel writes Grafana's keys, and changes nothing else", async ({ page }) => {
  await page.goto("/d/agents?editPanel=4");
  const before = await stored(page, "agents");
  await side(page).getByRole("textbox", { name: "Title" }).fill("Requests");
  await choose(page, "Unit", "percentunit");
  await side(page).getByRole("textbox", { name: "Decimals" }).fill("2");
  await side(page).getByText("100%", { exact: true }).click();
  await side(page).getByRole("button", { name: "Add a threshold" }).click();
  await expect(page.getByRole("heading", { name: "Requests", exact: true }).first()).toBeVisible();
  await page.keyboard.press("ControlOrMeta+s");
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
  const after = await stored(page, "agents");
  const expected = structuredClone(before);
  const edited = expected.panels.find(({ id }: { id: number }) => id === 4);
  edited.title = "Requests";
  Object.assign(edited.fieldConfig.defaults, {
    unit: "percentunit",
    decimals: 2,
    custom: { stacking: { mode: "percent" } },
    thresholds: { mode: "absolute", steps: [{ color: "green", value: null }] },
  });
  expect(after).toEqual(expected);
});

test("the editor of a panel asks a query again when it is run, adds another, and undoes that", async ({
  page,
}) => {
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/prometheus/api/v1/query_range"))
      sent.push(request.postData() ?? request.url());
  });
  await page.goto("/d/agents?editPanel=4");
  const query = page.getByRole("region", { name: "Query A" });
  await query.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText("max(alex_sessions_active)");
  expect(sent.some((one) => one.includes("max%28alex") || one.includes("max(alex"))).toBe(false);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect
    .poll(() => sent.some((one) => decodeURIComponent(one).includes("max(alex_sessions_active)")))
    .toBe(true);
  await page.getByRole("button", { name: "Add a query" }).click();
  await expect(page.getByRole("region", { name: "Query B" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("region", { name: "Query B" })).toHaveCount(0);
  await page.getByRole("button", { name: "Duplicate query A" }).click();
  await page.getByRole("button", { name: "Move up query B" }).click();
  await expect(page.getByRole("region", { name: /^Query/ }).first()).toHaveAccessibleName("Query B");
  await page.getByRole("button", { name: "Hide query A" }).click();
  await expect(page.getByText("Hidden: it is not asked")).toBeVisible();
});

test("the editor of a panel applies to the board what is not saved, and discards it", async ({ page }) => {
  await page.goto("/d/agents?editPanel=4");
  await side(page).getByRole("textbox", { name: "Title" }).fill("Changed");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(panel(page, "Changed")).toBeVisible();
  const bar = page.getByRole("group", { name: "Unsaved changes" });
  await bar.getByRole("button", { name: "Changes" }).click();
  await expect(page.getByRole("dialog").locator("[data-kind=added]")).toContainText("Changed");
  await page.keyboard.press("Escape");
  await bar.getByRole("button", { name: "Discard all" }).click();
  await expect(panel(page, "Requests by model")).toBeVisible();
  await expect(bar).toHaveCount(0);
});

test("the editor of a panel has transformations and overrides", async ({ page }) => {
  await page.goto("/d/agents?editPanel=4");
  await page.getByRole("tab", { name: "Transformations" }).click();
  await page.getByRole("combobox", { name: "Add a transformation" }).click();
  await page.keyboard.type("limit");
  await page.getByRole("option", { name: "limit" }).click();
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText('{"limitField": 5}');
  await page.keyboard.press("ControlOrMeta+Enter");
  await side(page).getByRole("button", { name: "Add an override" }).click();
  await side(page).getByRole("combobox", { name: "Add a property to override 1" }).click();
  await page.keyboard.type("stack");
  await page.getByRole("option", { name: /Stack series/ }).click();
  await side(page).getByRole("region", { name: "Override 1" }).getByText("Normal").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
  const { transformations, fieldConfig } = (await stored(page, "agents")).panels[4 - 1];
  expect(transformations).toEqual([{ id: "limit", options: { limitField: 5 } }]);
  expect(fieldConfig.overrides).toEqual([
    {
      matcher: { id: "byName", options: "" },
      properties: [{ id: "custom.stacking", value: { mode: "normal" } }],
    },
  ]);
});

test("the editor of a panel does not save over the change of another", async ({ page }) => {
  const files = await serveDashboards(page, new Dashboards());
  await page.goto("/d/hosts?editPanel=1");
  await side(page).getByRole("textbox", { name: "Title" }).fill("Mine");
  const theirs = { dashboard: { uid: "hosts", title: "Theirs", panels: [] }, base_version: null };
  files.answer("PUT", "/api/dashboards/hosts", JSON.stringify(theirs));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("has changed since you opened it")).toBeVisible();
  await page.getByRole("button", { name: "Overwrite the file" }).click();
  await expect(page.getByText("has changed since you opened it")).toHaveCount(0);
  expect((await stored(page, "hosts")).panels[0].title).toBe("Mine");
});

/** Saves with the keyboard, above the panels. */
async function save(page: Page) {
  const bar = page.getByRole("group", { name: "Unsaved changes" });
  await expect(bar).toBeVisible();
  await page.keyboard.press("ControlOrMeta+s");
  await expect(bar).toHaveCount(0);
}

/** The place of a panel in the JSON of the server, once it is saved. */
async function savedPlace(page: Page, id: number) {
  await save(page);
  const { panels } = await stored(page, "agents");
  return panels.find((one: { id: number }) => one.id === id)?.gridPos;
}

test("a panel is moved and resized with the keyboard", async ({ page }) => {
  await page.goto("/d/agents?edit=layout");
  await page.getByRole("button", { name: "Move Requests by model", exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowLeft");
  expect(await savedPlace(page, 4)).toEqual({ x: 2, y: 4, w: 11, h: 9 });
  // What was beside it is below it now.
  const { panels } = await stored(page, "agents");
  expect(panels[4].gridPos).toEqual({ x: 12, y: 13, w: 12, h: 8 });
});

test("a panel is moved and resized by a drag, and an undo takes it back", async ({ page }) => {
  await page.goto("/d/agents?edit=layout");
  const handle = page.getByRole("button", { name: "Move Two hours before", exact: true });
  const from = await handle.boundingBox();
  const grid = await panel(page, "Requests by model").boundingBox();
  if (!from || !grid) throw new Error("the panel has no box");
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(from.x - grid.width - 3, from.y + 5, { steps: 6 });
  await page.mouse.up();
  await expect
    .poll(async () => (await panel(page, "Two hours before").boundingBox())?.x)
    .toBeLessThan(from.x / 2);
  await page.keyboard.press("ControlOrMeta+z");
  await expect.poll(async () => (await panel(page, "Requests by model").boundingBox())?.x).toBe(grid.x);
  const corner = await page.getByRole("button", { name: "Resize Requests", exact: true }).boundingBox();
  if (!corner) throw new Error("the corner has no box");
  await page.mouse.move(corner.x + 5, corner.y + 5);
  await page.mouse.down();
  await page.mouse.move(corner.x + 5, corner.y + 5 + 2 * 38, { steps: 4 });
  await page.mouse.up();
  expect(await savedPlace(page, 1)).toEqual({ x: 0, y: 0, w: 6, h: 6 });
});

test("panels and rows are added, copied and removed", async ({ page }) => {
  await page.goto("/d/agents?edit=layout");
  await page.getByRole("button", { name: "Add a row" }).click();
  await page.getByRole("textbox", { name: "Title of the row New row" }).fill("Mine");
  await page.getByRole("button", { name: "Duplicate Sessions" }).click();
  await expect(panel(page, "Sessions")).toHaveCount(2);
  await page.getByRole("button", { name: "Remove Requests", exact: true }).click();
  await expect(panel(page, "Requests")).toHaveCount(0);
  await page.getByRole("button", { name: "Move the row up: Mine" }).click();
  await expect(page.getByRole("heading", { level: 3 }).filter({ hasText: "Mine" })).toBeVisible();
  await page.getByRole("button", { name: "Add a panel" }).click();
  await expect(page).toHaveURL(/editPanel=panel-/);
  await expect(side(page).getByRole("textbox", { name: "Title" })).toHaveValue("New panel");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Done" }).click();
  await page
    .getByRole("group", { name: "Unsaved changes" })
    .getByRole("button", { name: "Save", exact: true })
    .click();
  await expect(page.getByRole("group", { name: "Unsaved changes" })).toHaveCount(0);
  const { panels } = await stored(page, "agents");
  const titles = panels.map(({ title }: { title: string }) => title);
  expect(titles.filter((title: string) => title === "Sessions")).toHaveLength(2);
  expect(titles).toContain("Mine");
  expect(titles).toContain("New panel");
  expect(titles).not.toContain("Requests");
});

test("the settings have texts, tags and times, and are saved", async ({ page }) => {
  await page.goto("/d/agents");
  await expect(panel(page, "Sessions")).toBeVisible();
  await page.keyboard.press("d");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/edit=settings/);
  await page.getByRole("textbox", { name: "Title" }).fill("Agents 2");
  await page.getByRole("textbox", { name: "Tags, separated by commas" }).fill("one, two");
  await page.getByRole("textbox", { name: "From" }).fill("now-3h");
  await page.getByText("Links", { exact: true }).click();
  await page.getByRole("region", { name: "Link 1" }).getByRole("textbox", { name: "Title" }).fill("Runbook");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
  const board = await stored(page, "agents");
  expect(board).toMatchObject({
    title: "Agents 2",
    tags: ["one", "two"],
    time: { from: "now-3h", to: "now" },
  });
  expect(board.links[0]).toMatchObject({ title: "Runbook", targetBlank: true });
});

test("a variable is added with its values in view, moved and removed", async ({ page }) => {
  await page.goto("/d/agents?edit=variables");
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByRole("menuitem", { name: "Query" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("tool");
  const form = page.getByRole("region", { name: "Variable tool" });
  await form
    .getByRole("textbox", { name: "Query" })
    .fill("label_values(alex_tool_executions_total, tool_name)");
  await page.keyboard.press("Enter");
  await expect(form.getByRole("status", { name: "Values" })).toContainText("web_search");
  await form.getByRole("textbox", { name: "Regex" }).fill("/web.*/");
  await expect(form.getByRole("status", { name: "Values" })).toContainText("1 value");
  await page.getByRole("button", { name: "Move up the variable" }).click();
  await page.getByRole("button", { name: /^limit/ }).click();
  await page.getByRole("button", { name: "Remove the variable" }).click();
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await expect(page.getByRole("button", { name: "tool: web_search" })).toBeVisible();
  await save(page);
  const { templating } = await stored(page, "agents");
  expect(templating.list.map(({ name }: { name: string }) => name)).toEqual(["model", "window", "tool"]);
  expect(templating.list[2]).toEqual({
    name: "tool",
    type: "query",
    query: "label_values(alex_tool_executions_total, tool_name)",
    regex: "/web.*/",
    refresh: 1,
  });
});

test("annotations that are no list are not applied", async ({ page }) => {
  await page.goto("/d/agents?edit=annotations");
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText('{"a": 1}');
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByText("Annotations are a list")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
});

test("a link to one panel is made in the dialog", async ({ page }) => {
  await page.goto("/d/agents");
  await panel(page, "Sessions").getByRole("button", { name: "Menu of Sessions" }).click();
  await page.getByRole("menuitem", { name: "Share…" }).click();
  const dialog = page.getByRole("dialog");
  const address = dialog.getByRole("textbox", { name: "Address" });
  await expect(address).toHaveValue(/from=\d{13}.*viewPanel=panel-2/);
  await dialog.getByText("now-1h to now").click();
  await dialog.getByText("Light").click();
  await dialog.getByRole("switch", { name: "Without navigation and controls" }).check();
  await expect(address).toHaveValue(/from=now-1h&to=now&viewPanel=panel-2&kiosk=1&theme=light/);
  await page.goto(await address.inputValue());
  await expect(panel(page, "Sessions")).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "light");
  await expect(page.getByRole("navigation", { name: "Views" })).toBeHidden();
});

test("a dashboard is checked before it is imported, and saved as another", async ({ page }) => {
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "Import" }).click();
  const panels = [{ id: 1, type: "geomap", title: "Map", transformations: [{ id: "heatmap", options: {} }] }];
  await page
    .getByRole("dialog")
    .getByRole("textbox")
    .fill(JSON.stringify({ uid: "mine", title: "Mine", panels }));
  const check = page.getByRole("status", { name: "Check of the dashboard" });
  await expect(check).toContainText("panel type geomap");
  await expect(check).toContainText("transformation heatmap");
  await page.getByRole("dialog").getByRole("button", { name: "Import" }).click();
  await expect(page).toHaveURL(/\/d\/mine/);
  await page.getByRole("button", { name: "Menu of the dashboard" }).click();
  await page.getByRole("menuitem", { name: "Save as…" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Other");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Other" })).toBeVisible();
});

/** The colors that an image has at some of its pixels, and its size. */
async function pixels(page: Page, png: Buffer) {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const { data } = context?.getImageData(0, 0, image.width, image.height) ?? { data: [] };
    const colors = new Set<string>();
    for (let at = 0; at < data.length; at += 4 * 7) colors.add([...data.slice(at, at + 3)].join());
    return { width: image.width, height: image.height, colors: colors.size };
  }, png.toString("base64"));
}

test("a panel is an image, and asks for nothing to become one", async ({ page }) => {
  await page.goto("/d/agents");
  const chart = panel(page, "Requests by model");
  await expect(chart.locator("canvas")).toBeVisible();
  const box = await chart.boundingBox();
  await chart.getByRole("button", { name: "Menu of Requests by model" }).click();
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (!request.url().includes("/src/") && !request.url().includes("/assets/")) foreign.push(request.url());
  });
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Download as PNG" }).click();
  const file = await saving;
  expect(file.suggestedFilename()).toBe("Requests-by-model.png");
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  expect(foreign.filter((url) => !url.startsWith("blob:"))).toEqual([]);
  const { width, height, colors } = await pixels(page, Buffer.concat(chunks));
  expect([width, height]).toEqual([Math.ceil((box?.width ?? 0) * 2), Math.ceil((box?.height ?? 0) * 2)]);
  // A ground, lines of two colors, and texts.
  expect(colors).toBeGreaterThan(20);
});

test("a panel is copied as an image", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/d/agents");
  await expect(panel(page, "Sessions").getByText(/^\d/).first()).toBeVisible();
  await panel(page, "Sessions").getByRole("button", { name: "Menu of Sessions" }).click();
  await page.getByRole("menuitem", { name: "Copy as image" }).click();
  const types = () =>
    page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => [...types]));
  await expect.poll(types).toEqual(["image/png"]);
});

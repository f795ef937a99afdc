// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of Grafana
import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type Field, type Frame, frameOf } from "../../data/frame";
import { numbers, renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";

const FRAME = table(
  { pod: ["a", "b", "c"], cpu: [0.5, 2, null], hidden: [1, 2, 3] },
  { cpu: { unit: "percent" } },
);
const override = (column: string, properties: Record<string, unknown>) => ({
  matcher: { id: "byName", options: column },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});
const panel = (options: object, overrides: object[] = [], frames: Frame[] = [FRAME]) => (
  <PanelView type="table" frames={frames} options={options} fieldConfig={{ defaults: {}, overrides }} />
);
const rowsOf = () =>
  screen.getAllByRole("row").map((row) => [...row.children].map((cell) => cell.textContent));
const cell = (text: string) => screen.getByText(text).closest("[role=gridcell]") as HTMLElement;
const HIDE = override("hidden", { "custom.hidden": true });
const cells = (type: string, mode?: string) => ({ "custom.cellOptions": { type, mode } });

describe("the table panel", () => {
  it("hides columns, and sorts as its JSON says", async () => {
    renderPanel(panel({ sortBy: [{ displayName: "cpu", desc: true }] }, [HIDE]));
    await screen.findByRole("grid");
    expect(rowsOf()).toEqual([
      ["pod", "cpu ↓"],
      ["b", "2%"],
      ["a", "0.500%"],
      ["c", "null"],
    ]);
  });
  it("shows times as times, whatever the unit of the panel's numbers", async () => {
    const unit = override("Time", { unit: "s" });
    renderPanel(panel({}, [unit], [numbers("cpu", [1], { unit: "s" })]));
    await screen.findByRole("grid");
    expect(rowsOf()[1]).toEqual(["2026-11-20 15:00:00", "1 s"]);
  });
  it("shows the fractions of seconds where a time has some", async () => {
    const times = [1_500, 2_000];
    const field = { name: "at", type: "time", values: times, config: {} } as Field;
    renderPanel(panel({}, [], [frameOf([field])]));
    await screen.findByRole("grid");
    expect(rowsOf().slice(1)).toEqual([["1970-01-01 00:00:01.500"], ["1970-01-01 00:00:02.000"]]);
  });
  it.each([
    ["null", {}],
    ["–", { noValue: "–" }],
    ["N/A", { mappings: [{ type: "special", options: { match: "null", result: { text: "N/A" } } }] }],
  ])("shows a missing value as %j where its field says %j", async (expected, config) => {
    renderPanel(panel({}, [override("cpu", config)], [table({ cpu: [null, 1] })]));
    await screen.findByRole("grid");
    expect(rowsOf()[1]).toEqual([expected]);
  });
  it("says that all its columns are hidden", async () => {
    const hidden = override("cpu", { "custom.hidden": true });
    renderPanel(panel({}, [hidden], [table({ cpu: [1] })]));
    expect((await screen.findByRole("status")).textContent).toMatch(/All columns of this table are hidden/);
  });
  it("has a footer with a calculation, or the number of rows", async () => {
    const footer = { show: true, reducer: ["sum"], fields: ["cpu"] };
    const { rerender } = renderPanel(panel({ footer }, [HIDE]));
    await screen.findByRole("grid");
    expect(rowsOf().at(-1)).toEqual(["Total", "2.50%"]);
    rerender(panel({ footer: { ...footer, countRows: true } }, [HIDE]));
    expect(rowsOf().at(-1)).toEqual(["Count 3", ""]);
  });
  it("has no head when it is not wanted", async () => {
    renderPanel(panel({ showHeader: false }, [HIDE]));
    await screen.findByRole("grid");
    expect(rowsOf()[0]).toEqual(["a", "0.500%"]);
  });
});

describe("the cells of the table panel", () => {
  it.each([
    ["color-text", { "custom.displayMode": "color-text" }, (style: CSSStyleDeclaration) => style.color],
    [
      "color-background",
      cells("color-background", "basic"),
      (style: CSSStyleDeclaration) => style.background,
    ],
  ])("colours cells by thresholds as %s", async (_type, properties, colorOf) => {
    const thresholds = {
      steps: [
        { value: null, color: "green" },
        { value: 1, color: "red" },
      ],
    };
    renderPanel(panel({}, [override("cpu", { ...properties, thresholds })]));
    await screen.findByRole("grid");
    expect([colorOf(cell("0.500%").style), colorOf(cell("2%").style)]).toEqual([
      "var(--gh-ok)",
      "var(--gh-error)",
    ]);
  });
  it("draws gauges between the least and the largest value", async () => {
    renderPanel(panel({}, [override("cpu", { ...cells("gauge"), min: 0, max: 4 })]));
    await screen.findByRole("grid");
    const bar = cell("2%").querySelector("[style*=width]:not([role])") as HTMLElement;
    expect(bar.style.width).toBe("50.0%");
  });
  it("links cells, where only web pages are allowed", async () => {
    const links = [{ title: "Pod", url: "/d/pod?var-pod=${__value.raw}" }];
    const bad = [{ title: "Bad", url: "javascript:alert(1)" }];
    renderPanel(panel({}, [override("pod", { links }), override("cpu", { links: bad })]));
    await screen.findByRole("grid");
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual([
      "/d/pod?var-pod=a",
      "/d/pod?var-pod=b",
      "/d/pod?var-pod=c",
    ]);
  });
  it("keeps the link of a row in the sorted order", async () => {
    const links = [{ title: "Pod", url: "/d/${__data.fields.pod}" }];
    renderPanel(panel({ sortBy: [{ displayName: "cpu", desc: true }] }, [override("pod", { links }), HIDE]));
    await screen.findByRole("grid");
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual([
      "/d/b",
      "/d/a",
      "/d/c",
    ]);
  });
  it("shows an image as a link, because the page loads none from other servers", async () => {
    const frames = [table({ picture: ["https://example.com/a.png"] })];
    renderPanel(panel({}, [override("picture", cells("image"))], frames));
    expect((await screen.findByRole("link")).getAttribute("href")).toBe("https://example.com/a.png");
    expect(document.querySelector("img")).toBeNull();
  });
  it("filters the rows of a column by a text", async () => {
    const { user } = renderPanel(panel({}, [override("pod", { "custom.filterable": true }), HIDE]));
    await user.type(await screen.findByRole("textbox", { name: "Filter pod" }), "B");
    expect(rowsOf().slice(1)).toEqual([["b", "2%"]]);
  });
  it("shows one of several answers, and lets another be chosen", async () => {
    const { user } = renderPanel(panel({}, [], [numbers("api", [1]), numbers("web", [7])]));
    const grid = () => within(screen.getByRole("grid"));
    await screen.findByRole("grid");
    expect(grid().getByText("1")).toBeTruthy();
    await user.selectOptions(screen.getByRole("combobox", { name: "Shown answer" }), "web");
    expect(grid().getByText("7")).toBeTruthy();
  });
  it("says why it is empty", async () => {
    renderPanel(panel({}, [], []));
    expect((await screen.findByRole("status")).textContent).toMatch(/return nothing/);
  });
});

import { describe, expect, it } from "vitest";
import type { Layout } from "../model";
import { readDashboard } from "../read";
import { arranged, compacted, freePlace } from "./grid";
import { addedPanel, duplicatedPanel, freeId, placedPanel, removedPanel } from "./layout";
import { addedRow, collapsedRow, movedRow, removedRow, renamedRow } from "./rows";

const panel = (id: number, x: number, y: number, w = 12, h = 8) => ({
  id,
  type: "stat",
  title: `P${id}`,
  mine: true,
  gridPos: { x, y, w, h, static: false },
});
const CLASSIC = {
  title: "Classic",
  panels: [
    panel(1, 0, 0),
    panel(2, 12, 0),
    { id: 3, type: "row", title: "First", gridPos: { x: 0, y: 8, w: 24, h: 1 }, panels: [] },
    panel(4, 0, 9),
    {
      id: 5,
      type: "row",
      title: "Second",
      collapsed: true,
      gridPos: { x: 0, y: 17, w: 24, h: 1 },
      panels: [panel(6, 0, 18)],
    },
  ],
};
const item = (name: string, x: number, y: number) => ({
  kind: "GridLayoutItem",
  spec: { x, y, width: 12, height: 8, element: { kind: "ElementReference", name } },
});
const element = (id: number) => ({
  kind: "Panel",
  spec: { id, title: `P${id}`, vizConfig: { kind: "VizConfig", group: "stat", spec: {} } },
});
const grid = (...items: unknown[]) => ({ kind: "GridLayout", spec: { items } });
const row = (title: string, collapse: boolean, layout: unknown) => ({
  kind: "RowsLayoutRow",
  spec: { title, collapse, layout, ...(title === "" ? { hideHeader: true } : {}) },
});
const V2 = {
  elements: { "panel-1": element(1), "panel-2": element(2), "panel-4": element(4), "panel-6": element(6) },
  layout: {
    kind: "RowsLayout",
    spec: {
      rows: [
        row("", false, grid(item("panel-1", 0, 0), item("panel-2", 12, 0))),
        row("First", false, grid(item("panel-4", 0, 0))),
        row("Second", true, grid(item("panel-6", 0, 0))),
      ],
    },
  },
};

/** `First: panel-4 0,0 12x8` for each row. */
function shown(json: unknown): string[] {
  const { layout } = readDashboard(json);
  const text = (one: Layout): string =>
    one.kind === "grid"
      ? Object.entries(compacted(Object.fromEntries(one.items.map((item) => [item.panel, item]))))
          .map(([key, { x, y, width, height }]) => `${key} ${x},${y} ${width}x${height}`)
          .join(" ")
      : "";
  if (layout.kind !== "rows") return [text(layout)];
  return layout.rows.map((one) => `${one.title}${one.collapsed ? "-" : ""}: ${text(one.layout)}`);
}

const BEFORE = [
  ": panel-1 0,0 12x8 panel-2 12,0 12x8",
  "First: panel-4 0,0 12x8",
  "Second-: panel-6 0,0 12x8",
];

describe.each([
  ["a classic dashboard", CLASSIC],
  ["a dashboard of schema v2", V2],
])("the layout of %s", (_name, json) => {
  it("is as it was written", () => expect(shown(json)).toEqual(BEFORE));
  it.each<[string, (json: unknown) => unknown, string[]]>([
    [
      "has a panel that is moved, and what is in its way below it",
      (one) => placedPanel(one, "panel-2", { x: 0, y: 0, width: 12, height: 8 }),
      [": panel-2 0,0 12x8 panel-1 0,8 12x8", BEFORE[1] ?? "", BEFORE[2] ?? ""],
    ],
    [
      "has a panel that is moved by one column, and the row below stays below",
      (one) => placedPanel(one, "panel-1", { x: 1, y: 0, width: 12, height: 8 }),
      [": panel-1 1,0 12x8 panel-2 12,8 12x8", BEFORE[1] ?? "", BEFORE[2] ?? ""],
    ],
    [
      "has a panel that is resized within its columns",
      (one) => placedPanel(one, "panel-4", { x: 0, y: 0, width: 99, height: 3 }),
      [BEFORE[0] ?? "", "First: panel-4 0,0 24x3", BEFORE[2] ?? ""],
    ],
    [
      "has a panel that is added to a row, where there is room",
      (one) => addedPanel(one, 1).json,
      [BEFORE[0] ?? "", "First: panel-4 0,0 12x8 panel-7 12,0 12x8", BEFORE[2] ?? ""],
    ],
    [
      "grows with a copy",
      (one) => duplicatedPanel(one, "panel-1").json,
      [": panel-1 0,0 12x8 panel-2 12,0 12x8 panel-7 0,8 12x8", BEFORE[1] ?? "", BEFORE[2] ?? ""],
    ],
    [
      "loses a panel",
      (one) => removedPanel(one, "panel-1"),
      [": panel-2 12,0 12x8", BEFORE[1] ?? "", BEFORE[2] ?? ""],
    ],
    ["has a new row", (one) => addedRow(one, freeId(one)), [...BEFORE, "New row: "]],
    [
      "has a row with another title",
      (one) => renamedRow(one, 2, "Last"),
      [BEFORE[0] ?? "", BEFORE[1] ?? "", "Last-: panel-6 0,0 12x8"],
    ],
    [
      "has a row that is collapsed, and one that is not any more",
      (one) => collapsedRow(collapsedRow(one, 1, true), 2, false),
      [BEFORE[0] ?? "", "First-: panel-4 0,0 12x8", "Second: panel-6 0,0 12x8"],
    ],
    [
      "has its rows in another order",
      (one) => movedRow(one, 2, 1),
      [BEFORE[0] ?? "", BEFORE[2] ?? "", BEFORE[1] ?? ""],
    ],
    ["loses a row with its panels", (one) => removedRow(one, 1, true), [BEFORE[0] ?? "", BEFORE[2] ?? ""]],
    [
      "loses a row, whose panels stay",
      (one) => removedRow(one, 2, false),
      [BEFORE[0] ?? "", "First: panel-4 0,0 12x8 panel-6 0,8 12x8"],
    ],
  ])("%s", (_what, edit, expected) => expect(shown(edit(json)).slice(0, 4)).toEqual(expected));
  it("keeps what it does not know", () => {
    const moved = placedPanel(json, "panel-2", { x: 12, y: 0, width: 6, height: 4 });
    expect(
      JSON.stringify(moved)
        .replace(/"(w|width)":6/, '"$1":12')
        .replace(/"(h|height)":4/, '"$1":8'),
    ).toBe(JSON.stringify(json));
  });
});

describe("a dashboard", () => {
  it("without panels gets its first", () => {
    expect(shown(addedPanel({ title: "Empty", panels: [] }).json)).toEqual(["panel-1 0,0 12x8"]);
  });
  it("of old rows becomes a grid", () => {
    const old = {
      title: "Old",
      schemaVersion: 14,
      rows: [
        { title: "A", showTitle: true, panels: [{ id: 1, type: "graph", span: 12 }] },
        { title: "B", panels: [] },
      ],
    };
    expect(shown(placedPanel(old, "panel-1", { x: 0, y: 0, width: 6, height: 5 }))).toEqual([
      "A: panel-1 0,0 6x5",
      "B: ",
    ]);
  });
});

describe("a grid", () => {
  it("has no overlaps and no gaps, whatever is moved", () => {
    const rects = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `p${index}`,
        { x: (index % 4) * 6, y: Math.floor(index / 4) * 5, width: 6, height: 5 },
      ]),
    );
    for (let step = 0; step < 60; step += 1) {
      const wanted = {
        x: (step * 7) % 24,
        y: (step * 5) % 17,
        width: 1 + ((step * 3) % 24),
        height: 1 + (step % 9),
      };
      const places = Object.values(arranged(rects, `p${step % 12}`, wanted));
      const cells = places.flatMap(({ x, y, width, height }) =>
        Array.from(
          { length: width * height },
          (_, cell) => `${x + (cell % width)},${y + Math.floor(cell / width)}`,
        ),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(places.every(({ x, width }) => x >= 0 && x + width <= 24)).toBe(true);
      expect(places).toHaveLength(12);
    }
  });
  it("has its first free place from the top", () => {
    expect(freePlace({ a: { x: 0, y: 0, width: 12, height: 8 } }, 12, 8)).toMatchObject({ x: 12, y: 0 });
    expect(freePlace({ a: { x: 0, y: 0, width: 20, height: 8 } }, 12, 8)).toMatchObject({ x: 0, y: 8 });
  });
});

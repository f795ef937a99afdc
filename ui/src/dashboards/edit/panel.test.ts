import { describe, expect, it } from "vitest";
import { corpusFile, corpusFolder } from "../../testing/corpus";
import { readDashboard } from "../read";
import { withSetting } from "./body";
import { valueAt, withValue } from "./json";
import { editedPanel, queriesOf, typeOf, withPanel, withPart, withType } from "./panel";
import { panelPath } from "./places";
import { addedQuery, duplicatedQuery, movedQuery, withQuerySource } from "./queries";

const PANEL = {
  id: 4,
  type: "timeseries",
  title: "Calls",
  datasource: { type: "prometheus", uid: "p" },
  fieldConfig: { defaults: { unit: "s", mine: [1] }, overrides: [] },
  targets: [{ refId: "A", expr: "up", mine: true }],
};
const CLASSIC = { title: "Classic", mine: { a: 1 }, panels: [{ id: 1, type: "row", panels: [] }, PANEL] };
const V2 = {
  apiVersion: "dashboard.grafana.app/v2",
  kind: "Dashboard",
  metadata: { name: "v2" },
  spec: {
    title: "V2",
    elements: {
      "panel-4": {
        kind: "Panel",
        spec: {
          id: 4,
          title: "Calls",
          data: {
            kind: "QueryGroup",
            spec: {
              queries: [
                {
                  kind: "PanelQuery",
                  spec: {
                    refId: "A",
                    hidden: false,
                    query: { kind: "DataQuery", group: "prometheus", spec: { expr: "up" } },
                  },
                },
              ],
              transformations: [],
              queryOptions: {},
            },
          },
          vizConfig: { kind: "VizConfig", group: "timeseries", spec: { options: {}, fieldConfig: {} } },
        },
      },
    },
    layout: { kind: "GridLayout", spec: { items: [] } },
  },
};

const FORMS: [string, unknown, string][] = [
  ["a classic dashboard", CLASSIC, "panel-4"],
  ["one in the answer of the API", { dashboard: CLASSIC, meta: {} }, "panel-4"],
  [
    "a resource of v1",
    { apiVersion: "dashboard.grafana.app/v1beta1", kind: "Dashboard", spec: CLASSIC },
    "panel-4",
  ],
  ["a resource of v2", V2, "panel-4"],
];

/** The paths whose values differ. */
function differences(before: unknown, after: unknown, path = ""): string[] {
  if (before === after) return [];
  const objects = [before, after].every((one) => typeof one === "object" && one !== null);
  if (!objects) return [path];
  const [left, right] = [before, after] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  return [...keys].flatMap((key) => differences(left?.[key], right?.[key], `${path}/${key}`));
}

describe("an edit of a panel", () => {
  it.each(FORMS)("of %s changes only its value", (_name, json, key) => {
    const edited = withPanel(json, key, (panel) =>
      withPart(panel, "fieldConfig", ["defaults", "unit"], "bytes"),
    );
    const panel = readDashboard(edited).panels[key];
    expect(panel?.fieldConfig.defaults.unit).toBe("bytes");
    const found = differences(json, edited);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/\/fieldConfig\/defaults(\/unit)?$/);
  });
  it.each(FORMS)("of %s changes its type and its queries", (_name, json, key) => {
    const typed = withPanel(json, key, (panel) => withType(panel, "stat"));
    const added = withPanel(typed, key, addedQuery);
    const moved = withPanel(added, key, (panel) => movedQuery(panel, 1, 0));
    const copied = withPanel(moved, key, (panel) => duplicatedQuery(panel, 1));
    const source = withPanel(copied, key, (panel) => withQuerySource(panel, 0, { type: "loki", uid: "l" }));
    const panel = readDashboard(source).panels[key];
    expect(panel?.type).toBe("stat");
    expect(panel?.queries.map(({ refId }) => refId)).toEqual(["B", "A", "C"]);
    expect(panel?.queries[0]?.dataSource).toEqual({ type: "loki", uid: "l" });
    expect(panel?.queries[2]?.spec.expr).toBe("up");
  });
  it("names the source of each query when they ask several", () => {
    const two = withPanel(CLASSIC, "panel-4", addedQuery);
    const panel = editedPanel(
      withPanel(two, "panel-4", (one) => withQuerySource(one, 1, { type: "loki", uid: "l" })),
      "panel-4",
    );
    expect(panel?.json.datasource).toEqual({ type: "datasource", uid: "-- Mixed --" });
    expect(panel && queriesOf(panel).map(({ dataSource }) => dataSource?.uid)).toEqual(["p", "l"]);
  });
  it("removes what has no value any more", () => {
    const edited = withPanel(CLASSIC, "panel-4", (panel) =>
      withPart(panel, "fieldConfig", ["defaults", "unit"], undefined),
    );
    expect(valueAt(edited, ["panels", 1, "fieldConfig", "defaults"])).toEqual({ mine: [1] });
  });
  it("converts a panel of an older type", () => {
    const old = {
      title: "Old",
      schemaVersion: 14,
      rows: [{ panels: [{ id: 1, type: "graph", lines: true }] }],
    };
    expect(editedPanel(old, "panel-1")?.convertedFrom).toBe("graph");
    const edited = withPanel(old, "panel-1", (panel) => withPart(panel, "title", [], "Now"));
    expect(valueAt(edited, ["rows", 0, "panels", 0])).toMatchObject({
      type: "timeseries",
      title: "Now",
      lines: true,
    });
    expect(editedPanel(edited, "panel-1")?.convertedFrom).toBeNull();
  });
  it("changes nothing where there is no such panel", () => {
    expect(withPanel(CLASSIC, "panel-99", (panel) => withType(panel, "stat"))).toBe(CLASSIC);
    expect(editedPanel("text", "panel-1")).toBeNull();
  });
});

describe("a value in JSON", () => {
  it("is written where objects are missing, and reaches no prototype", () => {
    expect(withValue(undefined, ["a", 0, "b"], 1)).toEqual({ a: [{ b: 1 }] });
    expect(withValue({}, ["__proto__", "polluted"], 1)).not.toHaveProperty("polluted");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
  it("is a setting of any form", () => {
    for (const [, json] of FORMS) {
      const edited = withSetting(withSetting(json, "title", "New"), "from", "now-2h");
      const { title, time } = readDashboard(edited);
      expect([title, time.from]).toEqual(["New", "now-2h"]);
    }
  });
});

describe("the dashboards of others", () => {
  const files = corpusFolder("dashboards");
  it.skipIf(files.length === 0)("have all their panels where the editor finds them", () => {
    for (const file of files) {
      const json = corpusFile(file);
      let model: ReturnType<typeof readDashboard>;
      try {
        model = readDashboard(json);
      } catch {
        continue;
      }
      for (const [key, { type, libraryPanel }] of Object.entries(model.panels)) {
        expect(panelPath(json, key), `${file} ${key}`).not.toBeNull();
        const panel = editedPanel(json, key);
        if (panel && !libraryPanel) expect(typeOf(panel), `${file} ${key}`).toBe(type);
      }
    }
  });
});

/** Changes of the rows of a dashboard. Rows are named by their index among the sections. */
import { list, record, string } from "../../api/decode";
import { placedPanels } from "../classic-layout";
import { migratePanel } from "../migrate";
import { bodyOf } from "./body";
import { moved, type Path, valueAt, withValue } from "./json";
import { type Section, sectionsOf, versionOf } from "./places";

type Json = Record<string, unknown>;

/** The version of the first classic dashboards that are a grid. */
const GRID_VERSION = 16;

/** Rows of 12 columns as a grid of panels, as newer versions of Grafana store them; other dashboards stay as they are. */
export function withoutOldRows(json: unknown): unknown {
  const { path, form } = bodyOf(json);
  const body = record(valueAt(json, path));
  const version = versionOf(body);
  const old = list(body.rows).length > 0 && (version < GRID_VERSION || list(body.panels).length === 0);
  if (form === "v2" || !old) return json;
  const { rows: _, ...rest } = body;
  let id = 10_000;
  let lowest = 0;
  const panels = placedPanels(body, version).rows.flatMap((row): Json[] => {
    const children = row.panels.map(({ json: panel, item }) => {
      const { span: _span, ...own } = migratePanel(panel, version);
      const y = item.y + lowest;
      return { ...own, gridPos: { x: item.x, y, w: item.width, h: item.height } };
    });
    if (row.hideHeader) return children;
    const top = Math.min(...row.panels.map(({ item }) => item.y), 1e6);
    lowest += 1;
    id += 1;
    const shifted = children.map((child) => ({
      ...child,
      gridPos: { ...child.gridPos, y: child.gridPos.y + 1 },
    }));
    const header = {
      id,
      type: "row",
      title: row.title,
      collapsed: row.collapsed,
      gridPos: { x: 0, y: (top === 1e6 ? 0 : top) + lowest - 1, w: 24, h: 1 },
      panels: row.collapsed ? shifted : [],
      ...(row.repeat ? { repeat: row.repeat.variable } : {}),
    };
    return row.collapsed ? [header] : [header, ...shifted];
  });
  return withValue(json, path, { ...rest, schemaVersion: GRID_VERSION, panels });
}

/** A row at the end. */
export function addedRow(given: unknown, id: number): unknown {
  const json = withoutOldRows(given);
  const { path, form } = bodyOf(json);
  if (form === "classic") {
    const bottom = sectionsOf(json).reduce((most, section) => Math.max(most, bottomOf(json, section)), 0);
    const gridPos = { x: 0, y: bottom, w: 24, h: 1 };
    const row = { id, type: "row", title: "New row", collapsed: false, gridPos, panels: [] };
    return withValue(json, [...path, "panels"], [...list(valueAt(json, [...path, "panels"])), row]);
  }
  const layout = [...path, "layout"];
  const given2 = record(valueAt(json, layout));
  const grid = { kind: "GridLayout", spec: { items: [] } };
  const row = { kind: "RowsLayoutRow", spec: { title: "New row", collapse: false, layout: grid } };
  if (given2.kind === "RowsLayout") {
    const rows = [...layout, "spec", "rows"];
    return withValue(json, rows, [...list(valueAt(json, rows)), row]);
  }
  // The panels without a row become those of one without a head.
  const first = {
    kind: "RowsLayoutRow",
    spec: { title: "", collapse: false, hideHeader: true, layout: given2 },
  };
  return withValue(json, layout, { kind: "RowsLayout", spec: { rows: [first, row] } });
}

function bottomOf(json: unknown, { row, panels, collapsed }: Section): number {
  const head = row ? Number(valueAt(json, [...row, "gridPos", "y"])) + 1 : 0;
  const shown = collapsed ? [] : panels;
  return shown.reduce((most, { y, height }) => Math.max(most, y + height), Number.isFinite(head) ? head : 0);
}

export function renamedRow(given: unknown, index: number, title: string): unknown {
  const json = withoutOldRows(given);
  const row = sectionsOf(json)[index]?.row;
  if (!row) return json;
  return withValue(json, [...row, ...(bodyOf(json).form === "v2" ? ["spec"] : []), "title"], title);
}

/** The row in its saved state: whether it is collapsed when the dashboard is opened. */
export function collapsedRow(given: unknown, index: number, collapsed: boolean): unknown {
  const json = withoutOldRows(given);
  const { path, form } = bodyOf(json);
  const section = sectionsOf(json)[index];
  if (!section?.row || section.collapsed === collapsed) return json;
  if (form === "v2") return withValue(json, [...section.row, "spec", "collapse"], collapsed);
  const own = section.panels.map((panel) => valueAt(json, panel.path));
  const row = { ...record(valueAt(json, section.row)), collapsed, panels: collapsed ? own : [] };
  const others = list(valueAt(withValue(json, section.row, row), [...path, "panels"]));
  const panels = collapsed
    ? others.filter((panel) => !own.includes(panel))
    : others.flatMap((panel) => (panel === row ? [row, ...own] : [panel]));
  return stacked(withValue(json, [...path, "panels"], panels));
}

/** Without a row; its panels go with it, or to the row above. */
export function removedRow(given: unknown, index: number, withPanels: boolean): unknown {
  const json = withPanels ? withoutOldRows(given) : collapsedRow(given, index, false);
  const { path, form } = bodyOf(json);
  const section = sectionsOf(json)[index];
  if (!section?.row) return json;
  if (form === "v2") return removedV2Row(json, index, section, withPanels);
  const gone = new Set(
    [section.row, ...(withPanels ? section.panels.map((panel) => panel.path) : [])].map((own) =>
      valueAt(json, own),
    ),
  );
  const panels = list(valueAt(json, [...path, "panels"])).filter((panel) => !gone.has(panel));
  return withValue(json, [...path, "panels"], panels);
}

/** The panels of a row that goes are below those of the row before it; the first row only loses its head. */
function removedV2Row(json: unknown, index: number, section: Section, withPanels: boolean): unknown {
  const { path } = bodyOf(json);
  const above = sectionsOf(json)[index - 1];
  const row = section.row ?? [];
  if (withPanels) {
    const elements = Object.entries(record(valueAt(json, [...path, "elements"])));
    const gone = new Set(section.panels.map(({ key }) => key));
    const kept = Object.fromEntries(elements.filter(([key]) => !gone.has(key)));
    return withValue(withValue(json, row, undefined), [...path, "elements"], kept);
  }
  if (!above) return withValue(json, [...row, "spec", "hideHeader"], true);
  const bottom = above.panels.reduce((most, { y, height }) => Math.max(most, y + height), 0);
  const items = list(valueAt(json, section.list)).map((item) => {
    const y = Number(record(record(item).spec).y);
    return withValue(item, ["spec", "y"], bottom + (Number.isFinite(y) ? y : 0));
  });
  const joined = withValue(json, above.list, [...list(valueAt(json, above.list)), ...items]);
  return withValue(joined, row, undefined);
}

/** A row at another place among the rows. */
export function movedRow(given: unknown, from: number, to: number): unknown {
  const json = withoutOldRows(given);
  const sections = sectionsOf(json);
  if (!sections[from]?.row || !sections[to]?.row) return json;
  const { path, form } = bodyOf(json);
  if (form === "classic") return stacked(json, moved(sections, from, to));
  const rows: Path = [...path, "layout", "spec", "rows"];
  return withValue(json, rows, moved(list(valueAt(json, rows)), from, to));
}

/** The sections of a classic dashboard below each other, in an order. */
function stacked(json: unknown, sections = sectionsOf(json)): unknown {
  let y = 0;
  let found = json;
  const write = (path: Path, value: number) => {
    const at = [...path, "gridPos", "y"];
    if (valueAt(found, at) !== value) found = withValue(found, at, value);
  };
  for (const { row, panels, collapsed } of sections) {
    if (row) {
      write(row, y);
      y += 1;
    }
    const top = panels.reduce((least, panel) => Math.min(least, panel.y), Number.POSITIVE_INFINITY);
    for (const panel of panels) write(panel.path, y + panel.y - top);
    const height = panels.reduce((most, panel) => Math.max(most, panel.y - top + panel.height), 0);
    if (!collapsed || !row) y += height;
  }
  return found;
}

/** The title of a row as it is stored. */
export function rowTitle(json: unknown, index: number): string {
  const row = sectionsOf(json)[index]?.row;
  const given = record(row ? valueAt(json, row) : null);
  return string(bodyOf(json).form === "v2" ? record(given.spec).title : given.title);
}

/** Whether all panels have places that can be edited: those of grids, and of rows of them. */
export function hasEditableLayout(json: unknown): boolean {
  const { path, form } = bodyOf(json);
  if (form === "classic") return true;
  const kindOf = (at: Path) => record(valueAt(json, at)).kind;
  const layout = [...path, "layout"];
  if (kindOf(layout) !== "RowsLayout") return kindOf(layout) === "GridLayout";
  return list(valueAt(json, [...layout, "spec", "rows"])).every(
    (_, index) => kindOf([...layout, "spec", "rows", index, "spec", "layout"]) === "GridLayout",
  );
}

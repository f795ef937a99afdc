/** Where the panels and the rows of a dashboard are in its JSON, by the keys of the model. */
import { list, record } from "../../api/decode";
import { placedPanels } from "../classic-layout";
import { DEPTH_MAX, within } from "../limits";
import { type Body, bodyOf } from "./body";
import { type Path, valueAt } from "./json";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PanelPlace extends Rect {
  key: string;
  /** Of the panel in classic dashboards, of the item of the grid in those of schema v2. */
  path: Path;
}

/** A grid of panels: a row with its panels, or panels without a row. */
export interface Section {
  /** Of the row's JSON; null without a row. */
  row: Path | null;
  /** Of the list that has its panels. */
  list: Path;
  collapsed: boolean;
  panels: PanelPlace[];
}

/** The sections in their order, which is that of the rows of the model; only grids with places, and rows of them. */
export function sectionsOf(json: unknown): Section[] {
  const body = bodyOf(json);
  return body.form === "classic" ? classicSections(json, body) : v2Sections(json, body);
}

function classicSections(json: unknown, { path }: Body): Section[] {
  const given = record(valueAt(json, path));
  const paths = objectPaths(given, path);
  return placedPanels(given, versionOf(given)).rows.map((row): Section => {
    const own = row.json ? (paths.get(row.json) ?? null) : null;
    const inside = own !== null && row.collapsed;
    return {
      row: own,
      list: inside ? [...own, "panels"] : [...path, "panels"],
      collapsed: row.collapsed,
      panels: row.panels.flatMap(({ key, json: panel, item }) => {
        const found = paths.get(panel);
        const { x, y, width, height } = item;
        return found ? [{ key, path: found, x, y, width, height }] : [];
      }),
    };
  });
}

export function versionOf(given: Record<string, unknown>): number {
  return within(given.schemaVersion, 0, 1_000, 0);
}

/** The paths of the panels and rows of a classic dashboard. */
function objectPaths(given: Record<string, unknown>, path: Path): Map<unknown, Path> {
  const found = new Map<unknown, Path>();
  for (const name of ["panels", "rows"])
    list(given[name]).forEach((item, index) => {
      const own = [...path, name, index];
      found.set(item, own);
      list(record(item).panels).forEach((child, place) => {
        found.set(child, [...own, "panels", place]);
      });
    });
  return found;
}

function v2Sections(json: unknown, { path }: Body): Section[] {
  const layout = [...path, "layout"];
  const { kind, spec } = record(valueAt(json, layout));
  if (kind !== "RowsLayout") return gridSection(json, layout, null, false);
  return list(record(spec).rows).flatMap((row, index) => {
    const own = [...layout, "spec", "rows", index];
    const collapsed = record(record(row).spec).collapse === true;
    return gridSection(json, [...own, "spec", "layout"], own, collapsed);
  });
}

function gridSection(json: unknown, layout: Path, row: Path | null, collapsed: boolean): Section[] {
  const { kind, spec } = record(valueAt(json, layout));
  const path = [...layout, "spec", "items"];
  if (kind !== "GridLayout") return [{ row, list: path, collapsed, panels: [] }];
  const panels = list(record(spec).items).map((item, index): PanelPlace => {
    const { element, x, y, width, height } = record(record(item).spec);
    const number = (value: unknown, most: number, fallback: number) =>
      Math.round(within(value, 0, most, fallback));
    return {
      key: String(record(element).name),
      path: [...path, index],
      x: number(x, 23, 0),
      y: number(y, 1e6, 0),
      width: number(width, 24, 12),
      height: number(height, 1_000, 8),
    };
  });
  return [{ row, list: path, collapsed, panels }];
}

/** The path of a panel's JSON; null for a panel that the file does not have. */
export function panelPath(json: unknown, key: string): Path | null {
  const body = bodyOf(json);
  if (body.form === "v2") {
    const path = [...body.path, "elements", key];
    return valueAt(json, path) === undefined ? null : path;
  }
  const panels = classicSections(json, body).flatMap((section) => section.panels);
  return panels.find((panel) => panel.key === key)?.path ?? null;
}

/** The paths of all items of layouts of schema v2 that show a panel, however deep, the last ones first. */
export function itemPaths(json: unknown, path: Path, key: string, depth = 0): Path[] {
  const { kind, spec } = record(valueAt(json, path));
  const body = record(spec);
  if (depth > DEPTH_MAX) return [];
  const parts = kind === "RowsLayout" ? "rows" : kind === "TabsLayout" ? "tabs" : "";
  const found =
    parts === ""
      ? list(body.items).flatMap((item, index) =>
          record(record(record(item).spec).element).name === key ? [[...path, "spec", "items", index]] : [],
        )
      : list(body[parts]).flatMap((_, index) =>
          itemPaths(json, [...path, "spec", parts, index, "spec", "layout"], key, depth + 1),
        );
  return found.reverse();
}

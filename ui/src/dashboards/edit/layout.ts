/** Changes of the layout of a dashboard: panels are moved, added, copied and removed. */
import { list, record } from "../../api/decode";
import { bodyOf, type Form } from "./body";
import { arranged, bottomOf, compacted, freePlace, type Rects } from "./grid";
import { type Path, valueAt, withValue } from "./json";
import { itemPaths, panelPath, type Rect, type Section, sectionsOf } from "./places";
import { withoutOldRows } from "./rows";

type Json = Record<string, unknown>;

/** A change that makes a panel, and its key. */
export interface Made {
  json: unknown;
  key: string;
}

/** The places of the panels of a section as they are shown, with its top as the origin. */
export function rectsOf({ panels }: Section): Rects {
  const top = panels.reduce((least, { y }) => Math.min(least, y), Number.POSITIVE_INFINITY);
  const own = panels.map(({ key, x, y, width, height }) => [key, { x, y: y - top, width, height }]);
  return compacted(Object.fromEntries(own));
}

function sectionOf(json: unknown, key: string): Section | undefined {
  return sectionsOf(json).find(({ panels }) => panels.some((panel) => panel.key === key));
}

/** A panel at another place of its section, or of another size. */
export function placedPanel(given: unknown, key: string, wanted: Rect): unknown {
  const json = withoutOldRows(given);
  const section = sectionOf(json, key);
  return section ? withRects(json, section, arranged(rectsOf(section), key, wanted)) : json;
}

/** Writes the places of a section, where they are others. What is below it moves down when it grows. */
function withRects(json: unknown, section: Section, rects: Rects): unknown {
  const { form } = bodyOf(json);
  const { panels } = section;
  const top = form === "classic" ? panels.reduce((least, { y }) => Math.min(least, y), 1e9) : 0;
  const placed = panels.reduce((found: unknown, { key, path }) => {
    const rect = rects[key];
    return rect ? withRect(found, form, path, { ...rect, y: rect.y + top }) : found;
  }, json);
  const before = panels.reduce((most, { y, height }) => Math.max(most, y + height), 0);
  const grown = top + bottomOf(rects) - before;
  const fixed = form === "v2" || (section.row !== null && section.collapsed);
  if (grown <= 0 || fixed) return placed;
  const all = sectionsOf(json);
  const index = all.findIndex(({ panels: [first] }) => first?.key === panels[0]?.key);
  return lowered(placed, all.slice(index + 1), grown);
}

function withRect(json: unknown, form: Form, path: Path, rect: Rect): unknown {
  const own = form === "classic" ? [...path, "gridPos"] : [...path, "spec"];
  const names = form === "classic" ? ["x", "y", "w", "h"] : ["x", "y", "width", "height"];
  const values = [rect.x, rect.y, rect.width, rect.height];
  return names.reduce((found: unknown, name, index) => {
    const at = [...own, name];
    return valueAt(found, at) === values[index] ? found : withValue(found, at, values[index]);
  }, json);
}

/** The smallest number that no panel has, and no row. */
export function freeId(json: unknown): number {
  const { path, form } = bodyOf(json);
  const body = record(valueAt(json, path));
  const panels =
    form === "v2"
      ? Object.values(record(body.elements)).map((element) => record(record(element).spec))
      : [...list(body.panels), ...list(body.panels).flatMap((panel) => list(record(panel).panels))].map(
          record,
        );
  const ids = panels.map(({ id }) => Number(id)).filter(Number.isSafeInteger);
  return ids.reduce((most, id) => Math.max(most, id), 0) + 1;
}

const WIDTH = 12;
const HEIGHT = 8;

/** A new panel in a section, by its index among the rows; a dashboard without any gets its first. */
export function addedPanel(given: unknown, index = 0): Made {
  const json = withoutOldRows(given);
  const id = freeId(json);
  return inserted(json, index, newPanel(bodyOf(json).form, id), id, { width: WIDTH, height: HEIGHT });
}

function newPanel(form: Form, id: number): Json {
  if (form === "classic")
    return {
      id,
      type: "timeseries",
      title: "New panel",
      targets: [{ refId: "A" }],
      fieldConfig: { defaults: {}, overrides: [] },
      options: {},
    };
  const query = { kind: "DataQuery", group: "prometheus", version: "v0", spec: {} };
  return {
    kind: "Panel",
    spec: {
      id,
      title: "New panel",
      description: "",
      links: [],
      data: {
        kind: "QueryGroup",
        spec: {
          queries: [{ kind: "PanelQuery", spec: { refId: "A", hidden: false, query } }],
          transformations: [],
          queryOptions: {},
        },
      },
      vizConfig: {
        kind: "VizConfig",
        group: "timeseries",
        version: "",
        spec: { options: {}, fieldConfig: { defaults: {}, overrides: [] } },
      },
    },
  };
}

function inserted(
  json: unknown,
  index: number,
  panel: Json,
  id: number,
  size: Pick<Rect, "width" | "height">,
): Made {
  const { path, form } = bodyOf(json);
  const section = sectionsOf(json)[index] ?? {
    row: null,
    list: form === "classic" ? [...path, "panels"] : [...path, "layout", "spec", "items"],
    collapsed: false,
    panels: [],
  };
  const rect = freePlace(rectsOf(section), size.width, size.height);
  const key = `panel-${id}`;
  const items = list(valueAt(json, section.list));
  const top = topOf(json, section);
  const gridPos = { x: rect.x, y: form === "classic" ? top + rect.y : rect.y, w: rect.width, h: rect.height };
  if (form === "v2") {
    const item = {
      kind: "GridLayoutItem",
      spec: {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
        element: { kind: "ElementReference", name: key },
      },
    };
    const placed = withValue(json, section.list, [...items, item]);
    return { key, json: withValue(placed, [...path, "elements", key], panel) };
  }
  const bottom = top + bottomOf(rectsOf(section));
  const grown = gridPos.y + gridPos.h - Math.max(bottom, top);
  const room =
    grown > 0 && !section.collapsed ? lowered(json, sectionsOf(json).slice(index + 1), grown) : json;
  return {
    key,
    json: withValue(room, section.list, [...list(valueAt(room, section.list)), { ...panel, gridPos }]),
  };
}

/** Where the panels of a section of a classic dashboard begin. */
function topOf(json: unknown, { row, panels }: Section): number {
  if (panels.length > 0) return panels.reduce((least, { y }) => Math.min(least, y), 1e9);
  const y = row ? Number(valueAt(json, [...row, "gridPos", "y"])) : -1;
  return Number.isFinite(y) ? y + 1 : 0;
}

/** Moves sections of a classic dashboard. */
function lowered(json: unknown, below: Section[], by: number): unknown {
  const paths = below.flatMap(({ row, panels }) => [
    ...(row ? [row] : []),
    ...panels.map(({ path }) => path),
  ]);
  return paths.reduce((found: unknown, path) => {
    const y = valueAt(found, [...path, "gridPos", "y"]);
    return typeof y === "number" ? withValue(found, [...path, "gridPos", "y"], y + by) : found;
  }, json);
}

/** A copy of a panel, in the first free place of its section. */
export function duplicatedPanel(given: unknown, key: string): Made {
  const json = withoutOldRows(given);
  const path = panelPath(json, key);
  const sections = sectionsOf(json);
  const index = sections.findIndex(({ panels }) => panels.some((panel) => panel.key === key));
  const place = sections[index]?.panels.find((panel) => panel.key === key);
  if (!path || !place) return { json, key };
  const id = freeId(json);
  const panel = record(valueAt(json, path));
  const { form } = bodyOf(json);
  const copy = form === "classic" ? { ...panel, id } : record(withValue(panel, ["spec", "id"], id));
  return inserted(json, index, copy, id, place);
}

export function removedPanel(given: unknown, key: string): unknown {
  const json = withoutOldRows(given);
  const { path, form } = bodyOf(json);
  if (form === "classic") {
    const own = panelPath(json, key);
    return own ? withValue(json, own, undefined) : json;
  }
  const items = itemPaths(json, [...path, "layout"], key);
  const without = items.reduce((found: unknown, item) => withValue(found, item, undefined), json);
  return withValue(without, [...path, "elements", key], undefined);
}

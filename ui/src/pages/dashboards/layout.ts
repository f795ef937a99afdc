/** Where the panels of a dashboard are, once rows and panels are repeated for their variables. */
import type { Layout, PanelModel, Repeat } from "../../dashboards/model";
import { conditionHolds, copiesOf, type PlacedItem, placedItems, type Scoped } from "../../dashboards/repeat";
import type { DashboardContext } from "../../dashboards/scope";

const COLUMNS = 24;

/** A part of a layout that is repeated: a row or a tab. */
export interface Part<Model> {
  /** Unique in the dashboard, and in its URL. */
  key: string;
  model: Model;
  scoped: Scoped;
  /** What the ids of its panels begin with: nothing, unless it is a copy. */
  prefix: string;
}

interface Repeated {
  repeat: Repeat | null;
  condition: Parameters<typeof conditionHolds>[0];
}

export interface Place {
  /** Of the part around it. */
  path: string;
  prefix: string;
  scoped: Scoped;
}

export const TOP: Place = { path: "", prefix: "", scoped: {} };

/** The rows or tabs that are shown, with their copies. */
export function partsOf<Model extends Repeated>(
  models: Model[],
  { path, prefix, scoped: outer }: Place,
  { variables, range }: DashboardContext,
): Part<Model>[] {
  return models.flatMap((model, index) =>
    conditionHolds(model.condition, variables, range)
      ? copiesOf(model.repeat, variables, outer).map((scoped, copy) => {
          const key = `${path}${index}${copy === 0 ? "" : `-${copy}`}`;
          return { key, model, scoped, prefix: copy === 0 ? prefix : `${key}~` };
        })
      : [],
  );
}

export function placeIn({ key, prefix, scoped }: Part<unknown>): Place {
  return { path: `${key}.`, prefix, scoped };
}

export interface PlacedPanel extends PlacedItem {
  /** Unique in the dashboard. */
  id: string;
}

/** The panels of a grid. None overlaps another, and none has free space above it, as in Grafana. */
export function gridPanels(
  { items }: Extract<Layout, { kind: "grid" }>,
  { prefix, scoped }: Place,
  { variables }: DashboardContext,
): PlacedPanel[] {
  const bottoms = new Array<number>(COLUMNS).fill(0);
  return placedItems(items, variables, scoped)
    .sort((left, right) => left.y - right.y || left.x - right.x)
    .map((item) => {
      const width = Math.min(item.width, COLUMNS - item.x);
      const y = Math.max(...bottoms.slice(item.x, item.x + width));
      bottoms.fill(y + item.height, item.x, item.x + width);
      return { ...item, y, width, id: `${prefix}${item.key}` };
    });
}

export interface FlowPanel {
  id: string;
  panel: string;
  scoped: Scoped;
}

/** The panels of a grid that finds their places itself. */
export function flowPanels(
  { items }: Extract<Layout, { kind: "auto-grid" }>,
  place: Place,
  { variables, range }: DashboardContext,
): FlowPanel[] {
  return items.flatMap(({ panel, repeat, condition }) =>
    conditionHolds(condition, variables, range)
      ? copiesOf(repeat, variables, place.scoped).map((scoped, copy) => ({
          id: `${place.prefix}${panel}${copy === 0 ? "" : `-${copy}`}`,
          panel,
          scoped,
        }))
      : [],
  );
}

/** All panels, also those of collapsed rows and closed tabs. */
export function allPanels(layout: Layout, context: DashboardContext, place: Place = TOP): FlowPanel[] {
  switch (layout.kind) {
    case "grid":
      return gridPanels(layout, place, context).map(({ id, panel, scoped }) => ({ id, panel, scoped }));
    case "auto-grid":
      return flowPanels(layout, place, context);
    default: {
      const parts: Part<{ layout: Layout }>[] =
        layout.kind === "rows" ? partsOf(layout.rows, place, context) : partsOf(layout.tabs, place, context);
      return parts.flatMap((part) => allPanels(part.model.layout, context, placeIn(part)));
    }
  }
}

/** The panel that a URL names: by its id, or by its number as in older URLs of Grafana. */
export function panelNamed(
  name: string,
  panels: FlowPanel[],
  models: Record<string, PanelModel>,
): FlowPanel | undefined {
  return (
    panels.find(({ id }) => id === name) ??
    panels.find(({ panel }) => String(models[panel]?.id) === name.replace(/^panel-/, ""))
  );
}

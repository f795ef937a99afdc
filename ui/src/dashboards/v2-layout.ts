/** Reads the layouts of schema v2. */
import { list, record } from "../api/decode";
import { bounded, DEPTH_MAX, LIST_MAX, PANELS_MAX, within } from "./limits";
import type { AutoGridItem, Condition, ConditionItem, GridItem, Layout, PanelModel, Repeat } from "./model";
import { readRepeat } from "./parts";

type Json = Record<string, unknown>;

const COLUMN_PX: Record<string, number> = { narrow: 192, standard: 448, wide: 768 };
const ROW_PX: Record<string, number> = { short: 168, standard: 320, tall: 512 };

/** Layouts nest; what is nested deeper than the limit is left out. */
export function readV2Layout(value: unknown, panels: Record<string, PanelModel>, depth = 0): Layout {
  const { kind, spec } = record(value);
  const body = record(spec);
  if (depth > DEPTH_MAX) return { kind: "grid", items: [] };
  const nested = (part: Json) => ({
    title: bounded(part.title),
    repeat: repeatOf(part.repeat),
    condition: readCondition(part.conditionalRendering),
    layout: readV2Layout(part.layout, panels, depth + 1),
  });
  switch (kind) {
    case "RowsLayout":
      return {
        kind: "rows",
        rows: specs(body.rows).map((row) => ({
          ...nested(row),
          collapsed: row.collapse === true || row.collapsed === true,
          hideHeader: row.hideHeader === true,
        })),
      };
    case "TabsLayout":
      return { kind: "tabs", tabs: specs(body.tabs).map(nested) };
    case "AutoGridLayout":
    case "ResponsiveGridLayout":
      return autoGrid(body, panels);
    default:
      return { kind: "grid", items: gridItems(body.items, panels) };
  }
}

function specs(value: unknown): Json[] {
  return list(value)
    .slice(0, LIST_MAX)
    .map((item) => record(record(item).spec));
}

function repeatOf(value: unknown): Repeat | null {
  const { value: variable, direction, maxPerRow } = record(value);
  return readRepeat(variable, direction, maxPerRow);
}

function panelOf(part: Json, panels: Record<string, PanelModel>): string[] {
  const name = bounded(record(part.element).name);
  return Object.hasOwn(panels, name) ? [name] : [];
}

function gridItems(value: unknown, panels: Record<string, PanelModel>): GridItem[] {
  return list(value)
    .slice(0, PANELS_MAX)
    .flatMap((item) => {
      const part = record(record(item).spec);
      const width = Math.round(within(part.width, 1, 24, 12));
      return panelOf(part, panels).map((panel) => ({
        panel,
        x: Math.min(Math.round(within(part.x, 0, 23, 0)), 24 - width),
        y: Math.round(within(part.y, 0, 1e6, 0)),
        width,
        height: Math.round(within(part.height, 1, 1_000, 8)),
        repeat: repeatOf(part.repeat),
      }));
    });
}

function autoGrid(body: Json, panels: Record<string, PanelModel>): Layout {
  const size = (mode: unknown, custom: unknown, sizes: Record<string, number>) =>
    mode === "custom" ? within(custom, 40, 4_000, 320) : (sizes[bounded(mode)] ?? sizes.standard ?? 320);
  const items = list(body.items)
    .slice(0, PANELS_MAX)
    .flatMap((item): AutoGridItem[] => {
      const part = record(record(item).spec);
      const [repeat, condition] = [repeatOf(part.repeat), readCondition(part.conditionalRendering)];
      return panelOf(part, panels).map((panel) => ({ panel, repeat, condition }));
    });
  return {
    kind: "auto-grid",
    items,
    columnsMax: Math.round(within(body.maxColumnCount, 1, 24, 3)),
    columnWidth: size(body.columnWidthMode, body.columnWidth, COLUMN_PX),
    rowHeight: size(body.rowHeightMode, body.rowHeight, ROW_PX),
  };
}

function readCondition(value: unknown): Condition | null {
  const { visibility, condition, items } = record(record(value).spec);
  const read = list(items)
    .slice(0, LIST_MAX)
    .flatMap((item): ConditionItem[] => {
      const { kind, spec } = record(item);
      const { variable, operator, value: wanted } = record(spec);
      if (kind === "ConditionalRenderingVariable")
        return [
          {
            kind: "variable",
            variable: bounded(variable),
            operator: bounded(operator),
            value: bounded(wanted),
          },
        ];
      if (kind === "ConditionalRenderingData") return [{ kind: "data", value: wanted === true }];
      return kind === "ConditionalRenderingTimeRangeSize"
        ? [{ kind: "time-range-size", value: bounded(wanted) }]
        : [];
    });
  return read.length === 0 ? null : { show: visibility !== "hide", every: condition !== "or", items: read };
}

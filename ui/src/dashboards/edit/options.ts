/**
 * The options of panels that the editor offers, by the names that Grafana gives them. An option of the field
 * configuration may also be that of an override, whose properties have the same ids.
 */
import { FIELD_OPTIONS } from "./field-options";
import { PANEL_OPTIONS } from "./panel-options";

export interface Choice {
  /** Undefined for what is without the option. */
  value: unknown;
  label: string;
}

export type OptionKind =
  | { kind: "text" | "unit" | "color" | "thresholds" | "mappings" | "links" | "markdown" }
  | { kind: "number"; min?: number; max?: number; placeholder?: string }
  | { kind: "switch"; fallback: boolean }
  | { kind: "choice"; choices: readonly Choice[] }
  /** Calculations: one of them, or several. */
  | { kind: "calcs"; single: boolean };

export type OptionSpec = OptionKind & {
  area: "options" | "field";
  /** In the options of the panel, or the id of a property of the field configuration. */
  id: string;
  /** What of its value the option is, as in the mode of `custom.stacking`. */
  inner?: string;
  label: string;
  group: string;
  /** The types of panels that have it; all types when absent. */
  types?: readonly string[];
};

/** The options of a type in their groups. */
export function optionGroups(type: string): [group: string, specs: OptionSpec[]][] {
  const groups = new Map<string, OptionSpec[]>();
  for (const spec of [...PANEL_OPTIONS, ...FIELD_OPTIONS])
    if (!spec.types || spec.types.includes(type))
      groups.set(spec.group, [...(groups.get(spec.group) ?? []), spec]);
  return [...groups];
}

/** The properties that an override of a type may have. */
export function propertiesOf(type: string): OptionSpec[] {
  return FIELD_OPTIONS.filter(({ types }) => !types || types.includes(type));
}

export function pathOf({ id, inner }: OptionSpec): string[] {
  return [...id.split("."), ...(inner ? inner.split(".") : [])];
}

/** The types of panels, by the names that people know them by. */
export const PANEL_TYPES: Record<string, string> = {
  timeseries: "Time series",
  stat: "Stat",
  gauge: "Gauge",
  bargauge: "Bar gauge",
  table: "Table",
  barchart: "Bar chart",
  piechart: "Pie chart",
  heatmap: "Heatmap",
  histogram: "Histogram",
  "state-timeline": "State timeline",
  "status-history": "Status history",
  logs: "Logs",
  traces: "Traces",
  text: "Text",
  nodeGraph: "Node graph",
  xychart: "XY chart",
  trend: "Trend",
  candlestick: "Candlestick",
  alertlist: "Alert list",
  dashlist: "Dashboard list",
  annolist: "Annotation list",
};

/** The name of a type; its id when it has none here. */
export function panelTypeTitle(type: string): string {
  return (Object.hasOwn(PANEL_TYPES, type) && PANEL_TYPES[type]) || type;
}

/** Types that show no data of queries. */
export function hasQueries(type: string): boolean {
  return !["text", "dashlist", "annolist", "alertlist"].includes(type);
}

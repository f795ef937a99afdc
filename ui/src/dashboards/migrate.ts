/** Brings a panel of the classic form to the current version: its type, its options and its field configuration. */
import { list, record, string } from "../api/decode";
import { migrateGraph } from "./migrate-graph";
import { migrateHeatmap, migratePie, migrateText } from "./migrate-others";
import { migrateSinglestat, migrateSingleValue } from "./migrate-singlestat";
import { migrateTable } from "./migrate-table";
import { migrateMappings } from "./migrate-values";

type Json = Record<string, unknown>;

export function migratePanel(given: Json, version: number): Json {
  return current(byType(withOptions(given), version), version);
}

/** `options-gauge` and the like are from the time when options had the name of the type. */
function withOptions(given: Json): Json {
  const type = string(given.type);
  const old = given[`options-${type}`];
  return old === undefined ? given : { ...given, options: record(old) };
}

function byType(panel: Json, version: number): Json {
  switch (panel.type) {
    case "graph":
    case "graphite":
      return migrateGraph(panel);
    case "singlestat":
    case "grafana-singlestat-panel":
      return migrateSinglestat(panel);
    case "stat":
    case "gauge":
    case "bargauge":
      return migrateSingleValue(panel);
    case "table-old":
      return migrateTable(panel);
    case "table":
      // Until version 24 this was the name of the old table.
      return Array.isArray(panel.styles) && (version < 24 || panel.options === undefined)
        ? migrateTable(panel)
        : panel;
    case "grafana-piechart-panel":
      return migratePie(panel);
    case "heatmap":
      return migrateHeatmap(panel);
    case "text":
    case "text2":
      return migrateText(panel);
    default:
      return panel;
  }
}

/** What changed for all types of panels. */
function current(panel: Json, version: number): Json {
  const options = record(panel.options);
  return {
    ...panel,
    options: {
      ...options,
      ...(options.tooltipOptions && !options.tooltip ? { tooltip: options.tooltipOptions } : {}),
      ...(options.legend ? { legend: migrateLegend(record(options.legend)) } : {}),
    },
    fieldConfig: migrateFieldConfig(record(panel.fieldConfig), panel, version),
  };
}

function migrateLegend(legend: Json): Json {
  if (legend.displayMode !== "hidden") return legend;
  return { ...legend, displayMode: "list", showLegend: false };
}

function migrateFieldConfig({ defaults, overrides }: Json, panel: Json, version: number): Json {
  return {
    defaults: migrateConfig(record(defaults), version),
    overrides: [
      ...list(overrides).map((item) => migrateOverride(record(item), version)),
      ...(panel.type === "timeseries" && version < 35 ? hiddenTimeAxis(record(defaults)) : []),
    ],
  };
}

/** A hidden axis meant only that of the values until version 35. */
function hiddenTimeAxis({ custom }: Json): Json[] {
  if (record(custom).axisPlacement !== "hidden") return [];
  return [
    {
      matcher: { id: "byType", options: "time" },
      properties: [{ id: "custom.axisPlacement", value: "auto" }],
    },
  ];
}

function migrateConfig(config: Json, version: number): Json {
  const { custom, mappings, links, title, ...rest } = config;
  const given = record(custom);
  return {
    ...rest,
    // The name was a title before version 7.
    ...(typeof title === "string" && rest.displayName === undefined ? { displayName: newNames(title) } : {}),
    ...(typeof rest.displayName === "string" ? { displayName: newNames(rest.displayName) } : {}),
    ...(mappings === undefined ? {} : { mappings: migrateMappings(mappings) }),
    ...(links === undefined ? {} : { links: list(links).map(migrateDataLink) }),
    ...(custom === undefined ? {} : { custom: migrateCustom(given, version) }),
  };
}

function migrateCustom(custom: Json, version: number): Json {
  const { displayMode, hideFrom, ...rest } = custom;
  return {
    ...rest,
    ...(displayMode === undefined || rest.cellOptions !== undefined
      ? {}
      : { cellOptions: cellOptions(displayMode) }),
    ...(hideFrom === undefined ? {} : { hideFrom: migrateHidden(hideFrom, version) }),
  };
}

/** Until version 42 a hidden series was not in the tooltip either. */
function migrateHidden(value: unknown, version: number): unknown {
  return version < 42 && record(value).viz === true ? { ...record(value), tooltip: true } : value;
}

/** The mode of a table's cells, which is an object since version 38. */
export function cellOptions(mode: unknown): Json {
  switch (mode) {
    case "basic":
    case "gradient-gauge":
    case "lcd-gauge":
      return { type: "gauge", mode: mode === "basic" ? "basic" : mode === "lcd-gauge" ? "lcd" : "gradient" };
    case "color-background":
      return { type: mode, mode: "gradient" };
    case "color-background-solid":
      return { type: "color-background", mode: "basic" };
    default:
      return { type: string(mode, "auto") || "auto" };
  }
}

function migrateOverride({ matcher, properties }: Json, version: number): Json {
  return {
    matcher,
    properties: list(properties).map((item) => {
      const { id, value } = record(item);
      if (id === "custom.displayMode") return { id: "custom.cellOptions", value: cellOptions(value) };
      if (id === "custom.hideFrom") return { id, value: migrateHidden(value, version) };
      if (id === "mappings") return { id, value: migrateMappings(value) };
      if (id === "links") return { id, value: list(value).map(migrateDataLink) };
      if (id === "title") return { id: "displayName", value: newNames(string(value)) };
      return { id, value };
    }),
  };
}

function migrateDataLink(value: unknown): Json {
  const link = record(value);
  return { ...link, url: newNames(string(link.url)), title: newNames(string(link.title)) };
}

const variable = (path: string) => `\${__${path}}`;

/** The names of the variables of a value, as they were until version 21. */
function newNames(text: string): string {
  return text
    .replace(/\$__series_name\b/g, () => variable("series.name"))
    .replace(/\$__value_time\b/g, () => variable("value.time"))
    .replace(/\$__field_name\b/g, () => variable("field.name"))
    .replace(/__series\.labels/g, "__field.labels")
    .replace(/\$\{?__cell_(\d+)\b\}?/g, (_whole, column) => variable(`data.fields[${column}]`))
    .replace(/\$\{?__cell_(\w+)\}?/g, (_whole, column) => variable(`data.fields["${column}"]`))
    .replace(/\$\{?__cell\b\}?/g, () => variable("value.text"));
}

/** Until version 31 `labelsToFields` also merged the frames. */
export function migrateTransformations(value: unknown, version: number): unknown[] {
  const transformations = list(value);
  if (version >= 31) return transformations;
  return transformations.flatMap((one) =>
    record(one).id === "labelsToFields" ? [one, { id: "merge", options: {} }] : [one],
  );
}

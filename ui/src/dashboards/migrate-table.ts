/** The old table: its styles as overrides of the field configuration, its transform as transformations. */
import { list, record, string } from "../api/decode";
import { calculationOf } from "./migrate-singlestat";
import { numberOf, oldMappings, oldThresholds } from "./migrate-values";

type Json = Record<string, unknown>;
type Property = { id: string; value: unknown };

export function migrateTable(panel: Json): Json {
  const styles = list(panel.styles).map(record);
  // The last style is that of all other columns.
  const other = styles.find(({ pattern }) => pattern === "/.*/" || pattern === ".*");
  const named = styles.filter((style) => style !== other);
  return {
    ...panel,
    type: "table",
    targets: list(panel.targets).map((target) => withFormat(record(target), panel.transform)),
    transformations: [...list(panel.transformations), ...transformationsOf(panel)],
    options: { showHeader: panel.showHeader !== false, sortBy: sortOf(panel) },
    fieldConfig: {
      defaults: Object.fromEntries(
        (other ? propertiesOf(other) : [])
          .filter(({ id }) => !id.startsWith("custom."))
          .map(({ id, value }) => [id, value]),
      ),
      overrides: named.flatMap(overrideOf),
    },
  };
}

/** A table of the last values of series was made by the panel. */
function withFormat(target: Json, transform: unknown): Json {
  return transform === "table" && target.format === undefined && target.expr !== undefined
    ? { ...target, format: "table" }
    : target;
}

function transformationsOf({ transform, columns, targets }: Json): Json[] {
  switch (transform) {
    case "timeseries_to_rows":
      return [{ id: "seriesToRows", options: {} }];
    case "timeseries_to_columns":
      return [{ id: "joinByField", options: { mode: "outer" } }];
    case "timeseries_aggregations": {
      const reducers = list(columns).map((column) => calculationOf(record(column).value));
      return [
        {
          id: "reduce",
          options: { reducers: reducers.length > 0 ? reducers : ["mean"], includeTimeField: false },
        },
      ];
    }
    case "table":
      return list(targets).length > 1 ? [{ id: "merge", options: {} }] : [];
    default:
      return [];
  }
}

function sortOf({ sort, columns }: Json): Json[] {
  const { col, desc } = record(sort);
  const column = typeof col === "number" ? string(record(list(columns)[col]).text) : "";
  return column === "" ? [] : [{ displayName: column, desc: desc === true }];
}

function overrideOf(style: Json): Json[] {
  const pattern = string(style.pattern);
  const properties = propertiesOf(style);
  if (pattern === "" || properties.length === 0) return [];
  const id = /^\/.*\/[gimsuy]*$/s.test(pattern) ? "byRegexp" : "byName";
  return [{ matcher: { id, options: pattern }, properties }];
}

function propertiesOf(style: Json): Property[] {
  const found: Property[] = [];
  const { alias, unit, decimals, align, type, dateFormat, link, linkUrl, linkTooltip, linkTargetBlank } =
    style;
  if (typeof alias === "string" && alias !== "") found.push({ id: "displayName", value: alias });
  if (type === "hidden") found.push({ id: "custom.hidden", value: true });
  if (type === "date") found.push({ id: "unit", value: `time:${string(dateFormat, "YYYY-MM-DD HH:mm:ss")}` });
  if (type === "number" && typeof unit === "string") found.push({ id: "unit", value: unit });
  if (type === "number" && numberOf(decimals) !== undefined)
    found.push({ id: "decimals", value: numberOf(decimals) });
  if (typeof align === "string" && align !== "auto" && align !== "")
    found.push({ id: "custom.align", value: align });
  if (link === true)
    found.push({
      id: "links",
      value: [{ title: string(linkTooltip), url: string(linkUrl), targetBlank: linkTargetBlank === true }],
    });
  const mappings = oldMappings(style);
  if (type === "string" && mappings.length > 0) found.push({ id: "mappings", value: mappings });
  found.push(...colorsOf(style));
  return found;
}

function colorsOf({ colorMode, colors, thresholds }: Json): Property[] {
  const cells: Record<string, string> = {
    cell: "color-background",
    row: "color-background",
    value: "color-text",
  };
  const type = cells[string(colorMode)];
  const steps = oldThresholds(thresholds, colors);
  if (!type || !steps) return [];
  return [
    { id: "custom.cellOptions", value: { type } },
    { id: "color", value: { mode: "thresholds" } },
    { id: "thresholds", value: steps },
  ];
}

/** Reads variables: those of the classic form, and those of schema v2 once `v2.ts` has brought them into its names. */
import { list, record } from "../api/decode";
import { bounded, LIST_MAX, OPTIONS_MAX, VARIABLES_MAX, within } from "./limits";
import type { AdHocFilter, Chosen, VariableModel, VariableOption, VariableSort, VariableType } from "./model";
import { readDataSource } from "./parts";

const TYPES: VariableType[] = [
  "query",
  "datasource",
  "custom",
  "interval",
  "textbox",
  "constant",
  "switch",
  "adhoc",
  "groupby",
  "system",
];

const SORTS: VariableSort[] = [
  "disabled",
  "alphabeticalAsc",
  "alphabeticalDesc",
  "numericalAsc",
  "numericalDesc",
  "alphabeticalCaseInsensitiveAsc",
  "alphabeticalCaseInsensitiveDesc",
  "naturalAsc",
  "naturalDesc",
];

/** The variables, in their order. Of several with the same name the first one counts. */
export function readVariables(value: unknown): VariableModel[] {
  const found = new Map<string, VariableModel>();
  for (const item of list(value).slice(0, VARIABLES_MAX)) {
    const variable = readVariable(record(item));
    if (variable && !found.has(variable.name)) found.set(variable.name, variable);
  }
  return [...found.values()];
}

function readVariable(given: Record<string, unknown>): VariableModel | null {
  const name = bounded(given.name);
  const type = TYPES.find((one) => one === given.type) ?? "query";
  if (!/^\w+$/.test(name)) return null;
  const query =
    typeof given.query === "object" && given.query !== null ? record(given.query) : bounded(given.query);
  const multi = given.multi === true || type === "groupby";
  const options = optionsOf(type, query, given);
  return {
    type,
    name,
    label: bounded(given.label),
    description: bounded(given.description),
    hide: hideOf(given.hide, type),
    skipUrlSync: given.skipUrlSync === true,
    multi,
    includeAll: given.includeAll === true,
    allValue: bounded(given.allValue),
    allowCustom: given.allowCustomValue !== false,
    current: currentOf(type, query, given),
    options,
    dataSource: readDataSource(given.datasource),
    query: query === "" ? bounded(given.definition) : query,
    regex: bounded(given.regex),
    regexApplyTo: given.regexApplyTo === "text" ? "text" : "value",
    sort: SORTS.find((one, index) => one === given.sort || index === given.sort) ?? "disabled",
    refreshOnTime: given.refresh === 2 || given.refresh === "onTimeRangeChanged",
    auto:
      type === "interval" && given.auto === true
        ? {
            count: Math.round(within(given.auto_count, 1, 10_000, 30)),
            min: bounded(given.auto_min) || "10s",
          }
        : null,
    filters: readFilters(given.filters),
    baseFilters: readFilters(given.baseFilters),
  };
}

function hideOf(hide: unknown, type: VariableType): VariableModel["hide"] {
  if (type === "constant" || type === "system") return "variable";
  if (hide === 1 || hide === "hideLabel") return "label";
  return hide === 2 || hide === "hideVariable" ? "variable" : "nothing";
}

function optionsOf(
  type: VariableType,
  query: string | Record<string, unknown>,
  given: Record<string, unknown>,
): VariableOption[] {
  const text = typeof query === "string" ? query : "";
  switch (type) {
    case "custom":
    case "interval": {
      // Some dashboards have only the options.
      const written = given.valuesFormat === "json" ? jsonOptions(text) : splitOptions(text);
      return written.length > 0 ? written : savedOptions(given.options);
    }
    case "textbox":
    case "constant":
      return [];
    case "switch": {
      const [on, off] = [bounded(given.enabledValue, "true"), bounded(given.disabledValue, "false")];
      return [on, off].map((value) => ({ text: value, value }));
    }
    case "adhoc":
    case "groupby":
      return savedOptions(given.defaultKeys ?? given.options);
    default:
      return savedOptions(given.options);
  }
}

/** `a, b\,c, text : value`; text and value may be alike. */
export function splitOptions(text: string): VariableOption[] {
  const parts = text.match(/(?:\\,|[^,])+/g) ?? [];
  return parts.slice(0, OPTIONS_MAX).flatMap((part) => {
    const plain = part.replace(/\\,/g, ",").trim();
    if (plain === "") return [];
    const [, shown, value] = /^\s*(.+?)\s+:\s+(.+)$/.exec(plain) ?? [];
    return [{ text: (shown ?? plain).trim(), value: (value ?? plain).trim() }];
  });
}

function jsonOptions(text: string): VariableOption[] {
  try {
    return list(JSON.parse(text))
      .slice(0, OPTIONS_MAX)
      .map((item) => {
        const { value, text: shown } = record(item);
        const plain = typeof item === "string" ? item : bounded(value);
        return { text: bounded(shown, plain), value: plain };
      });
  } catch {
    return [];
  }
}

function savedOptions(value: unknown): VariableOption[] {
  return list(value)
    .slice(0, OPTIONS_MAX)
    .flatMap((item) => {
      const { text, value: own } = record(item);
      const plain = bounded(own, bounded(text));
      return plain === "$__all" || plain.startsWith("$__auto_interval")
        ? []
        : [{ text: bounded(text, plain), value: plain }];
    });
}

function currentOf(
  type: VariableType,
  query: string | Record<string, unknown>,
  given: Record<string, unknown>,
): Chosen {
  const { value, text } = record(given.current);
  const many = (one: unknown) =>
    (Array.isArray(one) ? one : one === undefined || one === null ? [] : [one])
      .slice(0, OPTIONS_MAX)
      .map((item) => bounded(item));
  const values = many(value);
  // Old dashboards write the text of several values as `a + b`.
  const texts = Array.isArray(text) || values.length <= 1 ? many(text) : values;
  if (values.length > 0) return { values, texts: values.map((one, index) => texts[index] ?? one) };
  if ((type === "constant" || type === "textbox") && typeof query === "string")
    return { values: [query], texts: [query] };
  return { values: [], texts: [] };
}

export function readFilters(value: unknown): AdHocFilter[] {
  return list(value)
    .slice(0, LIST_MAX)
    .flatMap((item) => {
      const { key, operator, value: wanted } = record(item);
      return typeof key === "string" && key !== ""
        ? [{ key: bounded(key), operator: bounded(operator) || "=", value: bounded(wanted) }]
        : [];
    });
}

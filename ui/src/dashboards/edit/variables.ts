/** Changes of the variables of a dashboard, in the form of its JSON. */
import { list, record, string } from "../../api/decode";
import type { DataSourceRef } from "../model";
import { readDataSource } from "../parts";
import { bodyOf, type Form, settingOf, withSetting } from "./body";
import { type Path, valueAt, withValue } from "./json";

type Json = Record<string, unknown>;

/** The types that the editor makes; others stay as they are. */
export const VARIABLE_TYPES = {
  query: { label: "Query", kind: "QueryVariable" },
  custom: { label: "Custom", kind: "CustomVariable" },
  interval: { label: "Interval", kind: "IntervalVariable" },
  constant: { label: "Constant", kind: "ConstantVariable" },
  datasource: { label: "Data source", kind: "DatasourceVariable" },
  textbox: { label: "Text box", kind: "TextVariable" },
} as const;

export type EditedType = keyof typeof VARIABLE_TYPES;

/** The words of schema v2 by the numbers of the classic form. */
const ENUMS: Record<string, readonly string[]> = {
  hide: ["dontHide", "hideLabel", "hideVariable"],
  refresh: ["never", "onDashboardLoad", "onTimeRangeChanged"],
  sort: [
    "disabled",
    "alphabeticalAsc",
    "alphabeticalDesc",
    "numericalAsc",
    "numericalDesc",
    "alphabeticalCaseInsensitiveAsc",
    "alphabeticalCaseInsensitiveDesc",
    "naturalAsc",
    "naturalDesc",
  ],
};

export function variablesOf(json: unknown): unknown[] {
  return list(settingOf(json, "variables"));
}

export function withVariables(json: unknown, variables: unknown[]): unknown {
  return withSetting(json, "variables", variables);
}

/** The type under the name of the classic form. */
export function variableType(form: Form, item: unknown): string {
  if (form === "classic") return string(record(item).type, "query");
  const kind = string(record(item).kind);
  const found = Object.entries(VARIABLE_TYPES).find(([, one]) => one.kind === kind);
  return found?.[0] ?? kind;
}

const fieldPath = (form: Form, name: string): Path => (form === "classic" ? [name] : ["spec", name]);

/** A field, with the words of v2 as numbers. */
export function variableField(form: Form, item: unknown, name: string): unknown {
  const value = valueAt(item, fieldPath(form, name));
  const words = ENUMS[name];
  if (!words || typeof value === "number") return value;
  const index = words.indexOf(string(value));
  return index < 0 ? 0 : index;
}

export function withVariableField(form: Form, item: unknown, name: string, value: unknown): unknown {
  const words = ENUMS[name];
  const written = form === "v2" && words && typeof value === "number" ? words[value] : value;
  return withValue(item, fieldPath(form, name), written);
}

/** Where the text is that the values come from. */
function textPath(form: Form, item: unknown): Path {
  const type = variableType(form, item);
  if (type === "datasource") return form === "classic" ? ["query"] : ["spec", "pluginId"];
  if (type !== "query") return fieldPath(form, "query");
  if (form === "classic") {
    const { query } = record(item);
    return typeof query === "object" && query !== null ? ["query", "query"] : ["query"];
  }
  const spec: Path = ["spec", "query", "spec"];
  const given = record(valueAt(item, spec));
  return [...spec, typeof given.query === "string" ? "query" : "__legacyStringValue"];
}

export function variableText(form: Form, item: unknown): string {
  const found = valueAt(item, textPath(form, item));
  return (
    string(found) ||
    (variableType(form, item) === "query" ? string(variableField(form, item, "definition")) : "")
  );
}

/** A constant and a text box have their text also as what is chosen. */
export function withVariableText(form: Form, item: unknown, text: string): unknown {
  const written = withValue(item, textPath(form, item), text);
  const type = variableType(form, item);
  if (type === "query" && variableField(form, item, "definition") !== undefined)
    return withVariableField(form, written, "definition", text);
  if (type !== "constant" && type !== "textbox") return written;
  const before = record(variableField(form, item, "current"));
  return withVariableField(form, written, "current", { ...before, text, value: text });
}

export function variableSource(form: Form, item: unknown): DataSourceRef | null {
  if (form === "classic") return readDataSource(record(item).datasource);
  const query = record(valueAt(item, ["spec", "query"]));
  const source = readDataSource(query.datasource) ?? readDataSource(valueAt(item, ["spec", "datasource"]));
  const type = string(query.group) || (query.kind === "DataQuery" ? "" : string(query.kind));
  return type === "" && !source ? null : { type: type || (source?.type ?? ""), uid: source?.uid ?? "" };
}

export function withVariableSource(form: Form, item: unknown, source: DataSourceRef | null): unknown {
  if (form === "classic") return withValue(item, ["datasource"], source ? { ...source } : undefined);
  const typed = source ? withValue(item, ["spec", "query", "group"], source.type) : item;
  return withValue(typed, ["spec", "query", "datasource"], source ? { name: source.uid } : undefined);
}

/** A new variable with a name that no other has. */
export function newVariable(json: unknown, type: EditedType): unknown {
  const { form } = bodyOf(json);
  const names = new Set(variablesOf(json).map((item) => variableField(form, item, "name")));
  let name = "variable";
  for (let number = 2; names.has(name); number += 1) name = `variable${number}`;
  return typed(form, type, { name });
}

/** The same variable as another type: only what all types have stays. */
export function withVariableType(form: Form, item: unknown, type: EditedType): unknown {
  const kept = ["name", "label", "description", "hide", "skipUrlSync"];
  const given = form === "classic" ? record(item) : record(record(item).spec);
  return typed(form, type, Object.fromEntries(Object.entries(given).filter(([key]) => kept.includes(key))));
}

function typed(form: Form, type: EditedType, own: Json): unknown {
  if (form === "classic") {
    const query = type === "interval" ? "1m,5m,15m,1h" : type === "datasource" ? "prometheus" : "";
    return { ...own, type, query, ...(type === "query" ? { refresh: 1 } : {}) };
  }
  const body: Record<EditedType, Json> = {
    query: {
      query: { kind: "DataQuery", group: "prometheus", version: "v0", spec: { __legacyStringValue: "" } },
      refresh: "onDashboardLoad",
      sort: "disabled",
      regex: "",
      multi: false,
      includeAll: false,
      options: [],
    },
    custom: { query: "", multi: false, includeAll: false, options: [] },
    interval: { query: "1m,5m,15m,1h", auto: false, auto_min: "10s", auto_count: 30, options: [] },
    constant: { query: "" },
    datasource: { pluginId: "prometheus", regex: "", multi: false, includeAll: false, options: [] },
    textbox: { query: "" },
  };
  const current = { text: "", value: "" };
  const common = { hide: "dontHide", skipUrlSync: false, current, ...own };
  return { kind: VARIABLE_TYPES[type].kind, spec: { ...common, ...body[type] } };
}

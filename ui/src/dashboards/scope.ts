/** What the variables of a dashboard and of Grafana itself stand for in a panel. */
import type { DataSourceEntry } from "../api/generated";
import { queryDuration } from "../time/duration";
import { formatPattern } from "../time/pattern";
import type { Range, RawRange } from "../time/range";
import type { SourceContext } from "./data-sources";
import { formatted } from "./formats";
import { interpolate, type Scope, type VariableValue } from "./interpolate";
import { autoInterval } from "./intervals";
import {
  type AdHocFilter,
  ALL,
  type Chosen,
  type DashboardModel,
  type VariableModel,
  type VariableOption,
} from "./model";
import { zoneOf } from "./view-time";

/** A variable with its options and with what is chosen. */
export interface VariableState {
  variable: VariableModel;
  options: VariableOption[];
  chosen: Chosen;
  /** Why the options are unknown. */
  error: string | null;
}

export type VariableStates = Record<string, VariableState>;

/** What a dashboard is shown with. */
export interface DashboardContext {
  dashboard: DashboardModel;
  variables: VariableStates;
  /** The values of repeated panels and rows, which precede those of the variables. */
  scoped: Record<string, VariableOption>;
  raw: RawRange;
  range: Range;
  dataSources: DataSourceEntry[];
}

export function sourceContext({
  dashboard,
  dataSources,
  variables,
  scoped,
}: DashboardContext): SourceContext {
  const chosen = (name: string) => scoped[name]?.value ?? variables[name]?.chosen.values[0];
  return { dashboard, dataSources, chosen };
}

/** What a variable of the dashboard stands for. */
export function variableValue(state: VariableState): VariableValue {
  const { variable, options, chosen } = state;
  const multi = variable.multi || variable.includeAll;
  if (chosen.values.includes(ALL)) {
    const values = options.map(({ value }) => value);
    const all = { value: values, text: "All", parameter: ALL, multi: true, all: variable.regex === "" };
    return variable.allValue === "" ? all : { ...all, value: ALL, custom: variable.allValue };
  }
  if (variable.multi) return { value: chosen.values, text: chosen.texts, multi };
  return { value: chosen.values[0] ?? "", text: chosen.texts[0] ?? "", multi };
}

const plain = (value: string | number): VariableValue => ({ value: String(value) });

/** The variables of the dashboard, then those of Grafana. */
export function scopeOf(context: DashboardContext, globals: Record<string, VariableValue> = {}): Scope {
  const { dashboard, variables, scoped, range } = context;
  return (name, path) => {
    const repeated = Object.hasOwn(scoped, name) ? scoped[name] : undefined;
    const state = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (repeated) return { value: repeated.value, text: repeated.text, multi: state !== undefined };
    if (state)
      return state.variable.type === "adhoc"
        ? { value: "", parameter: filterTexts(state.variable.filters) }
        : autoOf(variableValue(state), state, range);
    if (Object.hasOwn(globals, name)) return globals[name];
    const input = Object.hasOwn(dashboard.inputs, name) ? dashboard.inputs[name] : undefined;
    if (input) return plain(input.value || input.pluginId);
    return globalValue(name, path, context);
  };
}

/** The choice `auto` of an interval. */
function autoOf(value: VariableValue, { variable }: VariableState, range: Range): VariableValue {
  const { auto, name } = variable;
  if (typeof value.value !== "string" || !value.value.startsWith("$__auto")) return value;
  return auto
    ? plain(autoInterval(range, auto.count, auto.min))
    : { ...value, value: `$__auto_interval_${name}` };
}

/** The operators whose value is a list of alternatives: `=|` and `!=|`. */
export function isListOperator(operator: string): boolean {
  return operator.endsWith("|");
}

/** Filters as the URL has them: `key|operator|value`, with more values for an operator of a list. */
export function filterTexts(filters: AdHocFilter[]): string[] {
  const escaped = (part: string) => part.replaceAll("|", "__gfp__");
  return filters.map(({ key, operator, value }) => {
    const values = isListOperator(operator) ? value.split("|") : [value];
    return [key, operator, ...values].map(escaped).join("|");
  });
}

function globalValue(
  name: string,
  path: string | undefined,
  context: DashboardContext,
): VariableValue | undefined {
  const { dashboard, range, raw, variables } = context;
  const seconds = Math.round((range.toMs - range.fromMs) / 1_000);
  const auto = /^__auto_interval_(\w+)$/.exec(name)?.[1];
  if (auto !== undefined && variables[auto]?.variable.auto) {
    const { count, min } = variables[auto].variable.auto;
    return plain(autoInterval(range, count, min));
  }
  switch (name) {
    case "__range":
      return plain(`${seconds}s`);
    case "__range_s":
      return plain(seconds);
    case "__range_ms":
      return plain(range.toMs - range.fromMs);
    case "__from":
      return instant(range.fromMs);
    case "__to":
      return instant(range.toMs);
    case "__timezone":
      return plain(timezoneOf(dashboard.time.timezone));
    case "__dashboard":
      return plain(path === "uid" ? dashboard.uid : dashboard.title);
    case "__org":
      return plain(path === "name" ? "Main" : "1");
    case "__user":
      return plain(path === "id" ? "1" : "");
    case "__url_time_range":
      return parameters(`from=${encodeURIComponent(raw.from)}&to=${encodeURIComponent(raw.to)}`);
    case "__all_variables":
      return parameters(allVariables(context));
    default:
      return undefined;
  }
}

/** Parameters of a URL, which are encoded already. */
function parameters(text: string): VariableValue {
  return { value: text, custom: text };
}

/** A moment, in milliseconds; in a text for people as a date. */
function instant(ms: number): VariableValue {
  return { value: String(Math.round(ms)), text: formatPattern(ms, "YYYY-MM-DD HH:mm:ss", "utc") };
}

/** Queries get the name of the browser's time zone, and not that it is the browser's. */
function timezoneOf(timezone: string): string {
  const zone = zoneOf(timezone) ?? "local";
  return zone === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
}

/** The variables as parameters of a URL. */
export function allVariables({ variables, scoped }: DashboardContext): string {
  return Object.values(variables)
    .filter(({ variable }) => !variable.skipUrlSync)
    .map(({ variable, chosen }) => {
      const { name, filters } = variable;
      const repeated = scoped[name];
      const value =
        variable.type === "adhoc" ? filterTexts(filters) : repeated ? repeated.value : chosen.values;
      return formatted({ name, value, text: value }, "queryparam");
    })
    .filter((text) => text !== "")
    .join("&");
}

/** The distances of the points of a query, as variables. */
export function intervalGlobals(stepMs: number, rateIntervalMs: number): Record<string, VariableValue> {
  return {
    __interval: plain(queryDuration(stepMs)),
    __interval_ms: plain(stepMs),
    __interval_s: plain(Math.max(1, Math.round(stepMs / 1_000))),
    interval: plain(queryDuration(stepMs)),
    __rate_interval: plain(queryDuration(rateIntervalMs)),
    __rate_interval_ms: plain(rateIntervalMs),
    // Loki's name for the step, where a range belongs.
    __auto: plain(queryDuration(stepMs)),
  };
}

/** A text for people: a title, a description, a name. */
export function titleText(text: string, context: DashboardContext): string {
  return interpolate(text, scopeOf(context), "text");
}

/** The address of a link; its variables that belong to a value are replaced by the panel. */
export function linkUrl(url: string, context: DashboardContext): string {
  // A variable may be the whole address.
  const format = /^\s*(\$|\[\[)/.test(url) ? "raw" : "percentencode";
  return interpolate(url, scopeOf(context), format);
}

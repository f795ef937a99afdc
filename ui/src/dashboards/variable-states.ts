/** The variables of a dashboard with their options and choices, in the order in which they depend on each other. */
import { text as textOf, texts } from "../url/search";
import { interpolate, variablesOf } from "./interpolate";
import {
  type AdHocFilter,
  ALL,
  type Chosen,
  type DashboardModel,
  type VariableModel,
  type VariableOption,
} from "./model";
import {
  type DashboardContext,
  isListOperator,
  scopeOf,
  type VariableState,
  type VariableStates,
} from "./scope";
import { type Cached, variableOptions } from "./variable-options";

/** The values that the URL has for variables. */
export type Given = Record<string, string[]>;

/** Reads `var-name=value` of the URL. */
export function givenIn(search: Record<string, unknown>): Given {
  return Object.fromEntries(
    Object.entries(search).flatMap(([key, value]) =>
      key.startsWith("var-") && value !== undefined ? [[key.slice(4), texts(value)]] : [],
    ),
  );
}

/** The parameters of the URL for a choice. No choice is an empty one, because without it the saved one counts. */
export function searchOf(variable: VariableModel, values: string[]): Record<string, string[]> {
  return variable.skipUrlSync ? {} : { [`var-${variable.name}`]: values.length > 0 ? values : [""] };
}

function filtersIn(values: string[]): AdHocFilter[] {
  return values.flatMap((text) => {
    const [key = "", operator = "=", ...values] = text
      .split("|")
      .map((part) => part.replaceAll("__gfp__", "|").replaceAll("__gfc__", ","));
    const value = isListOperator(operator) ? values.join("|") : (values[0] ?? "");
    return key === "" ? [] : [{ key, operator, value }];
  });
}

/** The choice among the options: that of the URL, or the saved one, or the first. */
export function chosenOf(
  variable: VariableModel,
  options: VariableOption[],
  given: string[] | undefined,
): Chosen {
  if (variable.type === "textbox" || variable.type === "constant" || variable.type === "system")
    return given && variable.type !== "constant"
      ? { values: given.slice(0, 1), texts: given.slice(0, 1) }
      : variable.current;
  if (variable.type === "groupby") {
    const labels = (given ?? variable.current.values).filter((label) => label !== "");
    return { values: labels, texts: labels };
  }
  const wanted = given === undefined ? null : found(variable, options, given, variable.allowCustom);
  return wanted ?? found(variable, options, variable.current.values, false) ?? first(variable, options);
}

function found(
  variable: VariableModel,
  options: VariableOption[],
  values: string[],
  custom: boolean,
): Chosen | null {
  if (variable.includeAll && values.some((value) => value === ALL || value === "All"))
    return { values: [ALL], texts: ["All"] };
  const kept = values.flatMap((value) => {
    const option =
      options.find((one) => one.value === value) ??
      options.find((one) => one.text === value) ??
      // The names of `auto` have changed between versions.
      (value.startsWith("$__auto") ? options.find((one) => one.value.startsWith("$__auto")) : undefined);
    return option ? [option] : custom && value !== "" && value !== ALL ? [{ text: value, value }] : [];
  });
  const chosen = variable.multi ? kept : kept.slice(0, 1);
  return chosen.length === 0
    ? null
    : { values: chosen.map(({ value }) => value), texts: chosen.map(({ text }) => text) };
}

function first(variable: VariableModel, options: VariableOption[]): Chosen {
  if (variable.includeAll) return { values: [ALL], texts: ["All"] };
  const [option] = options;
  return option ? { values: [option.value], texts: [option.text] } : { values: [], texts: [] };
}

/** The names that a variable's options depend on. */
export function dependenciesOf({
  query,
  regex,
  dataSource,
  allValue,
  current,
  name,
}: VariableModel): string[] {
  const written = [JSON.stringify(query), regex, dataSource?.uid ?? "", allValue, ...current.values].join(
    " ",
  );
  return [...new Set(variablesOf(written))].filter((one) => one !== name);
}

/** Groups of variables: those of a group depend only on groups before it. Of a cycle, the first variable comes first. */
export function dependencyOrder(variables: VariableModel[]): VariableModel[][] {
  const groups: VariableModel[][] = [];
  let waiting = variables;
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const free = waiting.filter((one) => !dependenciesOf(one).some((name) => names.has(name)));
    const group = free.length > 0 ? free : waiting.slice(0, 1);
    groups.push(group);
    waiting = waiting.filter((one) => !group.includes(one));
  }
  return groups;
}

/** A variable before its options are known, and when they cannot be: what was saved is the best guess. */
function savedState(
  variable: VariableModel,
  wanted: string[] | undefined,
  error: string | null,
): VariableState {
  const chosen = wanted ? { values: wanted, texts: wanted } : variable.current;
  return { variable, options: variable.options, chosen, error };
}

/** The variables of a dashboard before their options are known. */
export function savedStates({ variables }: DashboardModel, given: Given): VariableStates {
  return Object.fromEntries(
    variables.map((variable) => [variable.name, savedState(variable, wantedOf(variable, given), null)]),
  );
}

function wantedOf({ name }: VariableModel, given: Given): string[] | undefined {
  return Object.hasOwn(given, name) ? given[name] : undefined;
}

/** Asks for the options of all variables. One that fails has its error, and those that depend on it are still asked. */
export async function resolveVariables(
  context: Omit<DashboardContext, "variables">,
  given: Given,
  cached: Cached = (_key, ask) => ask(),
  signal?: AbortSignal,
): Promise<VariableStates> {
  const states: VariableStates = {};
  for (const group of dependencyOrder(context.dashboard.variables)) {
    const known = { ...context, variables: { ...states } };
    const found = await Promise.all(group.map((variable) => stateOf(variable, known, given, cached, signal)));
    for (const state of found) states[state.variable.name] = state;
  }
  // The order is that of the dashboard.
  return Object.fromEntries(
    context.dashboard.variables.flatMap(({ name }) => (states[name] ? [[name, states[name]]] : [])),
  );
}

/** A text may be an input of a shared dashboard, or another variable. */
function filledIn(chosen: Chosen, { type }: VariableModel, context: DashboardContext): Chosen {
  if (type !== "constant" && type !== "textbox") return chosen;
  const filled = (values: string[]) => values.map((value) => interpolate(value, scopeOf(context), "csv"));
  return { values: filled(chosen.values), texts: filled(chosen.texts) };
}

async function stateOf(
  variable: VariableModel,
  context: DashboardContext,
  given: Given,
  cached: Cached,
  signal: AbortSignal | undefined,
): Promise<VariableState> {
  const wanted = wantedOf(variable, given);
  const own = variable.type === "adhoc" && wanted ? { ...variable, filters: filtersIn(wanted) } : variable;
  try {
    const options = await variableOptions(own, context, cached, signal);
    return {
      variable: own,
      options,
      chosen: filledIn(chosenOf(own, options, wanted), own, context),
      error: null,
    };
  } catch (error) {
    if (signal?.aborted) throw error;
    return savedState(own, wanted, textOf((error as Error)?.message) ?? "unknown");
  }
}

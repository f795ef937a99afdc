/** The options of a variable: those that it has, or those that its query finds. */

import { record, string } from "../api/decode";
import { operations, services } from "../api/jaeger";
import { logLabels, logLabelValues } from "../api/loki";
import { labelNames, labelValues, queryInstant, seriesName } from "../api/prometheus";
import { querySql } from "../api/sql";
import { tagNames, tagValues } from "../api/tempo";
import { interpolate as replaceMacros } from "../data/sources/sql-macros";
import { msToNanos } from "../time/format";
import { kindOfType, resolveSource } from "./data-sources";
import { interpolate, queryFormat, sqlFormat } from "./interpolate";
import { OPTIONS_MAX } from "./limits";
import type { VariableModel, VariableOption } from "./model";
import { filterByRegex, sortOptions, unique } from "./option-order";
import { type DashboardContext, scopeOf, sourceContext } from "./scope";

/** Answers a question once, however many variables ask it. */
export type Cached = (key: string, ask: () => Promise<VariableOption[]>) => Promise<VariableOption[]>;

const plain = (values: string[]): VariableOption[] => values.map((value) => ({ text: value, value }));

/** `context` has the states of the variables before it. */
export async function variableOptions(
  variable: VariableModel,
  context: DashboardContext,
  cached: Cached,
  signal?: AbortSignal,
): Promise<VariableOption[]> {
  if (variable.type === "datasource") return dataSourceOptions(variable, context);
  if (variable.type === "interval" && variable.auto)
    return [{ text: "auto", value: `$__auto_interval_${variable.name}` }, ...variable.options];
  if (variable.type === "custom") {
    const { regex, options } = variable;
    return regex === "" ? options : filterByRegex(options, regex, variable.regexApplyTo);
  }
  if (variable.type !== "query") return variable.options;
  const question = questionOf(variable, context);
  if (!question) return variable.options;
  const found = await cached(question.key, () => question.ask(signal));
  const scope = scopeOf(context);
  const kept = filterByRegex(found, interpolate(variable.regex, scope, "regex"), variable.regexApplyTo);
  return sortOptions(unique(kept), variable.sort).slice(0, OPTIONS_MAX);
}

/** All sources of a type that are known here; without one the type itself, because there is one store for each. */
function dataSourceOptions({ query, regex }: VariableModel, context: DashboardContext): VariableOption[] {
  const type = string(query);
  const kind = kindOfType(type);
  const known = context.dataSources
    .filter((one) => one.type === type || (kind !== "unsupported" && kindOfType(one.type) === kind))
    .map(({ name, uid }) => ({ text: name, value: uid || name }));
  const kept =
    regex === "" ? known : filterByRegex(known, interpolate(regex, scopeOf(context), "regex"), "text");
  if (kept.length > 0) return kept;
  return known.length > 0 ? known : [{ text: type || "default", value: type || "default" }];
}

interface Question {
  key: string;
  ask: (signal?: AbortSignal) => Promise<VariableOption[]>;
}

/** Null when the query asks nothing. */
function questionOf(variable: VariableModel, context: DashboardContext): Question | null {
  const spec = record(variable.query);
  const source = resolveSource({ dataSource: variable.dataSource, spec }, null, sourceContext(context));
  const scope = scopeOf(context);
  const { fromMs, toMs } = context.range;
  const written =
    typeof variable.query === "string" ? variable.query : string(spec.query) || string(spec.rawSql);
  const format = source.kind === "sql" ? sqlFormat : queryFormat;
  const filled = (text: string) =>
    interpolate(text, scope, format).replaceAll("$__searchFilter", ".*").trim();
  const query = filled(written);
  const key = JSON.stringify([source.kind, query, spec, variable.refreshOnTime ? [fromMs, toMs] : null]);
  const of = (ask: Question["ask"]): Question => ({ key, ask });
  switch (source.kind) {
    case "prometheus":
      return query === "" ? null : of((signal) => prometheusOptions(query, context, signal));
    case "loki":
      return of((signal) => lokiOptions(lokiQuery(query, spec, filled), context, signal));
    case "tempo":
      return of(async (signal) => {
        const label = filled(string(spec.label)) || (/\(\s*(?:.*,)?\s*([\w.]+)\s*\)/.exec(query)?.[1] ?? "");
        return label === ""
          ? plain((await tagNames(signal)).flatMap(({ tags }) => tags))
          : plain((await tagValues(label, signal)).map(({ value }) => value));
      });
    case "jaeger":
      return of(async (signal) => {
        const service = /operations\(\s*"?([^")]*)"?\s*\)/.exec(query)?.[1];
        return plain(service ? await operations(service, signal) : await services(signal));
      });
    case "sql":
      return query === "" ? null : of((signal) => sqlOptions(replaceMacros(query, context.range), signal));
    default:
      throw new Error(`A data source of the type "${source.type}" is not supported.`);
  }
}

const LABEL_VALUES = /^label_values\(\s*(?:(.+),\s*)?("[^"]+"|[\w.:-]+)\s*\)$/s;

async function prometheusOptions(
  query: string,
  { range }: DashboardContext,
  signal: AbortSignal | undefined,
): Promise<VariableOption[]> {
  const scope = (selector: string | undefined) => (selector ? { selectors: [selector], range } : { range });
  const names = /^label_names\(\s*(.*?)\s*\)$/s.exec(query);
  if (names) return plain(await labelNames(scope(names[1]), signal));
  const values = LABEL_VALUES.exec(query);
  if (values)
    return plain(await labelValues(values[2]?.replaceAll('"', "") ?? "", scope(values[1]?.trim()), signal));
  const metrics = /^metrics\(\s*(.+?)\s*\)$/s.exec(query);
  if (metrics) {
    const selector = `{__name__=~${JSON.stringify(`.*(?:${metrics[1]}).*`)}}`;
    return plain(await labelValues("__name__", scope(selector), signal));
  }
  const result = /^query_result\((.+)\)$/s.exec(query)?.[1];
  const answer = await queryInstant(result ?? query, range.toMs, signal);
  return plain(
    answer.series.map(({ labels, values, times }) => {
      const name = seriesText(labels);
      // An expression has its values in the options, and a selector has its series.
      return result === undefined ? seriesName(labels) : `${name} ${values.at(-1)} ${times.at(-1)}`.trim();
    }),
  );
}

function seriesText({ __name__: name = "", ...labels }: Record<string, string>): string {
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return inner.length > 0 || name !== "" ? `${name}{${inner.join(",")}}` : "";
}

interface LokiVariable {
  label: string;
  stream: string;
}

function lokiQuery(
  query: string,
  spec: Record<string, unknown>,
  filled: (text: string) => string,
): LokiVariable {
  const [, stream = "", label = ""] = /^label_values\(\s*(?:(.+),\s*)?([\w.]+)\s*\)$/s.exec(query) ?? [];
  return label !== ""
    ? { label, stream: stream.trim() }
    : { label: filled(string(spec.label)), stream: filled(string(spec.stream)) };
}

async function lokiOptions(
  { label, stream }: LokiVariable,
  { range }: DashboardContext,
  signal: AbortSignal | undefined,
): Promise<VariableOption[]> {
  const [start, end] = [msToNanos(range.fromMs), msToNanos(range.toMs)];
  if (label === "") return plain(await logLabels(start, end, signal));
  return plain(await logLabelValues(label, start, end, signal, stream || undefined));
}

/** The first column, or those that are named for it. */
async function sqlOptions(query: string, signal: AbortSignal | undefined): Promise<VariableOption[]> {
  const { columns, rows } = await querySql(query, signal);
  const place = (name: string) => columns.findIndex((column) => column.name === name);
  const [text, value] = [place("__text"), place("__value")];
  return rows.slice(0, OPTIONS_MAX).map((row) => {
    const shown = string(row[text >= 0 ? text : 0]);
    return { text: shown, value: value >= 0 ? string(row[value]) : shown };
  });
}

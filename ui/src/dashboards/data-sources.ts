/** Which of our stores a query of a dashboard asks. The name of a source matters less than its type. */
import type { DataSourceEntry } from "../api/generated";
import type { DashboardModel, DataSourceRef, QueryModel } from "./model";

export type SourceKind =
  | "prometheus"
  | "loki"
  | "tempo"
  | "jaeger"
  | "sql"
  /** The frames of another panel. */
  | "dashboard"
  /** Invented data. */
  | "testdata"
  /** Grafana itself: annotations and generated numbers. */
  | "grafana"
  | "expression"
  | "unsupported";

export interface ResolvedSource {
  kind: SourceKind;
  /** The type of the plugin, for messages. */
  type: string;
  /** The interval of its samples; empty if unknown. */
  timeInterval: string;
}

/** What the names of data sources refer to. */
export interface SourceContext {
  dashboard: Pick<DashboardModel, "variables" | "inputs">;
  dataSources: DataSourceEntry[];
  /** The chosen value of a variable: a name, a uid or a type. */
  chosen: (variable: string) => string | undefined;
}

const KINDS: [RegExp, SourceKind][] = [
  [/loki|victoria(metrics-)?-?logs/i, "loki"],
  [/prometheus|victoriametrics|mimir|cortex|thanos|amazonprometheus|^amp$/i, "prometheus"],
  [/tempo/i, "tempo"],
  [/jaeger|zipkin/i, "jaeger"],
  [/sql|postgres|clickhouse|greptime/i, "sql"],
  [/testdata/i, "testdata"],
  [/^__expr__$/, "expression"],
  [/^(datasource|-- Dashboard --)$/, "dashboard"],
  [/^(grafana|-- Grafana --)$/, "grafana"],
];

export function kindOfType(type: string): SourceKind {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? "unsupported";
}

/** The source of a query: its own, or that of the panel, or the default one. */
export function resolveSource(
  query: Pick<QueryModel, "dataSource" | "spec">,
  panel: DataSourceRef | null,
  context: SourceContext,
): ResolvedSource {
  const own = isMixed(query.dataSource) ? null : query.dataSource;
  const outer = isMixed(panel) ? null : panel;
  const found = own ?? outer;
  const type = (found && typeOf(found, context)) || inferredType(query.spec);
  const fallback = context.dataSources.find((one) => one.is_default)?.type ?? "prometheus";
  const wanted = type || fallback;
  const uid = found ? literal(found.uid, context) : "";
  const entry =
    entryOf(uid, context) ??
    context.dataSources.find((one) => one.type === wanted && one.is_default) ??
    context.dataSources.find((one) => one.type === wanted);
  const kind = kindOfType(wanted);
  return {
    kind: kind === "grafana" && panel && !own ? "grafana" : kind,
    type: wanted,
    timeInterval: entry?.time_interval ?? "",
  };
}

function isMixed(ref: DataSourceRef | null): boolean {
  return ref?.uid === "-- Mixed --" || ref?.type === "mixed";
}

function entryOf(nameOrUid: string, { dataSources }: SourceContext): DataSourceEntry | undefined {
  if (nameOrUid === "") return undefined;
  return (
    dataSources.find(({ uid }) => uid === nameOrUid) ?? dataSources.find(({ name }) => name === nameOrUid)
  );
}

const VARIABLE = /^(?:\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\])$/;

/** The name or uid without a variable. */
function literal(uid: string, { chosen }: SourceContext): string {
  const [, plain, braced, old] = VARIABLE.exec(uid) ?? [];
  const variable = plain ?? braced ?? old;
  return variable === undefined ? uid : (chosen(variable) ?? "");
}

function typeOf({ type, uid }: DataSourceRef, context: SourceContext): string {
  const { dashboard } = context;
  // Grafana's own sources have fixed names.
  if (/^(-- (Dashboard|Grafana) --|grafana|__expr__)$/.test(uid)) return uid;
  const [, plain, braced, old] = VARIABLE.exec(uid) ?? [];
  const name = plain ?? braced ?? old ?? "";
  const variable = dashboard.variables.find((one) => one.name === name && one.type === "datasource");
  const input = Object.hasOwn(dashboard.inputs, name) ? dashboard.inputs[name] : undefined;
  const entry = entryOf(literal(uid, context), context);
  const ofVariable = typeof variable?.query === "string" ? variable.query : "";
  return entry?.type ?? (ofVariable || input?.pluginId || type || literalType(uid));
}

/** Names such as `prometheus` and `loki-prod`, of sources that are unknown here. */
function literalType(uid: string): string {
  return kindOfType(uid) === "unsupported" ? "" : uid;
}

/** The type of the source that a query of this shape is for; empty when it may be the default one. */
function inferredType({ expr, query, rawSql, queryType, scenarioId }: Record<string, unknown>): string {
  if (typeof rawSql === "string" && rawSql !== "") return "sql";
  if (typeof expr === "string") return isLogQl(expr) ? "loki" : "";
  if (typeof scenarioId === "string") return "testdata";
  if (typeof queryType === "string" && queryType.startsWith("traceql")) return "tempo";
  return typeof query === "string" && /^\s*\{.*\}/s.test(query) ? "tempo" : "";
}

/** LogQL has a pipeline after a selector; a selector alone may be PromQL too. */
function isLogQl(expr: string): boolean {
  return /\}\s*(\|[=~>]?|!~|!=\s*["`])/.test(expr);
}

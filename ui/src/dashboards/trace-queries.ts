/** The queries of trace panels as TraceQL. */
import { list, record, string } from "../api/decode";
import { within } from "./limits";

type Json = Record<string, unknown>;
type Filled = (text: unknown) => string;

interface TraceQuery {
  text: string;
  /** Why it cannot be asked; completes "Query A". */
  problem: string | null;
  limit: number;
}

const LIMIT = 20;

const quoted = (text: string) => JSON.stringify(text);

function limitOf({ limit }: Json): number {
  return Math.round(within(limit, 1, 1_000, LIMIT));
}

export function tempoQuery(spec: Json, filled: Filled): TraceQuery {
  const limit = limitOf(spec);
  const type = string(spec.queryType);
  if (type === "serviceMap") return { text: "", problem: "is a service map, which is not supported", limit };
  if (type === "nativeSearch" || type === "search")
    return { text: nativeSearch(spec, filled), problem: null, limit };
  const query = filled(spec.query).trim();
  // A variable without a value asks nothing.
  const text = query === "" && string(spec.query) === "" ? searchFilters(spec, filled) : query;
  if (
    /\|\s*(rate|count_over_time|quantile_over_time|histogram_over_time|compare|\w+_over_time)\s*\(/.test(text)
  )
    return { text: "", problem: "is a TraceQL metrics query, which is not supported", limit };
  return { text: isTraceId(text) ? byId(text) : text, problem: null, limit };
}

function isTraceId(text: string): boolean {
  return /^[0-9a-fA-F]{16,32}$/.test(text);
}

function byId(id: string): string {
  return `{ trace:id = ${quoted(id)} }`;
}

function selector(conditions: string[]): string {
  return `{ ${conditions.join(" && ")} }`;
}

function nativeSearch(spec: Json, filled: Filled): string {
  const { serviceName, spanName, minDuration, maxDuration, search } = spec;
  const tags = [...filled(search).matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(
    ([, key, quotedValue, bare]) => `.${key} = ${quoted(quotedValue ?? bare ?? "")}`,
  );
  return selector([...common(filled, serviceName, spanName, minDuration, maxDuration), ...tags]);
}

function common(filled: Filled, service: unknown, name: unknown, min: unknown, max: unknown): string[] {
  const equal = (key: string, value: unknown) => {
    const text = filled(value);
    if (text === "" || text === "All" || text === "all") return [];
    return [`${key} ${/^\(.*\)$|\.\*/.test(text) ? "=~" : "="} ${quoted(text)}`];
  };
  const compared = (operator: string, value: unknown) => {
    const text = filled(value).trim();
    return /^\d+(\.\d+)?(ns|us|µs|ms|s|m|h)$/.test(text) ? [`duration ${operator} ${text}`] : [];
  };
  return [
    ...equal("resource.service.name", service),
    ...equal("name", name),
    ...compared(">=", min),
    ...compared("<=", max),
  ];
}

/** The filters of Tempo's search form. */
function searchFilters({ filters }: Json, filled: Filled): string {
  const conditions = list(filters).flatMap((item) => {
    const { tag, scope, operator, value, valueType } = record(item);
    const key = filled(tag);
    const values = (Array.isArray(value) ? value : [value]).map(filled).filter((text) => text !== "");
    if (key === "" || values.length === 0) return [];
    const name = ["name", "duration", "status", "kind"].includes(key) ? key : `${prefixOf(scope)}${key}`;
    const operatorText = string(operator) || "=";
    const bare = valueType !== undefined && valueType !== "string";
    if (values.length > 1) return [`${name} =~ ${quoted(values.join("|"))}`];
    return [`${name} ${operatorText} ${bare ? values[0] : quoted(values[0] ?? "")}`];
  });
  return selector(conditions);
}

function prefixOf(scope: unknown): string {
  return scope === "resource" || scope === "span" || scope === "event" ? `${scope}.` : ".";
}

export function jaegerQuery(spec: Json, filled: Filled): TraceQuery {
  const limit = limitOf(spec);
  const { queryType, service, operation, tags, minDuration, maxDuration, query } = spec;
  if (queryType === "dependencyGraph")
    return { text: "", problem: "is a dependency graph, which is not supported", limit };
  const id = filled(query).trim();
  if (queryType !== "search" && id !== "")
    return { text: isTraceId(id) ? byId(id) : id, problem: null, limit };
  return {
    text: selector([
      ...common(filled, service, operation, minDuration, maxDuration),
      ...tagConditions(filled(tags)),
    ]),
    problem: null,
    limit,
  };
}

/** Tags are JSON or `key=value`. */
function tagConditions(text: string): string[] {
  const equal = ([key, value]: [string, unknown]) => `.${key} = ${quoted(string(value))}`;
  try {
    return Object.entries(record(JSON.parse(text))).map(equal);
  } catch {
    return [...text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S+))/g)].map(([, key = "", quotedValue, bare]) =>
      equal([key, quotedValue ?? bare]),
    );
  }
}

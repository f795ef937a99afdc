/** Links to Grafana's Explore as links to ours: `panes` of schema version 1, and `left` of older versions. */
import { list, record } from "../api/decode";
import type { DataSourceEntry } from "../api/generated";
import { traceIdIn } from "../url/trace-id";
import { type kindOfType, resolveSource } from "./data-sources";
import { bounded } from "./limits";
import type { QueryModel } from "./model";
import { readDataSource, readQueries } from "./parts";
import { jaegerQuery, tempoQuery } from "./trace-queries";

export interface ExploreAddress {
  to: "/explore/metrics" | "/explore/logs" | "/explore/traces" | "/explore/sql" | "/trace/$traceId";
  params?: { traceId: string };
  search: Record<string, string | string[] | undefined>;
}

interface Pane {
  dataSource: unknown;
  queries: unknown[];
  range: Record<string, unknown>;
}

/** Null for a link without a query that can be read. */
export function exploreAddress(
  { panes, left }: Record<string, unknown>,
  dataSources: DataSourceEntry[],
): ExploreAddress | null {
  const pane = firstPane(panes) ?? olderPane(left);
  if (!pane) return null;
  const queries = readQueries(pane.queries);
  const context = { dashboard: { variables: [], inputs: {} }, dataSources, chosen: () => undefined };
  const asked = queries.map((query) => ({
    query,
    kind: resolveSource(query, readDataSource(pane.dataSource), context).kind,
  }));
  const [first] = asked;
  if (!first) return null;
  const of = asked.filter(({ kind }) => kind === first.kind).map(({ query }) => query);
  return addressOf(first.kind, of, rangeOf(pane.range));
}

function addressOf(
  kind: ReturnType<typeof kindOfType>,
  queries: QueryModel[],
  range: { from?: string; to?: string },
): ExploreAddress | null {
  const spec: QueryModel["spec"] = queries[0]?.spec ?? {};
  const asIs = (value: unknown) => bounded(value);
  switch (kind) {
    case "prometheus": {
      const off = queries.flatMap(({ hidden }, index) => (hidden ? [String.fromCharCode(65 + index)] : []));
      const instant = queries.every((query) => query.spec.instant === true && query.spec.range !== true);
      return {
        to: "/explore/metrics",
        search: {
          ...range,
          expr: queries.map((query) => bounded(query.spec.expr)),
          ...(off.length > 0 ? { off: off.join(",") } : {}),
          ...(instant ? { view: "table" } : {}),
        },
      };
    }
    case "loki":
      return { to: "/explore/logs", search: { ...range, query: bounded(spec.expr) } };
    case "sql":
      return { to: "/explore/sql", search: { ...range, query: bounded(spec.rawSql) } };
    case "tempo":
    case "jaeger": {
      const traceId = traceIdIn(bounded(spec.query));
      if (traceId) return { to: "/trace/$traceId", params: { traceId }, search: {} };
      const { text } = kind === "tempo" ? tempoQuery(spec, asIs) : jaegerQuery(spec, asIs);
      return { to: "/explore/traces", search: { ...range, q: text } };
    }
    default:
      return null;
  }
}

function parsed(value: unknown): unknown {
  try {
    return JSON.parse(bounded(value));
  } catch {
    return undefined;
  }
}

/** Explore can be split; the page has one pane. */
function firstPane(panes: unknown): Pane | null {
  const [pane] = Object.values(record(parsed(panes)));
  return pane === undefined ? null : paneOf(record(pane));
}

function paneOf({ datasource, queries, range }: Record<string, unknown>): Pane {
  return { dataSource: datasource, queries: list(queries), range: record(range) };
}

/** An object like a pane, or a list: `["now-1h", "now", "Prometheus", { "expr": "up" }]`. */
function olderPane(left: unknown): Pane | null {
  const given = parsed(left);
  if (!Array.isArray(given)) return given === undefined ? null : paneOf(record(given));
  const [from, to, dataSource, ...rest] = given as unknown[];
  // After the queries are the modes of the view.
  const queries = rest.filter((item) => ["expr", "query", "rawSql"].some((key) => key in record(item)));
  return { dataSource, queries, range: { from, to } };
}

function rangeOf({ from, to }: Record<string, unknown>): { from?: string; to?: string } {
  const ends = { from: bounded(from), to: bounded(to) };
  return ends.from === "" || ends.to === "" ? {} : ends;
}

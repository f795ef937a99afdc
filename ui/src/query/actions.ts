/** What a value leads to: other queries of its view, and queries of the other signals. */
import { queryDuration } from "../time/duration";
import { type Range, type RawRange, stepFor } from "../time/range";
import { ALL_LOGS, labelName, metricQuery, metricsWith, quote, valuesOf } from "../url/links";
import { traceIdIn } from "../url/trace-id";
import type { ValueContext } from "../values/query-context";
import { type Language, languageOf, type ScopedValue } from "../values/value";
import * as logql from "./logql";
import * as promql from "./promql";
import * as sql from "./sql";
import * as traceql from "./traceql";
import { type KnownNames, type Matcher, toLogql, toPromql, toSql, toTraceql } from "./translate";

/** An address of the page. */
export interface Target {
  to: "/explore/metrics" | "/explore/logs" | "/explore/traces" | "/explore/sql";
  search: Record<string, unknown>;
}

export interface ValueActions {
  find: Target | null;
  exclude: Target | null;
  groupBy: Target | null;
  open: { view: "Metrics" | "Logs" | "Traces" | "SQL"; target: Target }[];
  traceId: string | null;
}

const PATHS: Record<Language, Target["to"]> = {
  promql: "/explore/metrics",
  logql: "/explore/logs",
  traceql: "/explore/traces",
  sql: "/explore/sql",
};
/** The number of points of a chart of grouped logs. */
const POINTS = 90;

interface Given extends ValueContext {
  /** The query that the value is of, when the view has several. */
  refId?: string | undefined;
  /** That of the page. */
  pageRange: Range;
  known: KnownNames;
}

export function actionsOf(value: ScopedValue, given: Given): ValueActions {
  const language = languageOf(value.scope);
  const own = ownActions(value, language, given);
  const open: ValueActions["open"] = [];
  if (language !== "promql") add(open, "Metrics", metrics(toPromql(value, given.known), given.range));
  if (language !== "logql") add(open, "Logs", logs(value, given.range));
  if (language !== "traceql") add(open, "Traces", traces(value, given));
  if (language !== "sql") add(open, "SQL", rows(value, given));
  const named = /^(trace_?id|trace:id)$/i.test(value.key ?? value.name);
  return { ...own, open, traceId: named ? traceIdIn(value.text) : null };
}

function add(open: ValueActions["open"], view: ValueActions["open"][number]["view"], target: Target | null) {
  if (target) open.push({ view, target });
}

function address(language: Language, search: Record<string, unknown>, range: RawRange | undefined): Target {
  return { to: PATHS[language], search: { ...search, ...range } };
}

function metrics(matcher: Matcher | null, range: RawRange | undefined): Target | null {
  if (!matcher) return null;
  const { name, operator, value } = matcher;
  const expr =
    name === "__name__"
      ? metricQuery(value)
      : operator === "="
        ? metricsWith(name, value)
        : `topk(50, count by (__name__) ({${labelName(name)}${operator}${quote(value)}}))`;
  return address("promql", { expr: [expr], view: name === "__name__" ? undefined : "table" }, range);
}

function logs(value: ScopedValue, range: RawRange | undefined): Target | null {
  const field = toLogql(value);
  return field && address("logql", { query: logql.withFilter(ALL_LOGS, field, true) }, range);
}

function traces(value: ScopedValue, { known, range }: Given): Target | null {
  const term = toTraceql(value, known);
  const wanted = term && traceql.condition(term, true);
  return wanted ? address("traceql", { q: `{ ${wanted} }` }, range) : null;
}

function rows(value: ScopedValue, { known, range }: Given): Target | null {
  const term = toSql(value, known);
  return (
    term &&
    address("sql", { query: sql.newest(term.table, sql.condition(term.expression, term, true)) }, range)
  );
}

type Own = Pick<ValueActions, "find" | "exclude" | "groupBy">;

const NONE: Own = { find: null, exclude: null, groupBy: null };

function ownActions(value: ScopedValue, language: Language, given: Given): Own {
  const { query, refId, range } = given;
  const inView = query?.language === language ? query : undefined;
  const changed = (
    change: (query: string) => string,
    search: (query: string) => Record<string, unknown>,
    empty = "",
  ) =>
    inView
      ? { to: PATHS[language], search: inView.changed(change, refId) }
      : address(language, search(change(empty)), range);
  switch (language) {
    case "logql": {
      const field = toLogql(value);
      if (!field) return NONE;
      const window = queryDuration(stepFor(given.pageRange, POINTS));
      const search = (query: string) => ({ query });
      return {
        find: changed((query) => logql.withFilter(query, field, true), search),
        exclude: changed((query) => logql.withFilter(query, field, false), search),
        groupBy: changed((query) => logql.groupedBy(query, field, window), search),
      };
    }
    case "traceql": {
      const term = toTraceql(value, given.known);
      const [is, isNot] = term
        ? [traceql.condition(term, true), traceql.condition(term, false)]
        : [null, null];
      const search = (q: string) => ({ q });
      const grouped = toSql(value, given.known);
      return {
        find: is === null ? null : changed((query) => traceql.withCondition(query, is, isNot), search, "{}"),
        exclude:
          isNot === null ? null : changed((query) => traceql.withCondition(query, isNot, is), search, "{}"),
        // The result of TraceQL is traces, which have no groups.
        groupBy:
          grouped &&
          address("sql", { query: sql.tableBy(grouped.table, grouped.expression, value.name) }, range),
      };
    }
    case "promql":
      return metricActions(value, given, inView !== undefined, changed);
    case "sql": {
      if (!inView || value.type === "other") return NONE;
      const expression =
        value.key === undefined ? sql.sqlName(value.name) : sql.mapEntry(value.name, value.key);
      const search = (query: string) => ({ query });
      return {
        find: changed((query) => sql.withCondition(query, sql.condition(expression, value, true)), search),
        exclude: changed(
          (query) => sql.withCondition(query, sql.condition(expression, value, false)),
          search,
        ),
        groupBy: changed((query) => sql.groupedBy(query, expression), search),
      };
    }
  }
}

type Changed = (
  change: (query: string) => string,
  search: (query: string) => Record<string, unknown>,
  empty?: string,
) => Target;

function metricActions({ name, text }: ScopedValue, given: Given, inView: boolean, changed: Changed): Own {
  const found = metrics({ name, operator: "=", value: text }, given.range);
  // Another name of a metric is another query.
  if (name === "__name__") return { ...NONE, find: found };
  const search = (expr: string) => ({ expr: [expr], view: "table" });
  if (!inView) {
    return { find: found, exclude: null, groupBy: address("promql", search(valuesOf(name)), given.range) };
  }
  return {
    find: changed((query) => promql.withMatcher(query, name, text, true), search),
    exclude: changed((query) => promql.withMatcher(query, name, text, false), search),
    groupBy: changed((query) => promql.groupedBy(query, name), search),
  };
}

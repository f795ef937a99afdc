/** The requests of one query, by the kind of its data source. */
import { record, string } from "../api/decode";
import type { Frame } from "../data/frame";
import { type Target, target } from "../data/source";
import { loki } from "../data/sources/loki";
import { prometheus } from "../data/sources/prometheus";
import { sql } from "../data/sources/sql";
import { tempo } from "../data/sources/tempo";
import { isScenario, testdata } from "../data/sources/testdata";
import type { Range } from "../time/range";
import { filteredQuery } from "./ad-hoc";
import type { ResolvedSource } from "./data-sources";
import { groupedQuery } from "./group-by";
import { type DefaultFormat, interpolate, queryFormat, sqlFormat } from "./interpolate";
import { alignedRange, type Intervals, intervalMs, intervalsOf } from "./intervals";
import { within } from "./limits";
import type { PanelModel, QueryModel } from "./model";
import { logTables, sqlTables, traceTables } from "./row-shape";
import { type DashboardContext, intervalGlobals, scopeOf } from "./scope";
import { shapeSeries } from "./series-shape";
import { jaegerQuery, tempoQuery } from "./trace-queries";

export interface QueryContext {
  panel: PanelModel;
  context: DashboardContext;
  widthPx: number;
  /** Queries of the panel that are tables: several have their names in their columns. */
  tables: number;
}

export interface QueryRequest {
  target: Target;
  /** The frames of the answer, as the query wants them. */
  shape: (frames: Frame[]) => Frame[];
}

interface Made {
  requests: QueryRequest[];
  problem: string | null;
}

const NOTHING: Made = { requests: [], problem: null };

export function requestsOf(query: QueryModel, source: ResolvedSource, given: QueryContext): Made {
  switch (source.kind) {
    case "prometheus":
      return prometheusRequests(query, source, given);
    case "loki":
      return lokiRequests(query, source, given);
    case "tempo":
    case "jaeger":
      return traceRequests(query, source, given);
    case "sql":
      return sqlRequests(query, source, given);
    case "testdata":
      return testDataRequests(query, source, given, string(query.spec.scenarioId) || "random_walk");
    case "grafana":
      // The one query of Grafana itself that needs nothing stored.
      return query.spec.queryType === "randomWalk"
        ? testDataRequests(query, source, given, "random_walk")
        : refused(query, "asks Grafana itself, which has no data here");
    default:
      return refused(query, `asks a data source of the type "${source.type}", which is not supported`);
  }
}

function refused({ refId }: QueryModel, reason: string): Made {
  return { requests: [], problem: `Query ${refId} ${reason}.` };
}

interface Prepared {
  intervals: Intervals;
  range: Range;
  /** The text with its variables replaced. */
  filled: (text: unknown, format?: DefaultFormat | string) => string;
}

/** A panel that is not measured yet is as wide as a usual one. */
const WIDTH_PX = 1_000;
/** Logs have no interval of their own. */
const LOGS_INTERVAL = "1s";

function prepared(query: QueryModel, source: ResolvedSource, given: QueryContext): Prepared {
  const { panel, context, widthPx } = given;
  const { interval, step, intervalFactor } = query.spec;
  const scope = scopeOf(context);
  const plain = (text: string) => interpolate(text, scope, "csv");
  const logs = source.kind === "loki";
  const input = {
    range: context.range,
    maxDataPoints:
      within(query.spec.maxDataPoints, 1, 100_000, 0) || panel.maxDataPoints || widthPx || WIDTH_PX,
    minIntervals: [
      plain(string(interval) || (logs ? string(step) : "")),
      plain(panel.interval),
      source.timeInterval || (logs ? LOGS_INTERVAL : ""),
    ],
    intervalFactor: within(intervalFactor, 1, 1_000, 1),
  };
  const intervals = intervalsOf(input);
  const globals = intervalGlobals(intervals.stepMs, intervals.rateIntervalMs);
  // The values at one time are those of the whole range.
  const whole = logs && isInstant(query.spec) ? scope("__range", undefined) : undefined;
  const full = scopeOf(context, whole ? { ...globals, __auto: whole } : globals);
  return {
    intervals,
    range: alignedRange(context.range, intervals.stepMs),
    filled: (text, format = queryFormat) => interpolate(string(text), full, format),
  };
}

/** The query with the filters and the grouping that a person has chosen. */
function labelled(query: string, kind: "prometheus" | "loki", { context }: QueryContext): string {
  return filteredQuery(groupedQuery(query, kind, context), kind, context);
}

function prometheusRequests(query: QueryModel, source: ResolvedSource, given: QueryContext): Made {
  const { refId, spec } = query;
  const { intervals, range, filled } = prepared(query, source, given);
  const expr = labelled(filled(spec.expr), "prometheus", given);
  if (expr.trim() === "") return NOTHING;
  const shape = {
    refId,
    expr,
    unnamed: expr,
    legend: filled(spec.legendFormat, "text"),
    format: string(spec.format),
    tables: given.tables,
  };
  const instant = spec.instant === true;
  // A query that is neither is that of a range; one that is both is asked twice.
  const both = instant && spec.range === true;
  const requests: QueryRequest[] = [];
  if (!instant || both)
    requests.push({
      target: target(refId, prometheus, {
        query: { expr, ...(spec.exemplar === true ? { exemplar: true } : {}) },
        range,
        intervalMs: intervals.stepMs,
      }),
      shape: (frames) => shapeSeries(frames, shape),
    });
  if (instant)
    requests.push({
      target: target(both ? `${refId}-Instant` : refId, prometheus, {
        query: { expr, instant },
        range: given.context.range,
        intervalMs: intervals.stepMs,
      }),
      shape: (frames) => shapeSeries(frames, shape),
    });
  return { requests, problem: null };
}

const LINES_MAX = 1_000;

function lokiRequests(query: QueryModel, source: ResolvedSource, given: QueryContext): Made {
  const { refId, spec } = query;
  const { intervals, range, filled } = prepared(query, source, given);
  const expr = labelled(filled(spec.expr), "loki", given);
  if (expr.trim() === "") return NOTHING;
  const instant = isInstant(spec);
  const own = intervalMs(filled(spec.step, "csv"));
  const stepMs = Math.max(own ?? intervals.stepMs, 1);
  const shape = {
    refId,
    expr,
    // Fields and overrides of dashboards refer to this name.
    unnamed: "{}",
    legend: filled(spec.legendFormat, "text"),
    format: string(spec.format),
    tables: given.tables,
  };
  const maxLines = Math.round(within(spec.maxLines, 1, 5_000, LINES_MAX));
  const asked = isMetric(expr) ? alignedRange(range, stepMs) : given.context.range;
  const request = {
    target: target(refId, loki, {
      query: { expr, maxLines, ...(instant && isMetric(expr) ? { instant: true } : {}) },
      range: instant ? given.context.range : asked,
      intervalMs: stepMs,
    }),
    shape: (frames: Frame[]) => logTables(shapeSeries(frames, shape), given.panel.type),
  };
  return { requests: [request], problem: null };
}

function isInstant({ queryType, instant }: QueryModel["spec"]): boolean {
  return queryType === "instant" || instant === true;
}

/** Whether LogQL has numbers as its answer: it begins with a function or a number, and not with a selector. */
function isMetric(expr: string): boolean {
  return !/^[\s(]*\{/.test(expr.replace(/^\s*#.*$/gm, ""));
}

function traceRequests(query: QueryModel, source: ResolvedSource, given: QueryContext): Made {
  const { refId, spec } = query;
  const { filled } = prepared(query, source, given);
  const { text, problem, limit } =
    source.kind === "tempo" ? tempoQuery(spec, filled) : jaegerQuery(spec, filled);
  if (problem) return refused(query, problem);
  if (text === "") return NOTHING;
  const request = {
    target: target(refId, tempo, {
      query: { query: text, limit },
      range: given.context.range,
      intervalMs: 0,
    }),
    shape: (frames: Frame[]) =>
      traceTables(
        frames.map((frame) => ({ ...frame, refId })),
        given.panel.type,
      ),
  };
  return { requests: [request], problem: null };
}

function sqlRequests(query: QueryModel, source: ResolvedSource, given: QueryContext): Made {
  const { refId, spec } = query;
  const { intervals, filled } = prepared(query, source, given);
  const { rawSql, rawQuery, query: plain } = spec;
  const text =
    string(rawSql) ||
    (typeof rawQuery === "string" ? rawQuery : "") ||
    string(record(plain).rawSql) ||
    string(plain);
  const sent = sqlMacros(filled(text, sqlFormat), intervals, given.context.range);
  if (sent.trim() === "") return NOTHING;
  const request = {
    target: target(refId, sql, {
      query: { rawSql: sent },
      range: given.context.range,
      intervalMs: intervals.stepMs,
    }),
    shape: (frames: Frame[]) =>
      sqlTables(
        frames.map((frame) => ({ ...frame, refId })),
        spec.format,
      ),
  };
  return { requests: [request], problem: null };
}

function testDataRequests(
  query: QueryModel,
  source: ResolvedSource,
  given: QueryContext,
  scenario: string,
): Made {
  const { refId, spec } = query;
  if (!isScenario(scenario))
    return refused(query, `asks the scenario "${scenario}" of TestData, which is not supported`);
  const { intervals, filled } = prepared(query, source, given);
  // Texts have variables; the rest is settings.
  const filledSpec = Object.fromEntries(
    Object.entries(spec).map(([key, value]) => [
      key,
      typeof value === "string" ? filled(value, "text") : value,
    ]),
  );
  const request = {
    target: target(refId, testdata, {
      query: { scenario, refId, spec: filledSpec },
      range: given.context.range,
      intervalMs: intervals.stepMs,
    }),
    shape: (frames: Frame[]) => frames.map((frame) => ({ ...frame, refId })),
  };
  return { requests: [request], problem: null };
}

/** Macros of Grafana's SQL sources that are not those of the time range, which the source itself replaces. */
function sqlMacros(text: string, { stepMs }: Intervals, { fromMs, toMs }: Range): string {
  const [from, to] = [Math.floor(fromMs / 1_000), Math.ceil(toMs / 1_000)];
  const bucket = (column: string, seconds: number) =>
    `date_bin(INTERVAL '${Math.max(1, seconds)} seconds', ${column.trim()})`;
  return text
    .replace(/\$__timeInterval\(([^()]*)\)/g, (_whole, column: string) => bucket(column, stepMs / 1_000))
    .replace(
      /\$__timeGroup(?:Alias)?\(([^(),]*),\s*'?([^(),']*)'?[^()]*\)/g,
      (_whole, column: string, length: string) =>
        bucket(column, Math.round((intervalMs(length) ?? stepMs) / 1_000)),
    )
    .replace(
      /\$__unixEpochFilter\(([^()]*)\)/g,
      (_whole, column: string) => `(${column} >= ${from} AND ${column} <= ${to})`,
    )
    .replace(/\$__unixEpoch(From|To)\(\)/g, (_whole, end) => String(end === "From" ? from : to))
    .replace(/\$__fromTime\b/g, "$__timeFrom()")
    .replace(/\$__toTime\b/g, "$__timeTo()")
    .replace(/\$__time\(([^()]*)\)/g, (_whole, column: string) => `${column} AS time`);
}

/** What a panel asks of the data sources, and how the answers become its frames. */

import { string } from "../api/decode";
import { applyFieldConfig, type FieldConfigSource } from "../data/field-config";
import type { Frame } from "../data/frame";
import type { Calendar } from "../time/calendar";
import { panelRange, type Range } from "../time/range";
import { resolveSource } from "./data-sources";
import { computeExpressions, type Expression, neededRefs, readExpression } from "./expressions/expressions";
import { interpolate } from "./interpolate";
import type { PanelModel, QueryModel } from "./model";
import { type DashboardContext, scopeOf, sourceContext } from "./scope";
import { type QueryContext, type QueryRequest, requestsOf } from "./source-requests";
import { transformFrames } from "./transform/transform";

export interface PanelContext extends DashboardContext {
  nowMs: number;
  calendar: Calendar;
  /** The width of the panel, in pixels. */
  widthPx: number;
}

export interface PanelRequests {
  requests: (QueryRequest & { refId: string })[];
  /** What is computed of the answers. */
  expressions: Expression[];
  /** The names of the queries and expressions whose frames are shown, in their order. */
  shown: string[];
  /** Why queries are not asked. */
  problems: string[];
  /** The time range of the panel. */
  range: Range;
  /** The panel whose frames it shows; with what its transformations made of them, if `transformed`. */
  shared: { panelId: number; transformed: boolean } | null;
  context: DashboardContext;
}

/** The requests of a panel. Its targets go to `useFrames`, whose answers go to `panelFrames`. */
export function panelRequests(panel: PanelModel, context: PanelContext): PanelRequests {
  const { range } = panelRange(context, panel);
  const own = { ...context, range };
  const found: PanelRequests = {
    requests: [],
    expressions: [],
    shown: [],
    problems: [],
    range,
    shared: null,
    context: own,
  };
  if (panel.libraryPanel) {
    const { name, uid } = panel.libraryPanel;
    found.problems.push(`The library panel "${name || uid}" is not in the file of the dashboard.`);
    return found;
  }
  const resolved = panel.queries.map((query) => ({
    query,
    source: resolveSource(query, panel.dataSource, sourceContext(own)),
  }));
  const refuse = (problem: string) => {
    if (!found.problems.includes(problem)) found.problems.push(problem);
  };
  const scope = scopeOf(own);
  for (const { query, source } of resolved) {
    if (source.kind !== "expression") continue;
    const read = readExpression(query, (text) => interpolate(string(text), scope, "csv"));
    if (typeof read !== "string") found.expressions.push(read);
    else if (!query.hidden) refuse(`Query ${query.refId} ${read}.`);
  }
  found.shown = panel.queries.filter(({ hidden }) => !hidden).map(({ refId }) => refId);
  const needed = neededRefs(found.expressions, found.shown);
  const asked = resolved.filter(({ query }) => !query.hidden || needed.has(query.refId));
  const tables = asked.filter(({ query }) => isTable(query)).length;
  for (const { query, source } of asked) {
    if (source.kind === "expression") continue;
    if (source.kind === "dashboard") {
      found.shared ??= sharedPanel(query);
      continue;
    }
    const given: QueryContext = { panel, context: own, widthPx: context.widthPx, tables };
    const { requests, problem } = requestsOf(query, source, given);
    found.requests.push(...requests.map((request) => ({ ...request, refId: query.refId })));
    if (problem) refuse(problem);
  }
  return found;
}

function isTable({ spec }: QueryModel): boolean {
  return spec.format === "table";
}

function sharedPanel({ spec }: QueryModel): PanelRequests["shared"] {
  const panelId = Number(spec.panelId);
  return Number.isInteger(panelId) ? { panelId, transformed: spec.withTransforms === true } : null;
}

/**
 * The frames that a panel shows, of the answers to its requests in their order. `shared` are the frames of the panel
 * that it refers to.
 */
export function panelFrames(
  panel: PanelModel,
  { requests, expressions, shown, range, context }: PanelRequests,
  answers: (Frame[] | undefined)[],
  shared: Frame[] = [],
): Frame[] {
  const answered = requests.map(({ refId, shape }, index) => ({
    refId,
    frames: shape(answers[index] ?? []),
  }));
  const framesOf = (refId: string) =>
    answered.filter((one) => one.refId === refId).flatMap(({ frames }) => frames);
  const computed = computeExpressions(expressions, framesOf, range);
  const shaped = shown.flatMap((refId) => computed.get(refId) ?? framesOf(refId));
  const scope = scopeOf(context);
  const transformed = transformFrames([...shared, ...shaped], panel.transformations, (text) =>
    interpolate(text, scope, "text"),
  );
  const { defaults, overrides } = withVariables(panel.fieldConfig, context);
  // A table of Grafana rounds numbers without a unit, and has nothing in place of a missing value.
  const ofTable = panel.type === "table" ? { unit: "none", noValue: "" } : {};
  return applyFieldConfig(transformed, { defaults: { ...ofTable, ...defaults }, overrides });
}

/** The field configuration, with the variables of the dashboard replaced in the names and units. */
function withVariables(source: FieldConfigSource, context: DashboardContext): FieldConfigSource {
  const scope = scopeOf(context);
  const filled = (value: unknown) => (typeof value === "string" ? interpolate(value, scope, "text") : value);
  const { displayName, unit, noValue } = source.defaults;
  return {
    defaults: {
      ...source.defaults,
      ...(displayName === undefined ? {} : { displayName: String(filled(displayName)) }),
      ...(unit === undefined ? {} : { unit: String(filled(unit)) }),
      ...(noValue === undefined ? {} : { noValue: String(filled(noValue)) }),
    },
    overrides: source.overrides.map(({ matcher, properties }) => ({
      matcher: { id: matcher.id, options: filled(matcher.options) },
      properties: properties.map(({ id, value }) => ({ id, value: filled(value) })),
    })),
  };
}

/** Reads the resource of schema v2: `v2alpha1`, `v2beta1` and `v2`. */
import { list, record, strings } from "../api/decode";
import { readFieldConfig } from "../data/field-config";
import { bounded, LIST_MAX, PANELS_MAX, within } from "./limits";
import type { DashboardModel, DataSourceRef, PanelModel, QueryModel } from "./model";
import { freeRefId, readAnnotation, readDataSource, readLinks, readTime, readTransformations } from "./parts";
import { readV2Layout } from "./v2-layout";
import { readVariables } from "./variables";

type Json = Record<string, unknown>;

export function readV2(given: Json, uid: string): DashboardModel {
  const elements = Object.entries(record(given.elements));
  const problems: string[] = [];
  if (elements.length > PANELS_MAX)
    problems.push(`The dashboard has more than ${PANELS_MAX} panels; the others are left out.`);
  const panels = Object.fromEntries(
    elements.slice(0, PANELS_MAX).map(([key, element]) => [key, readElement(key, record(element))]),
  );
  return {
    uid,
    title: bounded(given.title) || "Untitled dashboard",
    description: bounded(given.description),
    tags: strings(given.tags).slice(0, LIST_MAX),
    editable: given.editable !== false,
    panels,
    layout: readV2Layout(given.layout, panels),
    variables: readVariables(list(given.variables).map(classicVariable)),
    annotations: list(given.annotations).slice(0, LIST_MAX).map(readV2Annotation),
    links: readLinks(given.links),
    time: readTime(record(given.timeSettings)),
    crosshair:
      given.cursorSync === "Tooltip" ? "tooltip" : given.cursorSync === "Crosshair" ? "crosshair" : "off",
    inputs: {},
    problems,
  };
}

function readElement(key: string, { kind, spec }: Json): PanelModel {
  const body = record(spec);
  const library = record(body.libraryPanel);
  const viz = record(body.vizConfig);
  const look = record(viz.spec);
  // `v2alpha1` has the type of the panel as the kind.
  const type = bounded(viz.group) || (viz.kind === "VizConfig" ? "" : bounded(viz.kind));
  const data = record(record(body.data).spec);
  const options = record(data.queryOptions);
  return {
    key,
    id: within(body.id, 0, Number.MAX_SAFE_INTEGER, 0),
    type: type || "text",
    originalType: type,
    title: bounded(body.title),
    description: bounded(body.description),
    transparent: body.transparent === true,
    links: readLinks(body.links),
    dataSource: null,
    queries: readV2Queries(data.queries),
    transformations: readTransformations(list(data.transformations).map(transformation)),
    interval: bounded(options.interval),
    maxDataPoints: within(options.maxDataPoints, 1, 100_000, 0) || null,
    timeFrom: bounded(options.timeFrom),
    timeShift: bounded(options.timeShift),
    hideTimeOverride: options.hideTimeOverride === true,
    options: record(look.options),
    fieldConfig: readFieldConfig(look.fieldConfig),
    libraryPanel: kind === "LibraryPanel" ? { uid: bounded(library.uid), name: bounded(library.name) } : null,
  };
}

/** The id of a transformation is its kind, or in `v2` its group. */
function transformation(given: unknown): Json {
  const { kind, group, spec } = record(given);
  const { id, ...rest } = record(spec);
  return { ...rest, id: bounded(group) || bounded(id) || bounded(kind) };
}

function readV2Queries(value: unknown): QueryModel[] {
  const taken = new Set<string>();
  return list(value)
    .slice(0, LIST_MAX)
    .map((item) => {
      const { refId, hidden, query, datasource } = record(record(item).spec);
      return {
        refId: freeRefId(bounded(refId), taken),
        hidden: hidden === true,
        dataSource: querySource(record(query), datasource),
        spec: record(record(query).spec),
      };
    });
}

/** The type is that of the query; `v2alpha1` has the source beside the query, later versions within. */
function querySource(query: Json, beside: unknown): DataSourceRef | null {
  const { type, uid } = readDataSource(query.datasource) ?? readDataSource(beside) ?? { type: "", uid: "" };
  const kind = bounded(query.group) || (query.kind === "DataQuery" ? "" : bounded(query.kind));
  const found = { type: kind || type, uid };
  return found.type === "" && found.uid === "" ? null : found;
}

function readV2Annotation(given: unknown) {
  const body = record(record(given).spec);
  const query = record(body.query);
  const datasource = querySource(query, body.datasource);
  const { query: _, datasource: __, ...rest } = body;
  return readAnnotation({ ...record(query.spec), ...record(body.legacyOptions), ...rest, datasource });
}

const VARIABLE_TYPES: Record<string, string> = {
  QueryVariable: "query",
  TextVariable: "textbox",
  ConstantVariable: "constant",
  DatasourceVariable: "datasource",
  IntervalVariable: "interval",
  CustomVariable: "custom",
  GroupByVariable: "groupby",
  AdhocVariable: "adhoc",
  SwitchVariable: "switch",
};

/** A variable of v2 under the names of the classic form. */
function classicVariable(given: unknown): Json {
  const { kind, spec, group, datasource: beside } = record(given);
  const body = record(spec);
  const type = VARIABLE_TYPES[bounded(kind)] ?? "query";
  const query = record(body.query);
  const current =
    typeof body.current === "string" ? { value: body.current, text: body.current } : body.current;
  return {
    ...body,
    type,
    current,
    datasource:
      type === "query"
        ? querySource(query, body.datasource)
        : (readDataSource(beside) ?? readDataSource(body.datasource) ?? readDataSource({ type: group })),
    query:
      type === "datasource"
        ? body.pluginId
        : type === "query"
          ? queryText(query.spec, body.definition)
          : body.query,
  };
}

function queryText(spec: unknown, definition: unknown): unknown {
  const { __legacyStringValue: text, ...rest } = record(spec);
  if (typeof text === "string") return text;
  return Object.keys(rest).length > 0 ? rest : (definition ?? "");
}

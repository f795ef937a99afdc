/** Readers of the parts that all forms of a dashboard share. */
import { list, record, strings } from "../api/decode";
import { bounded, LIST_MAX, QUERIES_MAX, within } from "./limits";
import type {
  AnnotationModel,
  DataSourceRef,
  LinkModel,
  QueryModel,
  Repeat,
  TimeSettings,
  TransformationModel,
} from "./model";

/** The source is a name, a variable, or an object of type and uid; null is the default one. */
export function readDataSource(value: unknown): DataSourceRef | null {
  if (typeof value === "string")
    return value === "" || value === "default" ? null : { type: "", uid: bounded(value) };
  const { type, uid, name } = record(value);
  const found = { type: bounded(type), uid: bounded(uid) || bounded(name) };
  if (found.uid === "default") found.uid = "";
  return found.type === "" && found.uid === "" ? null : found;
}

export function readQueries(value: unknown): QueryModel[] {
  const taken = new Set<string>();
  return list(value)
    .slice(0, QUERIES_MAX)
    .map((item) => {
      const { refId, hide, datasource, ...spec } = record(item);
      return {
        refId: freeRefId(bounded(refId), taken),
        hidden: hide === true,
        dataSource: readDataSource(datasource),
        spec,
      };
    });
}

/** Queries without a name, or with that of another, get a free one. */
export function freeRefId(wanted: string, taken: Set<string>): string {
  let found = wanted;
  for (let index = 0; found === "" || taken.has(found); index += 1) found = letters(index);
  taken.add(found);
  return found;
}

function letters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letters(Math.floor(index / 26) - 1) + letter;
}

export function readTransformations(value: unknown): TransformationModel[] {
  return list(value)
    .slice(0, LIST_MAX)
    .flatMap((item) => {
      const { id, options, disabled, filter, topic } = record(item);
      // Frames of annotations are no part of the answers.
      if (typeof id !== "string" || topic === "annotations") return [];
      const matcher = record(filter);
      return [
        {
          id,
          options: record(options),
          disabled: disabled === true,
          filter: typeof matcher.id === "string" ? { id: matcher.id, options: matcher.options } : null,
        },
      ];
    });
}

export function readLinks(value: unknown): LinkModel[] {
  return list(value)
    .slice(0, LIST_MAX)
    .map((item) => {
      const given = record(item);
      const { dashUri, dashboard } = given;
      const stored = dashUri ? `/dashboard/${bounded(dashUri)}` : bounded(dashboard);
      return {
        title: bounded(given.title),
        type: given.type === "dashboards" ? "dashboards" : "link",
        url: withParameters(bounded(given.url) || stored, bounded(given.params)),
        tooltip: bounded(given.tooltip),
        tags: strings(given.tags).slice(0, LIST_MAX),
        asDropdown: given.asDropdown === true,
        newTab: given.targetBlank === true,
        includeVariables: given.includeVars === true,
        keepTime: given.keepTime === true,
      };
    });
}

function withParameters(url: string, parameters: string): string {
  return url === "" || parameters === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${parameters}`;
}

export function readAnnotation(value: unknown): AnnotationModel {
  const { name, enable, hide, iconColor, datasource, filter, ...spec } = record(value);
  const ids = list(record(filter).ids).filter((id): id is number => typeof id === "number");
  return {
    name: bounded(name),
    enabled: enable !== false,
    hidden: hide === true,
    color: bounded(iconColor),
    dataSource: readDataSource(datasource),
    filter:
      filter === undefined || filter === null ? null : { ids, exclude: record(filter).exclude === true },
    spec,
  };
}

export function readRepeat(variable: unknown, direction: unknown, perRowMax: unknown): Repeat | null {
  const name = bounded(variable);
  if (name === "") return null;
  return {
    variable: name,
    direction: direction === "v" ? "v" : "h",
    perRowMax: Math.round(within(perRowMax, 1, 24, 4)),
  };
}

/** The settings of the schema v2; the classic ones are brought into their names. */
export function readTime(given: Record<string, unknown>): TimeSettings {
  const { from, to, autoRefresh, timezone, weekStart, nowDelay } = given;
  return {
    from: bounded(from) || "now-6h",
    to: bounded(to) || "now",
    refresh: typeof autoRefresh === "string" ? autoRefresh.slice(0, 20) : "",
    refreshIntervals: strings(given.autoRefreshIntervals).slice(0, 50),
    timezone: bounded(timezone),
    weekStart: bounded(weekStart),
    fiscalYearStartMonth: Math.round(within(given.fiscalYearStartMonth, 0, 11, 0)),
    hidePicker: given.hideTimepicker === true,
    nowDelay: bounded(nowDelay),
  };
}

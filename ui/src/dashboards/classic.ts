/** Reads the classic form of a dashboard: a list of panels, or of rows before version 16. */
import { list, record, strings } from "../api/decode";
import { readFieldConfig } from "../data/field-config";
import { placedPanels, readLayout } from "./classic-layout";
import { bounded, LIST_MAX, PANELS_MAX, within } from "./limits";
import { migratePanel, migrateTransformations } from "./migrate";
import type { DashboardModel, InputModel, PanelModel } from "./model";
import {
  readAnnotation,
  readDataSource,
  readLinks,
  readQueries,
  readTime,
  readTransformations,
} from "./parts";
import { readVariables } from "./variables";

type Json = Record<string, unknown>;

export function readClassic(given: Json): DashboardModel {
  const version = within(given.schemaVersion, 0, 1_000, 0);
  const problems: string[] = [];
  const placed = placedPanels(given, version);
  if (placed.dropped > 0)
    problems.push(`The dashboard has more than ${PANELS_MAX} panels; ${placed.dropped} are left out.`);
  const panels: Record<string, PanelModel> = {};
  const library = record(given.__elements);
  for (const { key, json } of placed.all) panels[key] = readPanel(key, withLibrary(json, library), version);
  return {
    uid: bounded(given.uid),
    title: bounded(given.title) || "Untitled dashboard",
    description: bounded(given.description),
    tags: strings(given.tags).slice(0, LIST_MAX),
    editable: given.editable !== false,
    panels,
    layout: readLayout(placed),
    variables: readVariables(record(given.templating).list),
    annotations: list(record(given.annotations).list).slice(0, LIST_MAX).map(readAnnotation),
    links: readLinks(given.links),
    time: readClassicTime(given),
    crosshair: crosshairOf(given),
    inputs: readInputs(given.__inputs),
    problems,
  };
}

function readClassicTime(given: Json) {
  const [time, picker] = [record(given.time), record(given.timepicker)];
  return readTime({
    ...given,
    from: time.from,
    to: time.to,
    autoRefresh: given.refresh,
    autoRefreshIntervals: picker.refresh_intervals,
    hideTimepicker: picker.hidden,
    nowDelay: picker.nowDelay,
  });
}

function crosshairOf({ graphTooltip, sharedCrosshair }: Json): DashboardModel["crosshair"] {
  if (graphTooltip === 2) return "tooltip";
  return graphTooltip === 1 || sharedCrosshair === true ? "crosshair" : "off";
}

function readInputs(value: unknown): Record<string, InputModel> {
  return Object.fromEntries(
    list(value)
      .slice(0, LIST_MAX)
      .map((item) => {
        const { name, type, pluginId, value: given } = record(item);
        return [bounded(name), { type: bounded(type), pluginId: bounded(pluginId), value: bounded(given) }];
      }),
  );
}

/** A panel of a library is in the dashboard as a reference; a shared dashboard has the panel itself beside it. */
export function withLibrary(json: Json, library: Json): Json {
  const { uid, model } = record(json.libraryPanel);
  const found = Object.hasOwn(library, bounded(uid))
    ? record(record(library[bounded(uid)]).model)
    : record(model);
  if (Object.keys(found).length === 0) return json;
  const { id, gridPos, libraryPanel: _, ...own } = json;
  return { ...own, ...found, id, gridPos, title: own.title ?? found.title };
}

function readPanel(key: string, given: Json, version: number): PanelModel {
  const json = migratePanel(given, version);
  const type = bounded(json.type);
  const missing = json.libraryPanel !== undefined && (type === "" || type === "library-panel-ref");
  const { uid, name } = record(json.libraryPanel);
  return {
    key,
    id: within(given.id, 0, Number.MAX_SAFE_INTEGER, 0),
    type: type || "text",
    originalType: bounded(given.type),
    title: bounded(json.title),
    description: bounded(json.description),
    transparent: json.transparent === true,
    links: readLinks(json.links),
    dataSource: readDataSource(json.datasource),
    queries: readQueries(json.targets),
    transformations: readTransformations(migrateTransformations(json.transformations, version)),
    interval: bounded(json.interval),
    maxDataPoints: within(json.maxDataPoints, 1, 100_000, 0) || null,
    timeFrom: bounded(json.timeFrom),
    timeShift: bounded(json.timeShift),
    hideTimeOverride: json.hideTimeOverride === true,
    options: record(json.options),
    fieldConfig: readFieldConfig(json.fieldConfig),
    libraryPanel: missing ? { uid: bounded(uid), name: bounded(name) } : null,
  };
}

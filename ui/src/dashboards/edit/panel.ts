/** The parts of a panel's JSON that the editor changes, and where they are in each form. */
import { list, record, string } from "../../api/decode";
import { withLibrary } from "../classic";
import { migratePanel } from "../migrate";
import type { DataSourceRef } from "../model";
import { readDataSource } from "../parts";
import { bodyOf, type Form } from "./body";
import { type Path, valueAt, withValue } from "./json";
import { panelPath, versionOf } from "./places";

type Json = Record<string, unknown>;

const PARTS = {
  title: { classic: ["title"], v2: ["spec", "title"] },
  description: { classic: ["description"], v2: ["spec", "description"] },
  transparent: { classic: ["transparent"], v2: ["spec", "transparent"] },
  links: { classic: ["links"], v2: ["spec", "links"] },
  options: { classic: ["options"], v2: ["spec", "vizConfig", "spec", "options"] },
  fieldConfig: { classic: ["fieldConfig"], v2: ["spec", "vizConfig", "spec", "fieldConfig"] },
  queries: { classic: ["targets"], v2: ["spec", "data", "spec", "queries"] },
  transformations: { classic: ["transformations"], v2: ["spec", "data", "spec", "transformations"] },
  interval: { classic: ["interval"], v2: ["spec", "data", "spec", "queryOptions", "interval"] },
  maxDataPoints: {
    classic: ["maxDataPoints"],
    v2: ["spec", "data", "spec", "queryOptions", "maxDataPoints"],
  },
  timeFrom: { classic: ["timeFrom"], v2: ["spec", "data", "spec", "queryOptions", "timeFrom"] },
  timeShift: { classic: ["timeShift"], v2: ["spec", "data", "spec", "queryOptions", "timeShift"] },
} satisfies Record<string, Record<Form, Path>>;

export type PanelPart = keyof typeof PARTS;

/** The JSON of one panel, in the form of its dashboard. */
export interface EditedPanel {
  form: Form;
  json: Json;
  /** Its type as Grafana calls it now, when the JSON has an older one: the first edit converts the panel. */
  convertedFrom: string | null;
}

/** Null for a panel that the file does not have. */
export function editedPanel(json: unknown, key: string): EditedPanel | null {
  const path = panelPath(json, key);
  if (!path) return null;
  const { form, path: bodyPath } = bodyOf(json);
  const given = record(valueAt(json, path));
  if (form === "v2") return { form, json: given, convertedFrom: null };
  const body = record(valueAt(json, bodyPath));
  const own = withLibrary(given, record(body.__elements));
  const converted = migratePanel(own, versionOf(body));
  const old = own !== given || converted.type !== given.type || Array.isArray(given.styles);
  return {
    form,
    json: old ? converted : given,
    convertedFrom: old ? string(given.type, "library panel") : null,
  };
}

/** The dashboard with the panel as `change` makes it. */
export function withPanel(json: unknown, key: string, change: (panel: EditedPanel) => Json): unknown {
  const panel = editedPanel(json, key);
  const path = panelPath(json, key);
  return panel && path ? withValue(json, path, change(panel)) : json;
}

/** A part, or what is within it. */
export function partOf({ form, json }: EditedPanel, part: PanelPart, within: Path = []): unknown {
  return valueAt(json, [...PARTS[part][form], ...within]);
}

/** The JSON of the panel with another value; undefined removes it. */
export function withPart({ form, json }: EditedPanel, part: PanelPart, within: Path, value: unknown): Json {
  return record(withValue(json, [...PARTS[part][form], ...within], value));
}

export function typeOf({ form, json }: EditedPanel): string {
  if (form === "classic") return string(json.type) || "text";
  const { group, kind } = record(valueAt(json, ["spec", "vizConfig"]));
  return string(group) || string(kind);
}

/** Another type; the options of all types stay, because each type reads its own. */
export function withType(panel: EditedPanel, type: string): Json {
  const { form, json } = panel;
  if (form === "classic") return { ...json, type };
  const viz: Path = ["spec", "vizConfig"];
  const name = record(valueAt(json, viz)).group === undefined ? "kind" : "group";
  return record(withValue(json, [...viz, name], type));
}

/** A query of a panel, whatever the form. */
export interface EditedQuery {
  refId: string;
  hidden: boolean;
  dataSource: DataSourceRef | null;
  /** The fields of the query itself. */
  spec: Json;
}

export function queriesOf(panel: EditedPanel): EditedQuery[] {
  return list(partOf(panel, "queries")).map((item) => {
    if (panel.form === "classic") {
      const { refId, hide, datasource, ...spec } = record(item);
      return { refId: string(refId), hidden: hide === true, dataSource: readDataSource(datasource), spec };
    }
    const { refId, hidden, query, datasource } = record(record(item).spec);
    const { kind, group, spec, datasource: own } = record(query);
    const source = readDataSource(own) ?? readDataSource(datasource);
    const type = string(group) || (kind === "DataQuery" ? "" : string(kind)) || (source?.type ?? "");
    const ref = type === "" && !source ? null : { type, uid: source?.uid ?? "" };
    return { refId: string(refId), hidden: hidden === true, dataSource: ref, spec: record(spec) };
  });
}

/** The JSON of a query with a field of it changed; undefined removes the field. */
export function withQueryField(form: Form, item: unknown, name: string, value: unknown): unknown {
  return withValue(item, form === "classic" ? [name] : ["spec", "query", "spec", name], value);
}

export function withRefId(form: Form, item: unknown, refId: string): unknown {
  return withValue(item, form === "classic" ? ["refId"] : ["spec", "refId"], refId);
}

/** Without the key unless it is true, as Grafana writes it; in v2 the key is required. */
export function withHidden(form: Form, item: unknown, hidden: boolean): unknown {
  if (form === "v2") return withValue(item, ["spec", "hidden"], hidden);
  return withValue(item, ["hide"], hidden ? true : undefined);
}

/** Null is the default source. */
export function withDataSource(form: Form, item: unknown, source: DataSourceRef | null): unknown {
  if (form === "classic") return withValue(item, ["datasource"], source ? { ...source } : undefined);
  const query = record(record(record(item).spec).query);
  const alpha = query.group === undefined && query.kind !== undefined && query.kind !== "DataQuery";
  if (alpha) {
    const typed = source ? withValue(item, ["spec", "query", "kind"], source.type) : item;
    return withValue(typed, ["spec", "datasource"], source ? { ...source } : undefined);
  }
  const typed = source ? withValue(item, ["spec", "query", "group"], source.type) : item;
  return withValue(typed, ["spec", "query", "datasource"], source ? { name: source.uid } : undefined);
}

/** The JSON of a new query. */
export function newQuery(form: Form, refId: string, source: DataSourceRef | null): unknown {
  const empty =
    form === "classic"
      ? { refId }
      : {
          kind: "PanelQuery",
          spec: {
            refId,
            hidden: false,
            query: { kind: "DataQuery", group: "prometheus", version: "v0", spec: {} },
          },
        };
  return source ? withDataSource(form, empty, source) : empty;
}

export interface EditedTransformation {
  id: string;
  options: Json;
  disabled: boolean;
}

export function transformationsOf(panel: EditedPanel): EditedTransformation[] {
  return list(partOf(panel, "transformations")).map((item) => {
    const { kind, group, spec, ...own } = record(item);
    const { id, options, disabled } = panel.form === "classic" ? own : record(spec);
    const name = panel.form === "classic" ? string(id) : string(group) || string(id) || string(kind);
    return { id: name, options: record(options), disabled: disabled === true };
  });
}

export function withTransformation(form: Form, item: unknown, part: "options" | "disabled", value: unknown) {
  const given = part === "disabled" && value !== true ? undefined : value;
  return withValue(item, form === "classic" ? [part] : ["spec", part], given);
}

/** `version` is that of the resource. */
export function newTransformation(form: Form, id: string, version: string): unknown {
  if (form === "classic") return { id, options: {} };
  return /\/v2(alpha|beta)/.test(version)
    ? { kind: id, spec: { id, options: {} } }
    : { kind: "Transformation", group: id, spec: { options: {} } };
}

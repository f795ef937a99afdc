/** The JSON of dashboards as text, and what is changed in it before it is saved. */
import { record } from "../../api/decode";
import { parseJson, stringifyJson } from "../../format/exact-json";

/** With two spaces, as Grafana writes it. Throws an error with the place of what is no JSON. */
export function prettyJson(text: string): string {
  // The parser of the browser has the better messages.
  JSON.parse(text);
  return stringifyJson(parseJson(text), 2);
}

/** The text of a dashboard as a new one: without its identifiers, and with another title. */
export function asNew(text: string, title: string): string {
  return stringifyJson(renamed(record(parseJson(text)), title), 2);
}

function renamed(json: Record<string, unknown>, title: string): Record<string, unknown> {
  const { dashboard, spec, metadata } = json;
  if (typeof spec === "object" && spec !== null) {
    const { name: _name, uid: _uid, ...rest } = record(metadata);
    return { ...json, metadata: rest, spec: { ...renamed(record(spec), title) } };
  }
  if (typeof dashboard === "object" && dashboard !== null && !Object.hasOwn(json, "panels"))
    return renamed(record(dashboard), title);
  const { uid: _uid, id: _id, version: _version, ...rest } = json;
  return { ...rest, title };
}

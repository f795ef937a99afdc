/** Reads a dashboard from Grafana's JSON in any of its forms. */
import { record, string } from "../api/decode";
import { readClassic } from "./classic";
import type { DashboardModel } from "./model";
import { readV2 } from "./v2";

/**
 * The dashboard in the JSON: a classic dashboard of any version, alone or in the answer of Grafana's API, or a resource
 * of the schemas v1 and v2. Throws an error with a message for people when the JSON is no dashboard; odd values in one
 * are left out.
 */
export function readDashboard(json: unknown): DashboardModel {
  const given = record(json);
  if (Object.keys(given).length === 0) throw new Error("A dashboard is a JSON object, and this is none.");
  const { apiVersion, kind, spec, metadata, dashboard } = given;
  if (typeof apiVersion === "string") {
    if (kind !== "Dashboard" && kind !== "DashboardWithAccessInfo")
      throw new Error(`This is a resource of the kind "${string(kind)}", and not a dashboard.`);
    const uid = string(record(metadata).name);
    const body = record(spec);
    if (Object.hasOwn(body, "elements") || apiVersion.includes("/v2")) return readV2(body, uid);
    // GrafanaDashboard and the like have the classic JSON in `spec`, with the uid in the metadata.
    return readClassic({ ...body, uid: string(body.uid) || uid });
  }
  if (Object.hasOwn(given, "elements") && Object.hasOwn(given, "layout")) return readV2(given, "");
  const inner = record(dashboard);
  if (Object.keys(inner).length > 0 && !Object.hasOwn(given, "panels")) return readDashboard(inner);
  if (!isClassic(given)) throw new Error("This JSON has neither a title nor panels, and is no dashboard.");
  return readClassic(given);
}

function isClassic(given: Record<string, unknown>): boolean {
  return ["title", "panels", "rows", "schemaVersion", "templating"].some((key) => Object.hasOwn(given, key));
}

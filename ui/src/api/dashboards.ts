/** `/api/dashboards` and `/api/data-sources`: the files of dashboards, and what their panels ask. */
import { list, record } from "./decode";
import type {
  Dashboard,
  DashboardEntry,
  DashboardList,
  DashboardRevision,
  DataSourceEntry,
  JsonValue,
} from "./generated";
import { request } from "./http";

const PATH = "/api/dashboards";
const pathOf = (uid: string) => `${PATH}/${encodeURIComponent(uid)}`;

export async function fetchDashboards(signal?: AbortSignal): Promise<DashboardList> {
  const { dashboards, problems } = record(await request(PATH, { signal })) as Partial<DashboardList>;
  return { dashboards: dashboards ?? [], problems: problems ?? [] };
}

export async function fetchDashboard(uid: string, signal?: AbortSignal): Promise<Dashboard> {
  return (await request(pathOf(uid), { signal })) as Dashboard;
}

/**
 * Writes the text of the JSON to the file. Fails with status 409 when the file is no longer that of `version`; null
 * overwrites whatever it is.
 */
export async function saveDashboard(
  uid: string,
  text: string,
  version: string | null,
): Promise<DashboardEntry> {
  return (await request(pathOf(uid), { method: "PUT", json: bodyOf(text, version) })) as DashboardEntry;
}

export async function createDashboard(text: string): Promise<DashboardEntry> {
  return (await request(PATH, { json: bodyOf(text, null) })) as DashboardEntry;
}

/** The server writes the file as it is sent: with its lines and the digits of its numbers. */
function bodyOf(text: string, version: string | null): string {
  return `{"base_version":${JSON.stringify(version)},"dashboard":${text}}`;
}

/** Only a dashboard of the data folder can be deleted. */
export async function deleteDashboard(uid: string): Promise<void> {
  await request(pathOf(uid), { method: "DELETE" });
}

/** What the dashboard was before its saves, newest first. */
export async function fetchHistory(uid: string, signal?: AbortSignal): Promise<DashboardRevision[]> {
  return list(await request(`${pathOf(uid)}/history`, { signal })) as DashboardRevision[];
}

export async function fetchRevision(uid: string, revision: string, signal?: AbortSignal): Promise<JsonValue> {
  const path = `${pathOf(uid)}/history/${encodeURIComponent(revision)}`;
  return (await request(path, { signal })) as JsonValue;
}

/** The data sources of Grafana's provisioning. */
export async function fetchDataSources(signal?: AbortSignal): Promise<DataSourceEntry[]> {
  return list(await request("/api/data-sources", { signal })) as DataSourceEntry[];
}

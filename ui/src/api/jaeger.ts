/** The parts of the Jaeger query API that fill the search form: services and their operations. */

import { list, record, string, strings } from "./decode";
import { request } from "./http";

const BASE = "/jaeger/api";

export async function services(signal?: AbortSignal): Promise<string[]> {
  return strings(record(await request(`${BASE}/services`, { signal })).data).sort();
}

/** Operation names; both of Jaeger's shapes (names, or objects with a kind) are read. */
export async function operations(service: string, signal?: AbortSignal): Promise<string[]> {
  const body = record(
    await request(`${BASE}/services/${encodeURIComponent(service)}/operations`, { signal }),
  );
  const names = list(body.data).map((item) => (typeof item === "string" ? item : string(record(item).name)));
  return [...new Set(names)].filter(Boolean).sort();
}

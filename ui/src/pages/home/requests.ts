/** TraceQL for the requests of a service. */
import { quote } from "../../url/links";
import type { Service } from "./service-health";

export function requestsQuery({ name, hasRequests }: Service, ...conditions: string[]): string {
  const requests = hasRequests ? ["(kind = server || kind = consumer || nestedSetParent < 0)"] : [];
  return `{ ${[`resource.service.name = ${quote(name)}`, ...requests, ...conditions].join(" && ")} }`;
}

/** The slowest of them. */
export function slowestQuery(service: Service): string {
  const { p95Ms } = service.totals;
  return requestsQuery(service, ...(p95Ms > 0 ? [`duration >= ${Math.floor(p95Ms * 1e6)}ns`] : []));
}

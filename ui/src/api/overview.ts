/** `GET /api/overview`: received data by signal, service and receiver. */
import { record } from "./decode";
import type { Overview } from "./generated";
import { ApiError, request } from "./http";

export type SignalName = keyof Overview["signals"];
export const SIGNALS: readonly SignalName[] = ["spans", "logs", "metrics"];

export async function fetchOverview(signal?: AbortSignal): Promise<Overview> {
  const answer = await request("/api/overview", { signal });
  // The page and its server are one binary; only something between them answers otherwise.
  if (!record(answer).signals) throw new ApiError("/api/overview did not answer with an overview", 502);
  return answer as Overview;
}

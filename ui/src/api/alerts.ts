/** The number of alerts that fire and that nothing mutes. */
import { list, record } from "./decode";
import { ApiError, request } from "./http";

const PATHS = ["/prometheus/api/v1/alerts", "/loki/prometheus/api/v1/alerts"];

export async function fetchFiringCount(signal?: AbortSignal): Promise<number> {
  const parameters = { active: "true", silenced: "false", inhibited: "false" };
  try {
    return list(await request("/alertmanager/api/v2/alerts", { parameters, signal })).length;
  } catch (error) {
    // Without an Alertmanager nothing is silenced.
    if (!(error instanceof ApiError) || error.kind !== "not-found") throw error;
  }
  const answers = await Promise.all(PATHS.map((path) => request(path, { signal })));
  return answers
    .flatMap((answer) => list(record(record(answer).data).alerts))
    .filter((alert) => record(alert).state === "firing").length;
}

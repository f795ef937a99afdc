/** `/api/alerting`: notifications, the tree of routes, tests of receivers, and the files of rules. */
import { labels, list, number, record, string, strings } from "./decode";
import type {
  IntegrationTest,
  NotificationEntry,
  RouteNode,
  RouteTestAnswer,
  RuleFileEntry,
  RuleFileSave,
} from "./generated";
import { ApiError, request } from "./http";
import type { Labels } from "./prometheus";

const PATH = "/api/alerting";

/** The newest first. */
export async function fetchNotifications(signal?: AbortSignal): Promise<NotificationEntry[]> {
  const { notifications } = record(await request(`${PATH}/notifications`, { signal }));
  return list(notifications).map((value) => {
    const body = record(value);
    return {
      at_unix_ms: number(body.at_unix_ms),
      receiver: string(body.receiver),
      integration: string(body.integration),
      index: number(body.index),
      group_key: string(body.group_key),
      group_labels: labels(body.group_labels),
      reason: string(body.reason),
      alerts: list(body.alerts).map((alert) => ({
        labels: labels(record(alert).labels),
        is_firing: record(alert).is_firing === true,
      })),
      error: typeof body.error === "string" ? body.error : null,
      attempts: number(body.attempts),
      duration_ms: number(body.duration_ms),
      message: string(body.message),
    };
  });
}

/** Null when the server has no routes. */
export async function fetchRoutes(signal?: AbortSignal): Promise<RouteNode | null> {
  try {
    return readRoute(await request(`${PATH}/routes`, { signal }), 0);
  } catch (error) {
    if (error instanceof ApiError && error.kind === "not-found") return null;
    throw error;
  }
}

const DEPTH_MAX = 50;

function readRoute(value: unknown, depth: number): RouteNode {
  const body = record(value);
  return {
    id: string(body.id),
    receiver: string(body.receiver),
    integrations: strings(body.integrations),
    matchers: strings(body.matchers),
    group_by: strings(body.group_by),
    group_wait_s: number(body.group_wait_s),
    group_interval_s: number(body.group_interval_s),
    repeat_interval_s: number(body.repeat_interval_s),
    continues: body.continues === true,
    mute_time_intervals: strings(body.mute_time_intervals),
    active_time_intervals: strings(body.active_time_intervals),
    line: number(body.line),
    routes: depth < DEPTH_MAX ? list(body.routes).map((route) => readRoute(route, depth + 1)) : [],
  };
}

/** Where an alert with these labels would go. */
export async function testRoutes(given: Labels, signal?: AbortSignal): Promise<RouteTestAnswer> {
  const answer = record(await request(`${PATH}/routes/test`, { json: { labels: given }, signal }));
  return { routes: strings(answer.routes), receivers: strings(answer.receivers) };
}

/** Sends a message to every integration of the receiver. */
export async function testReceiver(name: string): Promise<IntegrationTest[]> {
  const answer = await request(`${PATH}/receivers/${encodeURIComponent(name)}/test`, { json: {} });
  return list(record(answer).results).map((value) => {
    const { integration, index, error, message } = record(value);
    return {
      integration: string(integration),
      index: number(index),
      error: typeof error === "string" ? error : null,
      message: string(message),
    };
  });
}

export async function fetchRuleFiles(signal?: AbortSignal): Promise<RuleFileEntry[]> {
  const { files } = record(await request(`${PATH}/rule-files`, { signal }));
  return list(files).map((value) => {
    const { file, name, content } = record(value);
    return { file: string(file), name: string(name) || null, content: string(content) };
  });
}

/**
 * Writes the text of a file of the data folder; an empty text removes it. Fails with status 409 when the file is no
 * longer what was read.
 */
export async function saveRuleFile(name: string, save: RuleFileSave): Promise<void> {
  await request(`${PATH}/rule-files/${encodeURIComponent(name)}`, { method: "PUT", json: save });
}

/** `POST /api/alerting/replay`: what rules and routes would have done over stored history. */
import { labels, list, number, record, string } from "./decode";
import type { ReplayAnswer, ReplayedEpisode, ReplayedRule, ReplayRequest } from "./generated";
import { request } from "./http";

export async function replay(wanted: ReplayRequest, signal?: AbortSignal): Promise<ReplayAnswer> {
  const body = record(await request("/api/alerting/replay", { json: wanted, signal }));
  return {
    rules: list(body.rules).map(readRule),
    integrations: list(body.integrations).map((value) => {
      const { receiver, integration, index, messages } = record(value);
      return {
        receiver: string(receiver),
        integration: string(integration),
        index: number(index),
        messages: number(messages),
      };
    }),
    notifications: list(body.notifications).map((value) => {
      const sent = record(value);
      return {
        at_unix_ms: number(sent.at_unix_ms),
        receiver: string(sent.receiver),
        integration: string(sent.integration),
        index: number(sent.index),
        reason: string(sent.reason),
        group_labels: labels(sent.group_labels),
        alerts: list(sent.alerts).map((alert) => ({
          labels: labels(record(alert).labels),
          is_firing: record(alert).is_firing === true,
        })),
        alerts_total: number(sent.alerts_total),
      };
    }),
    notifications_total: number(body.notifications_total),
  };
}

function readRule(value: unknown): ReplayedRule {
  const body = record(value);
  return {
    file: string(body.file),
    group: string(body.group),
    name: string(body.name),
    is_alerting: body.is_alerting === true,
    active_total: number(body.active_total),
    fired_total: number(body.fired_total),
    firing_s: number(body.firing_s),
    episodes: list(body.episodes).map(readEpisode),
    failures: number(body.failures),
    last_failure: string(body.last_failure) || null,
  };
}

function readEpisode(value: unknown): ReplayedEpisode {
  const body = record(value);
  return {
    labels: labels(body.labels),
    annotations: labels(body.annotations),
    active_unix_ms: number(body.active_unix_ms),
    fired_unix_ms: timeOf(body.fired_unix_ms),
    ended_unix_ms: timeOf(body.ended_unix_ms),
    peak: string(body.peak),
  };
}

function timeOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

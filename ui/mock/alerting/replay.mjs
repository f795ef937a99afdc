// @ts-check
/**
 * What the rules of the mock would have done: its alerts, with the hold times of the given text. An alert that the mock
 * does not have fires all the time.
 */
/** @import { ReplayAnswer, ReplayedEpisode, ReplayedNotification, ReplayedRule, ReplayRequest } from "../../src/api/generated" */
/** @import { Alert } from "./evaluate.mjs" */
import { ALERTS } from "./evaluate.mjs";
import { routesOf } from "./routes.mjs";
import { GROUPS } from "./rules.mjs";

/** @typedef {{ file: string, group: string, name: string, isAlerting: boolean, forMs: number, error?: string | undefined }} Rule */

/** @type {() => Rule[]} */
const used = () =>
  GROUPS.flatMap(({ file, name: group, rules }) =>
    rules.map(({ alert, record, forS = 0, error }) => ({
      file,
      group,
      name: alert ?? record ?? "",
      isAlerting: alert !== undefined,
      forMs: forS * 1_000,
      error,
    })),
  );

/** The rules of a text, which is read as far as the mock needs; or what is wrong with it. */
/** @type {(file: string, content: string) => Rule[] | string} */
function parsed(file, content) {
  const lines = content.split("\n");
  if (content.trim() !== "" && !/^groups:/m.test(content)) return `adopt: ${file}:1: field groups not found`;
  const bad = lines.findIndex((line) => /^\s*expr:\s*$/.test(line));
  if (bad >= 0) return `adopt: ${file}:${bad + 1}: field 'expr' must be set in rule`;
  /** @type {Rule[]} */
  const rules = [];
  let group = "";
  for (const line of lines) {
    group = /^\s*-\s+name:\s*(\S+)/.exec(line)?.[1] ?? group;
    const [, kind, text = ""] = /^\s*-\s+(alert|record):\s*(".*"|\S+)/.exec(line) ?? [];
    const name = text.startsWith('"') ? JSON.parse(text) : text;
    if (kind) rules.push({ file, group, name, isAlerting: kind === "alert", forMs: 0 });
    const [, count, unit] = /^\s+for:\s*(\d+)([smh])/.exec(line) ?? [];
    const last = rules.at(-1);
    if (count && last)
      last.forMs = Number(count) * (unit === "h" ? 3_600_000 : unit === "m" ? 60_000 : 1_000);
  }
  return rules;
}

/** @type {(alert: ReturnType<typeof alertsOf>[number], rule: Rule, fromMs: number, toMs: number) => ReplayedEpisode[]} */
function episodesOf({ labels, annotations, value, activeMs, endMs }, { forMs }, fromMs, toMs) {
  const active = Math.max(activeMs, fromMs);
  if (active > toMs || endMs < fromMs) return [];
  const fired = active + forMs;
  return [
    {
      labels,
      annotations,
      active_unix_ms: active,
      fired_unix_ms: fired <= Math.min(endMs, toMs) ? fired : null,
      ended_unix_ms: endMs <= toMs ? endMs : null,
      peak: String(value),
    },
  ];
}

const KNOWN = new Set(GROUPS.flatMap(({ rules }) => rules.map(({ alert }) => alert)));

/** @type {(rule: Rule) => Pick<Alert, "labels" | "annotations" | "value" | "activeMs" | "endMs">[]} */
function alertsOf({ name, isAlerting }) {
  if (!isAlerting) return [];
  if (KNOWN.has(name)) return ALERTS.filter(({ labels }) => labels.alertname === name);
  return [
    { labels: { alertname: name }, annotations: {}, value: 1, activeMs: 0, endMs: Number.POSITIVE_INFINITY },
  ];
}

/** @type {(rule: Rule, given: ReplayRequest) => ReplayedRule} */
function replayedRule(rule, { from_unix_ms, to_unix_ms }) {
  const episodes = alertsOf(rule).flatMap((alert) => episodesOf(alert, rule, from_unix_ms, to_unix_ms));
  const fired = episodes.filter(({ fired_unix_ms }) => fired_unix_ms !== null);
  const firingMs = fired.reduce(
    (sum, { fired_unix_ms, ended_unix_ms }) => sum + (ended_unix_ms ?? to_unix_ms) - (fired_unix_ms ?? 0),
    0,
  );
  return {
    file: rule.file,
    group: rule.group,
    name: rule.name,
    is_alerting: rule.isAlerting,
    active_total: episodes.length,
    fired_total: fired.length,
    firing_s: firingMs / 1_000,
    episodes,
    failures: rule.error ? 12 : 0,
    last_failure: rule.error ?? null,
  };
}

/** One for each alert that fired, by the routes of the mock or to the first receiver of a text. */
/** @type {(rules: ReplayedRule[], alertmanager: string | null) => ReplayedNotification[]} */
function messages(rules, alertmanager) {
  const receiver = /receiver:\s*(\S+)/.exec(alertmanager ?? "")?.[1] ?? "";
  const targets = (/** @type {Record<string, string>} */ labels) =>
    alertmanager === null
      ? routesOf(labels).map((route) => ({ ...route, integration: route.integrations[0] ?? "" }))
      : [{ receiver, integration: "webhook", group_by: ["alertname"], group_wait_s: 30 }];
  /** @type {Map<string, ReplayedNotification>} */
  const groups = new Map();
  for (const { labels, fired_unix_ms } of rules.flatMap(({ episodes }) => episodes)) {
    if (fired_unix_ms === null) continue;
    for (const { receiver, integration, group_by, group_wait_s } of targets(labels)) {
      const group_labels = Object.fromEntries(group_by.map((name) => [name, labels[name] ?? ""]));
      const key = JSON.stringify([receiver, group_labels]);
      const at_unix_ms = fired_unix_ms + group_wait_s * 1_000;
      const reason = "first notification";
      const base = {
        at_unix_ms,
        receiver,
        integration,
        index: 0,
        reason,
        group_labels,
        alerts: [],
        alerts_total: 0,
      };
      const message = groups.get(key) ?? base;
      const alerts = [...message.alerts, { labels, is_firing: true }];
      groups.set(key, { ...message, alerts, alerts_total: alerts.length });
    }
  }
  return [...groups.values()].sort((left, right) => left.at_unix_ms - right.at_unix_ms);
}

/** The answer, or what is wrong with the texts. @type {(given: ReplayRequest, empty: boolean) => ReplayAnswer | string} */
export function replay(given, empty) {
  const { alertmanager, rules: files } = given;
  if (alertmanager !== null && !/^route:/m.test(alertmanager))
    return "adopt: alertmanager.yml:1: no route provided in config";
  const read =
    files === null ? [empty ? [] : used()] : files.map(({ file, content }) => parsed(file, content));
  const problem = read.find((rules) => typeof rules === "string");
  if (typeof problem === "string") return problem;
  const rules = read.flatMap((found) => (typeof found === "string" ? [] : found));
  const replayed = rules.map((rule) => replayedRule(rule, given));
  const notifications = messages(replayed, alertmanager);
  const counts = new Map();
  for (const { receiver, integration } of notifications) {
    const key = `${receiver} ${integration}`;
    const before = counts.get(key) ?? { receiver, integration, index: 0, messages: 0 };
    counts.set(key, { ...before, messages: before.messages + 1 });
  }
  return {
    rules: replayed,
    integrations: [...counts.values()],
    notifications,
    notifications_total: notifications.length,
  };
}

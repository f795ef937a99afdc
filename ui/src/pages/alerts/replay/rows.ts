/** Joins what two versions would have done: the same rules beside each other, and all messages in order of time. */
import { keyOf } from "../../../alerts/matchers";
import type {
  ReplayAnswer,
  ReplayedEpisode,
  ReplayedIntegration,
  ReplayedNotification,
  ReplayedRule,
} from "../../../api/generated";
import type { Labels } from "../../../api/prometheus";
import { VERSIONS, type VersionName } from "./source";

/** What each version has; null when it has no such thing. */
export type Both<T> = Record<VersionName, T | null>;
export type Answers = Both<ReplayAnswer>;

/** The versions that have something. */
function present<T>(both: Both<T>): [VersionName, T][] {
  return VERSIONS.flatMap((version): [VersionName, T][] => {
    const value = both[version];
    return value === null ? [] : [[version, value]];
  });
}

export interface RuleRow {
  key: string;
  opens: true;
  name: string;
  group: string;
  isAlerting: boolean;
  rules: Both<ReplayedRule>;
}

/** Rules that did something first. Names make the same rule: a rule keeps its name when it moves to another file. */
export function ruleRows(answers: Answers, find = ""): RuleRow[] {
  const rows = new Map<string, RuleRow>();
  for (const [version, answer] of present(answers)) {
    const seen = new Map<string, number>();
    for (const rule of answer.rules) {
      const count = (seen.get(rule.name) ?? 0) + 1;
      seen.set(rule.name, count);
      const key = count > 1 ? `${rule.name} #${count}` : rule.name;
      const row = rows.get(key) ?? {
        key,
        opens: true,
        name: rule.name,
        group: rule.group,
        isAlerting: rule.is_alerting,
        rules: { A: null, B: null },
      };
      row.rules[version] = rule;
      rows.set(key, row);
    }
  }
  const has = wordsIn(find);
  return [...rows.values()]
    .filter((row) => has(textOf(row)))
    .sort((left, right) => rankOf(right) - rankOf(left));
}

function rankOf({ rules }: RuleRow): number {
  const some = (count: (rule: ReplayedRule) => number) => present(rules).some(([, rule]) => count(rule) > 0);
  if (some((rule) => rule.fired_total)) return 3;
  if (some((rule) => rule.failures)) return 2;
  return some((rule) => rule.active_total) ? 1 : 0;
}

function textOf({ name, rules }: RuleRow): string {
  const parts = present(rules).flatMap(([, { file, group, last_failure, episodes }]) => [
    file,
    group,
    last_failure ?? "",
    ...episodes.map((one) => pairs(one.labels)),
  ]);
  return [name, ...parts].join("\n");
}

const pairs = (labels: Labels) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");

function wordsIn(find: string): (text: string) => boolean {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}

/** The episodes of one alert, which its labels make. */
export interface AlertLanes {
  key: string;
  labels: Labels;
  episodes: Record<VersionName, ReplayedEpisode[]>;
}

export function alertLanes(rules: Both<ReplayedRule>): AlertLanes[] {
  const lanes = new Map<string, AlertLanes>();
  for (const [version, { episodes }] of present(rules)) {
    for (const episode of episodes) {
      const key = keyOf(episode.labels);
      const lane = lanes.get(key) ?? { key, labels: episode.labels, episodes: { A: [], B: [] } };
      lane.episodes[version].push(episode);
      lanes.set(key, lane);
    }
  }
  return [...lanes.values()];
}

export interface MessageRow {
  key: string;
  opens: true;
  version: VersionName;
  message: ReplayedNotification;
}

export function messageRows(answers: Answers, find = ""): MessageRow[] {
  const has = wordsIn(find);
  const rows = present(answers).flatMap(([version, { notifications }]) =>
    notifications.map(
      (message, index): MessageRow => ({ key: `${version}${index}`, opens: true, version, message }),
    ),
  );
  return rows
    .filter(({ message }) => has(messageText(message)))
    .sort((left, right) => left.message.at_unix_ms - right.message.at_unix_ms);
}

function messageText(message: ReplayedNotification): string {
  const { receiver, integration, reason, group_labels, alerts } = message;
  return [
    receiver,
    integration,
    reason,
    pairs(group_labels),
    ...alerts.map(({ labels }) => pairs(labels)),
  ].join("\n");
}

export interface IntegrationRow {
  key: string;
  name: string;
  integration: string;
  messages: Both<number>;
}

export function integrationRows(answers: Answers): IntegrationRow[] {
  const rows = new Map<string, IntegrationRow>();
  const none = { A: answers.A && 0, B: answers.B && 0 };
  for (const [version, { integrations }] of present(answers)) {
    for (const one of integrations) {
      const key = `${one.receiver} ${one.integration} ${one.index}`;
      const row = rows.get(key) ?? {
        key,
        name: one.receiver,
        integration: integrationName(one),
        messages: { ...none },
      };
      row.messages[version] = one.messages;
      rows.set(key, row);
    }
  }
  const most = ({ messages }: IntegrationRow) => Math.max(...present(messages).map(([, count]) => count));
  return [...rows.values()].sort((left, right) => most(right) - most(left));
}

/** `slack`, and `slack 2` for the second one of a receiver. */
export function integrationName({ integration, index }: Omit<ReplayedIntegration, "messages">): string {
  return index > 0 ? `${integration} ${index + 1}` : integration;
}

/** How many alerts fired, and for how long. */
export function sumOf(answer: ReplayAnswer): { fired: number; firingMs: number; failures: number } {
  const sum = (value: (rule: ReplayedRule) => number) =>
    answer.rules.reduce((total, rule) => total + value(rule), 0);
  return {
    fired: sum((rule) => rule.fired_total),
    firingMs: sum((rule) => rule.firing_s) * 1_000,
    failures: sum((rule) => rule.failures),
  };
}

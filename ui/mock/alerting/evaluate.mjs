// @ts-check
/** What the rules answer: `/rules`, `/alerts`, the series of their expressions, and `ALERTS`. */
/** @import { Active, Group, Labels, Rule } from "./rules.mjs" */
import { GROUPS, NEVER_SEEN } from "./rules.mjs";

const STARTED_MS = Date.now();
const THRESHOLD = /\s*(?:>|==)\s*([\d.]+)\s*$/;

/** @type {(ms: number) => string} */
const iso = (ms) => new Date(ms).toISOString();

/**
 * @typedef {object} Alert
 * @property {Rule} rule
 * @property {Group} group
 * @property {Labels} labels
 * @property {Labels} annotations
 * @property {number} value
 * @property {number} activeMs
 * @property {number} firingMs
 * @property {number} endMs
 */

/** @type {(template: string, labels: Labels, value: number) => string} */
function expanded(template, labels, value) {
  return template.replace(
    /\{\{\s*\$(labels\.(\w+)|value)\s*(?:\|\s*(\w+))?\s*\}\}/g,
    (_all, kind, name, as) => {
      if (kind !== "value") return labels[name] ?? "";
      if (as === "humanizePercentage") return `${Number((value * 100).toPrecision(4))}%`;
      if (as === "humanize1024") return `${Number((value / 1_048_576).toPrecision(4))}Mi`;
      return as === "humanizeDuration" ? `${value}s` : String(value);
    },
  );
}

/** All alerts of the mock, also those that were resolved. @type {Alert[]} */
export const ALERTS = GROUPS.flatMap((group) =>
  group.rules.flatMap((rule) =>
    (rule.active ?? []).map(({ labels, value, agoS, untilS }) => {
      const activeMs = STARTED_MS - agoS * 1_000;
      return {
        rule,
        group,
        labels: { alertname: rule.alert ?? "", ...labels, ...rule.labels },
        annotations: Object.fromEntries(
          Object.entries(rule.annotations ?? {}).map(([name, text]) => [name, expanded(text, labels, value)]),
        ),
        value,
        activeMs,
        firingMs: activeMs + (rule.forS ?? 0) * 1_000,
        endMs: untilS === undefined ? Number.POSITIVE_INFINITY : STARTED_MS - untilS * 1_000,
      };
    }),
  ),
);

/** @type {(alert: Alert, atMs: number) => "pending" | "firing" | null} */
export function stateAt({ activeMs, firingMs, endMs }, atMs) {
  if (atMs < activeMs || atMs > endMs) return null;
  return atMs >= firingMs ? "firing" : "pending";
}

/** @type {(alert: Alert) => object} */
const alertOf = (alert) => ({
  labels: alert.labels,
  annotations: alert.annotations,
  state: stateAt(alert, Date.now()),
  activeAt: iso(alert.activeMs),
  value: alert.value.toExponential(),
});

/** @type {(rule: Rule, index: number, evaluatedMs: number) => object} */
function ruleOf(rule, index, evaluatedMs) {
  const alerts = ALERTS.filter((alert) => alert.rule === rule && stateAt(alert, Date.now()));
  const states = alerts.map((alert) => stateAt(alert, Date.now()));
  const common = {
    query: rule.expr,
    labels: rule.labels ?? {},
    health: rule.error ? "err" : rule.isNew ? "unknown" : "ok",
    ...(rule.error ? { lastError: rule.error } : {}),
    evaluationTime: rule.isNew ? 0 : 0.0004 + index * 0.0007,
    lastEvaluation: rule.isNew ? "0001-01-01T00:00:00Z" : iso(evaluatedMs),
  };
  if (rule.record) return { ...common, name: rule.record, type: "recording" };
  return {
    ...common,
    name: rule.alert,
    type: "alerting",
    state: states.includes("firing") ? "firing" : states.includes("pending") ? "pending" : "inactive",
    duration: rule.forS ?? 0,
    keepFiringFor: 0,
    annotations: rule.annotations ?? {},
    alerts: alerts.map(alertOf),
  };
}

/** @type {(language: "promql" | "logql") => Group[]} */
const groupsOf = (language) => GROUPS.filter((group) => (group.language ?? "promql") === language);

/** @type {(language: "promql" | "logql", empty: boolean) => object} */
export function rules(language, empty) {
  const groups = (empty ? [] : groupsOf(language)).map(({ name, file, interval, rules }, index) => {
    const everyMs = interval * 1_000;
    const evaluatedMs = Math.floor((Date.now() - index * 1_700) / everyMs) * everyMs + index * 1_700;
    return {
      name,
      file,
      interval,
      limit: 0,
      rules: rules.map((rule, at) => ruleOf(rule, at, evaluatedMs)),
      evaluationTime: 0.0031 + index * 0.0013,
      lastEvaluation: iso(evaluatedMs),
    };
  });
  return { status: "success", data: { groups } };
}

/** @type {(language: "promql" | "logql", empty: boolean) => object} */
export function alerts(language, empty) {
  const groups = new Set(groupsOf(language));
  const active = ALERTS.filter((alert) => groups.has(alert.group) && stateAt(alert, Date.now()));
  return { status: "success", data: { alerts: empty ? [] : active.map(alertOf) } };
}

const NAMES = new Set(
  GROUPS.flatMap(({ rules, language }) =>
    language ? [] : rules.flatMap(({ expr }) => expr.match(/\b[a-z]+_[a-z_]+\b(?=[{[)\s]|$)/g) ?? []),
  ).filter((name) => !NEVER_SEEN.includes(name)),
);
NAMES.add("up");

/** Those of the names that a selector `{__name__=~"a|b"}` has. @type {(selector: string) => string[]} */
export function seenNames(selector) {
  const wanted = /__name__=~"([^"]*)"/.exec(selector)?.[1]?.split("|") ?? [];
  return wanted.filter((name) => NAMES.has(name));
}

/** @type {(text: string) => string} */
const plain = (text) => text.replace(/\s+/g, " ").trim();

/** @typedef {{ metric: Labels, at: (seconds: number) => number | null }} Line */

/** Below the threshold before and after, around the value while it is active. */
/** @type {(active: Active, threshold: number) => Line} */
function lineOf({ labels, value, agoS, untilS = Number.NEGATIVE_INFINITY }, threshold) {
  const low = threshold === 0 ? 1 : Math.min(value, threshold) * 0.7;
  return {
    metric: labels,
    at: (seconds) => {
      const agoNow = STARTED_MS / 1_000 - seconds;
      const high = agoNow <= agoS && agoNow > untilS;
      if (threshold === 0) return high ? value : low;
      const wave = 1 + 0.05 * Math.sin(seconds / 170) + 0.02 * Math.sin(seconds / 41);
      return high ? Math.max(threshold * 1.02, value * wave) : low * wave;
    },
  };
}

/** The series of a query that is the left or right side of a rule's expression; null for other queries. */
/** @type {(query: string) => Line[] | null} */
export function linesOf(query) {
  const wanted = plain(query);
  if (/\bALERTS\b/.test(wanted)) return alertLines(wanted);
  if (wanted === "memory_budget_total_bytes")
    return [{ metric: { __name__: wanted, session_id: ALERTS[0]?.labels.session_id ?? "" }, at: () => 8e8 }];
  for (const rule of GROUPS.flatMap(({ rules }) => rules)) {
    const side = plain(rule.expr.replace(THRESHOLD, "").replace(/ > memory_budget_total_bytes$/, ""));
    if (side !== wanted || (!rule.active && !rule.calm)) continue;
    const threshold = Number(THRESHOLD.exec(rule.expr)?.[1] ?? 8e8);
    const calm = (rule.calm ?? []).map((labels) => ({
      labels,
      value: threshold === 0 ? 1 : threshold * 0.9,
      agoS: Number.NEGATIVE_INFINITY,
    }));
    return [...(rule.active ?? []), ...calm].map((active) => lineOf(active, threshold));
  }
  return null;
}

/** @type {(query: string) => Line[]} */
function alertLines(query) {
  const name = /alertname="([^"]*)"/.exec(query)?.[1];
  const found = ALERTS.filter(({ labels }) => name === undefined || labels.alertname === name);
  if (/timestamp\(/.test(query)) {
    return found.flatMap((alert) => {
      const lastMs = Math.min(alert.endMs, Date.now());
      if (alert.firingMs > lastMs) return [];
      return [{ metric: { ...alert.labels, alertstate: "firing" }, at: () => lastMs / 1_000 }];
    });
  }
  return found.flatMap((alert) =>
    /** @type {const} */ (["pending", "firing"]).map((state) => ({
      metric: { __name__: "ALERTS", ...alert.labels, alertstate: state },
      at: (/** @type {number} */ seconds) => (stateAt(alert, seconds * 1_000) === state ? 1 : null),
    })),
  );
}

/** An alert with what all APIs say of it: the rule that it is of, and what Alertmanager does with it. */
import type { ManagedAlert } from "../api/alertmanager";
import type { Labels, Series } from "../api/prometheus";
import type { Rule, RuleAlert, RuleGroup } from "../api/rules";
import { keyOf } from "./matchers";
import { ALERT_STATES, type AlertState } from "./states";

export interface Alert {
  /** Matchers of all its labels. */
  key: string;
  name: string;
  labels: Labels;
  annotations: Labels;
  state: AlertState;
  /** Since when it fires, or is pending; null when that is not known. */
  sinceMs: number | null;
  /** When it fired last; of a resolved alert. */
  endedMs: number | null;
  /** Of its expression; null when no rule of this server has it. */
  value: number | null;
  rule: Rule | null;
  /** Null while Alertmanager does not know it: only firing alerts are sent. */
  managed: ManagedAlert | null;
}

/** The alerts of all rules, and those that others have sent to Alertmanager. */
export function alertsOf(groups: RuleGroup[], managed: ManagedAlert[]): Alert[] {
  const known = new Known(managed);
  const own = groups
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => rule.alerts.map((alert) => ofRule(rule, alert, known)));
  const foreign = known
    .rest()
    .map((one) => alertOf(one.labels, { managed: one, annotations: one.annotations }));
  return [...own, ...foreign];
}

function ofRule(rule: Rule, { labels, annotations, state, activeMs, value }: RuleAlert, known: Known): Alert {
  const managed = state === "firing" ? known.take(labels) : null;
  const alert = alertOf(labels, {
    rule,
    annotations,
    value,
    managed,
    sinceMs: managed?.startsMs ?? activeMs,
  });
  return state === "pending" ? { ...alert, state } : alert;
}

function alertOf(labels: Labels, part: Partial<Alert>): Alert {
  const { managed = null } = part;
  return {
    key: keyOf(labels),
    name: labels.alertname ?? "",
    labels,
    annotations: {},
    state: stateOf(managed),
    sinceMs: managed?.startsMs ?? null,
    endedMs: null,
    value: null,
    rule: null,
    managed,
    ...part,
  };
}

function stateOf(managed: ManagedAlert | null): AlertState {
  if (managed && managed.silencedBy.length > 0) return "silenced";
  return managed && managed.inhibitedBy.length > 0 ? "inhibited" : "firing";
}

/** The alerts of Alertmanager that are not yet found to be of a rule. */
class Known {
  private readonly byKey = new Map<string, ManagedAlert>();
  private readonly byName = new Map<string, Set<ManagedAlert>>();

  constructor(managed: ManagedAlert[]) {
    for (const alert of managed) {
      this.byKey.set(keyOf(alert.labels), alert);
      const name = alert.labels.alertname ?? "";
      this.byName.set(name, (this.byName.get(name) ?? new Set()).add(alert));
    }
  }

  /** Labels may be added on the way to Alertmanager, as `external_labels` are. */
  take(labels: Labels): ManagedAlert | null {
    const named = this.byName.get(labels.alertname ?? "");
    const pairs = Object.entries(labels);
    const found =
      this.byKey.get(keyOf(labels)) ??
      [...(named ?? [])].find((one) => pairs.every(([name, value]) => one.labels[name] === value));
    if (!found) return null;
    named?.delete(found);
    return found;
  }

  rest(): ManagedAlert[] {
    return [...this.byName.values()].flatMap((alerts) => [...alerts]);
  }
}

const STEP_S_MIN = 30;
const STEPS = 500;

/** When each alert of the last seconds has fired last. The values are seconds, too. */
export function lastFired(seconds: number): string {
  const step = Math.max(STEP_S_MIN, Math.ceil(seconds / STEPS));
  return `max_over_time(timestamp(ALERTS{alertstate="firing"})[${seconds}s:${step}s])`;
}

/** The alerts of an answer to `lastFired` that are no longer active. */
export function resolvedOf(series: Series[], groups: RuleGroup[], current: Alert[]): Alert[] {
  const active = new Set(current.map(({ key }) => key));
  const rules = new Map(groups.flatMap((group) => group.rules).map((rule) => [rule.name, rule]));
  return series.flatMap(({ labels: { alertstate: _state, __name__: _name, ...labels }, values }) => {
    const alert = alertOf(labels, { state: "resolved", endedMs: (values.at(-1) ?? Number.NaN) * 1_000 });
    return active.has(alert.key) ? [] : [{ ...alert, rule: rules.get(alert.name) ?? null }];
  });
}

export type Severity = "critical" | "error" | "warning" | "info" | "none";

const SEVERITIES: Record<string, Severity> = {
  critical: "critical",
  page: "critical",
  emergency: "critical",
  fatal: "critical",
  error: "error",
  high: "error",
  major: "error",
  warning: "warning",
  warn: "warning",
  medium: "warning",
  minor: "warning",
  info: "info",
  low: "info",
  notice: "info",
};
const RANKS: readonly Severity[] = ["critical", "error", "warning", "none", "info"];

/** What the label `severity` means. */
export function severityOf(labels: Labels): Severity {
  const word = (labels.severity ?? "").toLowerCase();
  return Object.hasOwn(SEVERITIES, word) ? (SEVERITIES[word] ?? "none") : "none";
}

/** The most severe first, then the newest. */
export function byUrgency(left: Alert, right: Alert): number {
  return (
    ALERT_STATES.indexOf(left.state) - ALERT_STATES.indexOf(right.state) ||
    RANKS.indexOf(severityOf(left.labels)) - RANKS.indexOf(severityOf(right.labels)) ||
    (right.endedMs ?? right.sinceMs ?? 0) - (left.endedMs ?? left.sinceMs ?? 0) ||
    (left.key < right.key ? -1 : 1)
  );
}

/** What an alert says of itself in one line. */
export function summaryOf({ annotations }: Pick<Alert, "annotations">): string {
  return annotations.summary ?? annotations.title ?? annotations.message ?? annotations.description ?? "";
}

/** The labels that tell an alert from others of its name. */
export function ownLabels({ labels }: Pick<Alert, "labels">): [string, string][] {
  return Object.entries(labels).filter(([name]) => name !== "alertname" && name !== "severity");
}

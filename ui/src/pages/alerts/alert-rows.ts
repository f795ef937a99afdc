/** Filters alerts, and lays them out as rows below their groups. */
import { type Alert, byUrgency, ownLabels } from "../../alerts/alert";
import { matching, parseSearchText } from "../../alerts/matchers";
import { ALERT_STATES, type AlertState } from "../../alerts/states";
import type { AlertGroup } from "../../api/alertmanager";
import type { Labels } from "../../api/prometheus";

export type AlertRow =
  | { kind: "group"; key: string; opens: false; group: Group; open: boolean }
  | { kind: "alert"; key: string; opens: true; alert: Alert; nested: boolean };

export interface Group {
  name: string;
  /** Of Alertmanager's groups. */
  labels: Labels;
  alerts: Alert[];
}

export type StateCounts = Record<AlertState, number>;

export interface AlertFilter {
  find?: string | undefined;
  state?: AlertState | undefined;
  receiver?: string | undefined;
}

/** The alerts that match the text and the receiver, in any state. */
export function found(alerts: Alert[], { find = "", receiver }: AlertFilter): Alert[] {
  const { matchers, words } = parseSearchText(find);
  const matches = matching(matchers);
  return alerts.filter(
    (alert) =>
      matches(alert.labels) &&
      (receiver === undefined || (alert.managed?.receivers.includes(receiver) ?? false)) &&
      (words.length === 0 || words.every((word) => textOf(alert).includes(word))),
  );
}

const texts = new WeakMap<Alert, string>();

function textOf(alert: Alert): string {
  const known = texts.get(alert);
  if (known !== undefined) return known;
  const { labels, annotations } = alert;
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const text = [...pairs, ...Object.values(annotations)].join("\n").toLowerCase();
  texts.set(alert, text);
  return text;
}

export function countStates(alerts: Alert[]): StateCounts {
  const counts = Object.fromEntries(ALERT_STATES.map((state) => [state, 0])) as StateCounts;
  for (const { state } of alerts) counts[state] += 1;
  return counts;
}

/** Resolved alerts are shown only when they are asked for. */
export function inState(alerts: Alert[], state: AlertState | undefined): Alert[] {
  return alerts.filter((alert) => (state === undefined ? alert.state !== "resolved" : alert.state === state));
}

/** By the names of the alerts, those with the most urgent alert first. */
export function byName(alerts: Alert[]): Group[] {
  const groups = new Map<string, Group>();
  for (const alert of [...alerts].sort(byUrgency)) {
    const group = groups.get(alert.name) ?? { name: alert.name, labels: {}, alerts: [] };
    group.alerts.push(alert);
    groups.set(alert.name, group);
  }
  return [...groups.values()];
}

/** By the groups of Alertmanager. An alert that goes to several receivers is in a group of each. */
export function byAlertGroup(alerts: Alert[], groups: AlertGroup[]): Group[] {
  const known = new Map(
    alerts.flatMap((alert) => (alert.managed ? [[alert.managed.fingerprint, alert]] : [])),
  );
  const grouped = groups
    .map(({ receiver, labels, fingerprints }) => ({
      name: receiver,
      labels,
      alerts: fingerprints.flatMap((one) => known.get(one) ?? []).sort(byUrgency),
    }))
    .filter((group) => group.alerts.length > 0);
  grouped.sort((left, right) => {
    const [first, second] = [left.alerts[0], right.alerts[0]];
    return left.name.localeCompare(right.name) || (first && second ? byUrgency(first, second) : 0);
  });
  const rest = alerts.filter(({ managed }) => managed === null).sort(byUrgency);
  return rest.length > 0
    ? [...grouped, { name: "Not sent to a receiver", labels: {}, alerts: rest }]
    : grouped;
}

const keyOfGroup = ({ name, labels }: Group) => `${name} ${JSON.stringify(labels)}`;

/** A group of one alert by its name is only the alert. */
export function rowsOf(groups: Group[], closed: ReadonlySet<string>, always: boolean): AlertRow[] {
  return groups.flatMap((group): AlertRow[] => {
    const nested = always || group.alerts.length > 1;
    const key = keyOfGroup(group);
    const open = !closed.has(key);
    const prefix = always ? `${key} ` : "";
    const rows = group.alerts.map(
      (alert): AlertRow => ({
        kind: "alert",
        key: prefix + alert.key,
        opens: true,
        alert,
        nested: nested && !always,
      }),
    );
    if (!nested) return rows;
    return [{ kind: "group", key, opens: false, group, open }, ...(open ? rows : [])];
  });
}

/** An alert as text, for a ticket or a message. */
export function alertText(alert: Alert, link: string): string {
  const severity = alert.labels.severity ? ` (${alert.labels.severity})` : "";
  const since = alert.sinceMs === null ? "" : ` since ${new Date(alert.sinceMs).toISOString()}`;
  return [
    `${alert.name}${severity}: ${alert.state}${since}`,
    ...Object.entries(alert.annotations).map(([name, text]) => `${name}: ${text}`),
    ownLabels(alert)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(" "),
    ...(alert.value === null ? [] : [`value: ${alert.value}`]),
    ...(alert.rule ? [`expr: ${alert.rule.expr}`] : []),
    link,
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** The alert that the URL names. */
import type { Alert } from "../../alerts/alert";
import { keyOf, matching, parseMatchers } from "../../alerts/matchers";
import type { Alerts } from "../../alerts/use-alerts";

/**
 * The first alert that the matchers match, with the exact one before others. A link outlives its alert: one that is no
 * longer known is shown as resolved, with the labels of the link.
 */
export function shownAlert(
  alerts: Alert[],
  text: string | undefined,
  { alerts: known, groups }: Pick<Alerts, "alerts" | "groups">,
): Alert | null {
  if (text === undefined || known === undefined) return null;
  const matchers = parseMatchers(text);
  if (!matchers || matchers.length === 0) return null;
  const exact = alerts.find(({ key }) => key === text);
  if (exact) return exact;
  const matches = matching(matchers);
  const found = alerts.find(({ labels }) => matches(labels));
  if (found) return found;
  const equal = matchers.filter(({ isEqual, isRegex }) => isEqual && !isRegex);
  const labels = Object.fromEntries(equal.map(({ name, value }) => [name, value]));
  const name = labels.alertname ?? "";
  return {
    key: keyOf(labels),
    name,
    labels,
    annotations: {},
    state: "resolved",
    sinceMs: null,
    endedMs: null,
    value: null,
    rule: groups.flatMap(({ rules }) => rules).find((rule) => rule.name === name) ?? null,
    managed: null,
  };
}

/** Filters and sorts silences. */
import type { SilencesSearch } from "../../alerting-routes";
import type { Alert } from "../../alerts/alert";
import { formatMatchers } from "../../alerts/matchers";
import type { Silence, SilenceState } from "../../api/alertmanager";

export interface SilenceRow {
  key: string;
  opens: true;
  silence: Silence;
  /** The alerts that it silences now. */
  alerts: Alert[];
}

/** An active silence that ends within this time is marked. */
export const SOON_MS = 15 * 60_000;

const ORDER: Record<SilenceState, number> = { active: 0, pending: 1, expired: 2 };

export function rowsOf(
  silences: Silence[],
  alerts: Alert[],
  { find = "", state }: SilencesSearch,
): SilenceRow[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const byId = new Map<string, Alert[]>();
  for (const alert of alerts)
    for (const id of alert.managed?.silencedBy ?? []) byId.set(id, [...(byId.get(id) ?? []), alert]);
  return silences
    .filter(
      (one) => (state === undefined ? one.state !== "expired" : one.state === state) && hasWords(one, words),
    )
    .sort(bySoonest)
    .map((silence) => ({ key: silence.id, opens: true, silence, alerts: byId.get(silence.id) ?? [] }));
}

function hasWords({ matchers, comment, createdBy, id }: Silence, words: string[]): boolean {
  const text = `${formatMatchers(matchers)} ${comment} ${createdBy} ${id}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What changes next is first; of the expired ones what ended last. */
function bySoonest(left: Silence, right: Silence): number {
  const byState = ORDER[left.state] - ORDER[right.state];
  if (byState !== 0) return byState;
  if (left.state === "expired") return right.endsMs - left.endsMs;
  return left.state === "active" ? left.endsMs - right.endsMs : left.startsMs - right.startsMs;
}

export function countSilences(silences: Silence[]): Record<SilenceState, number> {
  const counts = { active: 0, pending: 0, expired: 0 };
  for (const { state } of silences) counts[state] += 1;
  return counts;
}

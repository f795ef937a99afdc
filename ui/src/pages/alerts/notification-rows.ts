/** Filters notifications. */
import type { NotificationsSearch } from "../../alerting-routes";
import type { NotificationEntry } from "../../api/generated";

export interface NotificationRow {
  key: string;
  opens: true;
  entry: NotificationEntry;
}

export function rowsOf(entries: NotificationEntry[], { find = "", receiver, failed }: NotificationsSearch) {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const known = new Map<string, number>();
  return entries
    .map((entry): NotificationRow => {
      const name = `${entry.at_unix_ms} ${entry.receiver} ${entry.integration} ${entry.index}`;
      const count = (known.get(name) ?? 0) + 1;
      known.set(name, count);
      return { key: count > 1 ? `${name} #${count}` : name, opens: true, entry };
    })
    .filter(
      ({ entry }) =>
        (receiver === undefined || entry.receiver === receiver) &&
        (failed === undefined || entry.error !== null) &&
        hasWords(entry, words),
    );
}

function hasWords(
  { group_key, alerts, error, message, integration, receiver }: NotificationEntry,
  words: string[],
) {
  if (words.length === 0) return true;
  const pairs = alerts.flatMap(({ labels }) =>
    Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  );
  const text = [group_key, error ?? "", message, integration, receiver, ...pairs].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** `2 firing`, `1 resolved`. */
export function countAlerts({ alerts }: NotificationEntry): string {
  const firing = alerts.filter(({ is_firing }) => is_firing).length;
  const parts = [
    ...(firing > 0 ? [`${firing} firing`] : []),
    ...(alerts.length > firing ? [`${alerts.length - firing} resolved`] : []),
  ];
  return parts.join(", ");
}

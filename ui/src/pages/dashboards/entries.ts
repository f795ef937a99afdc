/** The list of dashboards: which of them are shown, in which order and groups. */
import type { DashboardEntry } from "../../api/generated";
import type { DashboardsSearch } from "../../routes";

export interface Group {
  /** Empty for dashboards without a folder. */
  name: string;
  entries: DashboardEntry[];
}

/** The starred ones come first, unless the list is of them alone. */
export function groupsOf(
  entries: DashboardEntry[],
  starred: Set<string>,
  { find = "", tag = [], starred: only, sort }: DashboardsSearch,
): Group[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = entries.filter((entry) => {
    const text = [entry.title, entry.folder, entry.file, entry.uid, ...entry.tags].join(" ").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      tag.every((one) => entry.tags.includes(one)) &&
      (only === undefined || starred.has(entry.uid))
    );
  });
  const ordered = kept.sort((left, right) =>
    left.title.localeCompare(right.title, undefined, { numeric: true, sensitivity: "base" }),
  );
  if (sort === "title") return ordered.length > 0 ? [{ name: "", entries: ordered }] : [];
  const folders = new Map<string, DashboardEntry[]>();
  for (const entry of ordered) {
    const name = starred.has(entry.uid) && only === undefined ? STARRED : entry.folder;
    folders.set(name, [...(folders.get(name) ?? []), entry]);
  }
  return [...folders]
    .map(([name, found]) => ({ name, entries: found }))
    .sort((left, right) => rank(left) - rank(right) || left.name.localeCompare(right.name));
}

export const STARRED = "Starred";

function rank({ name }: Group): number {
  return name === STARRED ? 0 : name === "" ? 1 : 2;
}

/** All tags with the number of their dashboards, most frequent first. */
export function tagsOf(entries: DashboardEntry[]): { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const tag of entries.flatMap(({ tags }) => [...new Set(tags)]))
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((left, right) => right.count - left.count || left.tag.localeCompare(right.tag));
}

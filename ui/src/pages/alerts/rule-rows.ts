/** Filters rules, and lays them out as rows below their groups. */
import type { RulesSearch } from "../../alerting-routes";
import type { Rule, RuleGroup } from "../../api/rules";

export type RuleRow =
  | { kind: "group"; key: string; opens: false; group: RuleGroup; open: boolean }
  | { kind: "rule"; key: string; opens: true; rule: Rule; missing: string[] };

/** The metrics that were never received, and without which a rule returns nothing, by the key of the rule. */
export type Missing = ReadonlyMap<string, string[]>;

export type RuleFilter = NonNullable<RulesSearch["state"]>;
export type RuleCounts = Record<RuleFilter | "all", number>;

export function isIn(rule: Rule, filter: RuleFilter | undefined, missing: Missing): boolean {
  switch (filter) {
    case undefined:
      return true;
    case "error":
      return rule.health === "err";
    case "no-data":
      return missing.has(rule.key);
    default:
      return rule.kind === "alerting" && rule.state === filter;
  }
}

export function countRules(groups: RuleGroup[], missing: Missing): RuleCounts {
  const counts: RuleCounts = { all: 0, firing: 0, pending: 0, inactive: 0, error: 0, "no-data": 0 };
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    for (const name of Object.keys(counts) as (keyof RuleCounts)[])
      if (isIn(rule, name === "all" ? undefined : name, missing)) counts[name] += 1;
  }
  return counts;
}

/** The key of a group in the URL. */
export function keyOfGroup({ file, name }: RuleGroup): string {
  return `${file} ${name}`;
}

/** Groups without a rule that matches are left out. */
export function rowsOf(
  groups: RuleGroup[],
  { find = "", state, closed }: RulesSearch,
  missing: Missing,
): RuleRow[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const isClosed = new Set(closed);
  return groups.flatMap((group): RuleRow[] => {
    const rules = group.rules.filter((rule) => isIn(rule, state, missing) && hasWords(rule, words));
    if (rules.length === 0 && (words.length > 0 || state !== undefined)) return [];
    const key = keyOfGroup(group);
    const open = !isClosed.has(key);
    const head: RuleRow = { kind: "group", key: `group ${key}`, opens: false, group, open };
    if (!open) return [head];
    return [
      head,
      ...rules.map((rule): RuleRow => {
        return { kind: "rule", key: rule.key, opens: true, rule, missing: missing.get(rule.key) ?? [] };
      }),
    ];
  });
}

function hasWords({ name, expr, labels, annotations, error, group, file }: Rule, words: string[]): boolean {
  if (words.length === 0) return true;
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  const text = [name, expr, ...pairs, ...Object.values(annotations), error, group, file]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** When a group is evaluated next; null before its first evaluation. */
export function nextMs({ evaluatedMs, intervalMs }: RuleGroup): number | null {
  return evaluatedMs === null || intervalMs <= 0 ? null : evaluatedMs + intervalMs;
}

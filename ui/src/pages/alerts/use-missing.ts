/** Which metrics of the rules were never received: an expression of such a metric can never return anything. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ALERTING_KEY } from "../../alerts/use-alerts";
import { labelValues } from "../../api/prometheus";
import type { RuleGroup } from "../../api/rules";
import { metricNames } from "../../query/promql";
import { escapePattern, quote } from "../../url/links";
import type { Missing } from "./rule-rows";

/** As many as fit into a URL. */
const NAMES_PER_REQUEST = 60;
const NAMES_MAX = 1_200;
const FRESH_MS = 60_000;

export function useMissing(groups: RuleGroup[]): Missing {
  const key = groups
    .flatMap(({ rules, language }) =>
      language === "promql" ? rules.map(({ key, expr }) => `${key}\n${expr}`) : [],
    )
    .join("\n\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key has the expressions of the groups
  const byRule = useMemo(() => namesByRule(groups), [key]);
  const names = useMemo(() => [...new Set([...byRule.values()].flat())].sort().slice(0, NAMES_MAX), [byRule]);
  const seen = useQuery({
    queryKey: [ALERTING_KEY, "seen metrics", names],
    queryFn: ({ signal }) => fetchSeen(names, signal),
    enabled: names.length > 0,
    staleTime: FRESH_MS,
    retry: false,
  });
  return useMemo(() => {
    const found = new Map<string, string[]>();
    if (!seen.data) return found;
    const asked = new Set(names);
    for (const [rule, metrics] of byRule) {
      const missing = metrics.filter((name) => asked.has(name) && !seen.data.has(name));
      if (missing.length > 0) found.set(rule, missing);
    }
    return found;
  }, [byRule, names, seen.data]);
}

function namesByRule(groups: RuleGroup[]): Map<string, string[]> {
  const rules = groups.flatMap(({ rules, language }) => (language === "promql" ? rules : []));
  return new Map(rules.map(({ key, expr }) => [key, metricNames(expr)]));
}

async function fetchSeen(names: string[], signal: AbortSignal): Promise<Set<string>> {
  const batches = Array.from({ length: Math.ceil(names.length / NAMES_PER_REQUEST) }, (_, index) =>
    names.slice(index * NAMES_PER_REQUEST, (index + 1) * NAMES_PER_REQUEST),
  );
  const answers = await Promise.all(
    batches.map((batch) => {
      const selector = `{__name__=~${quote(batch.map(escapePattern).join("|"))}}`;
      return labelValues("__name__", { selectors: [selector] }, signal);
    }),
  );
  return new Set(answers.flat());
}

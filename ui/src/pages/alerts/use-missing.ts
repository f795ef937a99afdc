/** Which rules return nothing because their metrics were never received, and not because all is well. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ALERTING_KEY } from "../../alerts/use-alerts";
import { labelValues } from "../../api/prometheus";
import type { RuleGroup } from "../../api/rules";
import { emptyBecauseOf, metricNames } from "../../query/promql";
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
  const expressions = useMemo(() => expressionsOf(groups), [key]);
  const names = useMemo(
    () => [...new Set([...expressions.values()].flatMap(metricNames))].sort().slice(0, NAMES_MAX),
    [expressions],
  );
  const { data: seen } = useQuery({
    queryKey: [ALERTING_KEY, "seen metrics", names],
    queryFn: ({ signal }) => fetchSeen(names, signal),
    enabled: names.length > 0,
    staleTime: FRESH_MS,
    retry: false,
  });
  return useMemo(() => {
    const found = new Map<string, string[]>();
    if (!seen) return found;
    const asked = new Set(names);
    const isSeen = (name: string) => seen.has(name) || !asked.has(name);
    for (const [rule, expr] of expressions) {
      const missing = emptyBecauseOf(expr, isSeen);
      if (missing.length > 0) found.set(rule, missing);
    }
    return found;
  }, [expressions, names, seen]);
}

function expressionsOf(groups: RuleGroup[]): Map<string, string> {
  const rules = groups.flatMap(({ rules, language }) => (language === "promql" ? rules : []));
  return new Map(rules.map(({ key, expr }) => [key, expr]));
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

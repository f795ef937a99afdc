/** The view that explores the expression of a rule. */
import { conditionOf } from "../../alerts/threshold";
import type { Rule } from "../../api/rules";
import type { RawRange } from "../../time/range";

export interface ExploreLink {
  to: "/explore/metrics" | "/explore/logs";
  search: Record<string, unknown>;
  label: string;
}

/** Without the limit, so that the values below it are seen, too. */
export function exploreLink(
  { expr, language }: Pick<Rule, "expr" | "language">,
  range: RawRange,
): ExploreLink {
  const { query, limit } = conditionOf(expr);
  if (language === "logql")
    return { to: "/explore/logs", search: { query, ...range }, label: "Explore logs" };
  const queries = typeof limit === "string" ? [query, limit] : [query];
  return { to: "/explore/metrics", search: { expr: queries, ...range }, label: "Explore metrics" };
}

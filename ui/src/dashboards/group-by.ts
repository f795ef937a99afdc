/** The labels of group-by variables: in the grouping of every aggregation of a query. */
import { kindOfType, resolveSource } from "./data-sources";
import { nextToken, tokensOf } from "./query-tokens";
import { type DashboardContext, sourceContext } from "./scope";

/** The query with the labels of all group-by variables of its kind of data source. */
export function groupedQuery(query: string, kind: "prometheus" | "loki", context: DashboardContext): string {
  const labels = Object.values(context.variables).flatMap(({ variable, chosen }) => {
    if (variable.type !== "groupby") return [];
    const source = resolveSource({ dataSource: variable.dataSource, spec: {} }, null, sourceContext(context));
    return kindOfType(source.type) === kind ? chosen.values : [];
  });
  return withGrouping(query, labels);
}

const AGGREGATIONS = new Set(
  "sum min max avg group stddev stdvar count count_values bottomk topk approx_topk quantile limitk limit_ratio".split(
    " ",
  ),
);

/** An aggregation `without` labels keeps the others already. */
export function withGrouping(query: string, labels: string[]): string {
  // The name of a label cannot be quoted in both languages.
  const names = [...new Set(labels)].filter((label) => /^[a-zA-Z_]\w*$/.test(label));
  if (names.length === 0) return query;
  const tokens = tokensOf(query);
  const closings = closingBrackets(tokens);
  const inserted = new Map<number, string>();
  let inSelector = false;
  tokens.forEach((token, at) => {
    if (token === "{" || token === "}") inSelector = token === "{";
    if (inSelector || !AGGREGATIONS.has(token.toLowerCase())) return;
    const first = nextToken(tokens, at);
    const after = tokens[first] === "(" ? nextToken(tokens, closings.get(first) ?? tokens.length) : first;
    const word = tokens[after]?.toLowerCase();
    if (word === "by") {
      const open = nextToken(tokens, after);
      const close = closings.get(open);
      if (close === undefined) return;
      const known = tokens.slice(open + 1, close).filter((one) => /^\w/.test(one));
      const added = names.filter((name) => !known.includes(name));
      if (added.length > 0) inserted.set(close, `${known.length > 0 ? ", " : ""}${added.join(", ")}`);
    } else if (word !== "without" && tokens[first] === "(")
      inserted.set(at + 1, ` by (${names.join(", ")}) `);
  });
  return tokens.map((token, at) => (inserted.get(at) ?? "") + token).join("");
}

/** The index of the bracket that closes each bracket. */
function closingBrackets(tokens: string[]): Map<number, number> {
  const found = new Map<number, number>();
  const open: number[] = [];
  tokens.forEach((token, at) => {
    if (token === "(") open.push(at);
    else if (token === ")") found.set(open.pop() ?? -1, at);
  });
  return found;
}

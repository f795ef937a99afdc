/** The filters of ad hoc variables: label matchers in every selector of a query. */
import { kindOfType, resolveSource } from "./data-sources";
import { escapeRegex } from "./formats";
import type { AdHocFilter } from "./model";
import { type DashboardContext, sourceContext } from "./scope";

/** The query with the filters of all ad hoc variables of its kind of data source. */
export function filteredQuery(query: string, kind: "prometheus" | "loki", context: DashboardContext): string {
  const filters = Object.values(context.variables).flatMap(({ variable }) => {
    if (variable.type !== "adhoc" || variable.filters.length === 0) return [];
    const source = resolveSource({ dataSource: variable.dataSource, spec: {} }, null, sourceContext(context));
    return kindOfType(source.type) === kind ? variable.filters : [];
  });
  const matchers = filters.flatMap(matcherOf);
  return matchers.length === 0 ? query : withMatchers(query, matchers, kind === "prometheus");
}

/** None for the operators that compare numbers, because labels are texts. */
export function matcherOf({ key, operator, value }: AdHocFilter): string[] {
  const name = /^[a-zA-Z_]\w*$/.test(key) ? key : JSON.stringify(key);
  switch (operator) {
    case "=":
    case "!=":
    case "=~":
    case "!~":
      return [`${name}${operator}${JSON.stringify(value)}`];
    case "=|":
    case "!=|": {
      const pattern = value.split("|").map(escapeRegex).join("|").replaceAll("\\/", "/");
      return [`${name}${operator === "=|" ? "=~" : "!~"}${JSON.stringify(pattern)}`];
    }
    default:
      return [];
  }
}

const TOKENS =
  /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?|#[^\n]*|\$?\w*\{[^}\n]*\}(?=\s*\])|\$\{[^}]*\}|\$\w+|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|\s+|[\s\S]/g;
const GROUPINGS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const WORDS = new Set(["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", ...GROUPINGS]);

/** `named`: whether a name alone is a selector too, as in PromQL. */
export function withMatchers(query: string, matchers: string[], named: boolean): string {
  const tokens = query.match(TOKENS) ?? [];
  const next = (at: number) => tokens.slice(at + 1).find((token) => !/^(\s+|#.*)$/.test(token)) ?? "";
  let written = "";
  /** The text of an open selector, and the depth of an open list of labels. */
  let selector: string | null = null;
  let labels = 0;
  let grouping = false;
  tokens.forEach((token, at) => {
    if (selector !== null) {
      if (token === "}") {
        written += `${filled(selector, matchers)}}`;
        selector = null;
      } else selector += token;
      return;
    }
    if (token === "{") {
      written += token;
      selector = "";
      return;
    }
    if (token === "(" && (labels > 0 || grouping)) labels += 1;
    else if (token === ")" && labels > 0) labels -= 1;
    const word = token.toLowerCase();
    if (token.trim() !== "") grouping = GROUPINGS.has(word);
    written += token;
    const isName = named && labels === 0 && /^[a-zA-Z_:]/.test(token) && !WORDS.has(word);
    const after = next(at);
    if (isName && !/^[({]$/.test(after) && !GROUPINGS.has(after.toLowerCase()))
      written += `{${matchers.join(", ")}}`;
  });
  return selector === null ? written : written + selector;
}

/** The matchers of a selector and those that it does not have yet. */
function filled(selector: string, matchers: string[]): string {
  const own = selector.trim().replace(/,$/, "");
  const known = own.replace(/\s/g, "");
  const added = matchers.filter((matcher) => !known.includes(matcher.replace(/\s/g, "")));
  return [...(own === "" ? [] : [own]), ...added].join(", ");
}

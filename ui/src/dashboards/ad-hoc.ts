/** The filters of ad hoc variables: label matchers in every selector of a query. */
import { kindOfType, resolveSource } from "./data-sources";
import { escapeRegex } from "./formats";
import type { AdHocFilter } from "./model";
import { nextToken, tokensOf } from "./query-tokens";
import { type DashboardContext, sourceContext } from "./scope";

/** The query with the filters of all ad hoc variables of its kind of data source. */
export function filteredQuery(query: string, kind: "prometheus" | "loki", context: DashboardContext): string {
  const filters = Object.values(context.variables).flatMap(({ variable }) => {
    if (variable.type !== "adhoc") return [];
    const source = resolveSource({ dataSource: variable.dataSource, spec: {} }, null, sourceContext(context));
    return kindOfType(source.type) === kind ? [...variable.baseFilters, ...variable.filters] : [];
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

const GROUPINGS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const WORDS = new Set(["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", ...GROUPINGS]);

/** `named`: whether a name alone is a selector too, as in PromQL, which has no pipelines. */
export function withMatchers(query: string, matchers: string[], named: boolean): string {
  const tokens = tokensOf(query);
  /** Where label filters are added, and which. */
  const filters = new Map<number, string>();
  let written = "";
  /** The text of an open selector, and the depth of an open list of labels. */
  let selector: string | null = null;
  let labels = 0;
  let grouping = false;
  tokens.forEach((token, at) => {
    written += filters.get(at) ?? "";
    if (selector !== null) {
      if (token === "}") {
        const place = named || selector.trim() === "" ? null : filterPlace(tokens, at + 1);
        if (place !== null) filters.set(place, matchers.map((matcher) => ` | ${matcher}`).join(""));
        written += `${place === null ? filled(selector, matchers) : selector}}`;
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
    const after = tokens[nextToken(tokens, at)] ?? "";
    if (isName && !/^[({]$/.test(after) && !GROUPINGS.has(after.toLowerCase()))
      written += `{${matchers.join(", ")}}`;
  });
  written += filters.get(tokens.length) ?? "";
  return selector === null ? written : written + selector;
}

const PARSERS = new Set(["json", "logfmt", "pattern", "regexp", "unpack"]);
const CHANGES = new Set(["line_format", "label_format", "unwrap", "decolorize", "drop", "keep", "distinct"]);

/**
 * In LogQL, the index of the token before which a label filter belongs: after the parsers of a pipeline and the filters
 * that follow them, because a parser may give the label. Null for a pipeline without a parser.
 */
function filterPlace(tokens: string[], from: number): number | null {
  let place: number | null = null;
  let end = from;
  let counts = false;
  for (let at = from; at <= tokens.length; at += 1) {
    const token = tokens[at] ?? ")";
    const last = token === ")" || token === "{" || token.startsWith("[");
    if (last || token === "|") {
      if (counts) place = end;
      if (last) break;
      const word = (tokens[nextToken(tokens, at)] ?? "").toLowerCase();
      const isName = /^[a-z_]/.test(word) && !CHANGES.has(word);
      counts = PARSERS.has(word) || (place !== null && isName);
    }
    if (token.trim() !== "") end = at + 1;
  }
  return place;
}

/** The matchers of a selector and those that it does not have yet. */
function filled(selector: string, matchers: string[]): string {
  const own = selector.trim().replace(/,$/, "");
  const known = own.replace(/\s/g, "");
  const added = matchers.filter((matcher) => !known.includes(matcher.replace(/\s/g, "")));
  return [...(own === "" ? [] : [own]), ...added].join(", ");
}

/** Matchers of labels: their text, and what they match. */
import type { Matcher } from "../api/alertmanager";
import type { Labels } from "../api/prometheus";
import { labelName, quote } from "../url/links";
import { compilePattern } from "./pattern";

const TEXT_MAX = 8_192;
const MATCHERS_MAX = 100;
const NAME = String.raw`"(?:[^"\\]|\\.)*"|[^\s=!~,{}"]+`;
const SIGN = "=~|!~|!=|=";

const operatorOf = ({ isEqual, isRegex }: Matcher) =>
  `${isEqual ? "=" : "!"}${isRegex ? "~" : isEqual ? "" : "="}`;

/** `severity="critical"` */
export function formatMatcher(matcher: Matcher): string {
  return `${labelName(matcher.name)}${operatorOf(matcher)}${quote(matcher.value)}`;
}

/** `{alertname="X", severity=~"a|b"}` */
export function formatMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map(formatMatcher).join(", ")}}`;
}

/** One for each label, in order of names. */
export function matchersOf(labels: Labels): Matcher[] {
  return Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

/** Identifies the alert with these labels. */
export function keyOf(labels: Labels): string {
  return formatMatchers(matchersOf(labels));
}

/** The matchers of a text; null when it has anything else. Braces are optional, and quotes of a value without commas. */
export function parseMatchers(text: string): Matcher[] | null {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text.slice(0, TEXT_MAX))?.[1] ?? text.slice(0, TEXT_MAX);
  const next = new RegExp(
    String.raw`\s*(${NAME})\s*(${SIGN})\s*("(?:[^"\\]|\\.)*"|[^,"{}]*?)\s*(?:,|$)`,
    "y",
  );
  const found: Matcher[] = [];
  while (inner.slice(next.lastIndex).trim() !== "") {
    const match = next.exec(inner);
    if (!match || found.length >= MATCHERS_MAX) return null;
    found.push(matcherOf(match[1] ?? "", match[2] ?? "", match[3] ?? ""));
  }
  return found;
}

function matcherOf(name: string, sign: string, value: string): Matcher {
  return {
    name: unquoted(name),
    value: unquoted(value),
    isRegex: sign.endsWith("~"),
    isEqual: sign.startsWith("="),
  };
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

/** What is searched for: matchers of labels, and words in any text. */
export interface Search {
  matchers: Matcher[];
  words: string[];
}

/** Reads `{severity="critical"} gpu`. A word that has the form of a matcher is one. */
export function parseSearchText(text: string): Search {
  const given = text.slice(0, TEXT_MAX);
  const next = new RegExp(
    String.raw`[\s,{}]*(?:(${NAME})(${SIGN})("(?:[^"\\]|\\.)*"|[^\s,"{}]+)|([^\s,{}]+))`,
    "y",
  );
  const found: Search = { matchers: [], words: [] };
  for (let match = next.exec(given); match !== null; match = next.exec(given)) {
    const [, name, sign = "", value = "", word] = match;
    if (name !== undefined && found.matchers.length < MATCHERS_MAX)
      found.matchers.push(matcherOf(name, sign, value));
    else if (word !== undefined && found.words.length < MATCHERS_MAX) found.words.push(word.toLowerCase());
  }
  return found;
}

/** A test of labels. An expression that cannot be read matches nothing. */
export function matching(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ name, value, isRegex, isEqual }) => {
    const test = isRegex ? compilePattern(value) : (given: string) => given === value;
    return (labels: Labels) => test !== null && test(labels[name] ?? "") === isEqual;
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Why the matchers cannot be those of a silence; null when they can. */
export function matchersProblem(matchers: readonly Matcher[]): string | null {
  if (matchers.length === 0) return "Add at least one matcher.";
  if (matchers.some(({ name }) => name === "")) return "A matcher has no label name.";
  if (matching(matchers)({})) return "The matchers would match every alert. Require a value for one label.";
  return null;
}

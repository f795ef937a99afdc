/** Filters and orders the options of a variable. */
import type { VariableOption, VariableSort } from "./model";

/** Longer texts are not matched: a pattern of a dashboard may take very long. */
const MATCHED_MAX = 2_000;

/** `/pattern/flags`; a pattern without slashes must match the whole text. Throws for people when it cannot be read. */
export function variableRegex(source: string): RegExp {
  const [, body, flags = ""] = /^\/(.*?)\/([gimsuy]*)$/s.exec(source) ?? [];
  try {
    return new RegExp(body ?? `^${source}$`, `${flags.replace(/[gy]/g, "")}g`);
  } catch {
    throw new Error(`The regular expression ${source} cannot be read.`);
  }
}

/**
 * The options that match. The groups `text` and `value` of the pattern, or the first group, are what is taken of an
 * option; a pattern that matches several times makes several options.
 */
export function filterByRegex(
  options: VariableOption[],
  source: string,
  applyTo: "value" | "text",
): VariableOption[] {
  if (source === "") return options;
  const expression = variableRegex(source);
  return options.flatMap((option): VariableOption[] => {
    const matches = [...option[applyTo].slice(0, MATCHED_MAX).matchAll(expression)];
    if (matches.length === 0) return [];
    const value = matches.find((match) => match.groups?.value)?.groups?.value;
    const text = matches.find((match) => match.groups?.text)?.groups?.text;
    if (value !== undefined || text !== undefined)
      return [{ text: text ?? value ?? "", value: value ?? text ?? "" }];
    const groups = matches.filter((match) => match.length > 1).map((match) => match[1] ?? "");
    if (groups.length === 0) return [option];
    return groups.map((group) => ({ text: group, value: group }));
  });
}

export function unique(options: VariableOption[]): VariableOption[] {
  const seen = new Set<string>();
  return options.filter(({ value }) => !seen.has(value) && seen.add(value));
}

type Compare = (left: VariableOption, right: VariableOption) => number;

const byText: Compare = (left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0);
const withoutCase: Compare = (left, right) => {
  const [a, b] = [left.text.toLowerCase(), right.text.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
};
const numberIn = ({ text }: VariableOption) => Number(/\d+(?:\.\d+)?/.exec(text)?.[0] ?? -1);
const byNumber: Compare = (left, right) => numberIn(left) - numberIn(right);
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const natural: Compare = (left, right) => collator.compare(left.text, right.text);

const COMPARES: Record<VariableSort, Compare | null> = {
  disabled: null,
  alphabeticalAsc: byText,
  alphabeticalDesc: (left, right) => byText(right, left),
  numericalAsc: byNumber,
  numericalDesc: (left, right) => byNumber(right, left),
  alphabeticalCaseInsensitiveAsc: withoutCase,
  alphabeticalCaseInsensitiveDesc: (left, right) => withoutCase(right, left),
  naturalAsc: natural,
  naturalDesc: (left, right) => natural(right, left),
};

export function sortOptions(options: VariableOption[], sort: VariableSort): VariableOption[] {
  const compare = COMPARES[sort];
  return compare ? [...options].sort(compare) : options;
}

/** What is typed in the form of a rule, and the text of the file that it makes. */
import { parseDuration } from "../../time/duration";

export interface RuleDraft {
  name: string;
  expr: string;
  /** `5m`; empty for none. */
  holds: string;
  severity: string;
  summary: string;
  description: string;
}

export const SEVERITIES = ["critical", "warning", "info"];
const INDENT = "  ";

export function newRule(expr: string): RuleDraft {
  return {
    name: "",
    expr: withDurations(expr),
    holds: "5m",
    severity: "warning",
    summary: "",
    description: "Value: {{ $value }}",
  };
}

/** A rule has no time range and no step: the variables of Explore become durations. */
export function withDurations(expr: string): string {
  const durations: Record<string, string> = { rate_interval: "5m", interval: "5m", range: "1h", auto: "5m" };
  return expr.replace(/\$(?:\{__(\w+)\}|__(\w+))/g, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    return Object.hasOwn(durations, name) ? (durations[name] ?? whole) : whole;
  });
}

/** What keeps the rule from being written; null when nothing does. */
export function ruleProblem({ name, expr, holds }: RuleDraft): string | null {
  if (name.trim() === "") return "Name the alert.";
  if (expr.trim() === "") return "Write an expression.";
  if (holds.trim() !== "" && (parseDuration(holds) ?? -1) < 0)
    return "The hold time is no duration: write 5m.";
  return null;
}

/** `HighErrorRate` to `high-error-rate.yml`. */
export function fileNameOf(name: string): string {
  const words = name
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${words.slice(0, 60) || "rule"}.yml`;
}

/** The text of a file with the rule in a group of its own, after what the file has already. */
export function fileWith(content: string | null, draft: RuleDraft): string {
  const before = (content ?? "").trimEnd();
  if (before === "") return `groups:\n${groupText(draft, INDENT, draft.name.trim())}`;
  const indent = /^([ ]*)-\s+name:/m.exec(before)?.[1] ?? INDENT;
  return `${before}\n${groupText(draft, indent, freeName(before, draft.name.trim()))}`;
}

/** Two groups of a file may not have the same name. */
function freeName(content: string, wanted: string): string {
  const names = new Set(
    [...content.matchAll(/^\s*-\s+name:\s*["']?(.*?)["']?\s*$/gm)].map(([, name]) => name),
  );
  let free = wanted;
  for (let count = 2; names.has(free); count += 1) free = `${wanted} ${count}`;
  return free;
}

function groupText(draft: RuleDraft, indent: string, group: string): string {
  const { name, expr, holds, severity, summary, description } = draft;
  const annotations = Object.entries({ summary, description }).filter(([, text]) => text.trim() !== "");
  const lines = [
    `- name: ${scalar(group)}`,
    "  rules:",
    `    - alert: ${scalar(name.trim())}`,
    `      expr: ${exprText(expr.trim(), `${indent}        `)}`,
    ...(holds.trim() === "" ? [] : [`      for: ${scalar(holds.trim())}`]),
    ...(severity.trim() === "" ? [] : ["      labels:", `        severity: ${scalar(severity.trim())}`]),
    ...(annotations.length === 0 ? [] : ["      annotations:"]),
    ...annotations.map(([key, text]) => `        ${key}: ${JSON.stringify(text.trim())}`),
  ];
  return `${lines.map((line) => indent + line).join("\n")}\n`;
}

/** A word as it is, everything else quoted: a text of JSON is one of YAML, too. */
function scalar(text: string): string {
  const isWord = /^[A-Za-z_][\w-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isWord || /^\d+[smhdwy]$/.test(text) ? text : JSON.stringify(text);
}

/** An expression of printable lines is a block, which needs no escapes. */
function exprText(expr: string, indent: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a block may not have them
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(expr)) return JSON.stringify(expr);
  return `|-\n${expr.replace(/^/gm, indent)}`;
}

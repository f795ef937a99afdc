// @ts-check
/** The texts of the files of rules. */
/** @import { RuleFileEntry } from "../../src/api/generated" */
/** @import { Labels, Rule } from "./rules.mjs" */
import { GROUPS } from "./rules.mjs";

/** @type {(name: string, entries: Labels | undefined) => string} */
const map = (name, entries) =>
  entries
    ? `        ${name}:\n${Object.entries(entries)
        .map(([key, value]) => `          ${key}: ${JSON.stringify(value)}\n`)
        .join("")}`
    : "";

/** @type {(expr: string) => string} */
const block = (expr) => (expr.includes("\n") ? `|\n${expr.replace(/^/gm, "          ")}` : expr);

/** @type {(rule: Rule) => string} */
const ruleText = ({ alert, record, expr, forS, labels, annotations }) =>
  `      - ${alert ? `alert: ${alert}` : `record: ${record}`}\n        expr: ${block(expr)}\n${
    forS ? `        for: ${forS}s\n` : ""
  }${map("labels", labels)}${map("annotations", annotations)}`;

/** Of the files that are edited. */
export const FOLDER = "/var/lib/glasshouse/rules";

const OWN = `groups:
  - name: tools
    rules:
      - alert: ToolsFail
        expr: sum by (tool_name) (rate(alex_tool_executions_total{status="error"}[5m])) > 1
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: "{{ $labels.tool_name }} fails"
`;

/** Those of the configuration, which the page only shows, and one of the data folder. @type {() => RuleFileEntry[]} */
export function ruleFiles() {
  const texts = new Map();
  for (const { file, name, interval, rules } of GROUPS) {
    const head = texts.get(file) ?? "groups:\n";
    const group = `  - name: ${name}\n    interval: ${interval}s\n    rules:\n${rules.map(ruleText).join("")}`;
    texts.set(file, head + group);
  }
  return [
    ...[...texts].map(([file, content]) => ({ file, name: null, content })),
    { file: `${FOLDER}/tools.yml`, name: "tools.yml", content: OWN },
  ];
}

/** Matchers and groupings in the text of a PromQL query. */
import type { SyntaxNode } from "@lezer/common";
import {
  AggregateExpr,
  AggregateModifier,
  AggregateOp,
  By,
  GroupingLabels,
  Identifier,
  LabelMatchers,
  LabelName,
  parser,
  QuotedLabelMatcher,
  QuotedLabelName,
  UnquotedLabelMatcher,
  VectorSelector,
} from "@prometheus-io/lezer-promql";
import { labelName, quote } from "../url/links";

interface Edit {
  from: number;
  to: number;
  insert: string;
}

/** The outermost nodes of a type. The variables of intervals stand for durations, which the grammar reads. */
function nodesOf(expression: string, type: number): SyntaxNode[] {
  const readable = expression.replace(/\$(?:\{\w+\}|\w+)/g, (name) => `${"1".repeat(name.length - 1)}s`);
  const found: SyntaxNode[] = [];
  parser.parse(readable).iterate({
    enter: (node) => {
      if (node.type.id !== type) return true;
      found.push(node.node);
      return false;
    },
  });
  return found;
}

function edited(expression: string, edits: Edit[]): string {
  return [...edits]
    .sort((left, right) => right.from - left.from)
    .reduce((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), expression);
}

/** The expression with a matcher in every selector; other matchers of the same value are replaced. */
export function withMatcher(expression: string, name: string, value: string, keep: boolean): string {
  const wanted = `${labelName(name)}${keep ? "=" : "!="}${quote(value)}`;
  const opposite = `${labelName(name)}${keep ? "!=" : "="}${quote(value)}`;
  const edits = nodesOf(expression, VectorSelector).map((selector): Edit => {
    const matchers = selector.getChild(LabelMatchers);
    if (!matchers) return { from: selector.to, to: selector.to, insert: `{${wanted}}` };
    const texts: string[] = [];
    for (let child = matchers.firstChild; child; child = child.nextSibling) {
      if ([UnquotedLabelMatcher, QuotedLabelMatcher, QuotedLabelName].includes(child.type.id))
        texts.push(expression.slice(child.from, child.to));
    }
    const kept = texts.filter((text) => text !== wanted && text !== opposite);
    return { from: matchers.from, to: matchers.to, insert: `{${[...kept, wanted].join(", ")}}` };
  });
  return edited(expression, edits);
}

/** The metrics that an expression selects by name, each once. */
export function metricNames(expression: string): string[] {
  const names = nodesOf(expression, VectorSelector).flatMap((selector) => {
    const node = selector.getChild(Identifier);
    if (node) return [expression.slice(node.from, node.to)];
    const text = expression.slice(selector.from, selector.to);
    const quoted =
      /__name__"?\s*=\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? /[{,]\s*"([\w:.]+)"\s*[,}]/.exec(text)?.[1];
    return quoted ? [quoted] : [];
  });
  return [...new Set(names)];
}

/** Aggregations that keep one number per group. */
const SUMMARIES = new Set(["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]);

/** The expression with a label as the grouping of its aggregations, or its sum by the label when it has none. */
export function groupedBy(expression: string, name: string): string {
  const label = labelName(name);
  const textOf = (node: SyntaxNode | null | undefined) => (node ? expression.slice(node.from, node.to) : "");
  const summaries = nodesOf(expression, AggregateExpr).filter((node) =>
    SUMMARIES.has(textOf(node.getChild(AggregateOp)).toLowerCase()),
  );
  if (summaries.length === 0) return `sum by (${label}) (${expression.trim()})`;
  const edits = summaries.map((node): Edit => {
    const modifier = node.getChild(AggregateModifier);
    const labels = modifier?.getChild(GroupingLabels)?.getChildren(LabelName).map(textOf) ?? [];
    // Quantiles of classic histograms need the bounds of their buckets.
    const bounds = modifier?.getChild(By) && labels.includes("le") && name !== "le" ? "le, " : "";
    const insert = `by (${bounds}${label})`;
    const operator = node.getChild(AggregateOp)?.to ?? node.from;
    if (modifier) return { from: modifier.from, to: modifier.to, insert };
    return { from: operator, to: operator, insert: ` ${insert} ` };
  });
  return edited(expression, edits);
}

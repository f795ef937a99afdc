/** Matchers and groupings in the text of a PromQL query. */
import type { SyntaxNode } from "@lezer/common";
import {
  Absent,
  AbsentOverTime,
  AggregateExpr,
  AggregateModifier,
  AggregateOp,
  BinaryExpr,
  By,
  FillModifier,
  FunctionIdentifier,
  GroupingLabels,
  Identifier,
  LabelMatchers,
  LabelName,
  Or,
  parser,
  QuotedLabelMatcher,
  QuotedLabelName,
  Unless,
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
  const names = nodesOf(expression, VectorSelector).map((selector) => metricOf(expression, selector));
  return [...new Set(names.filter((name) => name !== null))];
}

function metricOf(expression: string, selector: SyntaxNode): string | null {
  const node = selector.getChild(Identifier);
  if (node) return expression.slice(node.from, node.to);
  const text = expression.slice(selector.from, selector.to);
  const quoted =
    /__name__"?\s*=\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? /[{,]\s*"([\w:.]+)"\s*[,}]/.exec(text)?.[1];
  return quoted || null;
}

/** Deeper expressions are taken to return something. */
const DEPTH_MAX = 200;

/** The metrics without which an expression returns nothing; none while it can return something. */
export function emptyBecauseOf(expression: string, isSeen: (metric: string) => boolean): string[] {
  const ofAll = (nodes: SyntaxNode[], depth: number) => nodes.flatMap((node) => of(node, depth));
  const of = (node: SyntaxNode, depth: number): string[] => {
    if (depth > DEPTH_MAX) return [];
    if (node.type.id === VectorSelector) {
      const name = metricOf(expression, node);
      return name === null || isSeen(name) ? [] : [name];
    }
    // They return something for what is not there.
    const called = node.getChild(FunctionIdentifier);
    if (called?.getChild(Absent) || called?.getChild(AbsentOverTime)) return [];
    const parts = childrenOf(node);
    if (node.type.id !== BinaryExpr) return ofAll(parts, depth + 1);
    const [left, right] = [parts.slice(0, 1), parts.slice(-1)].map((side) => ofAll(side, depth + 1));
    if (node.getChild(Unless)) return left ?? [];
    if (node.getChild(Or) || node.getChild(FillModifier))
      return left?.length && right?.length ? [...left, ...right] : [];
    return [...(left ?? []), ...(right ?? [])];
  };
  return [...new Set(of(parser.parse(expression).topNode, 0))];
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
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

/** Where the cursor is in a PromQL query, as far as completion of labels and ranges needs it. */
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import type { SyntaxNode } from "@lezer/common";
import {
  AggregateExpr,
  BinaryExpr,
  EqlRegex,
  GroupingLabels,
  Identifier,
  LabelMatchers,
  LabelName,
  NeqRegex,
  QuotedLabelMatcher,
  QuotedLabelName,
  StringLiteral,
  UnquotedLabelMatcher,
  VectorSelector,
} from "@prometheus-io/lezer-promql";

/** The text between `from` and `to` is replaced by a completion. */
interface Span {
  from: number;
  to: number;
}

export type Place =
  /** A label name; `selectors` select the series that can have it. */
  | (Span & { kind: "label"; selectors: string[]; grouping: boolean; taken: string[] })
  | (Span & { kind: "value"; label: string; selectors: string[]; quote: string; regex: boolean })
  | (Span & { kind: "range" });

/** The tree is not complete yet when the machine is busy; until then completion would offer nothing. */
const PARSE_MS_MAX = 500;
const MATCHERS = [UnquotedLabelMatcher, QuotedLabelMatcher];

export function placeAt(state: EditorState, pos: number): Place | null {
  const before = state.sliceDoc(Math.max(0, pos - 200), pos);
  const range = /\[\s*(\$?\w*)$/.exec(before);
  if (range) return { kind: "range", from: pos - (range[1]?.length ?? 0), to: pos };
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS_MAX) ?? syntaxTree(state);
  for (let node: SyntaxNode | null = tree.resolveInner(pos, -1); node; node = node.parent) {
    if (node.type.id === StringLiteral && node.parent && MATCHERS.includes(node.parent.type.id))
      return valueAt(state, node, node.parent, pos);
    if (node.type.id === LabelMatchers && !isClosed(state, node, "}", pos))
      return nameAt(state, pos, before, { selectors: selectorsIn(state, node.parent, pos), node });
    if (node.type.id === GroupingLabels && !isClosed(state, node, ")", pos))
      return nameAt(state, pos, before, { selectors: groupedSelectors(state, node, pos), node });
  }
  return null;
}

/** Whether the cursor is behind the end of the brackets. */
function isClosed(state: EditorState, node: SyntaxNode, bracket: string, pos: number): boolean {
  return pos >= node.to && node.to > node.from && state.sliceDoc(node.to - 1, node.to) === bracket;
}

function nameAt(
  state: EditorState,
  pos: number,
  before: string,
  { selectors, node }: { selectors: string[]; node: SyntaxNode },
): Place | null {
  const typed = /[{(,]\s*(\w*)$/.exec(before)?.[1];
  if (typed === undefined) return null;
  const from = pos - typed.length;
  const rest = /^\w*/.exec(state.sliceDoc(pos, pos + 200))?.[0] ?? "";
  const grouping = node.type.id === GroupingLabels;
  const others = node.getChildren(LabelName).filter((name) => name.from !== from);
  const taken = grouping ? others.map((name) => state.sliceDoc(name.from, name.to)) : [];
  return { kind: "label", selectors, grouping, taken, from, to: pos + rest.length };
}

function valueAt(state: EditorState, text: SyntaxNode, matcher: SyntaxNode, pos: number): Place | null {
  const whole = state.sliceDoc(text.from, text.to);
  const quote = whole[0] ?? '"';
  const terminated = whole.length > 1 && whole.endsWith(quote);
  if (pos <= text.from || (terminated && pos >= text.to)) return null;
  const name = matcher.getChild(LabelName) ?? matcher.getChild(QuotedLabelName);
  const label = name ? state.sliceDoc(name.from, name.to).replace(/^["'`]|["'`]$/g, "") : "";
  if (!label) return null;
  const operator = matcher.getChild("MatchOp");
  const regex = operator?.getChild(EqlRegex) != null || operator?.getChild(NeqRegex) != null;
  let from = text.from + 1;
  let to = terminated ? text.to - 1 : pos;
  if (regex) {
    // Each alternative of a pattern is completed on its own.
    from += state.sliceDoc(from, pos).lastIndexOf("|") + 1;
    const next = state.sliceDoc(pos, to).indexOf("|");
    if (next >= 0) to = pos + next;
  }
  return {
    kind: "value",
    label,
    selectors: selectorsIn(state, selectorOf(text), pos),
    quote,
    regex,
    from,
    to,
  };
}

function selectorOf(node: SyntaxNode): SyntaxNode | null {
  for (let at: SyntaxNode | null = node; at; at = at.parent) if (at.type.id === VectorSelector) return at;
  return null;
}

/** The selectors of the expression that `by (…)`, `on (…)` and their like belong to. */
function groupedSelectors(state: EditorState, node: SyntaxNode, pos: number): string[] {
  for (let at: SyntaxNode | null = node; at; at = at.parent) {
    if (at.type.id === AggregateExpr || at.type.id === BinaryExpr) return selectorsIn(state, at, pos);
  }
  return [];
}

/** The selectors within a node, without the matcher at the cursor. */
function selectorsIn(state: EditorState, node: SyntaxNode | null, pos: number): string[] {
  if (!node) return [];
  const found: string[] = [];
  node.cursor().iterate((child) => {
    if (child.type.id !== VectorSelector) return;
    const selector = selectorText(state, child.node, pos);
    if (selector && !found.includes(selector)) found.push(selector);
  });
  return found;
}

function selectorText(state: EditorState, node: SyntaxNode, pos: number): string | null {
  const slice = (part: SyntaxNode) => state.sliceDoc(part.from, part.to);
  const name = node.getChild(Identifier);
  const inner = node.getChild(LabelMatchers);
  const matchers = [...MATCHERS, QuotedLabelName].flatMap((type) => inner?.getChildren(type) ?? []);
  const kept = matchers.filter((matcher) => {
    const complete = matcher.type.id === QuotedLabelName || matcher.getChild(StringLiteral) !== null;
    return complete && (pos <= matcher.from || pos > matcher.to);
  });
  if (!name && kept.length === 0) return null;
  return `${name ? slice(name) : ""}{${kept.map(slice).join(",")}}`;
}

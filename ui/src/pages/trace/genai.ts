/** Reads the attributes of model calls, tools and agents, in several conventions. */
import type { Attribute, Span } from "../../api/otlp";
import { MODEL_ATTRIBUTES, NO_MODEL_CALL } from "../../data/model-attributes";
import { formatCount } from "../../format/number";
import type { TraceTree } from "./tree";

export interface ModelUse {
  operation: string | null;
  model: string | null;
  provider: string | null;
  tool: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  /** US dollars. */
  cost: number | null;
  finish: string | null;
}

const KNOWN = new Set<string>(Object.values(MODEL_ATTRIBUTES).flat());

/** Whether an attribute is shown in the model section of the details of a span. */
export function isModelAttribute(name: string): boolean {
  return (
    name.startsWith("gen_ai.") || name.startsWith("llm.") || name.startsWith("alex.llm.") || KNOWN.has(name)
  );
}

/** Null for a span without such attributes. */
export function modelUse(attributes: Attribute[]): ModelUse | null {
  if (!attributes.some((attribute) => isModelAttribute(attribute.name))) return null;
  const text = (names: readonly string[]): string | null => {
    for (const name of names) {
      const found = attributes.find((attribute) => attribute.name === name);
      if (found && found.text !== "") return found.text;
    }
    return null;
  };
  const amount = (names: readonly string[]): number | null => {
    const value = Number(text(names) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  return {
    operation: text(MODEL_ATTRIBUTES.operation),
    model: text(MODEL_ATTRIBUTES.model),
    provider: text(MODEL_ATTRIBUTES.provider),
    tool: text(MODEL_ATTRIBUTES.tool),
    inputTokens: amount(MODEL_ATTRIBUTES.inputTokens),
    outputTokens: amount(MODEL_ATTRIBUTES.outputTokens),
    cost: amount(MODEL_ATTRIBUTES.cost),
    finish: text(MODEL_ATTRIBUTES.finish)?.replace(/[[\]"]/g, "") ?? null,
  };
}

export interface TraceUse {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cost: number | null;
}

/** Whether a span is a call of a model: it has tokens, or at least a model. A failed call has no tokens. */
function isCall(use: ModelUse | null | undefined): boolean {
  if (!use) return false;
  if (hasTokens(use)) return true;
  return use.model !== null && use.tool === null && !NO_MODEL_CALL.test(use.operation ?? "");
}

function hasTokens(use: ModelUse | null | undefined): boolean {
  return use?.inputTokens != null || use?.outputTokens != null;
}

/**
 * Calls, tokens and cost of a whole trace. A span is not counted when its descendants report too, because it is their
 * sum.
 */
export function traceUse(tree: TraceTree): TraceUse | null {
  const uses = tree.rows.map((row) => modelUse(row.span.attributes));
  const below = {
    calls: new Uint8Array(uses.length),
    tokens: new Uint8Array(uses.length),
    cost: new Uint8Array(uses.length),
  };
  const total: TraceUse = { calls: 0, inputTokens: 0, outputTokens: 0, cost: null };
  for (let index = uses.length - 1; index >= 0; index -= 1) {
    const use = uses[index];
    const parent = tree.rows[index]?.parent ?? -1;
    const call = isCall(use);
    const tokens = hasTokens(use);
    if (call && !below.calls[index]) total.calls += 1;
    if (tokens && !below.tokens[index]) {
      total.inputTokens += use?.inputTokens ?? 0;
      total.outputTokens += use?.outputTokens ?? 0;
    }
    if (use?.cost != null && !below.cost[index]) total.cost = (total.cost ?? 0) + use.cost;
    if (parent < 0) continue;
    if (call || below.calls[index]) below.calls[parent] = 1;
    if (tokens || below.tokens[index]) below.tokens[parent] = 1;
    if (use?.cost != null || below.cost[index]) below.cost[parent] = 1;
  }
  return total.calls > 0 || total.cost !== null ? total : null;
}

export function formatCost(dollars: number): string {
  if (dollars === 0) return "$0";
  return dollars < 0.01
    ? `$${dollars.toPrecision(2)}`
    : `$${dollars < 1_000 ? dollars.toFixed(dollars < 1 ? 3 : 2) : formatCount(dollars)}`;
}

/** The model or tool of a span, for its row in the waterfall. */
export function rowNote(span: Span): string | null {
  for (const { name, text } of span.attributes) {
    if (name === "gen_ai.request.model" || name === "gen_ai.tool.name" || name === "alex.tool_name")
      return text;
  }
  return null;
}

/** The expressions of a panel: queries of Grafana's server, which are computed here of the answers to other queries. */
import { string } from "../../api/decode";
import type { Frame } from "../../data/frame";
import type { Range } from "../../time/range";
import type { QueryModel } from "../model";
import { computeMath } from "./math";
import { parseMath, refsOf } from "./math-parser";
import { classicValues, conditionRefs, reduceValues, resampleValues, thresholdValues } from "./operations";
import { framesOf, type Value, valuesOf } from "./values";

export interface Expression {
  refId: string;
  /** The queries and expressions that it is computed of. */
  refs: string[];
  compute: (valuesOf: (refId: string) => Value[], range: Range) => Value[];
}

/** An expression, or why it is not computed; completes "Query A". `text` has its variables replaced. */
export function readExpression(
  { refId, spec }: QueryModel,
  text: (given: unknown) => string,
): Expression | string {
  const type = string(spec.type) || "math";
  const ref = text(spec.expression)
    .trim()
    .replace(/^\$\{?|\}$/g, "");
  const of = (compute: (values: Value[], range: Range) => Value[]): Expression => ({
    refId,
    refs: [ref],
    compute: (values, range) => compute(values(ref), range),
  });
  switch (type) {
    case "math":
      try {
        const node = parseMath(text(spec.expression));
        return { refId, refs: refsOf(node), compute: (values) => computeMath(node, values) };
      } catch (error) {
        return `is an expression that ${(error as Error).message}`;
      }
    case "reduce":
      return of((values) => reduceValues(values, spec));
    case "resample":
      return of((values, range) => resampleValues(values, { ...spec, window: text(spec.window) }, range));
    case "threshold":
      return of((values) => thresholdValues(values, spec));
    case "classic_conditions":
      return { refId, refs: conditionRefs(spec), compute: (values) => classicValues(spec, values) };
    default:
      return `is an expression of the type "${type}", which is not supported`;
  }
}

/** The names of the queries that expressions are computed of, also through other expressions. */
export function neededRefs(expressions: Expression[], shown: string[]): Set<string> {
  const needed = new Set<string>();
  const waiting = [...shown];
  for (let refId = waiting.pop(); refId !== undefined; refId = waiting.pop()) {
    for (const ref of expressions.find((one) => one.refId === refId)?.refs ?? []) {
      if (needed.has(ref)) continue;
      needed.add(ref);
      waiting.push(ref);
    }
  }
  return needed;
}

/** The frames of expressions, by their names. One that refers to itself, or to nothing, has no values. */
export function computeExpressions(
  expressions: Expression[],
  framesOfQuery: (refId: string) => Frame[],
  range: Range,
): Map<string, Frame[]> {
  const known = new Map<string, Value[]>();
  const values = (refId: string): Value[] => {
    const before = known.get(refId);
    if (before) return before;
    const expression = expressions.find((one) => one.refId === refId);
    // While it is computed it has no values, so that a cycle ends.
    known.set(refId, []);
    const found = expression ? expression.compute(values, range) : valuesOf(framesOfQuery(refId));
    known.set(refId, found);
    return found;
  };
  return new Map(expressions.map(({ refId }) => [refId, framesOf(values(refId), refId)]));
}

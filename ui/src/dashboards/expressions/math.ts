/** Computes math expressions. Values are joined by their labels, as in Grafana. */
import type { Labels } from "../../data/frame";
import { CONSTANTS, type Node } from "./math-parser";
import { mapped, type Series, VALUES_MAX, type Value } from "./values";

const truth = (value: boolean) => (value ? 1 : 0);

const UNARY: Record<string, (value: number) => number> = {
  "-": (value) => -value,
  "!": (value) => truth(value === 0),
  abs: Math.abs,
  log: Math.log,
  // Half is rounded away from zero.
  round: (value) => Math.sign(value) * Math.round(Math.abs(value)),
  ceil: Math.ceil,
  floor: Math.floor,
};

/** Functions that have a result for no value too. */
const TESTS: Record<string, (value: number | null) => number> = {
  is_nan: (value) => truth(value !== null && Number.isNaN(value)),
  is_inf: (value) => truth(value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY),
  is_null: (value) => truth(value === null),
  is_number: (value) => truth(value !== null && Number.isFinite(value)),
};

const BINARY: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "**": (left, right) => left ** right,
  "==": (left, right) => truth(left === right),
  "!=": (left, right) => truth(left !== right),
  "<": (left, right) => truth(left < right),
  "<=": (left, right) => truth(left <= right),
  ">": (left, right) => truth(left > right),
  ">=": (left, right) => truth(left >= right),
  "&&": (left, right) => truth(left !== 0 && right !== 0),
  "||": (left, right) => truth(left !== 0 || right !== 0),
};

const constant = (value: number | null): Value[] => [{ kind: "number", labels: {}, value }];

export function computeMath(node: Node, valuesOf: (refId: string) => Value[]): Value[] {
  switch (node.kind) {
    case "number":
      return constant(node.value);
    case "ref":
      return valuesOf(node.refId);
    case "unary":
      return applied(node.operator, computeMath(node.operand, valuesOf));
    case "call":
      return node.argument
        ? applied(node.name, computeMath(node.argument, valuesOf))
        : constant(CONSTANTS[node.name] ?? null);
    case "binary": {
      const compute = BINARY[node.operator];
      const [left, right] = [node.left, node.right].map((side) => computeMath(side, valuesOf));
      return pairs(left ?? [], right ?? []).map(([one, other, labels]) => ({
        ...combined(one, other, (first, second) =>
          first === null || second === null ? null : (compute?.(first, second) ?? null),
        ),
        labels,
      }));
    }
  }
}

function applied(name: string, values: Value[]): Value[] {
  const [test, compute] = [TESTS[name], UNARY[name]];
  return values.map((value) =>
    mapped(value, (given) => (test ? test(given) : given === null ? null : (compute?.(given) ?? null))),
  );
}

type Pair = [left: Value, right: Value, labels: Labels];

/** Values go together when the labels of one contain those of the other; two alone always do. */
function pairs(left: Value[], right: Value[]): Pair[] {
  const found: Pair[] = [];
  for (const one of left) {
    for (const other of right) {
      if (found.length >= VALUES_MAX) return found;
      if (contains(one.labels, other.labels)) found.push([one, other, one.labels]);
      else if (contains(other.labels, one.labels)) found.push([one, other, other.labels]);
    }
  }
  const [one, other] = [left[0], right[0]];
  if (found.length === 0 && one && other && left.length === 1 && right.length === 1)
    return [[one, other, one.labels]];
  return found;
}

function contains(labels: Labels, part: Labels): boolean {
  return Object.entries(part).every(([name, value]) => labels[name] === value);
}

type Combine = (left: number | null, right: number | null) => number | null;

/** Two series have a value at the times that both have. */
function combined(left: Value, right: Value, combine: Combine): Value {
  if (left.kind === "number") return mapped(right, (value) => combine(left.value, value));
  if (right.kind === "number") return mapped(left, (value) => combine(value, right.value));
  const at = new Map(right.times.map((time, index) => [time, right.values[index] ?? null]));
  const rows = left.times.flatMap((time, index): [number, number | null][] =>
    at.has(time) ? [[time, combine(left.values[index] ?? null, at.get(time) ?? null)]] : [],
  );
  return {
    kind: "series",
    labels: left.labels,
    interval: left.interval,
    times: rows.map(([time]) => time),
    values: rows.map(([, value]) => value),
  } satisfies Series;
}

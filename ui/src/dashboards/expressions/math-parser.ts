/** The language of math expressions: `$A + abs($B) * 2 > 1`. */

export type Node =
  | { kind: "number"; value: number }
  | { kind: "ref"; refId: string }
  | { kind: "call"; name: string; argument: Node | null }
  | { kind: "unary"; operator: string; operand: Node }
  | { kind: "binary"; operator: string; left: Node; right: Node };

const LENGTH_MAX = 10_000;
const DEPTH_MAX = 100;

/** Functions of a value, and those that stand for a constant. */
export const FUNCTIONS = new Set([
  "abs",
  "log",
  "round",
  "ceil",
  "floor",
  "is_nan",
  "is_inf",
  "is_null",
  "is_number",
]);
export const CONSTANTS: Record<string, number | null> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infn: Number.NEGATIVE_INFINITY,
  null: null,
};

const TOKEN =
  /\s+|\$\{([^{}]*)\}|\$(\w+)|(0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([a-zA-Z_]\w*)|(\*\*|\|\||&&|[=!<>]=|[-+*/%<>!()])/gy;

type Token = { kind: "ref" | "number" | "name" | "sign"; text: string };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    end = match.index + match[0].length;
    const [, braced, plain, number, name, sign] = match;
    if (braced !== undefined || plain !== undefined)
      tokens.push({ kind: "ref", text: (braced ?? plain ?? "").trim() });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  if (end < text.length) throw new Error(`has an unexpected "${text.slice(end, end + 10)}"`);
  return tokens;
}

/** From the operators that bind least. */
const LEVELS = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"], ["**"]];

/** Throws an error whose message completes "The expression". */
export function parseMath(text: string): Node {
  if (text.length > LENGTH_MAX) throw new Error("is too long");
  const tokens = tokensOf(text);
  let at = 0;
  const sign = () => (tokens[at]?.kind === "sign" ? tokens[at]?.text : undefined);
  const expect = (wanted: string) => {
    if (sign() !== wanted)
      throw new Error(`needs a "${wanted}"${tokens[at] ? ` before "${tokens[at]?.text}"` : " at its end"}`);
    at += 1;
  };
  const level = (index: number, depth: number): Node => {
    const operators = LEVELS[index];
    if (!operators) return factor(depth);
    let left = level(index + 1, depth);
    for (let operator = sign(); operator && operators.includes(operator); operator = sign()) {
      at += 1;
      left = { kind: "binary", operator, left, right: level(index + 1, depth) };
    }
    return left;
  };
  const factor = (depth: number): Node => {
    if (depth > DEPTH_MAX) throw new Error("is too deep");
    const token = tokens[at];
    if (!token) throw new Error("ends too early");
    at += 1;
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "ref") return { kind: "ref", refId: token.text };
    if (token.kind === "name") return call(token.text, depth);
    if (token.text === "!" || token.text === "-")
      return { kind: "unary", operator: token.text, operand: factor(depth + 1) };
    if (token.text !== "(") throw new Error(`has an unexpected "${token.text}"`);
    const inner = level(0, depth + 1);
    expect(")");
    return inner;
  };
  const call = (name: string, depth: number): Node => {
    const constant = Object.hasOwn(CONSTANTS, name);
    if (!constant && !FUNCTIONS.has(name)) throw new Error(`has the unknown function "${name}"`);
    expect("(");
    const argument = constant ? null : level(0, depth + 1);
    expect(")");
    return { kind: "call", name, argument };
  };
  const root = level(0, 0);
  if (at < tokens.length) throw new Error(`has an unexpected "${tokens[at]?.text}"`);
  return root;
}

/** The queries that an expression refers to. */
export function refsOf(node: Node): string[] {
  switch (node.kind) {
    case "ref":
      return [node.refId];
    case "call":
      return node.argument ? refsOf(node.argument) : [];
    case "unary":
      return refsOf(node.operand);
    case "binary":
      return [...refsOf(node.left), ...refsOf(node.right)];
    default:
      return [];
  }
}

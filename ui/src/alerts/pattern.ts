/**
 * The regular expressions of matchers. They come from URLs and silences, and the engine of the browser needs
 * exponential time for some of them: this one follows all ways through an expression at once, and its time is
 * proportional to the text, as that of the server.
 */

export type Pattern = (text: string) => boolean;

type Node =
  | { kind: "set"; test: (letter: string) => boolean }
  | { kind: "start" }
  | { kind: "end" }
  | { kind: "all"; items: Node[] }
  | { kind: "any"; items: Node[] }
  | { kind: "repeat"; item: Node; min: number; max: number };

type Step =
  | { kind: "set"; test: (letter: string) => boolean; next: number }
  | { kind: "start" | "end"; next: number }
  | { kind: "split"; next: number[] }
  | { kind: "done" };

const LENGTH_MAX = 4_096;
const DEPTH_MAX = 100;
const STEPS_MAX = 10_000;
const TEXT_MAX = 10_000;

/** A test for whole texts; null for what is no expression, or uses what is not supported here. */
export function compilePattern(source: string): Pattern | null {
  if (source.length > LENGTH_MAX) return null;
  try {
    const node = new Parser(source).parse();
    const steps: Step[] = [{ kind: "done" }];
    const first = emit(node, 0, steps);
    return (text) => run(steps, first, [...text.slice(0, TEXT_MAX)]);
  } catch {
    return null;
  }
}

class Unsupported extends Error {}

const CLASSES: Record<string, (letter: string) => boolean> = {
  d: (letter) => /^[0-9]$/.test(letter),
  w: (letter) => /^[0-9A-Za-z_]$/.test(letter),
  s: (letter) => /^[\t\n\f\r ]$/.test(letter),
};
const CONTROLS: Record<string, string> = { n: "\n", t: "\t", r: "\r", f: "\f" };

class Parser {
  private readonly letters: string[];
  private at = 0;
  private depth = 0;
  private ignoreCase = false;

  constructor(source: string) {
    this.letters = [...source];
  }

  parse(): Node {
    const node = this.alternatives();
    if (this.at < this.letters.length) throw new Unsupported();
    return node;
  }

  private peek(): string | undefined {
    return this.letters[this.at];
  }

  private take(): string {
    const letter = this.letters[this.at];
    if (letter === undefined) throw new Unsupported();
    this.at += 1;
    return letter;
  }

  private skip(text: string): boolean {
    if (this.letters.slice(this.at, this.at + text.length).join("") !== text) return false;
    this.at += text.length;
    return true;
  }

  private alternatives(): Node {
    this.depth += 1;
    if (this.depth > DEPTH_MAX) throw new Unsupported();
    const items = [this.sequence()];
    while (this.skip("|")) items.push(this.sequence());
    this.depth -= 1;
    return items.length === 1 && items[0] ? items[0] : { kind: "any", items };
  }

  private sequence(): Node {
    const items: Node[] = [];
    for (let next = this.peek(); next !== undefined && next !== "|" && next !== ")"; next = this.peek())
      items.push(this.repeated(this.atom()));
    return { kind: "all", items };
  }

  private repeated(item: Node): Node {
    const letter = this.peek();
    const range = letter === "*" ? [0, null] : letter === "+" ? [1, null] : letter === "?" ? [0, 1] : null;
    if (range) this.at += 1;
    const found = range ?? this.bounds();
    if (!found) return item;
    // Whether a repetition is greedy makes no difference for a whole text.
    this.skip("?");
    if (["*", "+", "?"].includes(this.peek() ?? "")) throw new Unsupported();
    const [min = 0, max] = found;
    return { kind: "repeat", item, min: min ?? 0, max: max ?? Number.POSITIVE_INFINITY };
  }

  private bounds(): (number | null)[] | null {
    const rest = this.letters.slice(this.at, this.at + 12).join("");
    const [whole, min = "", comma, max] = /^\{(\d{1,4})(,)?(\d{1,4})?\}/.exec(rest) ?? [];
    if (whole === undefined) return null;
    this.at += whole.length;
    return [Number(min), comma ? (max ? Number(max) : null) : Number(min)];
  }

  private atom(): Node {
    const letter = this.take();
    switch (letter) {
      case "(":
        return this.group();
      case "[":
        return { kind: "set", test: this.set() };
      case ".":
        return { kind: "set", test: () => true };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "\\":
        return { kind: "set", test: this.escape() };
      case "*":
      case "+":
      case "?":
        throw new Unsupported();
      default:
        return { kind: "set", test: this.same(letter) };
    }
  }

  private group(): Node {
    const before = this.ignoreCase;
    if (this.skip("?")) {
      const rest = this.letters.slice(this.at, this.at + 80).join("");
      const [whole, flags = "", named] = /^([is]*)[:)]|^P?<(\w+)>/.exec(rest) ?? [];
      if (whole === undefined) throw new Unsupported();
      this.at += whole.length;
      this.ignoreCase ||= flags.includes("i");
      // `(?i)` holds until the end of the group around it.
      if (!named && whole.endsWith(")")) return { kind: "all", items: [] };
    }
    const node = this.alternatives();
    if (!this.skip(")")) throw new Unsupported();
    this.ignoreCase = before;
    return node;
  }

  private same(wanted: string): (letter: string) => boolean {
    if (!this.ignoreCase) return (letter) => letter === wanted;
    const lower = wanted.toLowerCase();
    return (letter) => letter.toLowerCase() === lower;
  }

  private escape(): (letter: string) => boolean {
    const letter = this.take();
    const known = CLASSES[letter.toLowerCase()];
    if (known) return letter === letter.toLowerCase() ? known : (one) => !known(one);
    return this.same(literal(letter));
  }

  private set(): (letter: string) => boolean {
    const negated = this.skip("^");
    const tests: ((letter: string) => boolean)[] = [];
    for (let first = true; first || this.peek() !== "]"; first = false) tests.push(this.member());
    this.at += 1;
    return (letter) => tests.some((test) => test(letter)) !== negated;
  }

  private member(): (letter: string) => boolean {
    const from = this.take();
    if (from === "[" && this.peek() === ":") throw new Unsupported();
    if (from === "\\" && CLASSES[(this.peek() ?? "").toLowerCase()]) return this.escape();
    const low = from === "\\" ? literal(this.take()) : from;
    if (this.peek() !== "-" || this.letters[this.at + 1] === "]") return this.same(low);
    this.at += 1;
    const to = this.take();
    const high = to === "\\" ? literal(this.take()) : to;
    const within = (letter: string) => letter >= low && letter <= high;
    if (!this.ignoreCase) return within;
    return (letter) => within(letter.toLowerCase()) || within(letter.toUpperCase());
  }
}

/** Letters and digits after a backslash have meanings that are not supported. */
function literal(letter: string): string {
  const control = CONTROLS[letter];
  if (control) return control;
  if (/[0-9A-Za-z]/.test(letter)) throw new Unsupported();
  return letter;
}

/** Adds the steps of a node, which end at `next`; the number of the first of them. */
function emit(node: Node, next: number, steps: Step[]): number {
  const add = (step: Step): number => {
    if (steps.length >= STEPS_MAX) throw new Unsupported();
    return steps.push(step) - 1;
  };
  switch (node.kind) {
    case "set":
      return add({ kind: "set", test: node.test, next });
    case "start":
    case "end":
      return add({ kind: node.kind, next });
    case "all":
      return node.items.reduceRight((after, item) => emit(item, after, steps), next);
    case "any":
      return add({ kind: "split", next: node.items.map((item) => emit(item, next, steps)) });
    case "repeat": {
      const { item, min, max } = node;
      let first = next;
      if (max === Number.POSITIVE_INFINITY) {
        const loop: Step = { kind: "split", next: [] };
        first = add(loop);
        loop.next.push(emit(item, first, steps), next);
      } else {
        for (let count = min; count < max; count += 1)
          first = add({ kind: "split", next: [emit(item, first, steps), next] });
      }
      for (let count = 0; count < min; count += 1) first = emit(item, first, steps);
      return first;
    }
  }
}

function run(steps: Step[], first: number, letters: string[]): boolean {
  let current = reach([first], 0);
  for (const [at, letter] of letters.entries()) {
    const next: number[] = [];
    for (const index of current) {
      const step = steps[index];
      if (step?.kind === "set" && step.test(letter)) next.push(step.next);
    }
    current = reach(next, at + 1);
    if (current.size === 0) return false;
  }
  return current.has(0);

  /** All steps that can be reached without a letter. */
  function reach(from: number[], at: number): Set<number> {
    const found = new Set<number>();
    const open = [...from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (found.has(index)) continue;
      found.add(index);
      const step = steps[index];
      if (step?.kind === "split") open.push(...step.next);
      else if (step?.kind === "start" && at === 0) open.push(step.next);
      else if (step?.kind === "end" && at === letters.length) open.push(step.next);
    }
    return found;
  }
}

/** Categorical colours, by index or by name. Their values are in tokens.css. */

const COUNT = 12;

export function colorAt(index: number): string {
  return `var(--gh-series-${(index % COUNT) + 1})`;
}

/** Without the reds, which mean errors. */
const NAME_COLORS = [1, 2, 3, 4, 6, 8, 9, 5, 11, 12];
const KEY = "glasshouse.colors";
const NAMES_KEPT_MAX = 200;
let given: Map<string, number> | null = null;

/** Assignments of earlier visits, so that a service keeps its colour. */
function remembered(): Map<string, number> {
  if (given) return given;
  given = new Map();
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [name, slot] of Object.entries(kept ?? {})) {
      if (typeof slot === "number" && slot >= 0 && slot < NAME_COLORS.length) given.set(name, slot);
    }
  } catch {
    // Colours are then assigned again.
  }
  return given;
}

/** The same name has the same colour in every view; two names share one only when there are more than ten. */
export function colorOf(name: string): string {
  const known = remembered();
  let slot = known.get(name);
  if (slot === undefined) {
    const taken = new Set(known.values());
    slot = hashOf(name) % NAME_COLORS.length;
    if (taken.size < NAME_COLORS.length) while (taken.has(slot)) slot = (slot + 1) % NAME_COLORS.length;
    if (known.size < NAMES_KEPT_MAX) {
      known.set(name, slot);
      keep(known);
    }
  }
  return `var(--gh-series-${NAME_COLORS[slot]})`;
}

function keep(known: Map<string, number>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(known)));
  } catch {
    // Kept for this page only.
  }
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The current value of a token, because a canvas cannot use `var()`. */
export function resolveColor(color: string): string {
  const token = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return token ? getComputedStyle(document.documentElement).getPropertyValue(token).trim() : color;
}

const LEVELS: Record<string, string> = {
  fatal: "var(--gh-critical)",
  error: "var(--gh-error)",
  warn: "var(--gh-warn)",
  info: "var(--gh-info)",
  debug: "var(--gh-debug)",
  trace: "var(--gh-trace)",
  unknown: "var(--gh-line-strong)",
};

export const LEVEL_ORDER = ["unknown", "trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVEL_ORDER)[number];

export function levelColor(level: Level): string {
  return LEVELS[level] ?? "var(--gh-faint)";
}

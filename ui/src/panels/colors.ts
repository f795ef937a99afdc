/** Categorical colours by name. Their values are in tokens.css. */

/** Without the reds, which mean errors. */
const PALETTE = [1, 2, 3, 4, 6, 8, 9, 5, 11, 12].map((index) => `var(--gh-series-${index})`);

/** The colour of a name: the same everywhere and for everyone. */
export function colorOf(name: string): string {
  return PALETTE[hashOf(name) % PALETTE.length] ?? "";
}

/**
 * The colours of the names of one chart: each its own where possible. Of names with the same colour the
 * first in alphabetical order keeps it, the others get colours that are left, so that the result depends
 * on the set of names alone.
 */
export function colorsOf(names: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>();
  let waiting = [...new Set(names)].sort();
  while (waiting.length > 0) {
    const free = new Set(PALETTE);
    const displaced = waiting.filter((name) => !take(found, free, name, colorOf(name)));
    waiting = displaced.filter((name) => !take(found, free, name, next(free, hashOf(name))));
  }
  return found;
}

function take(found: Map<string, string>, free: Set<string>, name: string, color: string | undefined) {
  if (color === undefined || !free.delete(color)) return false;
  found.set(name, color);
  return true;
}

/** The first free colour after that of the hash. */
function next(free: Set<string>, hash: number): string | undefined {
  return PALETTE.map((_, step) => PALETTE[(hash + step) % PALETTE.length] ?? "").find((color) =>
    free.has(color),
  );
}

/** FNV-1a, mixed so that its last digits differ too. */
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

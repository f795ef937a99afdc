/** Colours for things that are told apart by colour: by place in a list, or by name. Values live in tokens.css. */

const COUNT = 12;

export function colorAt(index: number): string {
  return `var(--gh-series-${(index % COUNT) + 1})`;
}

/** The same name has the same colour in every view. */
export function colorOf(name: string): string {
  let hash = 7;
  for (let index = 0; index < name.length; index += 1) hash = (hash * 31 + name.charCodeAt(index)) >>> 0;
  return colorAt(hash);
}

/** A token's value now, for a canvas, which knows no `var()`. */
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

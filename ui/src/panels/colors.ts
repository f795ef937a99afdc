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

/** The hues that Grafana names. `semi-dark-red` and the like are lighter or darker ones. */
const HUES: Record<string, string> = {
  red: "var(--gh-error)",
  orange: "var(--gh-series-2)",
  yellow: "var(--gh-series-5)",
  green: "var(--gh-ok)",
  blue: "var(--gh-series-1)",
  purple: "var(--gh-series-8)",
  text: "var(--gh-text)",
  transparent: "transparent",
};
const SHADES: Record<string, string> = {
  "super-light": "white 50%",
  light: "white 25%",
  "semi-dark": "black 20%",
  dark: "black 40%",
};

/** A colour of a board: a name of Grafana, or any CSS colour. */
export function namedColor(name: string): string {
  const [, shade, hue = ""] = /^(?:(super-light|light|semi-dark|dark)-)?([a-z]+)$/.exec(name) ?? [];
  const base = HUES[hue];
  if (!base) return name;
  return shade ? `color-mix(in srgb, ${base}, ${SHADES[shade]})` : base;
}

let probe: HTMLElement | null = null;
/** The colours that were resolved in a scheme: a chart asks for those of its series at every drawing. */
let resolved = { scheme: "", colors: new Map<string, string>() };

/** The current value of a colour, because a canvas cannot use `var()`. */
export function resolveColor(color: string): string {
  if (!color.includes("var(")) return color;
  const scheme = document.documentElement.getAttribute("data-mantine-color-scheme") ?? "";
  if (resolved.scheme !== scheme) resolved = { scheme, colors: new Map() };
  const known = resolved.colors.get(color);
  if (known !== undefined) return known;
  const value = computed(color);
  if (value !== "") resolved.colors.set(color, value);
  return value;
}

function computed(color: string): string {
  const token = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  if (token) return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = color;
  return getComputedStyle(probe).color;
}

/** A resolved colour with an opacity from 0 to 1. */
export function withAlpha(color: string, alpha: number): string {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex)
    return `#${hex}${Math.round(alpha * 255)
      .toString(16)
      .padStart(2, "0")}`;
  return `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`;
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

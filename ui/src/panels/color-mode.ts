/** The colour of a value by the colour mode of its field, and the colour schemes of Grafana. */
import type { DisplayValue } from "../data/display";
import type { FieldConfig } from "../data/field-config";
import { namedColor } from "./colors";

/** The hues in the names of schemes: `RdYlGn` goes from red through yellow to green. */
const HUES: Record<string, string> = {
  Rd: "red",
  Or: "orange",
  Yl: "yellow",
  Gr: "green",
  Gn: "green",
  Bl: "blue",
  Bu: "blue",
  Pu: "purple",
  PR: "purple",
  Pi: "var(--gh-series-10)",
  Br: "var(--gh-series-12)",
  BG: "var(--gh-series-6)",
};

/** Schemes whose names do not say their hues, from their lowest value. */
const NAMED: Record<string, string[]> = {
  spectral: ["blue", "green", "yellow", "orange", "red"],
  turbo: ["purple", "blue", "var(--gh-series-6)", "green", "yellow", "orange", "red"],
  rainbow: ["purple", "blue", "green", "yellow", "orange", "red"],
  sinebow: ["red", "yellow", "green", "blue", "purple", "red"],
  viridis: ["dark-purple", "blue", "green", "yellow"],
  cividis: ["dark-blue", "var(--gh-debug)", "yellow"],
  magma: ["var(--gh-panel)", "purple", "var(--gh-series-10)", "super-light-orange"],
  inferno: ["var(--gh-panel)", "dark-purple", "red", "orange", "yellow"],
  plasma: ["dark-blue", "purple", "var(--gh-series-10)", "orange", "yellow"],
  warm: ["purple", "red", "orange", "yellow"],
  cool: ["purple", "blue", "var(--gh-series-6)", "green"],
  cubehelix: ["var(--gh-panel)", "dark-green", "orange", "super-light-purple"],
  greys: ["var(--gh-panel)", "text"],
};

/** The hues of a scheme; a scheme of one hue begins with the ground of the panel. */
export function schemeStops(name: string): string[] {
  const short = name.replace(/^continuous-/, "");
  const known = NAMED[short.toLowerCase()];
  if (known) return known;
  const parts = short.match(/PR|BG|[A-Z][a-z]/g) ?? [];
  const hues = parts.flatMap((part) => HUES[part] ?? []);
  if (hues.length > 1 && parts.join("") === short) return hues;
  return ["var(--gh-panel)", short.toLowerCase().replace(/s$/, "")];
}

/** The colour of a scheme at a part of it, from 0 to 1. */
export function schemeColor(stops: string[], fraction: number): string {
  const place = Math.min(1, Math.max(0, fraction)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [namedColor(stops[index] ?? "text"), namedColor(stops[index + 1] ?? "text")];
  const share = Math.round((place - index) * 100);
  if (share === 0) return from;
  return share === 100 ? to : `color-mix(in oklab, ${from}, ${to} ${share}%)`;
}

/** How much of the colour the shades of it have. */
const SHADES = [100, 75, 55, 85, 65, 45];

/** One of the shades of a colour. */
export function shadeOf(color: string, index: number): string {
  const part = SHADES[index % SHADES.length] ?? 100;
  return part === 100 ? color : `color-mix(in oklab, ${color} ${part}%, var(--gh-text))`;
}

/**
 * The colour of a mapping, of a threshold or a fixed one, a place in a scheme, or else that of the series. Values are
 * placed in a scheme by the range of the field.
 */
export function colorOfValue(
  { color, numeric }: DisplayValue,
  { color: mode, min = 0, max = 100 }: FieldConfig,
  ofSeries: string,
): string {
  if (color !== undefined) return namedColor(color);
  if (!mode?.mode.startsWith("continuous-") || Number.isNaN(numeric)) return ofSeries;
  return schemeColor(schemeStops(mode.mode), max > min ? (numeric - min) / (max - min) : 1);
}

/** The colours of cells by their values. */
import { schemeColor, schemeStops } from "../color-mode";
import { namedColor } from "../colors";
import type { Heatmap } from "./model";
import type { HeatmapOptions } from "./options";

export interface Palette {
  /** From the lowest value. */
  colors: string[];
  min: number;
  max: number;
  indexOf: (value: number) => number;
}

/** The ground of the panel is a part of a scheme with one hue: its lowest values would not be seen. */
const LOWEST = 0.12;

export function paletteOf({ color }: HeatmapOptions, { min: least, max: most }: Heatmap): Palette {
  const { mode, steps, exponent, reverse } = color;
  const stops = mode === "opacity" ? ["var(--gh-panel)", namedColor(color.fill)] : schemeStops(color.scheme);
  const lowest = stops[0] === "var(--gh-panel)" ? LOWEST : 0;
  const colors = Array.from({ length: steps }, (_, index) =>
    schemeColor(stops, lowest + (1 - lowest) * (index / (steps - 1))),
  );
  if (reverse && mode === "scheme") colors.reverse();
  const [min, max] = [color.min ?? Math.min(0, least), color.max ?? most];
  return {
    colors,
    min,
    max,
    indexOf: (value) => {
      const part = max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 1;
      return Math.min(steps - 1, Math.round(part ** exponent * (steps - 1)));
    },
  };
}

/** The slices of a pie. */
import type { PanelValue } from "../values";

export interface Slice {
  /** Of its value. */
  index: number;
  value: PanelValue;
  /** From 0 to 1. */
  share: number;
  /** Angles, clockwise from the top. */
  from: number;
  to: number;
}

/** Values that are not above zero have no slice. */
export function slicesOf(values: PanelValue[], shown: boolean[]): Slice[] {
  const drawn = values
    .map((value, index) => ({ value, index }))
    .filter(({ value, index }) => (shown[index] ?? true) && value.display.numeric > 0);
  const total = drawn.reduce((sum, { value }) => sum + value.display.numeric, 0);
  let before = 0;
  return drawn.map(({ value, index }) => {
    const share = value.display.numeric / total;
    const from = before * Math.PI * 2;
    before += share;
    return { value, index, share, from, to: before * Math.PI * 2 };
  });
}

/** A grid of 24 columns while panels are moved: none overlaps another, and none has free space above it. */
import type { Rect } from "./places";

export const COLUMNS = 24;

export type Rects = Record<string, Rect>;

const overlap = (left: Rect, right: Rect) =>
  left.x < right.x + right.width &&
  right.x < left.x + left.width &&
  left.y < right.y + right.height &&
  right.y < left.y + left.height;

/** Within the columns, and at least one unit in each direction. */
export function clamped({ x, y, width, height }: Rect): Rect {
  const wide = Math.min(COLUMNS, Math.max(1, Math.round(width)));
  return {
    x: Math.min(COLUMNS - wide, Math.max(0, Math.round(x))),
    y: Math.max(0, Math.round(y)),
    width: wide,
    height: Math.max(1, Math.round(height)),
  };
}

/** The places with one panel moved to where it is wanted. What is in its way moves down. */
export function arranged(rects: Rects, key: string, wanted: Rect): Rects {
  const own = clamped(wanted);
  const others = Object.entries(rects)
    .filter(([other]) => other !== key)
    .sort(([, left], [, right]) => left.y - right.y || left.x - right.x);
  const placed: [string, Rect][] = [[key, own]];
  for (const [other, rect] of others) {
    let at = rect;
    for (let hit = firstHit(placed, at); hit; hit = firstHit(placed, at))
      at = { ...at, y: hit.y + hit.height };
    placed.push([other, at]);
  }
  return compacted(Object.fromEntries(placed));
}

function firstHit(placed: [string, Rect][], rect: Rect): Rect | undefined {
  return placed.find(([, other]) => overlap(other, rect))?.[1];
}

/** Each panel as far up as those above it let it. */
export function compacted(rects: Rects): Rects {
  const bottoms = new Array<number>(COLUMNS).fill(0);
  const ordered = Object.entries(rects).sort(([, left], [, right]) => left.y - right.y || left.x - right.x);
  return Object.fromEntries(
    ordered.map(([key, rect]) => {
      const y = Math.max(...bottoms.slice(rect.x, rect.x + rect.width));
      bottoms.fill(y + rect.height, rect.x, rect.x + rect.width);
      return [key, { ...rect, y }];
    }),
  );
}

export function bottomOf(rects: Rects): number {
  return Object.values(rects).reduce((most, { y, height }) => Math.max(most, y + height), 0);
}

/** The first free place of a size, from the top, for a panel that is added. */
export function freePlace(rects: Rects, width: number, height: number): Rect {
  const bottom = bottomOf(rects);
  // Free space begins at the top, or below a panel.
  const tops = [0, ...Object.values(rects).map((rect) => rect.y + rect.height)];
  for (const y of [...new Set(tops)].sort((left, right) => left - right))
    for (let x = 0; x + width <= COLUMNS && y < bottom; x += 1) {
      const rect = { x, y, width, height };
      if (!Object.values(rects).some((other) => overlap(other, rect))) return rect;
    }
  return { x: 0, y: bottom, width, height };
}

/** Paths of rings and their parts. Angles are in radians, clockwise from the top. */

export interface Ring {
  x: number;
  y: number;
  inner: number;
  outer: number;
}

export function pointAt({ x, y }: Pick<Ring, "x" | "y">, radius: number, angle: number): [number, number] {
  return [x + Math.sin(angle) * radius, y - Math.cos(angle) * radius];
}

/** The part of a ring between two angles; without an inner radius a slice. */
export function ringPath(ring: Ring, from: number, to: number): string {
  // A full circle has the same point at both ends, and would not be drawn.
  const end = Math.min(to, from + Math.PI * 2 - 1e-4);
  const large = end - from > Math.PI ? 1 : 0;
  const at = (radius: number, angle: number) =>
    pointAt(ring, radius, angle)
      .map((part) => part.toFixed(2))
      .join(" ");
  const { inner, outer } = ring;
  const back =
    inner > 0
      ? `L${at(inner, end)}A${inner} ${inner} 0 ${large} 0 ${at(inner, from)}`
      : `L${ring.x} ${ring.y}`;
  return `M${at(outer, from)}A${outer} ${outer} 0 ${large} 1 ${at(outer, end)}${back}Z`;
}

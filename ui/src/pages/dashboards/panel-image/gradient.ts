/** The ground of a box: a color, or a linear gradient as the browser computes it. */

/** Null for none. */
export function fillOf(
  style: CSSStyleDeclaration,
  rect: DOMRect,
  context: CanvasRenderingContext2D,
): string | CanvasGradient | null {
  const gradient = parseGradient(style.backgroundImage);
  if (!gradient) return style.backgroundColor || null;
  const { left, top, width, height } = rect;
  const [x, y] = [left + width / 2, top + height / 2];
  const [sin, cos] = [Math.sin(gradient.angle), Math.cos(gradient.angle)];
  const half = (Math.abs(width * sin) + Math.abs(height * cos)) / 2;
  const made = context.createLinearGradient(x - sin * half, y + cos * half, x + sin * half, y - cos * half);
  for (const { at, color } of gradient.stops) {
    try {
      made.addColorStop(at, color);
    } catch {
      // A color that the canvas does not know.
    }
  }
  return made;
}

interface Gradient {
  /** In radians, from the bottom to the top when zero. */
  angle: number;
  stops: { at: number; color: string }[];
}

const DIRECTIONS: Record<string, number> = { top: 0, right: 90, bottom: 180, left: 270 };

/** Null for what is no linear gradient. */
export function parseGradient(text: string): Gradient | null {
  const inner = /^linear-gradient\((.*)\)$/s.exec(text.trim())?.[1];
  if (inner === undefined) return null;
  const parts = topLevel(inner);
  const head = parts[0]?.trim() ?? "";
  const degrees = /^(-?[\d.]+)deg$/.exec(head)?.[1];
  const side = /^to (\w+)$/.exec(head)?.[1];
  const given = degrees !== undefined ? Number(degrees) : DIRECTIONS[side ?? ""];
  const colors = given === undefined ? parts : parts.slice(1);
  const stops = colors.map((part, index) => {
    const [, color = part, percent] = /^(.*?)\s+([\d.]+)%$/s.exec(part.trim()) ?? [];
    const even = colors.length > 1 ? index / (colors.length - 1) : 0;
    return {
      color: color.trim(),
      at: Math.min(1, Math.max(0, percent === undefined ? even : Number(percent) / 100)),
    };
  });
  return { angle: ((given ?? 180) * Math.PI) / 180, stops };
}

/** Parts between the commas that are in no parentheses. */
function topLevel(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

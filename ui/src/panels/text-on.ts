/** The colour of text on a ground of any colour. */
import { resolveColor } from "./colors";

const known = new Map<string, string>();

/** Black or white, whichever contrasts more with the ground in the current scheme. */
export function textOn(color: string): string {
  const ground = resolveColor(color);
  const before = known.get(ground);
  if (before !== undefined) return before;
  const found = luminance(ground) > 0.18 ? "black" : "white";
  known.set(ground, found);
  return found;
}

/** The relative luminance of a CSS colour, as WCAG has it. A canvas reads all notations. */
function luminance(color: string): number {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return 1;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = Array.from(
    context.getImageData(0, 0, 1, 1)?.data.slice(0, 3) ?? [],
    (part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** How the values of a panel share its space: in columns and rows of equal tiles. */

export interface Tiles {
  columns: number;
  rows: number;
  /** Of a tile, in pixels. */
  width: number;
  height: number;
}

const TILE_GAP = 6;

/** `vertical` is one row of tiles, `horizontal` one column; `auto` has the tiles closest to the wanted aspect. */
export function tilesOf(
  count: number,
  width: number,
  height: number,
  orientation: "auto" | "horizontal" | "vertical",
  aspect = 2,
): Tiles {
  const made = (columns: number): Tiles => {
    const rows = Math.max(1, Math.ceil(count / columns));
    return {
      columns,
      rows,
      width: Math.max(0, (width - (columns - 1) * TILE_GAP) / columns),
      height: Math.max(0, (height - (rows - 1) * TILE_GAP) / rows),
    };
  };
  if (orientation === "vertical") return made(Math.max(1, count));
  if (orientation === "horizontal") return made(1);
  const candidates = Array.from({ length: Math.max(1, count) }, (_, index) => made(index + 1));
  const size = (tiles: Tiles) => Math.min(tiles.width, tiles.height * aspect);
  return candidates.reduce((best, tiles) => (size(tiles) > size(best) ? tiles : best));
}

/** Of a bold digit, as a part of its size. */
const CHARACTER_WIDTH = 0.66;

/** The size of a text of a number of characters in a space. */
export function fittingSize(characters: number, width: number, height: number, max: number): number {
  return Math.max(10, Math.floor(Math.min(max, height, width / (Math.max(1, characters) * CHARACTER_WIDTH))));
}

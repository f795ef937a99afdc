/** The rows of an answer as objects. */
import type { Frame } from "../../data/frame";

export type Row = Record<string, unknown>;

export function rowsOf(frames: Frame[]): Row[] {
  return frames.flatMap(({ fields, length }) =>
    Array.from({ length }, (_, index) =>
      Object.fromEntries(fields.map(({ name, values }) => [name, values[index]])),
    ),
  );
}

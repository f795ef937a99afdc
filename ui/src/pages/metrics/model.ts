/** The queries of the view: their letters, and what they answer. */
import { displayName } from "../../data/display-name";
import type { Field, Frame } from "../../data/frame";
import type { QueryState } from "./use-answers";

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** The frames of all queries. With several, the names of series begin with the letter of their query. */
export function prefixed(queries: Pick<QueryState, "letter" | "frames">[]): Frame[] {
  const answered = queries.filter(({ frames }) => frames !== undefined);
  return answered.flatMap(({ letter, frames = [] }) =>
    answered.length > 1 ? frames.map((frame) => named(frame, `${letter} · `)) : frames,
  );
}

function named(frame: Frame, prefix: string): Frame {
  const fields = frame.fields.map((field): Field => {
    if (field.type !== "number") return field;
    const displayNameFromDS = prefix + displayName(field, frame);
    return { ...field, config: { ...field.config, displayNameFromDS } };
  });
  return { ...frame, fields };
}

/** The letters of the disabled queries. */
export function parseOff(text: string | undefined): Set<string> {
  return new Set((text ?? "").split(",").filter(Boolean));
}

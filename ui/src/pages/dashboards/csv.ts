/** Frames as CSV, for a spreadsheet. */
import { displayName } from "../../data/display-name";
import type { Field, Frame } from "../../data/frame";

/** The frames one after the other, each with its own head. */
export function framesCsv(frames: Frame[]): string {
  return frames.map((frame) => frameCsv(frame, frames)).join("\n\n");
}

function frameCsv(frame: Frame, frames: Frame[]): string {
  const head = frame.fields.map((field) => cell(displayName(field, frame, frames)));
  const rows = Array.from({ length: frame.length }, (_, row) =>
    frame.fields.map((field) => cell(valueText(field, row))).join(","),
  );
  return [head.join(","), ...rows].join("\n");
}

function valueText(field: Field, row: number): string {
  const value = field.values[row];
  if (value === null || value === undefined) return "";
  if (field.type === "time") return new Date(value as number).toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A spreadsheet takes a text that begins with `=` for a formula. */
function cell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

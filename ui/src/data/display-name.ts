/** The name under which a field is shown. */
import type { Field, Frame } from "./frame";

const VARIABLE = /\$\{__(field|series)\.(?:(name)|labels\.([^}]+)|labels\["([^"]+)"\])\}/g;

/** The configured name, that of the data source, or one made of the frame, the field and its labels. */
export function displayName(field: Field, frame: Frame, frames: Frame[] = [frame]): string {
  const { displayName: configured, displayNameFromDS } = field.config;
  if (configured !== undefined) return interpolated(configured, field, frame, frames);
  return displayNameFromDS ?? ownName(field, frame, frames);
}

function interpolated(text: string, field: Field, frame: Frame, frames: Frame[]): string {
  return text.replace(VARIABLE, (_whole, scope: string, name, label, quoted) => {
    if (name === undefined) return field.labels?.[label ?? quoted] ?? "";
    return scope === "field" ? field.name : (field.config.displayNameFromDS ?? ownName(field, frame, frames));
  });
}

/** Frames may differ in their names, fields in their names and labels: what they share is left out. */
function ownName(field: Field, frame: Frame, frames: Frame[]): string {
  if (field.type === "time" && !field.labels) return field.name;
  const parts: string[] = [];
  const frameNames = new Set(frames.map(({ name }) => name ?? ""));
  if (frame.name && (frameNames.size > 1 || field.name === "Value")) parts.push(frame.name);
  if (field.name && field.name !== "Value") parts.push(field.name);
  const labels = Object.entries(field.labels ?? {});
  const [only] = labels;
  if (only && labels.length === 1) parts.push(only[1]);
  else if (labels.length > 1)
    parts.push(`{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`);
  return parts.length > 0 ? parts.join(" ") : field.name;
}

/** The links of a field's values, with the variables that belong to the value. */
import { displayText } from "../data/display";
import { displayName } from "../data/display-name";
import { type Field, type Frame, timeField } from "../data/frame";
import type { PanelActions } from "./panel";

export interface Link {
  title: string;
  url: string;
  newTab: boolean;
}

export interface Place {
  field: Field;
  frame: Frame;
  row: number;
}

/** The links of one value. One with another protocol than that of a page is left out. */
export function linksOf(place: Place, actions: PanelActions | undefined): Link[] {
  return (place.field.config.links ?? []).flatMap(({ title, url, targetBlank }) => {
    // Values are inserted last: a variable in a value is a part of its text.
    const safe = safeUrl(replaced(actions?.link?.(url) ?? url, place));
    return safe ? [{ title: replaced(title, place) || safe, url: safe, newTab: targetBlank }] : [];
  });
}

/** The address, if it is relative or that of a web page; null for `javascript:` and the like. */
export function safeUrl(url: string): string | null {
  const given = url.trim();
  try {
    return /^https?:$/.test(new URL(given, "https://relative/").protocol) ? given : null;
  } catch {
    return null;
  }
}

const VARIABLE =
  /\$\{__(value|field|series|data)\.?((?:[\w.-]+|\[["']?[^\]"']+["']?\])*?)(?::(percentencode|raw))?\}/g;

function replaced(text: string, place: Place): string {
  return text.replace(VARIABLE, (whole, scope: string, path: string, format: string | undefined) => {
    const value = variableValue(scope, partsOf(path), place);
    if (value === undefined) return whole;
    return format === "percentencode" ? encodeURIComponent(value) : value;
  });
}

/** `fields["a b"].text` and `labels.job` as their parts. A name may have dots. */
function partsOf(path: string): string[] {
  return [...path.matchAll(/\[["']?([^\]"']+)["']?\]|[^.[\]]+/g)].map(([whole, quoted]) => quoted ?? whole);
}

function variableValue(scope: string, [name = "", ...rest]: string[], place: Place): string | undefined {
  const { field, frame, row } = place;
  switch (scope) {
    case "value":
      return partOf(name, field, frame, row);
    case "field":
      if (name === "name") return displayName(field, frame);
      return name === "labels" ? (field.labels?.[rest.join(".")] ?? "") : undefined;
    case "series":
      return name === "name" ? (frame.name ?? displayName(field, frame)) : undefined;
    default: {
      if (name !== "fields") return undefined;
      const part =
        rest.length > 1 && ["text", "numeric", "raw"].includes(rest.at(-1) ?? "") ? rest.pop() : "";
      const wanted = rest.join(".");
      const other =
        frame.fields.find((one) => one.name === wanted || displayName(one, frame) === wanted) ??
        frame.fields[/^\d+$/.test(wanted) ? Number(wanted) : -1];
      return other && partOf(part || "text", other, frame, row);
    }
  }
}

function partOf(name: string, field: Field, frame: Frame, row: number): string | undefined {
  const value = field.values[row];
  if (name === "time") return String(timeField(frame)?.values[row] ?? "");
  if (name === "text") return displayText(value, field.config);
  return name === "raw" || name === "numeric" ? String(value ?? "") : undefined;
}

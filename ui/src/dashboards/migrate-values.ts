/** Value mappings, thresholds and colours of old panels. */
import { list, record, string } from "../api/decode";

type Json = Record<string, unknown>;

/** A number that may be written as a text; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Mappings with types as numbers, and one for each value, became objects in version 30. */
export function migrateMappings(value: unknown): Json[] {
  const found: Json[] = [];
  const values: Json = {};
  for (const item of list(value).map(record)) {
    const { type, text, color, from, to } = item;
    if (typeof type === "string") {
      found.push(item);
      continue;
    }
    const result = { text: string(text), ...(typeof color === "string" ? { color } : {}) };
    if (type === 1 && (item.value === "null" || item.value === null))
      found.push({ type: "special", options: { match: "null", result } });
    else if (type === 1) values[string(item.value)] = result;
    else if (type === 2)
      found.push({
        type: "range",
        options: { from: numberOf(from) ?? null, to: numberOf(to) ?? null, result },
      });
  }
  return Object.keys(values).length > 0 ? [{ type: "value", options: values }, ...found] : found;
}

/** The mappings of a panel of the time before fields had a configuration. */
export function oldMappings({ mappingType, valueMaps, rangeMaps }: Json): Json[] {
  // The type says which of the two lists counts.
  return mappingType === 2
    ? migrateMappings(list(rangeMaps).map((item) => ({ ...record(item), type: 2 })))
    : migrateMappings(list(valueMaps).map((item) => ({ ...record(item), type: 1 })));
}

/** `10,20` with three colours. */
export function oldThresholds(thresholds: unknown, colors: unknown): Json | undefined {
  const limits = (Array.isArray(thresholds) ? thresholds : string(thresholds).split(","))
    .map(numberOf)
    .filter((limit) => limit !== undefined);
  const names = list(colors).map((color) => string(color));
  if (names.length === 0) return undefined;
  const steps = names.slice(0, limits.length + 1).map((color, index) => ({
    color,
    value: index === 0 ? null : limits[index - 1],
  }));
  return { mode: "absolute", steps };
}

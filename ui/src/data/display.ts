/** How a single value is shown: its text with the unit, and its colour by mapping or threshold. */
import { type FormattedValue, formatParts } from "../format/units";
import type { Zone } from "../time/format";
import {
  type FieldConfig,
  type MappingResult,
  pattern,
  type Thresholds,
  type ValueMapping,
} from "./field-config";

export interface DisplayValue extends FormattedValue {
  /** NaN when the value is not a number. */
  numeric: number;
  color?: string;
}

/** Formats one value of a field. */
export function displayValue(value: unknown, config: FieldConfig, zone: Zone = "local"): DisplayValue {
  const numeric = numberOf(value);
  const mapped = config.mappings?.length ? mappedValue(value, config.mappings) : null;
  const color = mapped?.color ?? thresholdColor(numeric, config);
  const parts = mapped?.text === undefined ? textOf(value, numeric, config, zone) : plain(mapped.text);
  return { ...parts, numeric, ...(color === undefined ? {} : { color }) };
}

/** The text of `displayValue` in one piece. */
export function displayText(value: unknown, config: FieldConfig, zone?: Zone): string {
  const { prefix, text, suffix } = displayValue(value, config, zone);
  return prefix + text + suffix;
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

function plain(text: string): FormattedValue {
  return { prefix: "", text, suffix: "" };
}

function textOf(value: unknown, numeric: number, config: FieldConfig, zone: Zone): FormattedValue {
  if (value === null || value === undefined) return plain(config.noValue ?? "");
  if (typeof value === "number") return formatParts(value, config.unit, config.decimals, zone);
  const unit = config.unit ?? "string";
  if (typeof value === "boolean" && !unit.startsWith("bool")) return plain(String(value));
  if (!Number.isNaN(numeric) && unit !== "string") return formatParts(numeric, unit, config.decimals, zone);
  return plain(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** The first mapping that matches. */
export function mappedValue(value: unknown, mappings: ValueMapping[]): MappingResult | null {
  for (const mapping of mappings) {
    const found = matched(value, mapping);
    if (found) return found;
  }
  return null;
}

function matched(value: unknown, mapping: ValueMapping): MappingResult | null {
  switch (mapping.type) {
    case "value": {
      if (value === null || value === undefined) return null;
      const key = String(value);
      return Object.hasOwn(mapping.options, key) ? (mapping.options[key] ?? null) : null;
    }
    case "range": {
      const { from, to, result } = mapping.options;
      const numeric = numberOf(value);
      if (Number.isNaN(numeric)) return null;
      const inside = (from === null || numeric >= from) && (to === null || numeric <= to);
      return inside ? result : null;
    }
    case "regex": {
      const { result } = mapping.options;
      const expression = typeof value === "string" ? pattern(mapping.options.pattern) : null;
      if (typeof value !== "string" || !expression?.test(value)) return null;
      if (result.text === undefined) return result;
      return { ...result, text: value.replace(expression, result.text) };
    }
    case "special":
      return isSpecial(value, mapping.options.match) ? mapping.options.result : null;
  }
}

function isSpecial(value: unknown, match: string): boolean {
  const missing = value === null || value === undefined;
  const notNumber = typeof value === "number" && Number.isNaN(value);
  switch (match) {
    case "null":
      return missing;
    case "nan":
      return notNumber;
    case "null+nan":
      return missing || notNumber;
    case "true":
      return value === true || value === "true";
    case "false":
      return value === false || value === "false";
    default:
      return match === "empty" && value === "";
  }
}

function thresholdColor(numeric: number, { color, thresholds, min, max }: FieldConfig): string | undefined {
  if (color?.mode === "fixed") return color.fixedColor;
  if (!thresholds || (color && color.mode !== "thresholds") || Number.isNaN(numeric)) return undefined;
  return thresholdStep(numeric, thresholds, min ?? 0, max ?? 100)?.color;
}

/** The step that a value has reached. Percentages are of the range from `min` to `max`. */
export function thresholdStep(
  value: number,
  { mode, steps }: Thresholds,
  min: number,
  max: number,
): Thresholds["steps"][number] | undefined {
  const compared = mode === "percentage" ? ((value - min) / (max - min)) * 100 : value;
  return steps.findLast((step) => compared >= step.value) ?? steps[0];
}

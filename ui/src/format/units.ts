/** Formats a value with a unit, as Grafana does: `unit-table.ts` has the units by their ids. */
import type { Zone } from "../time/format";
import { type NamedFormat, type TimeStep, UNITS, type UnitKind } from "./unit-table";
import { formatClock, formatDate, formatHms, formatLongDuration } from "./unit-time";

/** A value in three parts, so that a panel can set them in different sizes. */
export interface FormattedValue {
  prefix: string;
  text: string;
  suffix: string;
}

/** The units that carry their parameter in the id: `suffix:req`, `si:mF`, `currency:@`, `time:YYYY`. */
const PARAMETERS: Record<string, (rest: string) => UnitKind | null> = {
  prefix: (rest) => ({ kind: "fixed", prefix: rest, suffix: "" }),
  suffix: (rest) => ({ kind: "fixed", prefix: "", suffix: ` ${rest}` }),
  count: (rest) => ({ kind: "count", symbol: rest }),
  currency: (rest) =>
    rest.startsWith("suffix:")
      ? { kind: "currency", symbol: rest.slice(7), after: true }
      : { kind: "currency", symbol: rest.replace(/^prefix:/, ""), after: false },
  si: (rest) => {
    const offset = PREFIXES.indexOf(rest.charAt(0)) - NO_PREFIX;
    return rest.length > 1 && offset >= -NO_PREFIX
      ? { kind: "prefixed", base: 1_000, symbol: rest.slice(1), offset, below: true }
      : { kind: "prefixed", base: 1_000, symbol: rest, offset: 0, below: true };
  },
};

const PREFIXES = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
const NO_PREFIX = 5;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const COUNTS = ["", "K", "M", "B", "T"];
const SHORT = ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"];

/** The unit of an id. An unknown id is written after the value. */
function unitOfId(id: string): UnitKind {
  const known = UNITS.get(id);
  if (known) return known;
  const colon = id.indexOf(":");
  const made = colon > 0 ? PARAMETERS[id.slice(0, colon)]?.(id.slice(colon + 1)) : null;
  return made ?? { kind: "fixed", prefix: "", suffix: id === "" ? "" : ` ${id}` };
}

/** Whether the prefixes of a unit are powers of 1,024, so that round values are too. */
export function isBinary(id: string | undefined): boolean {
  const unit = unitOfId(id ?? "none");
  return unit.kind === "prefixed" && unit.base === 1_024;
}

/** The value as one text. */
export function formatValue(value: number, id = "none", decimals?: number, zone: Zone = "local"): string {
  const { prefix, text, suffix } = formatParts(value, id, decimals, zone);
  return prefix + text + suffix;
}

/** Without `decimals` a value has three significant digits. */
export function formatParts(
  value: number,
  id = "none",
  decimals?: number,
  zone: Zone = "local",
): FormattedValue {
  if (!Number.isFinite(value)) return plain(Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
  if (id.startsWith("time:")) return plain(formatDate(value, id.slice(5), zone));
  const unit = unitOfId(id);
  switch (unit.kind) {
    case "fixed":
      return {
        prefix: unit.prefix,
        text: toFixed(value * (unit.factor ?? 1), decimals),
        suffix: unit.suffix,
      };
    case "prefixed":
      return prefixed(value, unit, decimals);
    case "count": {
      const { scaled, index } = scale(value, 1_000, 0, COUNTS.length - 1);
      return { prefix: "", text: toFixed(scaled, decimals), suffix: `${COUNTS[index]} ${unit.symbol}` };
    }
    case "currency": {
      const { scaled, index } = scale(value, 1_000, 0, COUNTS.length - 1);
      const suffix = `${COUNTS[index]}${unit.after ? unit.symbol : ""}`;
      return { prefix: unit.after ? "" : unit.symbol, text: toFixed(scaled, decimals), suffix };
    }
    case "time":
      return lengthOfTime(value * unit.ms, unit.ms, unit.steps, decimals);
    case "named":
      return namedValue(value, unit.name, unit.scale, decimals, zone);
  }
}

function plain(text: string): FormattedValue {
  return { prefix: "", text, suffix: "" };
}

/** The value in the largest step that leaves at least one before the point. */
function scale(value: number, base: number, min: number, max: number): { scaled: number; index: number } {
  if (value === 0) return { scaled: 0, index: Math.max(0, min) };
  // The logarithm of 1000 in base 1000 is a little below one.
  const wanted = Math.floor(Math.log(Math.abs(value)) / Math.log(base) + 1e-10);
  const index = Math.min(max, Math.max(min, wanted));
  return { scaled: value / base ** index, index };
}

function prefixed(value: number, unit: UnitKind & { kind: "prefixed" }, decimals?: number): FormattedValue {
  const names = unit.base === 1_024 ? BINARY : PREFIXES;
  const own = (unit.base === 1_024 ? 0 : NO_PREFIX) + unit.offset;
  const { scaled, index } = scale(value, unit.base, unit.below ? -own : 0, names.length - 1 - own);
  const suffix = `${names[own + index]}${unit.symbol}`;
  return { prefix: "", text: toFixed(scaled, decimals), suffix: suffix === "" ? "" : ` ${suffix}` };
}

function lengthOfTime(
  ms: number,
  ownMs: number,
  steps: readonly TimeStep[],
  decimals?: number,
): FormattedValue {
  const size = Math.abs(ms);
  const own = steps.find(({ from, suffix }) => msOf(from, suffix) === ownMs) ?? steps[0];
  const step = size === 0 ? own : (steps.findLast(({ from }) => size >= from) ?? steps[0]);
  if (!step) return plain(toFixed(ms, decimals));
  return {
    prefix: "",
    text: toFixed(ms / msOf(step.from, step.suffix), decimals),
    suffix: ` ${step.suffix}`,
  };
}

function msOf(from: number, suffix: string): number {
  return suffix === "ns" ? 1e-6 : from;
}

function namedValue(
  value: number,
  name: NamedFormat,
  factor: number,
  decimals: number | undefined,
  zone: Zone,
): FormattedValue {
  switch (name) {
    case "short": {
      const { scaled, index } = scale(value, 1_000, 0, SHORT.length - 1);
      return { prefix: "", text: toFixed(scaled, decimals), suffix: SHORT[index] ?? "" };
    }
    case "text":
      return plain(String(value));
    case "hex":
    case "hex0x": {
      const digits = Number.isInteger(value) ? value : Number(value.toFixed(decimals ?? 20));
      const text = digits.toString(16).toUpperCase();
      return plain(name === "hex" ? text : text.replace(/^(-?)/, "$10x"));
    }
    case "scientific":
      return plain(value.toExponential(decimals));
    case "locale":
      return plain(value.toLocaleString(undefined, { maximumFractionDigits: decimals ?? 3 }));
    case "true-false":
      return plain(value === 0 ? "False" : "True");
    case "yes-no":
      return plain(value === 0 ? "No" : "Yes");
    case "on-off":
      return plain(value === 0 ? "Off" : "On");
    case "duration":
      return plain(
        formatLongDuration(value * factor, factor === 1 ? "millisecond" : "second", decimals ?? 0),
      );
    case "hms":
    case "dhms":
      return plain(formatHms(value, name === "dhms"));
    case "clock":
      return plain(formatClock(value * factor, decimals));
    default:
      return plain(formatDate(value, name, zone, factor === 0));
  }
}

/** Rounded to the decimals, by default to three significant digits; integers have none. */
function toFixed(value: number, decimals?: number): string {
  const places = decimals ?? autoDecimals(value);
  if (places > 20 || Math.abs(value) >= 1e21) return String(value);
  const text = value.toFixed(places);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function autoDecimals(value: number): number {
  if (Number.isInteger(value)) return 0;
  return Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
}

/** The text without zeros after the point that carry nothing: for the labels of an axis. */
export function formatAxisValue(value: number, id = "none", decimals?: number): string {
  const { prefix, text, suffix } = formatParts(value, id, decimals);
  const short = decimals === undefined && /^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, "") : text;
  return prefix + short + suffix;
}

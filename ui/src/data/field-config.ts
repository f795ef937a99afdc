/** Field configuration: defaults and overrides of a panel, read tolerantly from its JSON and applied to frames. */
import { list, record, string } from "../api/decode";
import { oneOf } from "../url/search";
import { displayName } from "./display-name";
import type { Field, Frame } from "./frame";
import { type Reduced, reduce } from "./reduce";

export interface FieldConfig {
  displayName?: string;
  /** The name that the data source gives; `displayName` replaces it. */
  displayNameFromDS?: string;
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  /** Shown in place of a missing value. */
  noValue?: string;
  /** The milliseconds between two values of a time field; a longer distance is a gap. */
  interval?: number;
  /** What a missing value of a series is. */
  nullValueMode?: "null" | "connected" | "null as zero";
  mappings?: ValueMapping[];
  thresholds?: Thresholds;
  color?: FieldColor;
  /** The range is that of the field, and not that of all fields. */
  fieldMinMax?: boolean;
  /** With variables, as in `${__value.raw}`. */
  links?: DataLink[];
  /** The options of the panel's type for this field. */
  custom?: Record<string, unknown>;
}

export interface MappingResult {
  text?: string;
  color?: string;
  /** Its place among the results, for sorting. */
  index?: number;
}

export type ValueMapping =
  | { type: "value"; options: Record<string, MappingResult> }
  | { type: "range"; options: { from: number | null; to: number | null; result: MappingResult } }
  | { type: "regex"; options: { pattern: string; result: MappingResult } }
  | { type: "special"; options: { match: string; result: MappingResult } };

export interface Thresholds {
  mode: "absolute" | "percentage";
  /** Ascending; the first begins at minus infinity. */
  steps: { value: number; color: string }[];
}

export interface FieldColor {
  mode: string;
  fixedColor?: string;
  seriesBy?: "last" | "min" | "max";
}

export interface DataLink {
  title: string;
  url: string;
  targetBlank: boolean;
}

export interface FieldConfigSource {
  defaults: FieldConfig;
  overrides: Override[];
}

interface Override {
  matcher: { id: string; options: unknown };
  properties: { id: string; value: unknown }[];
}

const finite = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** How each property is read; a property that is not listed, and is not of `custom`, is left out. */
const READERS: { [Key in keyof FieldConfig]-?: (value: unknown) => FieldConfig[Key] } = {
  displayName: text,
  displayNameFromDS: text,
  unit: text,
  decimals: finite,
  min: finite,
  max: finite,
  noValue: text,
  interval: finite,
  nullValueMode: (value) => oneOf(value, ["null", "connected", "null as zero"]),
  mappings: (value) => list(value).flatMap(readMapping),
  thresholds: readThresholds,
  color: readColor,
  fieldMinMax: (value) => value === true,
  links: (value) => list(value).flatMap(readLink),
  custom: (value) => record(value),
};

export function readFieldConfig(value: unknown): FieldConfigSource {
  const { defaults, overrides } = record(value);
  return {
    defaults: readConfig(record(defaults)),
    overrides: list(overrides).map((item) => {
      const { matcher, properties } = record(item);
      return {
        matcher: { id: string(record(matcher).id), options: record(matcher).options },
        properties: list(properties).map((property) => ({
          id: string(record(property).id),
          value: record(property).value,
        })),
      };
    }),
  };
}

function readConfig(value: Record<string, unknown>): FieldConfig {
  const config: Record<string, unknown> = {};
  for (const [key, read] of Object.entries(READERS)) {
    const found = value[key] === undefined ? undefined : read(value[key]);
    if (found !== undefined) config[key] = found;
  }
  return config;
}

function readMapping(value: unknown): ValueMapping[] {
  const { type, options } = record(value);
  const given = record(options);
  switch (type) {
    case "value":
      return [
        {
          type,
          options: Object.fromEntries(
            Object.entries(given).map(([key, result]) => [key, readResult(result)] as const),
          ),
        },
      ];
    case "range": {
      const [from, to] = [finite(given.from) ?? null, finite(given.to) ?? null];
      return [{ type, options: { from, to, result: readResult(given.result) } }];
    }
    case "regex":
      return [{ type, options: { pattern: string(given.pattern), result: readResult(given.result) } }];
    case "special":
      return [{ type, options: { match: string(given.match), result: readResult(given.result) } }];
    default:
      return [];
  }
}

function readResult(value: unknown): MappingResult {
  const given = record(value);
  const [shown, color, index] = [given.text, text(given.color), finite(given.index)];
  return {
    ...(typeof shown === "string" ? { text: shown } : {}),
    ...(color === undefined ? {} : { color }),
    ...(index === undefined ? {} : { index }),
  };
}

function readThresholds(value: unknown): Thresholds | undefined {
  const { mode, steps } = record(value);
  const read = list(steps).map((step) => ({
    // JSON has no infinity: the first step has null.
    value: finite(record(step).value) ?? Number.NEGATIVE_INFINITY,
    color: string(record(step).color, "text"),
  }));
  if (read.length === 0) return undefined;
  read.sort((left, right) => left.value - right.value);
  return { mode: mode === "percentage" ? "percentage" : "absolute", steps: read };
}

function readLink(value: unknown): DataLink[] {
  const { title, url, targetBlank } = record(value);
  const found = text(url);
  return found ? [{ title: string(title), url: found, targetBlank: targetBlank === true }] : [];
}

function readColor(value: unknown): FieldColor | undefined {
  const { mode, fixedColor, seriesBy } = record(value);
  const found = text(mode);
  if (!found) return undefined;
  const fixed = text(fixedColor);
  return {
    mode: found,
    ...(fixed === undefined ? {} : { fixedColor: fixed }),
    ...(seriesBy === "min" || seriesBy === "max" ? { seriesBy } : {}),
  };
}

/**
 * The frames with the configuration of the panel, which is that of series and not of exemplars. What the source says of
 * a field precedes the defaults.
 */
export function applyFieldConfig(frames: Frame[], source: FieldConfigSource): Frame[] {
  const { defaults, overrides } = source;
  if (overrides.length === 0 && Object.keys(defaults).length === 0) return frames;
  return frames.map((frame) =>
    frame.meta.type === "exemplars"
      ? frame
      : { ...frame, fields: frame.fields.map((field) => configured(field, frame, frames, source)) },
  );
}

function configured(given: Field, frame: Frame, frames: Frame[], source: FieldConfigSource): Field {
  const { defaults, overrides } = source;
  const custom = { ...defaults.custom, ...given.config.custom };
  let field = { ...given, config: { ...defaults, ...given.config, custom } } as Field;
  for (const { matcher, properties } of overrides) {
    if (!matches(matcher, field, frame, frames)) continue;
    for (const { id, value } of properties) field = { ...field, config: overridden(field.config, id, value) };
  }
  return field;
}

/** `custom.lineStyle` may have further parts: `custom.lineStyle.fill`. */
function overridden(config: FieldConfig, id: string, value: unknown): FieldConfig {
  const [head = "", ...path] = id.split(".");
  if (head === "custom") return { ...config, custom: withPath(record(config.custom), path, value) };
  if (!Object.hasOwn(READERS, head)) return config;
  return { ...config, [head]: READERS[head as keyof FieldConfig](value) };
}

function withPath(given: Record<string, unknown>, path: string[], value: unknown): Record<string, unknown> {
  const [head, ...rest] = path;
  // An object of a board may not reach the prototype of ours.
  if (head === undefined || head === "__proto__") return given;
  return { ...given, [head]: rest.length === 0 ? value : withPath(record(given[head]), rest, value) };
}

function matches(matcher: Override["matcher"], field: Field, frame: Frame, frames: Frame[]): boolean {
  const { id, options } = matcher;
  const name = () => displayName(field, frame, frames);
  const named = (wanted: string) => wanted === name() || wanted === field.name;
  switch (id) {
    case "byName":
      return named(string(options));
    case "byRegexp":
      return pattern(string(options))?.test(name()) ?? false;
    case "byRegexpOrNames": {
      const { pattern: wanted, names } = record(options);
      return (
        list(names).some((one) => named(string(one))) || (pattern(string(wanted))?.test(name()) ?? false)
      );
    }
    case "byNames": {
      const { names, mode } = record(options);
      return list(names).some((one) => named(string(one))) !== (mode === "exclude");
    }
    case "byType":
      return field.type === options;
    case "byFrameRefID":
      return frame.refId === options;
    case "byValue":
      return field.type === "number" && matchesValue(reduce(field.values), record(options));
    default:
      return false;
  }
}

/** `/text/flags`, or the text of an expression. */
export function pattern(source: string): RegExp | null {
  const [, body, flags] = /^\/(.*)\/([gimsuy]*)$/s.exec(source) ?? [];
  try {
    // A global expression would remember where it matched.
    return new RegExp(body ?? source, (flags ?? "").replace(/[gy]/g, ""));
  } catch {
    return null;
  }
}

function matchesValue(reduced: Reduced, { reducer, op, value }: Record<string, unknown>): boolean {
  const found = Object.hasOwn(reduced, string(reducer)) ? reduced[reducer as keyof Reduced] : null;
  if (typeof found === "boolean") return found;
  if (found === null || typeof value !== "number") return false;
  const holds: Record<string, boolean> = {
    gt: found > value,
    gte: found >= value,
    lt: found < value,
    lte: found <= value,
    neq: found !== value,
  };
  // The names are those of newer boards, the signs those of older ones.
  const name = { ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "!=": "neq" }[string(op)] ?? string(op);
  return holds[name] ?? found === value;
}

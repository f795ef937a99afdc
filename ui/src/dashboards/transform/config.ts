/** Transformations that take the configuration of fields from data. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import type { FieldConfig, MappingResult } from "../../data/field-config";
import { pattern } from "../../data/field-config";
import type { Field, Frame } from "../../data/frame";
import { calculated, isNamed, makeField, type Options, type Transformation, tableFrame } from "./fields";
import { matchesRefId } from "./names";

type Handler = (config: FieldConfig, value: unknown) => FieldConfig;

const number =
  (key: "min" | "max" | "decimals"): Handler =>
  (config, value) => {
    const found = Number(value);
    return value === null || Number.isNaN(found) ? config : { ...config, [key]: found };
  };
const text =
  (key: "unit" | "displayName" | "noValue"): Handler =>
  (config, value) => ({ ...config, [key]: String(value ?? "") });

/** A threshold above the first colour. */
const threshold =
  (color: string): Handler =>
  (config, value) => {
    const at = Number(value);
    if (Number.isNaN(at)) return config;
    const steps = config.thresholds?.steps ?? [{ value: Number.NEGATIVE_INFINITY, color: "green" }];
    const added = [...steps, { value: at, color }].sort((left, right) => left.value - right.value);
    return { ...config, thresholds: { mode: config.thresholds?.mode ?? "absolute", steps: added } };
  };

const HANDLERS: Record<string, Handler> = {
  min: number("min"),
  max: number("max"),
  decimals: number("decimals"),
  unit: text("unit"),
  displayName: text("displayName"),
  noValue: text("noValue"),
  color: (config, value) => ({ ...config, color: { mode: "fixed", fixedColor: String(value ?? "") } }),
  threshold1: threshold("red"),
  threshold2: threshold("orange"),
};

/** Mappings are made of several fields of the same rows. */
const MAPPING_KEYS = ["mappings.value", "mappings.text", "mappings.color"];

interface Mapped {
  field: Field;
  key: string;
  reducer: string;
}

/** What each field configures: as the mappings say, or by its name. */
function mappedFields(frame: Frame, frames: Frame[], mappings: unknown): Mapped[] {
  const given = list(mappings).map(record);
  return frame.fields.flatMap((field) => {
    const name = displayName(field, frame, frames);
    const own = given.find(({ fieldName }) => isNamed(field, string(fieldName), frame, frames));
    const automatic = Object.keys(HANDLERS).find((key) => key.toLowerCase() === name.toLowerCase()) ?? "";
    const key = own ? string(own.handlerKey) || automatic : automatic;
    return key === "" || key === "__ignore"
      ? []
      : [{ field, key, reducer: string(own?.reducerId) || "lastNotNull" }];
  });
}

function configOf(mapped: Mapped[], values: (one: Mapped) => unknown): FieldConfig {
  return mapped.reduce<FieldConfig>((config, one) => {
    const handler = Object.hasOwn(HANDLERS, one.key) ? HANDLERS[one.key] : undefined;
    return handler ? handler(config, values(one)) : config;
  }, {});
}

export const configFromData: Transformation = (frames, options) => {
  const source = frames.find((frame) => matchesRefId(frame, string(options.configRefId, "config")));
  if (!source) return frames;
  const mapped = mappedFields(source, frames, options.mappings);
  const config = {
    ...configOf(mapped, ({ field, reducer }) => calculated(field.values, reducer)),
    ...mappingsOf(mapped),
  };
  // A single frame configures its own fields.
  return frames
    .filter((frame) => frame !== source || frames.length === 1)
    .map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) =>
        applies(options.applyTo, field, frame, frames)
          ? ({ ...field, config: { ...field.config, ...config } } as Field)
          : field,
      ),
    }));
};

function mappingsOf(mapped: Mapped[]): FieldConfig {
  const [values, texts, colors] = MAPPING_KEYS.map(
    (key) => mapped.find((one) => one.key === key)?.field.values as readonly unknown[] | undefined,
  );
  if (!values) return {};
  const options: Record<string, MappingResult> = Object.create(null);
  values.forEach((value, row) => {
    const [shown, color] = [texts?.[row], colors?.[row]];
    options[String(value)] = {
      ...(shown === undefined || shown === null ? {} : { text: String(shown) }),
      ...(color === undefined || color === null ? {} : { color: String(color) }),
      index: row,
    };
  });
  return { mappings: [{ type: "value", options: { ...options } }] };
}

/** Without a matcher, the configuration is that of all numbers. */
function applies(value: unknown, field: Field, frame: Frame, frames: Frame[]): boolean {
  const { id, options } = record(value);
  switch (id) {
    case "byName":
      return isNamed(field, string(options), frame, frames);
    case "byType":
      return field.type === options;
    case "byRegexp":
      return pattern(string(options))?.test(displayName(field, frame, frames)) ?? false;
    case "byFrameRefID":
      return frame.refId === options;
    default:
      return field.type === "number";
  }
}

/** Each row becomes a field: with its name, its value, and a configuration of the rest. */
export const rowsToFields: Transformation = (frames, options) =>
  frames.map((frame) => rowFields(frame, frames, options));

function rowFields(frame: Frame, frames: Frame[], options: Options): Frame {
  const given = list(options.mappings).map(record);
  const keyed = (key: string) => {
    const name = string(given.find(({ handlerKey }) => handlerKey === key)?.fieldName);
    return name === "" ? undefined : frame.fields.find((field) => isNamed(field, name, frame, frames));
  };
  const ignored = (field: Field) =>
    given.some(
      ({ fieldName, handlerKey }) =>
        handlerKey === "__ignore" && isNamed(field, string(fieldName), frame, frames),
    );
  const first = (type: Field["type"]) => frame.fields.find((field) => field.type === type && !ignored(field));
  const name = keyed("field.name") ?? first("string");
  const value = keyed("field.value") ?? first("number");
  if (!name || !value) return frame;
  const mapped = mappedFields(frame, frames, options.mappings).filter(
    ({ field }) => field !== name && field !== value,
  );
  const used = new Set([name, value, ...mapped.map(({ field }) => field)]);
  const labelled = frame.fields.filter((field) => {
    const own = given.find(({ fieldName }) => isNamed(field, string(fieldName), frame, frames));
    return (
      !used.has(field) &&
      (own?.handlerKey === "field.label" || (own === undefined && field.type === "string"))
    );
  });
  const fields = Array.from({ length: Math.min(frame.length, 1_000) }, (_, row) => {
    const labels = Object.fromEntries(labelled.map((field) => [field.name, String(field.values[row] ?? "")]));
    return makeField(String(name.values[row] ?? ""), value.type, [value.values[row] ?? null], {
      config: { ...value.config, ...configOf(mapped, ({ field }) => field.values[row]) },
      ...(labelled.length > 0 ? { labels } : {}),
    });
  });
  return tableFrame(fields, frame);
}

/** Transformations that choose, order and rename fields and frames. */
import { record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { pattern } from "../../data/field-config";
import type { Field, Frame } from "../../data/frame";
import { isNamed, names, type Options, type Transformation, withFields } from "./fields";

/** A pattern without slashes must match the whole name. */
export function namePattern(source: string): RegExp | null {
  return /^\/.*\/[a-z]*$/s.test(source) ? pattern(source) : pattern(`^${source}$`);
}

export const organize: Transformation = (frames, options, text) => {
  const [order, excluded, included, renamed] = [
    options.indexByName,
    options.excludeByName,
    options.includeByName,
    options.renameByName,
  ].map(record);
  const only = Object.values(included ?? {}).includes(true);
  return frames.map((frame) => {
    const kept = frame.fields
      .map((field, at) => ({ field, at, name: displayName(field, frame, frames) }))
      .filter(({ field, name }) => {
        const has = (given: Options | undefined) => given?.[name] ?? given?.[field.name];
        return has(excluded) !== true && (!only || has(included) === true);
      })
      .map((one) => ({ ...one, place: placeOf(order?.[one.name] ?? order?.[one.field.name]) }))
      .sort((left, right) => (left.place === right.place ? left.at - right.at : left.place - right.place));
    return withFields(
      frame,
      kept.map(({ field, name }) => named(field, text(string(renamed?.[name] ?? renamed?.[field.name])))),
    );
  });
};

/** Fields without a place come last, in their order. */
function placeOf(value: unknown): number {
  return typeof value === "number" ? value : Number.MAX_SAFE_INTEGER;
}

function named(field: Field, name: string): Field {
  return name === "" ? field : ({ ...field, config: { ...field.config, displayName: name } } as Field);
}

export const renameByRegex: Transformation = (frames, options, text) => {
  const expression = namePattern(text(string(options.regex)));
  if (!expression || string(options.regex) === "") return frames;
  const global = new RegExp(
    expression.source,
    `${expression.flags}${/\/[a-z]*g[a-z]*$/.test(string(options.regex)) ? "g" : ""}`,
  );
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const name = displayName(field, frame, frames);
      return expression.test(name)
        ? named(field, name.replace(global, text(string(options.renamePattern))))
        : field;
    }),
  }));
};

export const filterFieldsByName: Transformation = (frames, options, text) => {
  const [include, exclude] = [
    selector(options.include, frames, text),
    selector(options.exclude, frames, text),
  ];
  return filtered(
    frames,
    (field, frame) => (include?.(field, frame) ?? true) && !(exclude?.(field, frame) ?? false),
  );
};

type Selects = (field: Field, frame: Frame) => boolean;

/** Null when nothing is selected by. */
function selector(value: unknown, frames: Frame[], text: (given: string) => string): Selects | null {
  const { names: given, pattern: source, variable } = record(value);
  const wanted = [...names(given), ...(variable ? text(string(variable)).split(/[,{}]/) : [])]
    .filter(Boolean)
    .map(text);
  const expression = string(source) === "" ? null : namePattern(text(string(source)));
  if (wanted.length === 0 && !expression) return null;
  return (field, frame) =>
    wanted.some((name) => isNamed(field, name, frame, frames)) ||
    (expression?.test(displayName(field, frame, frames)) ?? false);
}

/** A frame of which no field is left is left out. */
function filtered(frames: Frame[], selects: Selects): Frame[] {
  return frames.flatMap((frame) => {
    const fields = frame.fields.filter((field) => selects(field, frame));
    return fields.length === 0 && frame.fields.length > 0 ? [] : [{ ...frame, fields }];
  });
}

/** The general filter: by a matcher of the field configuration. */
export const filterFields: Transformation = (frames, options) => {
  const test = (value: unknown): Selects | null => {
    const { id, options: wanted } = record(value);
    if (id === "numeric" || id === "time")
      return (field) => field.type === (id === "time" ? "time" : "number");
    if (id === "byType") return (field) => field.type === wanted;
    if (id === "byName") return (field, frame) => isNamed(field, string(wanted), frame, frames);
    if (id === "byRegexp") {
      const expression = pattern(string(wanted));
      return (field, frame) => expression?.test(displayName(field, frame, frames)) ?? false;
    }
    if (id === "byNames" || id === "byRegexpOrNames")
      return selector({ names: record(wanted).names, pattern: record(wanted).pattern }, frames, String);
    return null;
  };
  const [include, exclude] = [test(options.include), test(options.exclude)];
  return filtered(
    frames,
    (field, frame) => (include?.(field, frame) ?? true) && !(exclude?.(field, frame) ?? false),
  );
};

/** The frames of some queries; a list is a pattern, as in `A|B`. */
export function matchesRefId(frame: Frame, wanted: string): boolean {
  return frame.refId === wanted || (namePattern(wanted)?.test(frame.refId ?? "") ?? false);
}

export const filterByRefId: Transformation = (frames, { include, exclude }) =>
  frames.filter((frame) => {
    const matches = (value: unknown) =>
      typeof value === "string" && value !== "" ? matchesRefId(frame, value) : null;
    return (matches(include) ?? true) && !(matches(exclude) ?? false);
  });

/** Transformations of values: their types, their texts, and objects in them. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { pattern } from "../../data/field-config";
import type { Field, Frame } from "../../data/frame";
import type { Zone } from "../../time/format";
import { formatPattern } from "../../time/pattern";
import {
  fieldNamed,
  makeField,
  type Transformation,
  tableFrame,
  typeOf,
  withFields,
  withValues,
} from "./fields";

/** The frames with another field in place of some. */
function replaced(frames: Frame[], wanted: string, make: (field: Field) => Field): Frame[] {
  return frames.map((frame) => {
    const found = fieldNamed(frame, wanted, frames);
    return found
      ? { ...frame, fields: frame.fields.map((field) => (field === found ? make(field) : field)) }
      : frame;
  });
}

export const convertFieldType: Transformation = (frames, options) =>
  list(options.conversions)
    .map(record)
    .reduce<Frame[]>(
      (found, { targetField, destinationType }) =>
        replaced(found, string(targetField), (field) => converted(field, string(destinationType))),
      frames,
    );

function converted(field: Field, type: string): Field {
  const all = field.values as readonly unknown[];
  switch (type) {
    case "number":
      return withValues(field, all.map(toNumber), "number");
    case "time":
      return withValues(field, all.map(toTime), "time");
    case "boolean":
      return withValues(
        field,
        all.map((value) => (value === "false" || value === "0" ? false : Boolean(value))),
        "boolean",
      );
    case "string":
      return withValues(
        field,
        all.map((value) => textOf(value)),
        "string",
      );
    case "other":
    case "complex":
      return withValues(
        field,
        all.map((value) => (typeof value === "string" ? parsed(value) : value)),
        "other",
      );
    default:
      return field;
  }
}

function toNumber(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(typeof value === "string" ? value.replaceAll(",", "") : value);
  return Number.isNaN(number) ? null : number;
}

function toTime(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  const ms = Number.isNaN(number) ? Date.parse(String(value)) : number;
  return Number.isNaN(ms) ? null : ms;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const formatTime: Transformation = (frames, options, text) => {
  const zone: Zone = options.useTimezone === false ? "utc" : "local";
  const format = text(string(options.outputFormat)) || "YYYY-MM-DD HH:mm:ss";
  return replaced(frames, string(options.timeField), (field) => {
    const shown = (value: unknown) => {
      const ms = toTime(value);
      return ms === null ? "" : formatPattern(ms, format, zone);
    };
    return withValues(field, (field.values as unknown[]).map(shown), "string");
  });
};

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
const words = (text: string) => text.match(/[A-Za-z0-9]+/g) ?? [];

const TEXT_FORMATS: Record<string, (text: string) => string> = {
  "Upper Case": (text) => text.toUpperCase(),
  "Lower Case": (text) => text.toLowerCase(),
  "Sentence Case": (text) => text.charAt(0).toUpperCase() + text.slice(1),
  "Title Case": (text) =>
    text
      .split(" ")
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(" "),
  "Pascal Case": (text) => words(text).map(capital).join(""),
  "Camel Case": (text) =>
    words(text)
      .map((word, at) => (at === 0 ? word.toLowerCase() : capital(word)))
      .join(""),
  "Snake Case": (text) => words(text).join("_").toLowerCase(),
  "Kebab Case": (text) => words(text).join("-").toLowerCase(),
  Trim: (text) => text.trim(),
};

export const formatString: Transformation = (frames, options) => {
  const format = string(options.outputFormat, "Upper Case");
  const [from, to] = [Number(options.substringStart) || 0, Number(options.substringEnd)];
  const change =
    format === "Substring"
      ? (text: string) => text.slice(from, Number.isFinite(to) && to > 0 ? to : undefined)
      : Object.hasOwn(TEXT_FORMATS, format)
        ? TEXT_FORMATS[format]
        : undefined;
  if (!change) return frames;
  return replaced(frames, string(options.stringField), (field) =>
    withValues(
      field,
      (field.values as unknown[]).map((value) => change(textOf(value) ?? "")),
      "string",
    ),
  );
};

const FIELDS_MAX = 200;

/** Parts of a text or an object as fields of their own. */
export const extractFields: Transformation = (frames, options) => {
  const source = string(options.source);
  const read = reader(options);
  return frames.map((frame) => {
    const field = fieldNamed(frame, source, frames);
    if (!field) return frame;
    const rows = (field.values as unknown[]).map(read);
    const found = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, FIELDS_MAX);
    const made = found.map((name) => {
      const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null));
      return makeField(name, typeOf(values), values);
    });
    if (options.replace !== true) return withFields(frame, [...frame.fields, ...made]);
    const time = options.keepTime === true ? frame.fields.filter(({ type }) => type === "time") : [];
    return withFields(frame, [...time, ...made]);
  });
};

type Reader = (value: unknown) => Record<string, unknown>;

function reader(options: Record<string, unknown>): Reader {
  const paths = list(options.jsonPaths).map(record);
  switch (options.format) {
    case "kvp":
      return (value) => pairs(textOf(value) ?? "");
    case "regexp": {
      const expression = pattern(string(options.regExp));
      return (value) => ({ ...expression?.exec(textOf(value) ?? "")?.groups });
    }
    case "delimiter": {
      const delimiter = string(options.delimiter, ",") || ",";
      return (value) =>
        Object.fromEntries((textOf(value) ?? "").split(delimiter).map((part) => [part.trim(), 1]));
    }
    default:
      return (value) => {
        const given = typeof value === "string" ? parsed(value) : value;
        const object = typeof given === "object" && given !== null ? given : null;
        if (paths.length > 0)
          return Object.fromEntries(
            paths.map(({ path, alias }) => [string(alias) || string(path), at(object, string(path))]),
          );
        if (object) return { ...object };
        return options.format === "json" ? {} : pairs(textOf(value) ?? "");
      };
  }
}

/** `a.b[0]` of an object. */
function at(value: unknown, path: string): unknown {
  let found = value;
  for (const part of path.match(/[^.[\]]+/g) ?? []) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return null;
    found = (found as Record<string, unknown>)[part];
  }
  return found ?? null;
}

/** `a=1, "b": 'two'` and `a=1&b=2` as an object. */
function pairs(text: string): Record<string, string> {
  const found = text.matchAll(
    /["']?([^\s=:,;&{}"']+)["']?(?:=|:\s*)(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s,;&}]*))/g,
  );
  return Object.fromEntries(
    [...found].map(([, key = "", double, single, bare]) => [
      key,
      double?.replace(/\\(["\\])/g, "$1") ?? single ?? bare ?? "",
    ]),
  );
}

/** Rows become fields, fields become rows. */
export const transpose: Transformation = (frames, options) =>
  frames.map((frame) => {
    const [first, ...rest] = frame.fields;
    if (!first) return frame;
    const columns = (first.values as unknown[]).map((value, row) => {
      const values = rest.map((field) => field.values[row] ?? null);
      const same = new Set(rest.map(({ type }) => type)).size === 1;
      return makeField(
        textOf(value) ?? "",
        same ? (rest[0]?.type ?? "string") : "string",
        same ? values : values.map(textOf),
      );
    });
    const head = makeField(
      string(options.firstFieldName) || "Field",
      "string",
      rest.map((field) => displayName(field, frame, frames)),
    );
    return tableFrame([head, ...columns.slice(0, FIELDS_MAX)], frame);
  });

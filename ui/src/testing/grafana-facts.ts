/** Reads the recorded tests of Grafana's transformations: their inputs, and what they expect of the frames. */
import { list, record, string } from "../api/decode";
import { makeField, typeOf } from "../dashboards/transform/fields";
import { displayName } from "../data/display-name";
import { type Field, type Frame, frameOf } from "../data/frame";

type Json = Record<string, unknown>;

const ENUMS: Record<string, string> = {
  "GroupByOperationID.groupBy": "groupby",
  "ConcatenateFrameNameMode.FieldName": "field",
  "CalculateFieldMode.BinaryOperation": "binary",
  "BinaryOperationID.Add": "+",
  "BinaryOperationID.Subtract": "-",
  "BinaryOperationID.Multiply": "*",
  "BinaryOperationID.Divide": "/",
};

/** Recorded values with names of enumerations and constructors as plain values. */
export function literal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== "object" || value === null) return value;
  const { _ref: name, _undefined: missing, _call: call, args } = value as Json;
  if (missing === true) return undefined;
  if (typeof name === "string") {
    const last = name.split(".").at(-1) ?? "";
    return ENUMS[name] ?? last.charAt(0).toLowerCase() + last.slice(1);
  }
  const given = list(args);
  if (["toDataFrame", "DataFrame", "toEquableDataFrame"].includes(string(call)))
    return frame(record(literal(given[0])));
  if (call === "ArrayVector") return literal(given[0] ?? []);
  if (call === "createField") {
    const [fieldName, type, values] = given.map(literal);
    return { name: fieldName, type, values };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item)]));
}

function frame(given: Json): Frame {
  const fields = list(given.fields).map((item): Field => {
    const { name, type, values, labels, config } = record(item);
    const all = list(values);
    const own = { ...(labels ? { labels: labels as Record<string, string> } : {}), config: record(config) };
    return makeField(string(name), (type as Field["type"]) ?? typeOf(all), all, own);
  });
  const { name, refId } = given;
  const made = frameOf(fields, {
    ...(name ? { name: string(name) } : {}),
    ...(refId ? { refId: string(refId) } : {}),
  });
  return { ...made, length: Math.max(0, ...fields.map(({ values }) => values.length)) };
}

/** Runs a transformation that a test calls by its name. */
export type Run = (id: string, options: unknown, frames: Frame[]) => Frame[];

/** What a call of a transformation makes, or undefined for other calls. */
function transformedBy(call: string, args: unknown[], run: Run): unknown {
  const [first, second] = args.map(literal);
  switch (call) {
    case "rowsToFields":
      return run(call, first, [second as Frame])[0];
    case "joinByLabels":
      return run(call, first, second as Frame[])[0];
    case "extractConfigFromQuery":
      return run("configFromData", first, second as Frame[]);
    case "prepareTimeSeriesTransformer.transformer(config)":
      return run("prepareTimeSeries", { format: "many" }, first as Frame[]);
    default:
      return undefined;
  }
}

/** What an expression of a test is, when the transformations have made the frames. */
export function evaluated(value: unknown, frames: Frame[], run?: Run): unknown {
  const { _get: key, on, _ref: name, _call: call, args } = record(value);
  if (name === "received") return [frames];
  if (key !== undefined) {
    const from = evaluated(on, frames, run);
    return (from as Json | undefined)?.[String(key)];
  }
  const given = list(args);
  const made = run && transformedBy(string(call), given, run);
  if (made !== undefined) return made;
  if (call === "get") return list(evaluated(on, frames, run))[Number(given[0])];
  if (call === "toEquableDataFrames") return evaluated(given[0], frames, run);
  if (["unwrap", "getFieldSnapshot", "toDataFrameDTO"].includes(string(call)))
    return evaluated(given[0], frames);
  if (call === "toRowsSnapshow") {
    const frame = evaluated(given[0], frames, run) as Frame;
    const columns = frame.fields.map((field) => displayName(field, frame));
    return {
      columns,
      rows: Array.from({ length: frame.length }, (_, row) => frame.fields.map(({ values }) => values[row])),
    };
  }
  if (call === "toSimpleObject") {
    const { fields = [] } = evaluated(given[0], frames) as Partial<Frame>;
    return Object.fromEntries(fields.map(({ name, values }) => [name, values]));
  }
  if (call === "toArray") return rows(evaluated(list(record(on).args)[0], frames) as Frame);
  return literal(value);
}

function rows(frame: Frame): Json[] {
  return Array.from({ length: frame.length }, (_, row) =>
    Object.fromEntries(frame.fields.map((field) => [displayName(field, frame), field.values[row]])),
  );
}

/** The text of a snapshot as a value. */
export function snapshot(text: string): unknown {
  const json = text
    .replace(/\b(Object|Array) (?=[{[])/g, "")
    .replace(/: undefined/g, ": null")
    .replace(/^(\s*)undefined,/gm, "$1null,")
    .replace(/\bNaN\b/g, "null")
    // A hole in a list.
    .replace(/(?<=[,[]\s*),/g, "null,")
    .replace(/,(\s*[}\]])/g, "$1");
  return JSON.parse(json);
}

/** Fields by what both sides can have: the state of a field, and an undefined value, are Grafana's own. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (value === undefined || (typeof value === "number" && Number.isNaN(value))) return null;
  if (typeof value !== "object" || value === null) return value;
  const given = value as Json;
  if (Array.isArray(given.values) && typeof given.name === "string") {
    const labels = Object.keys(record(given.labels)).length > 0 ? given.labels : undefined;
    const shown = record(given.config).displayName;
    return {
      name: given.name,
      values: comparable(given.values),
      ...(labels ? { labels } : {}),
      ...(shown ? { shown } : {}),
    };
  }
  if (Array.isArray(given.fields)) return { fields: comparable(given.fields) };
  return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, comparable(item)]));
}

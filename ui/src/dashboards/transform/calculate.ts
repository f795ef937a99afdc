/** The transformation that adds a field, which is calculated of others. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { type Field, type Frame, timeField } from "../../data/frame";
import {
  calculated,
  calculationTitle,
  fieldNamed,
  isNamed,
  makeField,
  matcherName,
  names,
  type Options,
  type Transformation,
  withFields,
} from "./fields";
import { joinByField } from "./join";

type Text = (given: string) => string;

export const calculateField: Transformation = (frames, options, text) => {
  // Series are first brought to common times, so that a row has the values of all.
  const joined =
    options.timeSeries !== false && frames.length > 1 && frames.every((frame) => timeField(frame))
      ? joinByField(frames, {}, text)
      : frames;
  return joined.map((frame) => {
    const made = calculatedField(frame, joined, options, text);
    if (!made) return frame;
    const named = { ...made, ...nameOf(made, options, text) } as Field;
    if (options.replaceFields !== true) return withFields(frame, [...frame.fields, named]);
    const time = timeField(frame);
    return withFields(frame, time ? [time, named] : [named]);
  });
};

function nameOf(field: Field, { alias }: Options, text: Text): Partial<Field> {
  const name = text(string(alias));
  return name === "" ? {} : { name, config: { ...field.config, displayName: name } };
}

function calculatedField(frame: Frame, frames: Frame[], options: Options, text: Text): Field | null {
  switch (options.mode) {
    case "binary":
      return binary(frame, frames, record(options.binary), text);
    case "unary":
      return unary(frame, frames, record(options.unary));
    case "cumulativeFunctions":
      return running(frame, frames, record(options.cumulative));
    case "windowFunctions":
      return windowed(frame, frames, record(options.window));
    case "index": {
      const percent = record(options.index).asPercentile === true;
      const last = Math.max(1, frame.length);
      const values = Array.from({ length: frame.length }, (_, row) => (percent ? row / last : row));
      return makeField("Row", "number", values, { config: percent ? { unit: "percentunit" } : {} });
    }
    default:
      return reducedRow(frame, frames, record(options.reduce));
  }
}

function reducedRow(frame: Frame, frames: Frame[], { include, reducer }: Options): Field | null {
  const wanted = names(include);
  const fields = frame.fields.filter(
    (field) =>
      field.type === "number" &&
      (wanted.length === 0 || wanted.some((name) => isNamed(field, name, frame, frames))),
  );
  if (fields.length === 0) return null;
  const id = string(reducer, "sum");
  const values = Array.from({ length: frame.length }, (_, row) =>
    calculated(
      fields.map((field) => field.values[row]),
      id,
    ),
  );
  return makeField(calculationTitle(id), "number", values.map(numeric));
}

function numeric(value: unknown): number | null {
  return typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null;
}

const OPERATORS: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "**": (left, right) => left ** right,
  "%": (left, right) => left % right,
};

/** A field, or a number. */
interface Operand {
  name: string;
  at: (row: number) => number | null;
}

function binary(frame: Frame, frames: Frame[], options: Options, text: Text): Field | null {
  const operator = string(options.operator, "+");
  const calculate = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  const left = operand(options.left, frame, frames, text);
  const right = operand(options.right, frame, frames, text);
  if (!calculate || !left || !right) return null;
  const values = Array.from({ length: frame.length }, (_, row) => {
    const [a, b] = [left.at(row), right.at(row)];
    return a === null || b === null ? null : calculate(a, b);
  });
  return makeField(`${left.name} ${operator} ${right.name}`, "number", values);
}

function operand(value: unknown, frame: Frame, frames: Frame[], text: Text): Operand | null {
  const fixed = record(value).fixed;
  const name = fixed === undefined ? matcherName(value) : text(string(fixed));
  const field = fixed === undefined ? fieldNamed(frame, text(name), frames) : undefined;
  if (field) return { name: displayName(field, frame, frames), at: (row) => numeric(field.values[row]) };
  const number = text(name).trim() === "" ? Number.NaN : Number(text(name));
  return Number.isNaN(number) ? null : { name: text(name), at: () => number };
}

const FUNCTIONS: Record<string, (value: number) => number> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  percent: (value) => value * 100,
};

function unary(frame: Frame, frames: Frame[], { operator, fieldName }: Options): Field | null {
  const id = string(operator);
  const calculate = Object.hasOwn(FUNCTIONS, id) ? FUNCTIONS[id] : undefined;
  const field = fieldNamed(frame, matcherName(fieldName), frames);
  if (!calculate || !field) return null;
  const values = (field.values as unknown[]).map((value) => {
    const number = numeric(value);
    return number === null ? null : calculate(number);
  });
  return makeField(`${id}(${displayName(field, frame, frames)})`, "number", values);
}

/** The sum or the mean of the values up to each row. */
function running(frame: Frame, frames: Frame[], { field: name, reducer }: Options): Field | null {
  const field = fieldNamed(frame, matcherName(name), frames);
  if (!field) return null;
  let sum = 0;
  let count = 0;
  const values = (field.values as unknown[]).map((value) => {
    const number = numeric(value);
    if (number !== null) {
      sum += number;
      count += 1;
    }
    return reducer === "mean" ? (count === 0 ? null : sum / count) : sum;
  });
  const title = reducer === "mean" ? "cumulative mean" : "cumulative sum";
  return makeField(`${title}(${displayName(field, frame, frames)})`, "number", values);
}

/** A calculation over the rows around each row, or before it. */
function windowed(frame: Frame, frames: Frame[], options: Options): Field | null {
  const field = fieldNamed(frame, matcherName(options.field), frames);
  if (!field) return null;
  const given = typeof options.windowSize === "number" ? options.windowSize : 0.1;
  const size = Math.max(1, Math.round(options.windowSizeMode === "fixed" ? given : given * frame.length));
  const before = options.windowAlignment === "centered" ? Math.floor(size / 2) : size - 1;
  const after = options.windowAlignment === "centered" ? size - before - 1 : 0;
  const id = string(options.reducer, "mean");
  const all = list(field.values);
  const values = all.map((_value, row) =>
    numeric(calculated(all.slice(Math.max(0, row - before), row + after + 1), id)),
  );
  const title = options.windowAlignment === "centered" ? "centered" : "trailing";
  return makeField(`${title} moving ${id}(${displayName(field, frame, frames)})`, "number", values);
}

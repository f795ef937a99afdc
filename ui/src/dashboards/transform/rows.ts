/** Transformations of the rows of each frame: filters, order, groups. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { pattern } from "../../data/field-config";
import type { Field, Frame } from "../../data/frame";
import {
  calculated,
  fieldNamed,
  keyOf,
  makeField,
  names,
  pickRows,
  type Transformation,
  tableFrame,
  typeOf,
} from "./fields";

const rowsOf = (frame: Frame) => Array.from({ length: frame.length }, (_, row) => row);

export const sortBy: Transformation = (frames, options) => {
  const wanted = list(options.sort)
    .map(record)
    .filter(({ field }) => string(field) !== "");
  if (wanted.length === 0) return frames;
  return frames.map((frame) => {
    const keys = wanted.flatMap(({ field, desc }) => {
      const found = fieldNamed(frame, string(field), frames);
      return found ? [{ field: found, sign: desc === true ? -1 : 1 }] : [];
    });
    if (keys.length === 0) return frame;
    const rows = rowsOf(frame).sort((left, right) => {
      for (const { field, sign } of keys) {
        const order = compared(field.values[left], field.values[right]);
        if (order !== 0) return order * sign;
      }
      return left - right;
    });
    return pickRows(frame, rows);
  });
};

function compared(left: unknown, right: unknown): number {
  if (left === null || left === undefined) return right === null || right === undefined ? 0 : -1;
  if (right === null || right === undefined) return 1;
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left).localeCompare(String(right), "en", { numeric: true });
}

export const limit: Transformation = (frames, options, text) => {
  const given = options.limitField;
  const most = typeof given === "string" ? Number(text(given)) : given;
  const rows = typeof most === "number" && Number.isFinite(most) ? Math.max(0, most) : 10;
  return frames.map((frame) =>
    frame.length <= rows ? frame : pickRows(frame, rowsOf(frame).slice(0, rows)),
  );
};

type Test = (value: unknown) => boolean;

export const filterByValue: Transformation = (frames, options, text) => {
  const filters = list(options.filters).map(record);
  if (filters.length === 0) return frames;
  return frames.map((frame) => {
    const tests = filters.flatMap(({ fieldName, config }) => {
      const field = fieldNamed(frame, text(string(fieldName)), frames);
      return field ? [{ field, test: testOf(record(config), text) }] : [];
    });
    if (tests.length === 0) return frame;
    const all = options.match === "all";
    const kept = rowsOf(frame).filter((row) => {
      const holds = ({ field, test }: { field: Field; test: Test }) => test(field.values[row]);
      return (all ? tests.every(holds) : tests.some(holds)) !== (options.type === "exclude");
    });
    return pickRows(frame, kept);
  });
};

function testOf({ id, options }: Record<string, unknown>, text: (given: string) => string): Test {
  const filled = (value: unknown) => (typeof value === "string" ? text(value) : value);
  const { value, from, to } = record(options);
  const [wanted, low, high] = [filled(value), Number(filled(from)), Number(filled(to))];
  const limit = Number(wanted);
  const compare =
    (holds: (number: number) => boolean): Test =>
    (given) =>
      given !== null && given !== undefined && holds(Number(given));
  const tests: Record<string, Test> = {
    isNull: (given) => given === null || given === undefined,
    isNotNull: (given) => given !== null && given !== undefined,
    equal: (given) => String(given) === String(wanted),
    notEqual: (given) => String(given) !== String(wanted),
    greater: compare((number) => number > limit),
    greaterOrEqual: compare((number) => number >= limit),
    lower: compare((number) => number < limit),
    lowerOrEqual: compare((number) => number <= limit),
    between: compare((number) => number > low && number < high),
    regex: (given) => pattern(string(wanted))?.test(String(given)) ?? false,
    substring: (given) =>
      String(given ?? "")
        .toLowerCase()
        .includes(string(wanted).toLowerCase()),
    notSubstring: (given) =>
      !String(given ?? "")
        .toLowerCase()
        .includes(string(wanted).toLowerCase()),
  };
  return Object.hasOwn(tests, string(id)) ? (tests[string(id)] as Test) : () => true;
}

/** The rows of a frame by the values of fields, in the order of their first row. */
function grouped(frame: Frame, by: Field[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const row of rowsOf(frame)) {
    const key = keyOf(by.map(({ values }) => values[row] ?? null));
    const rows = groups.get(key);
    if (rows) rows.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

export const groupBy: Transformation = (frames, options) => {
  const wanted = record(options.fields);
  return frames.map((frame) => {
    const settings = frame.fields.map((field) => {
      const name = displayName(field, frame, frames);
      const { operation, aggregations } = record(wanted[name] ?? wanted[field.name]);
      return { field, operation, aggregations: names(aggregations) };
    });
    const keys = settings.filter(({ operation }) => operation === "groupby");
    if (keys.length === 0) return frame;
    const groups = grouped(
      frame,
      keys.map(({ field }) => field),
    );
    const fields = [
      ...keys.map(({ field }) =>
        makeField(
          field.name,
          field.type,
          groups.map(([row = 0]) => field.values[row]),
          kept(field),
        ),
      ),
      ...settings.flatMap(({ field, operation, aggregations }) =>
        operation === "aggregate"
          ? aggregations.map((id) => aggregate(field, displayName(field, { ...frame, name: "" }), id, groups))
          : [],
      ),
    ];
    return tableFrame(fields, frame);
  });
};

function kept({ labels, config }: Field) {
  return { config, ...(labels ? { labels } : {}) };
}

const KEEPS_TYPE = new Set(["first", "last", "firstNotNull", "lastNotNull", "min", "max"]);

function aggregate(field: Field, name: string, id: string, groups: number[][]): Field {
  const values = groups.map((rows) =>
    calculated(
      rows.map((row) => field.values[row]),
      id,
    ),
  );
  const { displayName: _, displayNameFromDS: __, ...config } = field.config;
  // A number of values has no unit.
  const counts = /count/i.test(id);
  const type = KEEPS_TYPE.has(id) ? field.type : typeOf(values);
  return makeField(`${name} (${id})`, counts ? "number" : type, values, { config: counts ? {} : config });
}

/** A table of one field, with rows and columns of the values of two others. */
export const groupingToMatrix: Transformation = (frames, options) => {
  const [column, row, value] = [
    string(options.columnField, "Time"),
    string(options.rowField, "Time"),
    string(options.valueField, "Value"),
  ];
  const frame = frames.find((one) => [column, row, value].every((name) => fieldNamed(one, name, frames)));
  if (!frame || frames.length > 1) return frames;
  const [columns, rows, values] = [column, row, value].map(
    (name) => fieldNamed(frame, name, frames) as Field,
  );
  if (!columns || !rows || !values) return frames;
  const columnKeys = [...new Set(columns.values as unknown[])];
  const rowKeys = [...new Set(rows.values as unknown[])];
  const cells = new Map<string, unknown>();
  for (const at of rowsOf(frame)) cells.set(keyOf([rows.values[at], columns.values[at]]), values.values[at]);
  const empty =
    { null: null, true: true, false: false }[string(options.emptyValue)] ??
    (options.emptyValue === "null" ? null : "");
  return [
    tableFrame(
      [
        makeField(`${row}\\${column}`, rows.type, rowKeys),
        ...columnKeys.map((key) =>
          makeField(
            String(key),
            values.type,
            rowKeys.map((one) => {
              const cell = keyOf([one, key]);
              return cells.has(cell) ? cells.get(cell) : empty;
            }),
            { config: values.config },
          ),
        ),
      ],
      frame,
    ),
  ];
};

/** A frame for each value of some fields. */
export const partitionByValues: Transformation = (frames, options) => {
  const wanted = names(options.fields);
  if (wanted.length === 0) return frames;
  const keep = options.keepFields === true;
  const asLabels = record(options.naming).asLabels !== false;
  return frames.flatMap((frame) => {
    const by = wanted.flatMap((name) => fieldNamed(frame, name, frames) ?? []);
    if (by.length === 0) return [frame];
    return grouped(frame, by).map((rows) => {
      const found = by.map((field) => [field.name, String(field.values[rows[0] ?? 0] ?? "")] as const);
      const part = pickRows(frame, rows);
      const fields = part.fields.filter((_field, at) => keep || !by.includes(frame.fields[at] as Field));
      return {
        ...part,
        name: found.map(([, value]) => value).join(" "),
        fields: asLabels
          ? fields.map((field) =>
              field.type === "number"
                ? ({ ...field, labels: { ...field.labels, ...Object.fromEntries(found) } } as Field)
                : field,
            )
          : fields,
      };
    });
  });
};

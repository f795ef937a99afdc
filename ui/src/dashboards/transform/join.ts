/** Transformations that make one frame of several. */
import { list, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { type Field, type Frame, frameOf, timeField } from "../../data/frame";
import {
  fieldNamed,
  keyOf,
  makeField,
  pickRows,
  type Transformation,
  tableFrame,
  withFields,
  withValues,
} from "./fields";

export const ROWS_MAX = 50_000;

/** By a field that all frames have, or else by time. */
export const joinByField: Transformation = (frames, options) => {
  const wanted = string(options.byField);
  const found = frames.flatMap((frame) => {
    const by = wanted === "" ? timeField(frame) : fieldNamed(frame, wanted, frames);
    return by ? [{ frame, by }] : [];
  });
  if (found.length === 0) return frames;
  const [only] = found;
  if (found.length === 1 && only) return [joinFirst(only.frame, only.by)];
  return [
    options.mode === "inner" || options.mode === "outerTabular"
      ? tabular(found, options.mode === "inner")
      : outer(found),
  ];
};

interface Joined {
  frame: Frame;
  by: Field;
}

/** The frame with the field that it is joined by in front, and its rows in the order of the field. */
function joinFirst(frame: Frame, by: Field): Frame {
  const rows = Array.from({ length: frame.length }, (_, row) => row);
  if (by.type === "time" || by.type === "number")
    rows.sort((left, right) => Number(by.values[left]) - Number(by.values[right]));
  const fields = [by, ...frame.fields.filter((field) => field !== by)];
  return pickRows({ ...frame, fields }, rows);
}

/** The name of a frame becomes a label, so that fields of the same name differ. */
function labelled(field: Field, frame: Frame): Field {
  const { name } = frame;
  return name && field.labels?.name === undefined
    ? ({ ...field, labels: { ...field.labels, name } } as Field)
    : field;
}

/** A row for each value of any frame; of several rows with the same value the last one counts. */
function outer(found: Joined[]): Frame {
  const rows = new Map<unknown, number>();
  for (const { by } of found) for (const value of by.values) if (!rows.has(value)) rows.set(value, rows.size);
  const keys = [...rows.keys()];
  if (keys.every((key) => typeof key === "number")) keys.sort((left, right) => Number(left) - Number(right));
  keys.forEach((key, row) => {
    rows.set(key, row);
  });
  const [first] = found;
  const fields = found.flatMap(({ frame, by }) =>
    frame.fields
      .filter((field) => field !== by)
      .map((field) => {
        const values = new Array<unknown>(keys.length).fill(null);
        by.values.forEach((key, at) => {
          values[rows.get(key) ?? 0] = field.values[at] ?? null;
        });
        return withValues(labelled(field, frame), values);
      }),
  );
  return frameOf([withValues(first?.by as Field, keys), ...fields], {
    meta: first?.frame.meta ?? {},
    refId: first?.frame.refId ?? "",
  });
}

/** Every combination of rows with the same value. */
function tabular(found: Joined[], inner: boolean): Frame {
  let rows: { key: unknown; at: (number | null)[] }[] = [];
  found.forEach(({ by }, index) => {
    const places = new Map<unknown, number[]>();
    by.values.forEach((key, at) => {
      places.set(key, [...(places.get(key) ?? []), at]);
    });
    const empty = new Array<null>(index).fill(null);
    const combined = rows.flatMap(({ key, at }) =>
      (places.get(key) ?? (inner ? [] : [null])).map((place) => ({ key, at: [...at, place] })),
    );
    const known = new Set(rows.map(({ key }) => key));
    const added = inner && index > 0 ? [] : [...places].filter(([key]) => !known.has(key));
    rows = [
      ...combined,
      ...added.flatMap(([key, all]) => all.map((place) => ({ key, at: [...empty, place] }))),
    ].slice(0, ROWS_MAX);
    // The frames before it have no such value.
  });
  const [first] = found;
  const fields = found.flatMap(({ frame, by }, index) =>
    frame.fields
      .filter((field) => field !== by)
      .map((field) =>
        withValues(
          labelled(field, frame),
          rows.map(({ at }) => (at[index] == null ? null : field.values[at[index]])),
        ),
      ),
  );
  return tableFrame(
    [
      withValues(
        first?.by as Field,
        rows.map(({ key }) => key),
      ),
      ...fields,
    ],
    first?.frame,
  );
}

/** Rows become one when what they share is equal, and what they have apart does not contradict. */
export const merge: Transformation = (frames) => {
  const given = frames.filter((frame) => frame.fields.length > 0);
  if (given.length <= 1) return given.length === 0 ? frames.slice(0, 1) : given;
  const columns = new Map<string, Field>();
  for (const field of given.flatMap(({ fields }) => fields))
    if (!columns.has(field.name)) columns.set(field.name, field);
  const shared = [...columns.keys()].filter((name) =>
    given.every(({ fields }) => fields.some((field) => field.name === name)),
  );
  const rows: Map<string, unknown>[] = [];
  const byKey = new Map<string, Map<string, unknown>[]>();
  for (const frame of given) {
    for (let at = 0; at < frame.length && rows.length < ROWS_MAX; at += 1) {
      const row = new Map(frame.fields.map((field) => [field.name, field.values[at] as unknown]));
      const key = keyOf(shared.map((name) => row.get(name)));
      const others = byKey.get(key) ?? [];
      const fitting = others.filter((other) => agrees(other, row));
      for (const other of fitting) for (const [name, value] of row) other.set(name, value);
      if (fitting.length > 0) continue;
      rows.push(row);
      byKey.set(key, [...others, row]);
    }
  }
  const fields = [...columns].map(([name, { type, config }]) =>
    makeField(
      name,
      type,
      rows.map((row) => row.get(name) ?? null),
      { config: withoutName(config) },
    ),
  );
  return [tableFrame(fields, given[0])];
};

/** The name is that of the field now. */
export function withoutName({
  displayName: _,
  displayNameFromDS: __,
  ...config
}: Field["config"]): Field["config"] {
  return config;
}

function agrees(row: Map<string, unknown>, other: Map<string, unknown>): boolean {
  for (const [name, value] of other) if (row.has(name) && row.get(name) !== value) return false;
  return true;
}

/** All series below each other, newest first, with their names in a column. */
export const seriesToRows: Transformation = (frames) => {
  const series = frames.filter((frame) => timeField(frame));
  if (series.length === 0) return frames;
  const rows: [time: number, metric: string, value: unknown][] = [];
  for (const frame of series) {
    const time = timeField(frame);
    for (const field of frame.fields) {
      if (field === time) continue;
      const name = frame.name ?? displayName(field, frame, series);
      time?.values.forEach((at, index) => {
        if (rows.length < ROWS_MAX) rows.push([at, name, field.values[index] ?? null]);
      });
    }
  }
  rows.sort((left, right) => right[0] - left[0]);
  const values = rows.map(([, , value]) => value);
  return [
    tableFrame([
      makeField(
        "Time",
        "time",
        rows.map(([time]) => time),
      ),
      makeField(
        "Metric",
        "string",
        rows.map(([, metric]) => metric),
      ),
      makeField(
        "Value",
        values.every((value) => value === null || typeof value === "number") ? "number" : "other",
        values,
      ),
    ]),
  ];
};

/** The fields of all frames beside each other. */
export const concatenate: Transformation = (frames, options) => {
  if (frames.length <= 1) return frames;
  const length = Math.max(...frames.map((frame) => frame.length));
  const fields = frames.flatMap((frame) =>
    frame.fields.map((field) => {
      const values = Array.from({ length }, (_, row) => field.values[row] ?? null);
      const full = withValues(field, values);
      if (!frame.name || options.frameNameMode === "drop") return full;
      if (options.frameNameMode === "label")
        return {
          ...full,
          labels: { ...full.labels, [string(options.frameNameLabel) || "frame"]: frame.name },
        } as Field;
      return { ...full, name: full.name === "Value" ? frame.name : `${frame.name} · ${full.name}` } as Field;
    }),
  );
  return [withFields(frames[0] as Frame, fields)];
};

/** A row for each combination of labels, and a column for each value of one of them. */
export const joinByLabels: Transformation = (frames, options) => {
  const label = string(options.value);
  const wanted = list(options.join).map((one) => string(one));
  const series = frames.flatMap((frame) =>
    frame.fields.filter((field) => field.labels?.[label] !== undefined),
  );
  if (label === "" || series.length === 0) return frames;
  const all = new Set(series.flatMap((field) => Object.keys(field.labels ?? {})));
  const keys = wanted.length > 0 ? wanted : [...all].filter((name) => name !== label);
  const columns = [...new Set(series.map((field) => field.labels?.[label] ?? ""))];
  const rows = new Map<string, { labels: string[]; values: Map<string, Field> }>();
  for (const field of series) {
    const labels = keys.map((name) => field.labels?.[name] ?? "");
    const row = rows.get(keyOf(labels)) ?? { labels, values: new Map<string, Field>() };
    rows.set(keyOf(labels), row);
    row.values.set(field.labels?.[label] ?? "", field);
  }
  // Each row has as many lines as its longest series.
  const lines = [...rows.values()].flatMap((row) => {
    const length = Math.max(...[...row.values.values()].map((field) => field.values.length));
    return Array.from({ length }, (_, at) => ({ row, at }));
  });
  const fields = [
    ...keys.map((name, index) =>
      makeField(
        name,
        "string",
        lines.map(({ row }) => row.labels[index]),
      ),
    ),
    ...columns.map((name) =>
      makeField(
        name,
        "number",
        lines.map(({ row, at }) => row.values.get(name)?.values[at] ?? null),
      ),
    ),
  ];
  return [tableFrame(fields, frames[0])];
};

/** Transformations of series: to their calculations, to tables, and between forms of frames. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { type Field, type Frame, frameOf, type Labels, numberFields, timeField } from "../../data/frame";
import {
  calculated,
  calculationTitle,
  keyOf,
  makeField,
  names,
  type Transformation,
  tableFrame,
  typeOf,
  withFields,
} from "./fields";
import { joinByField, merge, ROWS_MAX, withoutName } from "./join";

export const reduceFrames: Transformation = (frames, options, text) => {
  const ids = names(options.reducers);
  const reducers = ids.length > 0 ? ids : ["max"];
  if (options.mode === "reduceFields")
    return frames.map((frame) => reducedFields(frame, reducers, options.includeTimeField === true));
  const withLabels = options.labelsToFields === true;
  const rows = frames.flatMap((frame) =>
    frame.fields
      .filter((field) => field.type !== "time" || options.includeTimeField === true)
      .map((field) => ({ field, name: withLabels ? ownName(field) : displayName(field, frame, frames) })),
  );
  if (rows.length === 0) return [];
  const labels = withLabels ? labelNames(rows.map(({ field }) => field)) : [];
  return merge(
    [
      tableFrame(
        [
          makeField(
            "Field",
            "string",
            rows.map(({ name }) => name),
          ),
          ...labels.map((label) =>
            makeField(
              label,
              "string",
              rows.map(({ field }) => field.labels?.[label] ?? null),
            ),
          ),
          ...reducers.map((id) => {
            const values = rows.map(({ field }) => calculated(field.values, id));
            return makeField(calculationTitle(id), typeOf(values), values);
          }),
        ],
        frames[0],
      ),
    ],
    {},
    text,
  );
};

/** The name without labels, which have columns of their own. */
function ownName({ name, config }: Field): string {
  return config.displayName ?? name;
}

function labelNames(fields: Field[]): string[] {
  return [...new Set(fields.flatMap(({ labels }) => Object.keys(labels ?? {})))];
}

/** One row: each field with its calculation. */
function reducedFields(frame: Frame, reducers: string[], withTime: boolean): Frame {
  const fields = frame.fields
    .filter((field) => field.type === "number" || (withTime && field.type === "time"))
    .flatMap((field) =>
      reducers.map((id) => {
        const name = reducers.length > 1 ? `${field.name} ${calculationTitle(id)}` : field.name;
        const { name: _, values: __, type, ...rest } = field;
        return makeField(name, type, [calculated(field.values, id)], rest);
      }),
    );
  return tableFrame(fields, frame);
}

/** A row for each series, with its labels, one calculation, and the series itself to be drawn. */
export const timeSeriesTable: Transformation = (frames, options) => {
  const refIds = [...new Set(frames.map(({ refId }) => refId ?? ""))];
  return refIds.flatMap((refId) => {
    const own = frames.filter((frame) => (frame.refId ?? "") === refId);
    const series = own.flatMap((frame) => {
      const time = timeField(frame);
      return time ? numberFields(frame).map((field) => ({ time, field, frame })) : [];
    });
    if (series.length === 0) return own;
    const given = record(options[refId]);
    const id = string(given.stat, "lastNotNull") || "lastNotNull";
    const labels = labelNames(series.map(({ field }) => field));
    const trend = series.map(({ time, field, frame }) => ({
      ...frame,
      fields: [time, field],
      value: calculated(field.values, id),
    }));
    return [
      tableFrame(
        [
          ...labels.map((label) =>
            makeField(
              label,
              "string",
              series.map(({ field }) => field.labels?.[label] ?? null),
            ),
          ),
          makeField(refId === "" ? "Trend" : `Trend #${refId}`, "other", trend, {
            config: withoutName(series[0]?.field.config ?? {}),
          }),
        ],
        own[0],
      ),
    ];
  });
};

/** Labels become fields: columns of each frame, or a frame of rows for each field. */
export const labelsToFields: Transformation = (frames, options) => {
  const keep = names(options.keepLabels);
  if (options.mode === "rows")
    return frames.flatMap((frame) =>
      frame.fields
        .filter(({ labels }) => Object.keys(labels ?? {}).length > 0)
        .map((field) => ({
          ...labelRows(field.labels ?? {}, keep),
          name: displayName(field, frame, frames),
        })),
    );
  return frames.map((frame) => labelColumns(frame, keep, string(options.valueLabel)));
};

function labelRows(labels: Labels, keep: string[]): Frame {
  const wanted = keep.length > 0 ? keep : Object.keys(labels);
  const values = wanted.map((name) => labels[name] ?? null);
  return frameOf([makeField("label", "string", wanted), makeField("value", "string", values)], {
    meta: { type: "table" },
  });
}

/** The value of `valueLabel` becomes the name of the field. Labels that differ within the frame have a column each. */
function labelColumns(frame: Frame, keep: string[], valueLabel: string): Frame {
  const columns = new Map<string, Field>();
  const fields = frame.fields.map((field) => {
    const { labels, ...rest } = field;
    if (labels === undefined) return field;
    for (const [name, value] of Object.entries(labels)) {
      if (name === valueLabel || (keep.length > 0 && !keep.includes(name))) continue;
      columns.set(keyOf([name, value]), makeField(name, "string", new Array(frame.length).fill(value)));
    }
    return { ...rest, name: labels[valueLabel] ?? field.name, config: withoutName(field.config) } as Field;
  });
  if (columns.size === 0) return { ...frame, fields };
  return withFields({ ...frame, meta: { ...frame.meta, type: "table" } }, [...fields, ...columns.values()]);
}

/** Series in one frame with a field each, in a frame each, or below each other with their labels. */
export const prepareTimeSeries: Transformation = (frames, options, text) => {
  const series = frames.filter((frame) => timeField(frame));
  if (series.length === 0) return [];
  if (options.format === "multi" || options.format === "many") return series.flatMap(perSeries);
  const wide = joinByField(series, {}, text);
  return options.format === "long" ? [long(series)] : wide;
};

/** A frame for each number of a row, and for each combination of its texts, which become labels. */
export function perSeries(frame: Frame): Frame[] {
  const time = timeField(frame);
  const texts = frame.fields.filter((field) => field.type === "string");
  if (!time) return [];
  const groups = new Map<string, number[]>();
  for (let row = 0; row < frame.length; row += 1) {
    const key = JSON.stringify(texts.map((field) => field.values[row]));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return numberFields(frame).flatMap((field) =>
    [...groups.values()].map((rows) => {
      const pick = (one: Field) => rows.map((row) => one.values[row]);
      const labels = Object.fromEntries(
        texts.map((one) => [one.name, String(one.values[rows[0] ?? 0] ?? "")]),
      );
      const value = makeField(field.name, "number", pick(field), {
        config: field.config,
        labels: { ...field.labels, ...labels },
      });
      return withFields({ ...frame, meta: { ...frame.meta, type: "timeseries" } }, [
        makeField(time.name, "time", pick(time), { config: time.config }),
        value,
      ]);
    }),
  );
}

/** A row for each sample, in the order of time. */
function long(frames: Frame[]): Frame {
  const found = frames.flatMap((frame) => {
    const time = timeField(frame);
    return time ? numberFields(frame).map((field) => ({ time, field })) : [];
  });
  const labels = labelNames(found.map(({ field }) => field));
  const values = [...new Set(found.map(({ field }) => field.name))];
  const rows = found
    .flatMap(({ time, field }) => time.values.map((at, index) => ({ at, field, index })))
    .sort((left, right) => left.at - right.at)
    .slice(0, ROWS_MAX);
  return tableFrame([
    makeField(
      "Time",
      "time",
      rows.map(({ at }) => at),
    ),
    ...values.map((name) =>
      makeField(
        name,
        "number",
        rows.map(({ field, index }) => (field.name === name ? field.values[index] : null)),
      ),
    ),
    ...labels.map((label) =>
      makeField(
        label,
        "string",
        rows.map(({ field }) => field.labels?.[label] ?? null),
      ),
    ),
  ]);
}

/** How often values lie in each bucket. */
export const histogram: Transformation = (frames, options) => {
  const fields = frames.flatMap((frame) =>
    numberFields(frame).map((field) => ({ field, name: displayName(field, frame, frames) })),
  );
  const numbers = fields.flatMap(({ field }) =>
    field.values.filter((value): value is number => value !== null && Number.isFinite(value)),
  );
  if (numbers.length === 0) return [];
  const [min, max] = numbers.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)] as const,
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const,
  );
  const given = Number(options.bucketSize);
  const size = given > 0 ? given : roundSize((max - min) / Math.max(1, Number(options.bucketCount) || 30));
  const offset = Number(options.bucketOffset) || 0;
  const bucket = (value: number) => Math.floor((value - offset) / size) * size + offset;
  const count = Math.min(10_000, Math.round((bucket(max) - bucket(min)) / size) + 1);
  const starts = Array.from({ length: count }, (_, at) => bucket(min) + at * size);
  const counts = (values: readonly (number | null)[]) => {
    const found = new Array<number>(count).fill(0);
    for (const value of values) {
      const at = value === null ? -1 : Math.round((bucket(value) - bucket(min)) / size);
      if (at >= 0 && at < count) found[at] = (found[at] ?? 0) + 1;
    }
    return found;
  };
  const unit = withoutName(fields[0]?.field.config ?? {});
  const columns =
    options.combine === true
      ? [makeField("count", "number", counts(numbers))]
      : fields.map(({ field, name }) => makeField(name, "number", counts(field.values)));
  return [
    tableFrame([
      makeField("xMin", "number", starts, { config: unit }),
      makeField(
        "xMax",
        "number",
        starts.map((start) => start + size),
        { config: unit },
      ),
      ...columns,
    ]),
  ];
};

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below a size. */
function roundSize(size: number): number {
  if (!(size > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(size));
  return (
    (list([1, 2, 2.5, 5, 10]) as number[]).map((factor) => factor * power).find((round) => round >= size) ??
    size
  );
}

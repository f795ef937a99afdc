/** What expressions compute with: numbers and series with labels, made of frames and made into frames again. */
import { type Field, type Frame, frameOf, type Labels, numberFields, timeField } from "../../data/frame";

export interface Series {
  kind: "series";
  labels: Labels;
  times: readonly number[];
  /** The distance of its times, where it is known. */
  interval?: number | undefined;
  values: readonly (number | null)[];
}

export interface Scalar {
  kind: "number";
  labels: Labels;
  value: number | null;
}

export type Value = Series | Scalar;

/** More values of one expression are left out. */
export const VALUES_MAX = 1_000;

export function valuesOf(frames: Frame[]): Value[] {
  return frames
    .filter(({ meta }) => meta.type !== "exemplars")
    .flatMap((frame): Value[] => {
      const time = timeField(frame);
      const fields = numberFields(frame);
      const texts = frame.fields.filter((field) => field.type === "string");
      // The rows of a table are numbers, whose texts are their labels.
      if (!time || frame.meta.type === "numeric" || texts.length > 0)
        return fields.flatMap(({ values, labels }) =>
          values.map((value, row) => ({
            kind: "number",
            value,
            labels: { ...labels, ...labelsAt(texts, row) },
          })),
        );
      return fields.map(({ values, labels = {} }) => ({
        kind: "series",
        times: time.values,
        interval: time.config.interval,
        values,
        labels,
      }));
    })
    .slice(0, VALUES_MAX);
}

function labelsAt(texts: Field[], row: number): Labels {
  return Object.fromEntries(texts.map(({ name, values }) => [name, String(values[row] ?? "")]));
}

/** The name of the expression is that of its numbers. */
export function framesOf(values: Value[], refId: string): Frame[] {
  return values.map((value) => {
    const { labels } = value;
    const number = (given: readonly (number | null)[]): Field => ({
      name: refId,
      type: "number",
      values: given,
      labels,
      config: {},
    });
    if (value.kind === "number")
      return frameOf([number([value.value])], { refId, meta: { type: "numeric" } });
    const { times, interval } = value;
    const config = interval === undefined ? {} : { interval };
    const time: Field = { name: "Time", type: "time", values: times, config };
    return frameOf([time, number(value.values)], { refId, meta: { type: "timeseries" } });
  });
}

/** The value with each of its numbers changed. */
export function mapped(value: Value, change: (number: number | null) => number | null): Value {
  return value.kind === "number"
    ? { ...value, value: change(value.value) }
    : { ...value, values: value.values.map(change) };
}

/** The series of an answer in the format of a query: named by its legend, as a table, or as the buckets of a heat map. */
import { seriesName } from "../api/prometheus";
import { type Field, type Frame, frameOf, type Labels, type NumberField, timeField } from "../data/frame";

export interface SeriesShape {
  refId: string;
  expr: string;
  /** With labels, as in `{{job}}`. */
  legend: string;
  /** The name of a series without labels, when there is no legend. */
  unnamed: string;
  format: string;
  /** Queries of the panel that are tables. */
  tables: number;
}

export function shapeSeries(frames: Frame[], shape: SeriesShape): Frame[] {
  const { refId, format } = shape;
  const own = frames.map((frame) => ({ ...frame, refId }));
  if (own.some(({ meta }) => meta.type === "log-lines")) return own;
  if (format === "table") return tableOf(own, shape);
  const named = own.map((frame) => withLegend(frame, shape));
  return format === "heatmap" ? heatmapOf(named, refId) : named;
}

function withLegend(frame: Frame, shape: SeriesShape): Frame {
  if (frame.meta.type === "exemplars") return frame;
  const fields = frame.fields.map((field) => {
    if (field.name !== "Value") return field;
    const name = legendName(shape, field.labels ?? {});
    return name === null
      ? field
      : ({ ...field, config: { ...field.config, displayNameFromDS: name } } as Field);
  });
  return { ...frame, fields };
}

/** Null for `__auto`: the data source gives a short name then. */
function legendName({ legend, expr, unnamed }: SeriesShape, labels: Labels): string | null {
  if (legend === "__auto") return null;
  if (legend === "") {
    const name = seriesName(labels);
    return name === "{}" ? unnamed : name;
  }
  const name = legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_whole, label: string) =>
    Object.hasOwn(labels, label) ? (labels[label] ?? "") : "",
  );
  // Grafana shows the query in place of an empty name.
  return name === "" ? expr : name;
}

const ROWS_MAX = 20_000;

/** All samples in one table: time, a column for each label, and the value. */
function tableOf(frames: Frame[], { refId, tables }: SeriesShape): Frame[] {
  const series = frames.filter(({ meta, fields }) => meta.type !== "exemplars" && fields.length > 0);
  const notices = frames.flatMap(({ meta }) => meta.notices ?? []);
  const names = new Set<string>();
  for (const frame of series)
    for (const field of frame.fields) for (const name of Object.keys(field.labels ?? {})) names.add(name);
  const times: number[] = [];
  const values: (number | null)[] = [];
  const columns = new Map([...names].sort().map((name) => [name, [] as (string | null)[]]));
  for (const frame of series) {
    const value = frame.fields.find((field) => field.name === "Value");
    const time = timeField(frame);
    for (let row = 0; row < frame.length && times.length < ROWS_MAX; row += 1) {
      times.push(time?.values[row] ?? 0);
      values.push((value?.values[row] ?? null) as number | null);
      for (const [name, cells] of columns) cells.push(value?.labels?.[name] ?? "");
    }
  }
  const fields: Field[] = [
    { name: "Time", type: "time", values: times, config: {} },
    ...[...columns].map(([name, cells]): Field => labelColumn(name, cells)),
    { name: tables > 1 ? `Value #${refId}` : "Value", type: "number", values, config: {} },
  ];
  return [frameOf(fields, { refId, meta: { type: "table", ...(notices.length > 0 ? { notices } : {}) } })];
}

/** The bounds of buckets are numbers. */
function labelColumn(name: string, values: (string | null)[]): Field {
  if (name !== "le") return { name, type: "string", values, config: {} };
  return { name, type: "number", values: values.map(bound), config: {} };
}

function bound(text: string | null | undefined): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  return text === null || text === undefined || text === "" ? Number.NaN : Number(text);
}

/** One frame with a field for each bucket, in the order of their bounds; each without the buckets below it. */
function heatmapOf(frames: Frame[], refId: string): Frame[] {
  const series = frames.filter(({ meta, fields }) => meta.type !== "exemplars" && fields.length > 0);
  const others = frames.filter((frame) => !series.includes(frame));
  const bucketed = series.flatMap((frame) => {
    const [time, value] = [timeField(frame), frame.fields.find((field) => field.name === "Value")];
    return time && value?.type === "number" && value.labels?.le !== undefined
      ? [{ time, value, le: value.labels.le }]
      : [];
  });
  if (bucketed.length === 0) return frames;
  const { times, buckets } = summed(bucketed);
  const ordered = [...buckets].sort(([left], [right]) => bound(left) - bound(right));
  const fields: Field[] = [
    { name: "Time", type: "time", values: times, config: bucketed[0]?.time.config ?? {} },
  ];
  let below: (number | null)[] = [];
  for (const [le, values] of ordered) {
    const own = values.map((value, row) => (value === null ? null : Math.max(0, value - (below[row] ?? 0))));
    fields.push({ name: le, type: "number", values: own, labels: { le }, config: { displayNameFromDS: le } });
    below = values;
  }
  return [frameOf(fields, { refId, meta: { type: "heatmap-rows" } }), ...others];
}

/** The values of each bucket at the times of all series. Series of the same bucket are added. */
function summed(series: { time: Field; value: NumberField; le: string }[]) {
  const times = [...new Set(series.flatMap(({ time }) => time.values as number[]))].sort((a, b) => a - b);
  const rows = new Map(times.map((time, row) => [time, row]));
  const buckets = new Map<string, (number | null)[]>();
  for (const { time, value, le } of series) {
    const cells = buckets.get(le) ?? new Array<number | null>(times.length).fill(null);
    buckets.set(le, cells);
    time.values.forEach((at, index) => {
      const row = rows.get(at as number) ?? 0;
      const added = value.values[index] ?? null;
      if (added !== null) cells[row] = (cells[row] ?? 0) + added;
    });
  }
  return { times, buckets };
}

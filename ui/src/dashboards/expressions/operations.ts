/** The expressions that are no math: reduce, resample, threshold and classic conditions. */
import { list, record, string } from "../../api/decode";
import { calculate } from "../../data/reducers";
import type { Range } from "../../time/range";
import { intervalMs } from "../intervals";
import { mapped, type Scalar, type Series, type Value } from "./values";

type Spec = Record<string, unknown>;

/** The names of reducers that are not those of the calculations of panels. */
const NAMES: Record<string, string> = { avg: "mean", count_non_null: "count", percent_diff: "diffperc" };

function reduced(values: readonly (number | null)[], reducer: string): number | null {
  if (reducer === "count") return values.length;
  const name = NAMES[reducer] ?? reducer;
  const absolute = /_abs$/.exec(name) ? name.replace(/_abs$/, "") : null;
  const found = calculate(values, NAMES[absolute ?? ""] ?? absolute ?? name);
  const scaled = found !== null && reducer.startsWith("percent_diff") ? found * 100 : found;
  return scaled !== null && absolute !== null ? Math.abs(scaled) : scaled;
}

/** Without a mode, a series with a value that is no number has none as its result. */
export function reduceValues(values: Value[], { reducer, settings }: Spec): Value[] {
  const name = string(reducer) || "mean";
  const { mode, replaceWithValue } = record(settings);
  return values.map((value): Value => {
    if (value.kind === "number") return value;
    const isNumber = (one: number | null) => one !== null && Number.isFinite(one);
    const given =
      mode === "dropNN"
        ? value.values.filter(isNumber)
        : mode === "replaceNN"
          ? value.values.map((one) => (isNumber(one) ? one : Number(replaceWithValue ?? 0)))
          : value.values;
    const strict =
      name !== "count" && name !== "last" && given.some((one) => one === null || Number.isNaN(one));
    return {
      kind: "number",
      labels: value.labels,
      value: name === "last" ? (given.at(-1) ?? null) : strict ? Number.NaN : reduced(given, name),
    };
  });
}

const POINTS_MAX = 11_000;

/** One value for each window: of several by the downsampler, of none by the upsampler. */
export function resampleValues(
  values: Value[],
  { window, downsampler, upsampler }: Spec,
  { fromMs, toMs }: Range,
): Value[] {
  const windowMs = Math.max(intervalMs(string(window)) ?? 60_000, (toMs - fromMs) / POINTS_MAX);
  const times = Array.from(
    { length: Math.floor((toMs - fromMs) / windowMs) + 1 },
    (_, index) => fromMs + index * windowMs,
  );
  const resampled = ({ labels, times: given, values: own }: Series): Series => {
    let next = 0;
    let last: number | null = null;
    const found = times.map((end) => {
      const first = next;
      while (next < given.length && (given[next] ?? 0) <= end) next += 1;
      const inside = own.slice(first, next);
      if (inside.length > 0) {
        last = inside.at(-1) ?? null;
        return downsampler === "last" ? last : reduced(inside, string(downsampler) || "mean");
      }
      return upsampler === "pad" ? last : upsampler === "backfilling" ? (own[next] ?? null) : null;
    });
    return { kind: "series", labels, times, interval: windowMs, values: found };
  };
  return values.map((value) => (value.kind === "series" ? resampled(value) : value));
}

/** Whether a value fulfils a condition such as `gt 5`. */
function holds(value: number | null, { type, params }: Spec): boolean {
  if (type === "no_value") return value === null;
  if (value === null || Number.isNaN(value)) return false;
  const [first = 0, second = 0] = list(params).map(Number);
  const [low, high] = [Math.min(first, second), Math.max(first, second)];
  switch (type) {
    case "lt":
      return value < first;
    case "gte":
      return value >= first;
    case "lte":
      return value <= first;
    case "eq":
      return value === first;
    case "ne":
      return value !== first;
    case "within_range":
      return value > low && value < high;
    case "outside_range":
      return value < low || value > high;
    case "within_range_included":
      return value >= low && value <= high;
    case "outside_range_included":
      return value <= low || value >= high;
    default:
      return value > first;
  }
}

export function thresholdValues(values: Value[], { conditions }: Spec): Value[] {
  const evaluator = record(record(list(conditions)[0]).evaluator);
  return values.map((value) => mapped(value, (one) => (one === null ? null : Number(holds(one, evaluator)))));
}

/** The query of a classic condition. */
export function conditionRefs({ conditions }: Spec): string[] {
  return list(conditions).map((condition) => string(list(record(record(condition).query).params)[0]));
}

/** One number: whether the conditions hold, from the first to the last. A condition holds for any of its series. */
export function classicValues(spec: Spec, valuesOf: (refId: string) => Value[]): Scalar[] {
  const refs = conditionRefs(spec);
  let result = false;
  list(spec.conditions).forEach((item, index) => {
    const { evaluator, operator, reducer } = record(item);
    const type = string(record(reducer).type) || "last";
    const numbers = valuesOf(refs[index] ?? "").map((value) =>
      value.kind === "number" ? value.value : reduced(value.values, type === "last" ? "lastNotNull" : type),
    );
    const holding = (numbers.length > 0 ? numbers : [null]).some((value) => holds(value, record(evaluator)));
    const any = record(operator).type === "or";
    result = index === 0 ? holding : any ? result || holding : result && holding;
  });
  return [{ kind: "number", labels: {}, value: Number(result) }];
}

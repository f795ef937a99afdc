/** Signatures of PromQL's functions and aggregations, for completion. */

const VECTOR = "v instant-vector";
const MATRIX = "v range-vector";

/** Functions of one instant vector. */
const OF_VECTOR =
  "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count " +
  "histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad scalar sgn sin sinh sort sort_desc sqrt " +
  "start_timestamp tan tanh timestamp";

/** Functions of one range vector. */
const OF_MATRIX =
  "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate " +
  "last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time " +
  "stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time " +
  "ts_of_min_over_time";

/** Functions of the time of each step, or of the values of a vector. */
const OF_TIME = "day_of_month day_of_week day_of_year days_in_month hour minute month year";
const OF_NOTHING = "end pi range start step time";
const AGGREGATIONS = "avg count group max min stddev stdvar sum";

const OTHERS: Record<string, string> = {
  clamp: `${VECTOR}, min scalar, max scalar`,
  clamp_max: `${VECTOR}, max scalar`,
  clamp_min: `${VECTOR}, min scalar`,
  double_exponential_smoothing: `${MATRIX}, smoothing scalar, trend scalar`,
  histogram_fraction: `lower scalar, upper scalar, ${VECTOR}`,
  histogram_quantile: `φ scalar, ${VECTOR}`,
  histogram_quantiles: `${VECTOR}, label string, φ scalar, …`,
  info: `${VECTOR}, [selector]`,
  label_join: `${VECTOR}, dst string, separator string, src string, …`,
  label_replace: `${VECTOR}, dst string, replacement string, src string, regex string`,
  max_of: "a scalar, b scalar",
  min_of: "a scalar, b scalar",
  predict_linear: `${MATRIX}, t scalar`,
  quantile_over_time: `φ scalar, ${MATRIX}`,
  round: `${VECTOR}, [nearest scalar]`,
  sort_by_label: `${VECTOR}, label string, …`,
  sort_by_label_desc: `${VECTOR}, label string, …`,
  vector: "s scalar",
  bottomk: `k scalar, ${VECTOR}`,
  count_values: `label string, ${VECTOR}`,
  limit_ratio: `ratio scalar, ${VECTOR}`,
  limitk: `k scalar, ${VECTOR}`,
  quantile: `φ scalar, ${VECTOR}`,
  topk: `k scalar, ${VECTOR}`,
};

const all = (names: string, parameters: string): [string, string][] =>
  names.split(" ").map((name) => [name, parameters]);

const PARAMETERS = new Map<string, string>([
  ...all(OF_VECTOR, VECTOR),
  ...all(OF_MATRIX, MATRIX),
  ...all(OF_TIME, `[${VECTOR}]`),
  ...all(OF_NOTHING, ""),
  ...all(AGGREGATIONS, VECTOR),
  ...Object.entries(OTHERS),
]);

/** The parameters of a function or aggregation; undefined when the name is neither. */
export function parametersOf(name: string): string | undefined {
  return PARAMETERS.get(name);
}

/** Descriptions of the keywords that the grammar's own completions leave without one. */
export const KEYWORDS: Record<string, string> = {
  and: "Series of the left side that have a match on the right side",
  or: "Series of the left side, and those of the right side without a match",
  unless: "Series of the left side that have no match on the right side",
  atan2: "Arctangent of the quotient, in radians",
  offset: "Evaluate the selector at an earlier time",
  bool: "Return 0 or 1 instead of filtering",
};

/** Offered after `[`. */
export const RANGES: readonly [string, string][] = [
  ["$__rate_interval", "at least four steps of the chart"],
  ["$__interval", "one step of the chart"],
  ["$__range", "the time range of the page"],
  ["1m", "1 minute"],
  ["5m", "5 minutes"],
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["6h", "6 hours"],
  ["1d", "1 day"],
];

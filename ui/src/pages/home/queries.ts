/**
 * What Home asks in SQL. The server aggregates, and every answer is bounded. A text has macros in place of instants, so
 * that it stays the same from one refresh to the next.
 */
import { MODEL_ATTRIBUTES, NO_MODEL_CALL } from "../../data/model-attributes";

/** The points of a sparkline. */
export const BUCKETS = 30;
/** A message is compared by its start: the regular expressions read no more of it. */
const MESSAGE_LENGTH_MAX = 500;
const GROUPS_MAX = 50;
/** A new error that happened less often is not worth more attention than a known one. */
export const NEW_ERRORS_MIN = 5;

/** A span that begins the work of its service: a request that it serves, a message that it consumes, or a root. */
const IS_REQUEST = "coalesce(kind IN ('server', 'consumer'), false) OR parent_span_id IS NULL";

/**
 * The spans of each service, requests and others apart. The rows without a bucket are totals, and come first; those with
 * one are the points of the sparklines.
 */
export function servicesQuery(spanMs: number): string {
  const stepMs = Math.ceil(spanMs / BUCKETS);
  return `WITH calls AS (
  SELECT service_name, ${IS_REQUEST} AS is_request, duration_ns, status_code,
    date_bin(INTERVAL '${stepMs} milliseconds', start_time, $__timeFrom()) AS bucket
  FROM spans
  WHERE $__timeFilter(start_time)
)
SELECT service_name, is_request, bucket, count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'error') AS errors,
  approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms,
  approx_percentile_cont(duration_ns, 0.9) / 1e6 AS p90_ms
FROM calls
GROUP BY GROUPING SETS ((service_name, is_request), (service_name, is_request, bucket))
ORDER BY bucket NULLS FIRST, spans DESC
LIMIT 5000`;
}

/** The totals of the same, for the range before. */
export const SERVICES_BEFORE = `SELECT service_name, ${IS_REQUEST} AS is_request, count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'error') AS errors,
  approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms,
  approx_percentile_cont(duration_ns, 0.9) / 1e6 AS p90_ms,
  min(start_time) AS first_seen
FROM spans
WHERE $__timeFilter(start_time)
GROUP BY 1, 2
ORDER BY spans DESC
LIMIT 500`;

/** The text of a JSON string that follows the key. */
const jsonText = (column: string, keys: string) =>
  `regexp_match(${column}, '"(?:${keys})"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"')[1]`;

const EXCEPTION_TYPE = jsonText("events", "exception\\.type");

/**
 * The template of a message: `<_>` replaces quoted texts, UUIDs, and words with digits, which are numbers, ids, hex and
 * times. A pattern of LogQL is written in the same way.
 */
const TEMPLATE = `regexp_replace(message, '"[^"]*"|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\w*\\d\\w*([-.:]\\w*\\d\\w*)*', '<_>', 'g')`;

/** Groups of errors by their template, in a range and the one before it; those that are new in it come first. */
function groupsQuery(rows: string, time: string, keys: string, newest: string): string {
  return `${rows}
SELECT ${keys}, ${TEMPLATE} AS template, min(message) AS least, max(message) AS greatest,
  count(*) FILTER (WHERE ${time} >= $__timeFrom()) AS errors,
  count(*) FILTER (WHERE ${time} < $__timeFrom()) AS errors_before,
  min(${time}) AS first_seen, max(${time}) AS last_seen,
  first_value(trace_id ORDER BY ${time} DESC) AS trace_id${newest}
GROUP BY ${keys}, template
HAVING count(*) FILTER (WHERE ${time} >= $__timeFrom()) > 0
ORDER BY errors_before = 0 AND errors >= ${NEW_ERRORS_MIN} DESC, errors DESC
LIMIT ${GROUPS_MAX}`;
}

const inBoth = (time: string, spanMs: number) =>
  `${time} >= $__timeFrom() - INTERVAL '${Math.round(spanMs)} milliseconds' AND ${time} < $__timeTo()`;

/** Failed spans, without those that failed because a span below them did. */
export function spanErrorsQuery(spanMs: number): string {
  return groupsQuery(
    `WITH failed AS (
  SELECT trace_id, span_id, parent_span_id, service_name, name, start_time,
    coalesce(${EXCEPTION_TYPE}, attributes['exception.type'], attributes['error.type']) AS type,
    left(coalesce(${jsonText("events", "exception\\.message")}, status_message, ''), ${MESSAGE_LENGTH_MAX}) AS message
  FROM spans
  WHERE ${inBoth("start_time", spanMs)} AND status_code = 'error'
)`,
    "start_time",
    "service_name, name, type",
    `,
  first_value(span_id ORDER BY start_time DESC) AS span_id
FROM failed
WHERE NOT EXISTS (
  SELECT 1 FROM failed AS child
  WHERE child.trace_id = failed.trace_id AND child.parent_span_id = failed.span_id
)`,
  );
}

/** Log records of the level error and above. The message of a JSON body is one of its fields. */
export function logErrorsQuery(spanMs: number): string {
  return groupsQuery(
    `WITH failed AS (
  SELECT trace_id, service_name, timestamp, attributes['exception.type'] AS type,
    left(coalesce(CASE WHEN body LIKE '{%' THEN ${jsonText("body", "message|msg")} END, body, ''), ${MESSAGE_LENGTH_MAX}) AS message
  FROM logs
  WHERE ${inBoth("timestamp", spanMs)} AND severity_number >= 17
)`,
    "timestamp",
    "service_name, type",
    "\nFROM failed",
  );
}

const attribute = (name: string) => `attributes['${name}']`;
const firstOf = (names: readonly string[]) => `coalesce(${names.map(attribute).join(", ")})`;
const amountOf = (names: readonly string[]) => `try_cast(${firstOf(names)} AS DOUBLE)`;
/** One look at the keys is cheaper than one at the value of each name. */
const hasAny = (names: readonly string[]) =>
  `array_has_any(map_keys(attributes), make_array(${names.map((name) => `'${name}'`).join(", ")}))`;

/** The class of an error that names none. */
export const UNKNOWN_TYPE = "unknown";

/** The requested model first: a failed call has no other. */
export const MODEL_NAMES = [
  "gen_ai.request.model",
  ...MODEL_ATTRIBUTES.model.filter((name) => name !== "gen_ai.request.model"),
];

/**
 * Calls of models, by service and model and then also by class of error, which is empty for calls that succeeded. The
 * rows without a class are totals, and come first.
 */
export const MODEL_CALLS = `WITH calls AS (
  SELECT service_name, status_code, duration_ns,
    coalesce(${MODEL_NAMES.map(attribute).join(", ")}, '') AS model,
    CASE WHEN status_code = 'error' THEN coalesce(attributes['error.type'], ${EXCEPTION_TYPE}, '${UNKNOWN_TYPE}') ELSE '' END AS error_type,
    ${amountOf(MODEL_ATTRIBUTES.inputTokens)} AS input_tokens,
    ${amountOf(MODEL_ATTRIBUTES.outputTokens)} AS output_tokens,
    ${amountOf(MODEL_ATTRIBUTES.cost)} AS cost
  FROM spans
  WHERE $__timeFilter(start_time) AND kind NOT IN ('server', 'producer', 'consumer')
    AND ${hasAny([...MODEL_NAMES, ...MODEL_ATTRIBUTES.inputTokens])}
    AND NOT regexp_like(coalesce(${MODEL_ATTRIBUTES.operation.map(attribute).join(", ")}, ''), '${NO_MODEL_CALL.source}', 'i')
)
SELECT service_name, model, error_type, count(*) AS calls, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(cost) AS cost, approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms
FROM calls
GROUP BY GROUPING SETS ((service_name, model), (service_name, model, error_type))
ORDER BY error_type IS NOT NULL, calls DESC
LIMIT 500`;

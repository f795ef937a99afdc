/**
 * Types of Glasshouse's own API, generated from crates/page-api. After a change there:
 * UPDATE=1 cargo test -p page-api
 */

/**
 * Answer of `GET /api/overview`.
 */
export type Overview = {
/**
 * Version of the program.
 */
version: string,
/**
 * Milliseconds since 1970.
 */
now_unix_ms: number,
/**
 * Seconds since the start.
 */
uptime_s: number,
/**
 * Size of the files in the data folder.
 */
data_dir_bytes: number,
/**
 * By signal.
 */
signals: SignalOverviews,
/**
 * In order of names.
 */
services: Array<ServiceOverview>,
/**
 * All receivers, including disabled ones.
 */
receivers: Array<ReceiverOverview>,
/**
 * Possible reasons for missing data.
 */
hints: Array<Hint>, };

/**
 * An overview of each signal.
 */
export type SignalOverviews = {
/**
 * Spans.
 */
spans: SignalOverview,
/**
 * Log records.
 */
logs: SignalOverview,
/**
 * Samples.
 */
metrics: SignalOverview, };

/**
 * Received and stored data of one signal.
 */
export type SignalOverview = {
/**
 * Items accepted since the start.
 */
items_total: number,
/**
 * Items per second over the last minute.
 */
rate_per_s: number,
/**
 * Items rejected since the start.
 */
rejected_total: number,
/**
 * When the last item was received.
 */
last_received_unix_ms: number | null,
/**
 * Rows in memory.
 */
head_rows: number,
/**
 * Rows in parts.
 */
part_rows: number,
/**
 * Size of the parts.
 */
part_bytes: number,
/**
 * How long items are kept.
 */
retention_s: number,
/**
 * Series in memory; metrics only.
 */
active_series: number | null, };

/**
 * Received data of one service.
 */
export type ServiceOverview = {
/**
 * `service.name`
 */
name: string,
/**
 * Spans per second over the last minute.
 */
spans_per_s: number,
/**
 * Log records per second over the last minute.
 */
logs_per_s: number,
/**
 * Samples per second over the last minute.
 */
samples_per_s: number,
/**
 * When the last item was received.
 */
last_received_unix_ms: number | null, };

/**
 * Requests to one receiver.
 */
export type ReceiverOverview = {
/**
 * Key of its port.
 */
protocol: string,
/**
 * Where it listens; empty when it is off.
 */
address: string,
/**
 * Whether it listens.
 */
state: ReceiverState,
/**
 * Requests since the start.
 */
requests_total: number,
/**
 * Requests of which nothing was kept.
 */
errors_total: number,
/**
 * When the last request was received.
 */
last_request_unix_ms: number | null,
/**
 * The last request of which something was not kept.
 */
last_error: LastError | null, };

/**
 * Whether a receiver listens.
 */
export type ReceiverState = "listening" | "off";

/**
 * The last error of a receiver.
 */
export type LastError = {
/**
 * The message that the sender got.
 */
message: string,
/**
 * When.
 */
at_unix_ms: number, };

/**
 * A possible reason for missing data.
 */
export type Hint = {
/**
 * The affected signal.
 */
signal: string,
/**
 * For users.
 */
message: string, };

/**
 * Body of `POST /api/sql`.
 */
export type SqlRequest = {
/**
 * The statement.
 */
query: string, };

/**
 * Answer of `POST /api/sql`. The server writes it row by row and never has it in this form.
 */
export type SqlAnswer = {
/**
 * In the order of the statement.
 */
columns: Array<SqlColumn>,
/**
 * Values by the name of their column.
 */
rows: Array<{ [key in string]: JsonValue }>,
/**
 * Whether rows are missing because the answer would be too large.
 */
truncated: boolean, };

/**
 * One column of an answer.
 */
export type SqlColumn = {
/**
 * Unique in the answer.
 */
name: string,
/**
 * The type in SQL's terms, for example `text`, `int64` or `timestamp`.
 */
type: string, };

/**
 * Answer of `POST /api/sql` to a statement that failed.
 */
export type SqlError = {
/**
 * The message, with the position in the statement where it is known.
 */
error: string, };

/**
 * Answer of `GET /api/dashboards`.
 */
export type DashboardList = {
/**
 * In order of folders and titles.
 */
dashboards: Array<DashboardEntry>,
/**
 * Files that should be dashboards and cannot be read.
 */
problems: Array<DashboardProblem>, };

/**
 * A dashboard without its content.
 */
export type DashboardEntry = {
/**
 * Its identifier in addresses, unique.
 */
uid: string,
/**
 * Its title.
 */
title: string,
/**
 * Its tags.
 */
tags: Array<string>,
/**
 * The folder that it is shown in; empty for none.
 */
folder: string,
/**
 * The file that it is read from.
 */
file: string,
/**
 * Changes with the content of the file.
 */
version: string, };

/**
 * A file that is not a dashboard, and why.
 */
export type DashboardProblem = {
/**
 * The file.
 */
file: string,
/**
 * What is wrong with it.
 */
reason: string, };

/**
 * Answer of `GET /api/dashboards/{uid}`.
 */
export type Dashboard = {
/**
 * What the list has of it.
 */
entry: DashboardEntry,
/**
 * The content of the file: Grafana's JSON in any of its forms.
 */
dashboard: JsonValue, };

/**
 * Body of `PUT /api/dashboards/{uid}` and `POST /api/dashboards`.
 */
export type DashboardSave = {
/**
 * The new content of the file.
 */
dashboard: JsonValue,
/**
 * The version that was edited; the save fails if the file has another one. Only for `PUT`.
 */
base_version: string | null, };

/**
 * Answer to a request for dashboards that fails.
 */
export type DashboardError = {
/**
 * What is wrong.
 */
error: string, };

/**
 * A saved state of a dashboard, in `GET /api/dashboards/{uid}/history`, newest first.
 */
export type DashboardRevision = {
/**
 * Its name in `GET /api/dashboards/{uid}/history/{revision}`.
 */
revision: string,
/**
 * When it was replaced.
 */
replaced_unix_ms: number, };

/**
 * A data source of Grafana's provisioning, in `GET /api/data-sources`.
 */
export type DataSourceEntry = {
/**
 * Its name.
 */
name: string,
/**
 * Its identifier; empty if the file has none.
 */
uid: string,
/**
 * `prometheus`, `loki`, `tempo`, `jaeger` and others.
 */
type: string,
/**
 * Whether panels without a data source use it.
 */
is_default: boolean,
/**
 * The interval of its samples, as `15s`; empty if unknown.
 */
time_interval: string, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

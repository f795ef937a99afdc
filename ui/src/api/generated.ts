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
version: string,
/**
 * Whether the server deletes the file on request: one of the data folder.
 */
is_deletable: boolean, };

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

/**
 * Answer of `GET /api/alerting/notifications`.
 */
export type NotificationList = {
/**
 * The newest first; older ones are forgotten.
 */
notifications: Array<NotificationEntry>, };

/**
 * A notification that was sent, or could not be sent.
 */
export type NotificationEntry = {
/**
 * When its last try ended.
 */
at_unix_ms: number,
/**
 * The name of the receiver.
 */
receiver: string,
/**
 * The kind of integration, such as `slack`.
 */
integration: string,
/**
 * The position of the integration among those of the same kind, from 0.
 */
index: number,
/**
 * The group of alerts.
 */
group_key: string,
/**
 * The labels that the alerts are grouped by.
 */
group_labels: { [key in string]: string },
/**
 * Why it was sent.
 */
reason: string,
/**
 * The alerts that it is about.
 */
alerts: Array<NotifiedAlert>,
/**
 * Why it was not sent; `None` if it was.
 */
error: string | null,
/**
 * How often it was tried.
 */
attempts: number,
/**
 * How long the last try took.
 */
duration_ms: number,
/**
 * The message as it was sent, without secrets.
 */
message: string, };

/**
 * An alert of a notification.
 */
export type NotifiedAlert = {
/**
 * Its labels.
 */
labels: { [key in string]: string },
/**
 * Whether it was firing; otherwise it was resolved.
 */
is_firing: boolean, };

/**
 * Answer of `GET /api/alerting/routes`: the tree of routes.
 */
export type RouteNode = {
/**
 * Its name in the tree, unique.
 */
id: string,
/**
 * The receiver of the alerts that stay here.
 */
receiver: string,
/**
 * The kinds of integrations of the receiver.
 */
integrations: Array<string>,
/**
 * The conditions of the route, as they are written.
 */
matchers: Array<string>,
/**
 * Labels that alerts are grouped by; `...` stands for all.
 */
group_by: Array<string>,
/**
 * How long a new group waits before its first notification.
 */
group_wait_s: number,
/**
 * How long a group waits after a notification before it tells of new alerts.
 */
group_interval_s: number,
/**
 * How long a group waits before it tells of the same alerts again.
 */
repeat_interval_s: number,
/**
 * Whether the routes after this one are also looked at.
 */
continues: boolean,
/**
 * Time intervals in which nothing is sent.
 */
mute_time_intervals: Array<string>,
/**
 * Time intervals outside of which nothing is sent.
 */
active_time_intervals: Array<string>,
/**
 * The line in the file, from 1; 0 for the route that exists without a file.
 */
line: number,
/**
 * The routes below.
 */
routes: Array<RouteNode>, };

/**
 * Body of `POST /api/alerting/routes/test`.
 */
export type RouteTest = {
/**
 * The labels of an alert.
 */
labels: { [key in string]: string }, };

/**
 * Answer of `POST /api/alerting/routes/test`.
 */
export type RouteTestAnswer = {
/**
 * The [`RouteNode::id`] of the routes that the alert reaches.
 */
routes: Array<string>,
/**
 * The receivers of these routes.
 */
receivers: Array<string>, };

/**
 * Answer of `POST /api/alerting/receivers/{name}/test`, which sends a message to a receiver.
 */
export type ReceiverTest = {
/**
 * One result for each integration.
 */
results: Array<IntegrationTest>, };

/**
 * The result of a message to one integration.
 */
export type IntegrationTest = {
/**
 * The kind of integration, such as `slack`.
 */
integration: string,
/**
 * The position of the integration among those of the same kind, from 0.
 */
index: number,
/**
 * Why it was not sent; `None` if it was.
 */
error: string | null,
/**
 * The message, without secrets.
 */
message: string, };

/**
 * Answer of `GET /api/alerting/rule-files`.
 */
export type RuleFileList = {
/**
 * In order of names.
 */
files: Array<RuleFileEntry>, };

/**
 * A file of rules.
 */
export type RuleFileEntry = {
/**
 * The path of the file.
 */
file: string,
/**
 * Its name, if it is one of the data folder, which the page may write.
 */
name: string | null,
/**
 * Its text.
 */
content: string, };

/**
 * Body of `PUT /api/alerting/rule-files/{name}`: the new text of a file in the data folder. An
 * empty text removes the file.
 */
export type RuleFileSave = {
/**
 * The text that the page has read; `None` for a new file.
 */
read: string | null,
/**
 * The new text.
 */
content: string, };

/**
 * Body of `POST /api/alerting/replay`.
 */
export type ReplayRequest = {
/**
 * The first time.
 */
from_unix_ms: number,
/**
 * The last time.
 */
to_unix_ms: number,
/**
 * Files of rules; `None` stands for those in use.
 */
rules: Array<RuleFileText> | null,
/**
 * The text of an `alertmanager.yml`; `None` stands for the configuration in use.
 */
alertmanager: string | null,
/**
 * Time between evaluations of groups of [`Self::rules`] that do not set it; `None` stands for a
 * minute.
 */
interval_s: number | null, };

/**
 * A file of rules that is not stored.
 */
export type RuleFileText = {
/**
 * The path of the file, for messages.
 */
file: string,
/**
 * Its text.
 */
content: string, };

/**
 * Answer of `POST /api/alerting/replay`.
 */
export type ReplayAnswer = {
/**
 * The rules of all groups, in order.
 */
rules: Array<ReplayedRule>,
/**
 * How many messages each integration would have got.
 */
integrations: Array<ReplayedIntegration>,
/**
 * The messages in order of time; not all if there are very many.
 */
notifications: Array<ReplayedNotification>,
/**
 * The number of all messages.
 */
notifications_total: number, };

/**
 * What a rule would have done.
 */
export type ReplayedRule = {
/**
 * Its file.
 */
file: string,
/**
 * Its group.
 */
group: string,
/**
 * The name of the series or of the alert.
 */
name: string,
/**
 * Whether it makes alerts; otherwise it records series.
 */
is_alerting: boolean,
/**
 * How many alerts became active.
 */
active_total: number,
/**
 * How many of them fired.
 */
fired_total: number,
/**
 * How long they fired, all together.
 */
firing_s: number,
/**
 * The alerts in the order in which they became active; not all if there are very many.
 */
episodes: Array<ReplayedEpisode>,
/**
 * How many evaluations failed.
 */
failures: number,
/**
 * Why the last of them failed.
 */
last_failure: string | null, };

/**
 * An alert from becoming active until its end.
 */
export type ReplayedEpisode = {
/**
 * Its labels.
 */
labels: { [key in string]: string },
/**
 * Its annotations at the end.
 */
annotations: { [key in string]: string },
/**
 * When it became active.
 */
active_unix_ms: number,
/**
 * When it fired; `None` if it never did.
 */
fired_unix_ms: number | null,
/**
 * When it ended; `None` if it is active at the end.
 */
ended_unix_ms: number | null,
/**
 * The greatest value of the expression, as text: JSON has no infinity.
 */
peak: string, };

/**
 * How many messages an integration of a receiver would have got.
 */
export type ReplayedIntegration = {
/**
 * The name of the receiver.
 */
receiver: string,
/**
 * The kind of integration, such as `slack`; empty for a receiver that has none.
 */
integration: string,
/**
 * The position of the integration among those of the same kind, from 0.
 */
index: number,
/**
 * The number of messages.
 */
messages: number, };

/**
 * A message that would have been sent.
 */
export type ReplayedNotification = {
/**
 * When.
 */
at_unix_ms: number,
/**
 * The name of the receiver.
 */
receiver: string,
/**
 * The kind of integration, such as `slack`.
 */
integration: string,
/**
 * The position of the integration among those of the same kind, from 0.
 */
index: number,
/**
 * Why.
 */
reason: string,
/**
 * The labels that the alerts are grouped by.
 */
group_labels: { [key in string]: string },
/**
 * The first alerts that it is about.
 */
alerts: Array<NotifiedAlert>,
/**
 * The number of all alerts that it is about.
 */
alerts_total: number, };

/**
 * Answer of the routes below `/api/alerting` with a status of 400 and more.
 */
export type AlertingError = {
/**
 * What is wrong; for a file of rules with its position.
 */
error: string, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

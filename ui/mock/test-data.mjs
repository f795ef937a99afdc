// @ts-check
/** The test data source of Grafana, of which dashboards that try panels take their data, as SQL and PromQL. */

/** @typedef {Record<string, any>} Json */

const HOUR_MS = 3_600_000;

/**
 * A dashboard whose panels and variables ask the sources that exist here in place of the test data source.
 * @type {(json: any) => any}
 */
export function withoutTestData(json) {
  if (Array.isArray(json)) return json.map(withoutTestData);
  if (json === null || typeof json !== "object") return json;
  const ofTest = isTestData(json.datasource);
  const kept = Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === "targets" && (ofTest || json.datasource === null)
        ? value.map(testTarget)
        : withoutTestData(value),
    ]),
  );
  if (typeof json.scenarioId === "string") return testQuery(json);
  if (json.gridPos && !json.targets && !json.panels && (ofTest || json.datasource === null))
    return { ...kept, datasource: null, targets: [testQuery({ refId: "A" })] };
  if (json.type === "query" && (ofTest || String(json.query).endsWith("*")))
    return { ...kept, datasource: null, type: "custom", query: "A,B,C", regex: "" };
  if (!ofTest) return kept;
  if (json.type === "query") return { ...kept, datasource: null, type: "custom", query: "A,B,C", regex: "" };
  return { ...kept, datasource: null };
}

/** @type {(source: any) => boolean} */
function isTestData(source) {
  return /testdata/i.test(typeof source === "string" ? source : (source?.type ?? ""));
}

/** A query of Graphite, or one without a text, has random data. @type {(target: Json) => Json} */
function testTarget(target) {
  const { refId: _refId, datasource, hide: _hide, scenarioId, ...rest } = target;
  const ofTest = isTestData(datasource) || scenarioId !== undefined || !("expr" in rest);
  return ofTest ? testQuery(target) : target;
}

/** @type {(target: Json) => Json} */
function testQuery(target) {
  const {
    refId,
    hide,
    scenarioId,
    alias = "",
    stringInput = "",
    csvContent,
    csvFileName,
    labels = "",
    points,
    seriesCount,
  } = target;
  const sql = (/** @type {string} */ name, /** @type {string} */ text) => ({
    refId,
    hide,
    datasource: { type: "sql", uid: "sql" },
    rawSql: `SELECT '${name}' FROM test -- ${JSON.stringify(text).replaceAll("$", "")}`,
    format: "table",
  });
  if (scenarioId === "csv_content") return sql("csv", csvContent ?? "");
  if (scenarioId === "csv_file") return sql("file", csvFileName ?? "");
  if (scenarioId === "csv_metric_values" || scenarioId === "manual_entry")
    return sql(
      "values",
      JSON.stringify([
        alias || `${refId}-series`,
        stringInput || (points ?? []).map((/** @type {any[]} */ [value]) => value).join(","),
      ]),
    );
  if (scenarioId === "random_walk_table") return sql("walk", "");
  if (scenarioId === "logs")
    return { refId, hide, datasource: { type: "loki", uid: "loki" }, expr: '{job="test"}' };
  if (scenarioId === "no_data_points") return sql("csv", "time,value");
  const buckets = scenarioId === "exponential_heatmap_bucket_data";
  const series = Array.from({ length: Math.min(Number(seriesCount) || 1, 20) }, (_, index) => index).join(
    "|",
  );
  const matchers = [
    `series=~"${series}"`,
    `query="${refId}"`,
    ...String(labels)
      .split(",")
      .filter(Boolean)
      .map((pair) => pair.replace(/^([\w.]+)=(.*)$/, '$1="$2"').replaceAll(".", "_")),
  ];
  return {
    refId,
    hide,
    datasource: { type: "prometheus", uid: "prometheus" },
    expr: buckets ? "sum by (le) (rate(test_bucket[1m]))" : `test_walk{${matchers.join(",")}}`,
    format: buckets ? "heatmap" : "time_series",
    legendFormat: buckets
      ? "{{le}}"
      : alias || `${refId}-series${Number(seriesCount) > 1 ? " {{series}}" : ""}`,
  };
}

/** The rows that a query of `testQuery` asks for; of another query a few made ones. @type {(query: string) => Json} */
export function testTable(query) {
  const [, name = "", text = '""'] = /^SELECT '(\w+)' FROM test -- (.*)$/s.exec(query) ?? [];
  if (name === "csv") return csv(JSON.parse(text));
  if (name === "values") return series(...parsed(text));
  return csv(NAMED);
}

const NAMED = [
  "time,State,Lat,Lng,Count,Price,Name,Weight,Height",
  ...[
    "AL,32.8,-86.8,24,1.5,Able,81,182",
    "CA,37.2,-119.3,112,8.25,Baker,68,171",
    "FL,28.7,-82.5,71,3.1,Charlie,74,178",
    "NY,42.9,-75.5,93,,Delta,90,190",
  ].map((row, index) => `${1_760_000_000_000 + index * HOUR_MS},${row}`),
].join("\n");

/** @type {(text: string) => [string, string]} */
function parsed(text) {
  const [alias, values] = JSON.parse(JSON.parse(text));
  return [String(alias), String(values)];
}

/** Values of equal distance over the last hour. @type {(name: string, values: string) => Json} */
function series(name, values) {
  const found = values.split(",").map((value) => value.trim());
  const end = Date.now();
  const times = found.map((_, index) =>
    new Date(end - HOUR_MS + ((index + 1) * HOUR_MS) / (found.length + 1)).toISOString(),
  );
  return table(
    ["time", name || "Value"],
    found.map((value, index) => [times[index] ?? "", value]),
  );
}

/** @type {(text: string) => Json} */
function csv(text) {
  const [head = "", ...rows] = text.trim().split("\n");
  const cells = (/** @type {string} */ row) =>
    row.split(",").map((cell) => cell.trim().replace(/^"|"$/g, ""));
  return table(cells(head), rows.map(cells));
}

/** @type {(names: string[], rows: string[][]) => Json} */
function table(names, rows) {
  const columns = names.map((name, place) => {
    const values = rows.map((row) => row[place] ?? "").filter((value) => value !== "" && value !== "null");
    const numeric = values.length > 0 && values.every((value) => Number.isFinite(Number(value)));
    const time = /^time$/i.test(name) || values.every((value) => /^\d{4}-\d\d-\d\dT/.test(value));
    return { name, type: time && values.length > 0 ? "timestamp" : numeric ? "float64" : "text" };
  });
  return {
    columns,
    truncated: false,
    rows: rows.map((row) =>
      Object.fromEntries(columns.map(({ name, type }, place) => [name, typed(row[place], type)])),
    ),
  };
}

/** @type {(value: string | undefined, type: string) => string | number | null} */
function typed(value, type) {
  if (value === undefined || value === "" || value === "null") return null;
  if (type === "timestamp")
    return Number.isNaN(Number(value)) ? value : new Date(Number(value)).toISOString();
  return type === "float64" ? Number(value) : value;
}

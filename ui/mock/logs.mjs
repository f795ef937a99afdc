/** A minimal Loki API: label and line filters, and counts by level. */
import { nanos, toMs } from "./dataset.mjs";

function logFilter(query) {
  const services = /service_name\s*(=~?)\s*"((?:[^"\\]|\\.)*)"/.exec(query);
  const contains = [...query.matchAll(/\|=\s*"((?:[^"\\]|\\.)*)"/g)].map((match) =>
    JSON.parse(`"${match[1]}"`),
  );
  const excludes = [...query.matchAll(/!=\s*"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]);
  const fields = [...query.matchAll(/\|\s*([a-z_]+)\s*(=|!=)\s*"((?:[^"\\]|\\.)*)"/g)];
  return (log) => {
    if (
      services &&
      !(services[1] === "="
        ? log.service === services[2]
        : new RegExp(`^(${JSON.parse(`"${services[2]}"`)})$`).test(log.service))
    )
      return false;
    const line = JSON.stringify(log.body);
    if (contains.some((text) => !line.includes(text))) return false;
    if (fields.length === 0 && excludes.some((text) => line.includes(text))) return false;
    const all = {
      ...log.body,
      trace_id: log.traceId,
      span_id: log.spanId,
      detected_level: log.level,
      service_name: log.service,
    };
    return fields.every(
      ([, name, operator, wanted]) => (String(all[name] ?? "") === wanted) === (operator === "="),
    );
  };
}

export function logs({ query, start, end, limit = "100", step }, dataset) {
  if (!/^[^{]*\{/.test(query))
    return { status: 400, text: `parse error at line 1, col 1: syntax error: unexpected IDENTIFIER` };
  const [from, to] = [toMs(start), toMs(end)];
  const isCount = /count_over_time|rate\(/.test(query);
  const stepMs = Number(step) * 1_000;
  // The first count is of the lines before the start: the window is as long as the step.
  const first = isCount ? from - stepMs : from;
  const found = dataset.logs.filter((log) => log.atMs >= first && log.atMs < to).filter(logFilter(query));
  if (isCount) {
    const groups = new Map();
    for (const log of found) {
      const at = from + Math.ceil((log.atMs - from) / stepMs) * stepMs;
      const counts = groups.get(log.level) ?? new Map();
      counts.set(at, (counts.get(at) ?? 0) + 1);
      groups.set(log.level, counts);
    }
    const result = [...groups].map(([level, counts]) => ({
      metric: { detected_level: level },
      values: [...counts]
        .sort((left, right) => left[0] - right[0])
        .map(([at, count]) => [at / 1_000, String(count)]),
    }));
    return { status: 200, body: { status: "success", data: { resultType: "matrix", result } } };
  }
  const json = /\|\s*json/.test(query);
  const streams = new Map();
  for (const log of found.slice(0, Number(limit))) {
    const stream = { service_name: log.service, deployment_environment: "production" };
    const key = JSON.stringify(stream);
    const parsed = json
      ? Object.fromEntries(Object.entries(log.body).map(([name, value]) => [name, String(value)]))
      : undefined;
    const entry = [
      nanos(log.atMs),
      JSON.stringify(log.body),
      {
        structuredMetadata: {
          trace_id: log.traceId,
          span_id: log.spanId,
          detected_level: log.level,
          severity_text: log.level.toUpperCase(),
          scope_name: "alex.agent",
        },
        ...(parsed ? { parsed } : {}),
      },
    ];
    const held = streams.get(key) ?? { stream, values: [] };
    held.values.push(entry);
    streams.set(key, held);
  }
  return {
    status: 200,
    body: {
      status: "success",
      data: {
        resultType: "streams",
        encodingFlags: ["categorize-labels"],
        result: [...streams.values()],
        stats: {},
      },
    },
  };
}

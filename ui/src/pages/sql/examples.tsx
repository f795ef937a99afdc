/** Example queries, shown before the first query. */
import { Panel } from "../../components/panel";
import classes from "./sql.module.css";

const EXAMPLES = [
  {
    title: "Slowest operations",
    query: `SELECT service_name, name, count(*) AS spans,
  approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms
FROM spans
WHERE $__timeFilter(start_time)
GROUP BY service_name, name
ORDER BY p95_ms DESC
LIMIT 50`,
  },
  {
    title: "Log records by service and level",
    query: `SELECT service_name, severity_text, count(*) AS records
FROM logs
WHERE $__timeFilter(timestamp)
GROUP BY service_name, severity_text
ORDER BY records DESC`,
  },
  {
    title: "Newest spans",
    query: `SELECT start_time, service_name, name, duration_ns, trace_id
FROM spans
WHERE $__timeFilter(start_time)
ORDER BY start_time DESC
LIMIT 100`,
  },
] as const;

export function Examples({ onPick }: { onPick: (query: string) => void }) {
  return (
    <Panel title="Examples">
      <div className={classes.examples}>
        {EXAMPLES.map(({ title, query }) => (
          <button type="button" key={title} className={classes.example} onClick={() => onPick(query)}>
            <b>{title}</b>
            <code>{query}</code>
          </button>
        ))}
      </div>
    </Panel>
  );
}

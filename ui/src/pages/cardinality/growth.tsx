/** The number of active series over time, from the server's own metrics where these are scraped. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type QueryAnswer, queryRange } from "../../api/prometheus";
import { CodeBlock } from "../../components/code-block";
import { ErrorMessage } from "../../components/error-message";
import { Panel } from "../../components/panel";
import { useRange } from "../../time/context";
import { stepFor } from "../../time/range";
import { ChartView } from "../metrics/chart-view";
import classes from "./cardinality.module.css";

const EXPRESSION = "glasshouse_store_active_series";
const POINTS = 320;
const JOB = `scrape_configs:
  - job_name: glasshouse
    static_configs:
      - targets: ["127.0.0.1:8888"]`;

export function Growth() {
  const { range } = useRange();
  const stepMs = stepFor(range, POINTS);
  const from = Math.floor(range.fromMs / stepMs) * stepMs;
  const answer = useQuery({
    queryKey: ["growth", from, range.toMs, stepMs],
    queryFn: ({ signal }) => queryRange(EXPRESSION, from, range.toMs, stepMs, signal),
    placeholderData: keepPreviousData,
  });
  if (answer.error) return <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return null;
  if (answer.data.series.length === 0) return <NotScraped />;
  return (
    <section aria-label="Active series over time">
      <h2 className={classes.heading}>
        Active series over time <span>{change(answer.data)}</span>
      </h2>
      <ChartView
        queries={[
          {
            letter: "A",
            expression: EXPRESSION,
            answer: answer.data,
            error: null,
            errorPosition: null,
            fetching: answer.isFetching,
          },
        ]}
        range={range}
        stepMs={stepMs}
        exemplars={false}
        height={180}
      />
    </section>
  );
}

/** The difference between the ends of the range, when there is one line. */
function change({ series }: QueryAnswer): string {
  const values = series[0]?.values ?? [];
  const difference = (values.at(-1) ?? 0) - (values[0] ?? 0);
  if (series.length !== 1 || values.length < 2 || !Number.isFinite(difference)) return "";
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "±";
  return `${sign}${Math.abs(difference).toLocaleString("en")} in this time range`;
}

function NotScraped() {
  return (
    <Panel title="Active series over time">
      <div className={classes.advice}>
        <p>
          No samples of <code>{EXPRESSION}</code> are stored in this time range. It is among the server's own
          metrics on port 8888 (plus <code>--port-offset</code>). To see how the number of series changes, add
          this job to the file that is passed with <code>--adopt</code>:
        </p>
        <CodeBlock text={JOB} />
      </div>
    </Panel>
  );
}

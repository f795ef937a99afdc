/** The number of active series over time, from the server's own metrics where these are scraped. */
import { CodeBlock } from "../../components/code-block";
import { ErrorMessage } from "../../components/error-message";
import { Panel } from "../../components/panel";
import { type Frame, numberFields } from "../../data/frame";
import { reduce } from "../../data/reduce";
import { target, useFrames } from "../../data/source";
import { prometheus } from "../../data/sources/prometheus";
import { PanelView } from "../../panels/panel-view";
import { useRange } from "../../time/context";
import { stepFor } from "../../time/range";
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
  const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const [answer] = useFrames([
    target("A", prometheus, {
      query: { expr: EXPRESSION },
      range: { fromMs, toMs: range.toMs },
      intervalMs: stepMs,
    }),
  ]);
  if (answer?.error) return <ErrorMessage error={answer.error} retry={answer.retry} />;
  if (!answer?.frames) return null;
  if (answer.frames.length === 0) return <NotScraped />;
  return (
    <section aria-label="Active series over time">
      <h2 className={classes.heading}>
        Active series over time <span>{change(answer.frames)}</span>
      </h2>
      <Panel className={classes.chart}>
        <PanelView
          type="timeseries"
          frames={answer.frames}
          options={{ legend: { displayMode: "table", calcs: ["lastNotNull", "min", "max", "mean"] } }}
          height={180}
        />
      </Panel>
    </section>
  );
}

/** The difference between the ends of the range, when there is one line. */
function change(frames: Frame[]): string {
  const [field, other] = frames.flatMap(numberFields);
  const { diff } = reduce(field?.values ?? []);
  if (!field || other || field.values.length < 2 || diff === null || !Number.isFinite(diff)) return "";
  const sign = diff > 0 ? "+" : diff < 0 ? "−" : "±";
  return `${sign}${Math.abs(diff).toLocaleString("en")} in this time range`;
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

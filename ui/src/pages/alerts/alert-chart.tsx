/** The expression of a rule over time with the limit that it is compared with, and the states of its alerts. */
import { useMemo } from "react";
import { conditionOf } from "../../alerts/threshold";
import type { Labels } from "../../api/prometheus";
import type { Rule } from "../../api/rules";
import { RequestState } from "../../components/request-state";
import { type Frame, numberFields } from "../../data/frame";
import { type TargetState, target, useAnswersOf, useFrames } from "../../data/source";
import { loki } from "../../data/sources/loki";
import { prometheus } from "../../data/sources/prometheus";
import { formatItems, unitOf } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import { useRange } from "../../time/context";
import { stepFor } from "../../time/range";
import { quote } from "../../url/links";
import classes from "./details.module.css";
import { historyFrames } from "./history";

const POINTS = 240;
const STATE_POINTS = 400;
const ROW_HEIGHT = 22;
const ROWS_MAX = 12;

interface Props {
  rule: Rule;
  /** Of the alert that is shown; all alerts of the rule when absent. */
  labels?: Labels;
}

export function AlertChart({ rule, labels }: Props) {
  const { range } = useRange();
  const condition = useMemo(() => conditionOf(rule.expr), [rule.expr]);
  const stepMs = stepFor(range, POINTS);
  const queries = [condition.query, ...(typeof condition.limit === "string" ? [condition.limit] : [])];
  const states = useFrames(
    queries.map((expr, index) =>
      rule.language === "logql"
        ? target(String(index), loki, {
            query: { expr, maxLines: 1 },
            range,
            intervalMs: stepMs,
          })
        : target(String(index), prometheus, {
            query: { expr, exemplar: index === 0 },
            range: { fromMs: Math.floor(range.fromMs / stepMs) * stepMs, toMs: range.toMs },
            intervalMs: stepMs,
          }),
    ),
  );
  const answers = useAnswersOf(states);
  const all = useMemo(() => answers.flatMap((frames) => frames ?? []), [answers]);
  const { frames, isOnly } = useMemo(() => ofAlert(all, labels), [all, labels]);
  const limit = typeof condition.limit === "number" ? condition.limit : null;
  return (
    <>
      <State states={states} />
      {frames.length > 0 && (
        <PanelView
          type="timeseries"
          frames={frames}
          options={{ legend: { showLegend: !isOnly, displayMode: "list", placement: "bottom", calcs: [] } }}
          fieldConfig={{ defaults: configOf(rule.expr, limit), overrides: [] }}
          height={160}
        />
      )}
      {frames.length === 0 && !states.some(({ fetching, error }) => fetching || error) && (
        <p className={classes.faint}>
          The query returns no series in this time range: <code>{condition.query}</code>
        </p>
      )}
      {limit !== null && (
        <p className={classes.faint}>
          {labels ? "Fires" : "Alerts fire"} while the value is {condition.comparison} {limit}
          {rule.forMs > 0 ? ", after the hold time" : ""}.
        </p>
      )}
      <History name={rule.name} labels={labels} />
    </>
  );
}

function State({ states }: { states: TargetState[] }) {
  const failed = states.filter(({ error }) => error !== null && !(error instanceof DOMException));
  return (
    <RequestState
      fetching={states.some(({ fetching }) => fetching)}
      polling
      errors={failed.map(({ error }) => error)}
      shownAtMs={failed.reduce((oldest, { atMs }) => Math.max(oldest, atMs), 0)}
      cancel={() => {
        for (const state of states) state.cancel();
      }}
      retry={() => {
        for (const state of states) state.retry();
      }}
    />
  );
}

/** The series that the alert is of: its labels are among those of the alert. */
function ofAlert(frames: Frame[], labels: Labels | undefined): { frames: Frame[]; isOnly: boolean } {
  const series = frames.filter(({ meta }) => meta.type === "timeseries");
  if (!labels) return { frames, isOnly: series.length === 1 };
  const own = series.filter((frame) =>
    Object.entries(numberFields(frame)[0]?.labels ?? {}).every(
      ([name, value]) => name === "__name__" || labels[name] === value,
    ),
  );
  if (own.length === 0) return { frames, isOnly: false };
  return {
    frames: [...own, ...frames.filter(({ meta }) => meta.type === "exemplars")],
    isOnly: own.length === 1,
  };
}

/** The limit is in sight, also when no value comes near it. */
function configOf(expr: string, limit: number | null) {
  const unit = unitOf(expr);
  if (limit === null) return { unit };
  const soft = limit > 0 ? { axisSoftMax: limit * 1.05 } : { axisSoftMin: limit };
  return {
    unit,
    thresholds: {
      mode: "absolute",
      steps: [
        { value: null, color: "green" },
        { value: limit, color: "red" },
      ],
    },
    custom: { ...soft, thresholdsStyle: { mode: "dashed" } },
  };
}

/** The series `ALERTS`, as the rules have written it. */
function History({ name, labels }: { name: string; labels: Labels | undefined }) {
  const { range } = useRange();
  const intervalMs = stepFor(range, STATE_POINTS);
  const [answer] = useFrames([
    target("ALERTS", prometheus, {
      query: { expr: `ALERTS{alertname=${quote(name)}}` },
      range: { fromMs: Math.floor(range.fromMs / intervalMs) * intervalMs, toMs: range.toMs },
      intervalMs,
    }),
  ]);
  const found = useMemo(() => historyFrames(answer?.frames ?? [], labels), [answer?.frames, labels]);
  if (!answer || answer.frames === undefined || answer.error) return null;
  if (found.length === 0) return <p className={classes.faint}>It was not active in this time range.</p>;
  return (
    <section aria-label="State history">
      <PanelView
        type="state-timeline"
        frames={found.slice(0, ROWS_MAX)}
        options={{ showValue: "auto", legend: { showLegend: false } }}
        fieldConfig={{ defaults: { mappings: STATE_COLORS, custom: { fillOpacity: 70 } }, overrides: [] }}
        height={26 + Math.min(found.length, ROWS_MAX) * ROW_HEIGHT}
      />
      {found.length > ROWS_MAX && (
        <p className={classes.faint}>
          The first {ROWS_MAX} of {formatItems(found.length, "alert")}.
        </p>
      )}
    </section>
  );
}

const STATE_COLORS = [
  {
    type: "value",
    options: {
      firing: { text: "firing", color: "red", index: 0 },
      pending: { text: "pending", color: "orange", index: 1 },
      none: { text: "–", color: "transparent", index: 2 },
    },
  },
];

/** Calls of language models: their errors by class, durations, tokens and cost. */
import { Link } from "@tanstack/react-router";
import { Panel } from "../../components/panel";
import { formatCount, formatItems } from "../../format/number";
import { formatValue } from "../../format/units";
import { formatDuration } from "../../time/duration";
import { AnswerState } from "./answer-state";
import classes from "./home.module.css";
import { callsTraces, isFailing, type ModelCalls } from "./model-calls";
import { OpenSql } from "./open-sql";
import { MODEL_CALLS } from "./queries";
import type { Health } from "./use-health";

const HOUR_MS = 3_600_000;
const ROWS_MAX = 20;
const TYPES_MAX = 4;

/** Absent while no span is a call. */
export function LlmCalls({ health: { models, range } }: { health: Health }) {
  const { items, states } = models;
  const failed = states.some(({ error }) => error !== null);
  if (!failed && (!items || items.length === 0)) return null;
  const hours = (range.toMs - range.fromMs) / HOUR_MS;
  const shown = (items ?? []).slice(0, ROWS_MAX);
  const priced = shown.some(({ cost }) => cost !== null);
  return (
    <Panel title="LLM calls" actions={<OpenSql query={MODEL_CALLS} />}>
      <AnswerState states={states} />
      {shown.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Model</th>
              <th className={classes.number}>Calls</th>
              <th>Errors</th>
              <th className={`${classes.number} ${classes.wide}`}>p95</th>
              <th className={classes.number} title="Input and output tokens per hour">
                Tokens/h
              </th>
              {priced && (
                <th className={classes.number} title="US dollars per hour, as the spans say">
                  Cost/h
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((calls) => (
              <ModelRow
                key={JSON.stringify([calls.service, calls.model])}
                of={calls}
                hours={hours}
                priced={priced}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function ModelRow({ of, hours, priced }: { of: ModelCalls; hours: number; priced: boolean }) {
  const { service, model, calls, inputTokens, outputTokens, cost } = of;
  const name = model || "unknown";
  const tokens = `${formatCount(Math.round(inputTokens / hours))} in, ${formatCount(Math.round(outputTokens / hours))} out`;
  const dollars = cost === null ? "–" : formatValue(cost / hours, "currencyUSD");
  return (
    <tr>
      <td className={classes.name}>
        {name} <span className={classes.service}>{service}</span>
      </td>
      <td className={classes.number}>
        <Link
          to="/explore/traces"
          search={{ q: callsTraces(of) }}
          aria-label={`${formatCount(calls)} calls of ${name}`}
        >
          {formatCount(calls)}
        </Link>
      </td>
      <td>
        <Errors of={of} name={name} />
      </td>
      <td className={`${classes.number} ${classes.wide}`}>
        <Link
          to="/explore/traces"
          search={{ q: callsTraces(of), sort: "longest" }}
          aria-label={`${formatDuration(of.p95Ms)} p95 of ${name}`}
        >
          {formatDuration(of.p95Ms)}
        </Link>
      </td>
      <td
        className={classes.number}
        title={`${formatItems(inputTokens, "input token")}, ${formatItems(outputTokens, "output token")} in this time range`}
      >
        <Link to="/explore/sql" search={{ query: MODEL_CALLS }} aria-label={`${tokens} tokens/h of ${name}`}>
          {formatCount(Math.round(inputTokens / hours))} in, {formatCount(Math.round(outputTokens / hours))}{" "}
          out
        </Link>
      </td>
      {priced && (
        <td className={classes.number}>
          <Link to="/explore/sql" search={{ query: MODEL_CALLS }} aria-label={`${dollars} cost/h of ${name}`}>
            {dollars}
          </Link>
        </td>
      )}
    </tr>
  );
}

function Errors({ of, name }: { of: ModelCalls; name: string }) {
  const { calls, errors, errorTypes } = of;
  if (errors === 0) return <span className={classes.zero}>none</span>;
  const share = formatValue(errors / calls, "percentunit", errors / calls < 0.1 ? 1 : 0);
  const rest = errorTypes.slice(TYPES_MAX).reduce((sum, { count }) => sum + count, 0);
  return (
    <div className={classes.types}>
      <Link
        to="/explore/traces"
        search={{ q: callsTraces(of, true) }}
        className={isFailing(of) ? classes.bad : undefined}
        aria-label={`${share} of the calls of ${name} failed`}
      >
        {share}
      </Link>
      {errorTypes.slice(0, TYPES_MAX).map(({ type, count }) => (
        <Link
          key={type}
          to="/explore/traces"
          search={{ q: callsTraces(of, true, type) }}
          aria-label={`${type} ${formatCount(count)}: calls of ${name}`}
        >
          {type} {formatCount(count)}
        </Link>
      ))}
      {rest > 0 && <span className={classes.zero}>others {formatCount(rest)}</span>}
    </div>
  );
}

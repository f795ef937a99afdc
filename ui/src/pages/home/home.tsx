/** Home: received data by signal and service, and possible reasons for missing data. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Overview, SignalOverview } from "../../api/generated";
import { fetchOverview, SIGNALS, type SignalName } from "../../api/overview";
import { EmptyState } from "../../components/empty-state";
import { Icon, type IconName } from "../../components/icon";
import { Panel } from "../../components/panel";
import panelClasses from "../../components/panel.module.css";
import { RequestState } from "../../components/request-state";
import { useClock } from "../../components/use-clock";
import { usePageTitle } from "../../components/use-page-title";
import { formatBytes, formatCount, formatRate } from "../../format/number";
import { Sparkline } from "../../panels/sparkline";
import { formatDuration } from "../../time/duration";
import { formatAgo } from "../../time/format";
import { FirstSteps } from "./first-steps";
import { type RateSample, ratesOf, remember } from "./history";
import classes from "./home.module.css";
import { Receivers } from "./receivers";
import { Services } from "./services";

const POLL_MS = 5_000;
/** After this time without an answer the state of the signals is not known. */
const STALE_AFTER_MS = 2 * POLL_MS;
/** After this time without data a sender is late: most exporters send at least once a minute. */
const LATE_AFTER_MS = 90_000;

const CARDS: Record<
  SignalName,
  {
    label: string;
    unit: string;
    icon: IconName;
    color: string;
    to: "/explore/traces" | "/explore/logs" | "/explore/metrics";
  }
> = {
  spans: {
    label: "Traces",
    unit: "spans/s",
    icon: "traces",
    color: "var(--gh-series-1)",
    to: "/explore/traces",
  },
  logs: { label: "Logs", unit: "records/s", icon: "logs", color: "var(--gh-series-3)", to: "/explore/logs" },
  metrics: {
    label: "Metrics",
    unit: "samples/s",
    icon: "metrics",
    color: "var(--gh-series-2)",
    to: "/explore/metrics",
  },
};

export default function Home() {
  usePageTitle("Home");
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => fetchOverview(signal),
    refetchInterval: POLL_MS,
    staleTime: POLL_MS - 1_000,
  });
  const client = useQueryClient();
  const { data, error, dataUpdatedAt } = overview;
  const samples = useMemo(() => (data ? remember(data) : []), [data]);
  const nowMs = useClock(overview.isFetching || error !== null);
  const stale = error !== null || (overview.isFetching && nowMs - dataUpdatedAt > STALE_AFTER_MS);
  return (
    <div className={classes.page} aria-busy={overview.isPending} data-stale={stale}>
      <RequestState
        fetching={overview.isFetching}
        polling
        errors={[error]}
        shownAtMs={dataUpdatedAt}
        cancel={() => void client.cancelQueries({ queryKey: ["overview"] })}
        retry={() => void overview.refetch()}
      />
      {error && !data && (
        <EmptyState title="The overview cannot be loaded">
          The server does not answer. Check that Glasshouse is running, and read its log.
        </EmptyState>
      )}
      {data && <Loaded overview={stale ? aged(data, nowMs - dataUpdatedAt) : data} samples={samples} />}
    </div>
  );
}

/** An overview that could not be refreshed, with the time that has passed since: nothing arrived `now`. */
function aged(overview: Overview, ageMs: number): Overview {
  return { ...overview, now_unix_ms: overview.now_unix_ms + Math.max(0, ageMs) };
}

function Loaded({ overview, samples }: { overview: Overview; samples: RateSample[] }) {
  const empty = SIGNALS.every(
    (signal) => overview.signals[signal].items_total === 0 && rowsOf(overview.signals[signal]) === 0,
  );
  return (
    <>
      {empty && <FirstSteps overview={overview} />}
      <div className={classes.cards}>
        {SIGNALS.map((signal) => (
          <SignalCard key={signal} name={signal} overview={overview} samples={samples} />
        ))}
      </div>
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Services overview={overview} />
        </div>
        <div className={classes.stack}>
          <Hints overview={overview} empty={empty} />
          <Receivers overview={overview} />
          <Panel title="Glasshouse">
            <dl className={classes.facts} style={{ borderTop: 0 }}>
              <Fact name="Version" value={overview.version || "unknown"} />
              <Fact name="Uptime" value={formatDuration(overview.uptime_s * 1_000)} />
              <Fact name="Data folder" value={formatBytes(overview.data_dir_bytes)} />
            </dl>
          </Panel>
        </div>
      </div>
    </>
  );
}

function rowsOf(signal: SignalOverview): number {
  return signal.head_rows + signal.part_rows;
}

function Fact({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={bad ? classes.bad : undefined}>{value}</dd>
    </div>
  );
}

export function stateOf(lastMs: number | null, nowMs: number): "never" | "live" | "late" {
  if (lastMs === null) return "never";
  return nowMs - lastMs > LATE_AFTER_MS ? "late" : "live";
}

function SignalCard({
  name,
  overview,
  samples,
}: {
  name: SignalName;
  overview: Overview;
  samples: RateSample[];
}) {
  const card = CARDS[name];
  const signal = overview.signals[name];
  const state = stateOf(signal.last_received_unix_ms, overview.now_unix_ms);
  const days = signal.retention_s / 86_400;
  return (
    <Link to={card.to} className={`${panelClasses.panel} ${classes.card}`}>
      <div className={classes.cardHead}>
        <Icon name={card.icon} size={14} />
        {card.label}
        <span className={classes.status}>
          <span className={classes.dot} data-state={state} />
          {state === "never" ? "no data yet" : formatAgo(signal.last_received_unix_ms, overview.now_unix_ms)}
        </span>
      </div>
      <div className={classes.rate}>
        {formatRate(signal.rate_per_s)}
        <small>{card.unit}</small>
      </div>
      <Sparkline values={ratesOf(samples, name)} label={`${card.label}: recent rate`} color={card.color} />
      <dl className={classes.facts}>
        {signal.active_series !== null ? (
          <Fact name="Active series" value={formatCount(signal.active_series)} />
        ) : (
          <Fact name="Stored rows" value={formatCount(rowsOf(signal))} />
        )}
        <Fact name="On disk" value={formatBytes(signal.part_bytes)} />
        <Fact
          name="Retention"
          value={days >= 1 ? `${Math.round(days)} d` : formatDuration(signal.retention_s * 1_000)}
        />
        <Fact name="Rejected" value={formatCount(signal.rejected_total)} bad={signal.rejected_total > 0} />
      </dl>
    </Link>
  );
}

/** Possible reasons for missing data: the hints of the server, and signals that are late. */
function Hints({ overview, empty }: { overview: Overview; empty: boolean }) {
  const late = SIGNALS.filter(
    (name) => stateOf(overview.signals[name].last_received_unix_ms, overview.now_unix_ms) === "late",
  ).map((name) => {
    const since = formatAgo(overview.signals[name].last_received_unix_ms, overview.now_unix_ms);
    return {
      signal: name,
      message: `The last ${name} arrived ${since}. The sender may have stopped, or cannot reach Glasshouse.`,
    };
  });
  const named = new Set(overview.hints.map((hint) => hint.signal));
  const hints = [...overview.hints, ...late.filter((hint) => !named.has(hint.signal))];
  return (
    <Panel title="Missing data">
      {hints.length === 0 ? (
        <div className={classes.fine}>
          {empty
            ? "No data has been received yet. Follow the steps above."
            : "All three signals are received, and nothing was rejected."}
        </div>
      ) : (
        <ul className={classes.hints}>
          {hints.map((hint) => (
            <li key={hint.signal + hint.message}>
              <Icon name="warning" size={14} />
              <span>{hint.message}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

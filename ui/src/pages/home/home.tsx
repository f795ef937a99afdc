/** Home: whether something is wrong, in the services, in their errors and LLM calls, and in the data that arrives. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Overview } from "../../api/generated";
import { fetchOverview, SIGNALS } from "../../api/overview";
import { EmptyState } from "../../components/empty-state";
import { Panel } from "../../components/panel";
import { RequestState } from "../../components/request-state";
import { useClock } from "../../components/use-clock";
import { usePageTitle } from "../../components/use-page-title";
import { formatBytes } from "../../format/number";
import { formatDuration } from "../../time/duration";
import { Attention, MissingData } from "./attention";
import { Errors } from "./errors";
import { FirstSteps } from "./first-steps";
import { type RateSample, remember } from "./history";
import classes from "./home.module.css";
import { LlmCalls } from "./llm-calls";
import { Fact, ReceivedByService, rowsOf, SignalCard } from "./received";
import { Receivers } from "./receivers";
import { Services } from "./services";
import { useHealth } from "./use-health";

const POLL_MS = 5_000;
/** After this time without an answer the state of the signals is not known. */
const STALE_AFTER_MS = 2 * POLL_MS;

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
  return empty ? (
    <>
      <FirstSteps overview={overview} />
      <MissingData overview={overview} />
      <Received overview={overview} samples={samples} />
    </>
  ) : (
    <WithData overview={overview} samples={samples} />
  );
}

function WithData({ overview, samples }: { overview: Overview; samples: RateSample[] }) {
  const health = useHealth();
  return (
    <>
      <Attention overview={overview} health={health} />
      <Services health={health} />
      <LlmCalls health={health} />
      <Errors health={health} />
      <Received overview={overview} samples={samples} />
    </>
  );
}

/** What arrives now, whatever the time range. */
function Received({ overview, samples }: { overview: Overview; samples: RateSample[] }) {
  return (
    <>
      <div className={classes.cards}>
        {SIGNALS.map((signal) => (
          <SignalCard key={signal} name={signal} overview={overview} samples={samples} />
        ))}
      </div>
      <div className={classes.columns}>
        <ReceivedByService overview={overview} />
        <div className={classes.stack}>
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

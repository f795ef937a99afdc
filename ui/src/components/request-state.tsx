/** The state of a view's requests: that they are slow, that they failed, and how old the data is that is still shown. */
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useRange } from "../time/context";
import { formatAgo, formatInstant } from "../time/format";
import { ErrorMessage } from "./error-message";
import { LoadingBar } from "./loading-bar";
import { Notice } from "./notice";
import classes from "./request-state.module.css";
import { useClock } from "./use-clock";

/** After this time without an answer the view says so. */
const SLOW_MS = 3_000;

interface Props {
  fetching: boolean;
  /** The view asks by itself, so often that the loading bar would flicker. */
  polling?: boolean;
  errors: unknown[];
  /** When the data was received that is shown although a newer request failed; 0 when none is shown. */
  shownAtMs: number;
  cancel: () => void;
  retry: () => void;
}

export function RequestState({ fetching, polling, errors, shownAtMs, cancel, retry }: Props) {
  const [cancelled, setCancelled] = useState(false);
  const [startedMs, setStartedMs] = useState<number | null>(null);
  useEffect(() => {
    setStartedMs(fetching ? Date.now() : null);
    if (fetching) setCancelled(false);
  }, [fetching]);
  const failed = errors.filter((error) => error !== null && error !== undefined);
  const idle = cancelled && !fetching && failed.length === 0;
  const nowMs = useClock(fetching || idle || failed.length > 0);
  const waitedMs = startedMs === null ? 0 : nowMs - startedMs;
  const slow = fetching && waitedMs >= SLOW_MS;
  return (
    <>
      <LoadingBar active={fetching && !polling} />
      {slow && (
        <Notice>
          <div className={classes.state} role="status">
            No answer for {Math.floor(waitedMs / 1_000)} s.
            <Shown atMs={shownAtMs} nowMs={nowMs} />
            <Button
              size="compact-xs"
              onClick={() => {
                setCancelled(true);
                cancel();
              }}
            >
              Cancel
            </Button>
          </div>
        </Notice>
      )}
      {failed.map((error, index) => (
        <ErrorMessage key={index} error={error} retry={retry} />
      ))}
      {failed.length > 0 && !slow && shownAtMs > 0 && (
        <Notice>
          The refresh failed. <Shown atMs={shownAtMs} nowMs={nowMs} />
        </Notice>
      )}
      {idle && (
        <Notice>
          <div className={classes.state} role="status">
            The request was cancelled.
            <Shown atMs={shownAtMs} nowMs={nowMs} />
            <Button size="compact-xs" onClick={retry}>
              Try again
            </Button>
          </div>
        </Notice>
      )}
    </>
  );
}

function Shown({ atMs, nowMs }: { atMs: number; nowMs: number }) {
  const { zone } = useRange();
  if (atMs <= 0) return null;
  return (
    <span>
      Showing data of {formatInstant(atMs, zone).slice(11)} ({formatAgo(atMs, Math.max(atMs, nowMs))}).
    </span>
  );
}

/** One row of the list of silences. */
import { Checkbox } from "@mantine/core";
import { formatMatcher } from "../../alerts/matchers";
import type { Silence } from "../../api/alertmanager";
import { formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatAgo, formatInstant } from "../../time/format";
import { RowButton } from "./row-list";
import classes from "./silence-row.module.css";
import { type SilenceRow, SOON_MS } from "./silence-rows";

interface Props {
  row: SilenceRow;
  open: boolean;
  checked: boolean;
  nowMs: number;
  onOpen: () => void;
  onCheck: () => void;
}

export function SilenceRowView({ row, open, checked, nowMs, onOpen, onCheck }: Props) {
  const { silence, alerts } = row;
  const text = silence.matchers.map(formatMatcher).join(", ");
  return (
    <div className={classes.silence}>
      <span className={classes.check}>
        {silence.state !== "expired" && (
          <Checkbox
            size="xs"
            checked={checked}
            onChange={onCheck}
            aria-label={`Select the silence of ${text}`}
          />
        )}
      </span>
      <Remaining silence={silence} nowMs={nowMs} />
      <div className={classes.matchers}>
        <RowButton open={open} onClick={onOpen}>
          <code>{text || "no matchers"}</code>
        </RowButton>
      </div>
      <span className={classes.hides} data-none={alerts.length === 0}>
        {silence.state === "active"
          ? alerts.length > 0
            ? formatItems(alerts.length, "alert")
            : "nothing now"
          : ""}
      </span>
      <span className={classes.about}>
        <span>{silence.createdBy}</span>
        <span>{silence.comment}</span>
      </span>
    </div>
  );
}

/** How long it still lasts, when it begins, or when it ended. */
export function Remaining({ silence, nowMs }: { silence: Silence; nowMs: number }) {
  const { zone } = useRange();
  const { state, startsMs, endsMs } = silence;
  const soon = state === "active" && endsMs - nowMs < SOON_MS;
  const text =
    state === "active"
      ? `ends in ${roughly(endsMs - nowMs)}`
      : state === "pending"
        ? `starts in ${roughly(startsMs - nowMs)}`
        : `ended ${formatAgo(endsMs, Math.max(nowMs, endsMs))}`;
  return (
    <span
      className={classes.remaining}
      data-state={soon ? "soon" : state}
      title={`${formatInstant(startsMs, zone)} to ${formatInstant(endsMs, zone)}`}
    >
      {text}
    </span>
  );
}

/** In minutes, and in seconds only at the end. */
export function roughly(ms: number): string {
  const left = Math.max(0, ms);
  return formatDuration(
    left < 120_000 ? Math.round(left / 1_000) * 1_000 : Math.round(left / 60_000) * 60_000,
  );
}

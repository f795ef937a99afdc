/** The time range control of the top bar: range, shift, zoom and refresh. */
import { Button, Menu, Popover, SegmentedControl, TextInput, Tooltip } from "@mantine/core";
import { useIsFetching } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Icon } from "../components/icon";
import { useShortcuts } from "../shell/keyboard";
import { type RangeState, useRange } from "./context";
import { formatDuration } from "./duration";
import { formatInstant, formatSpan, type Zone } from "./format";
import classes from "./picker.module.css";
import {
  absolute,
  describeRelative,
  parseInstant,
  QUICK_RANGES,
  type RawRange,
  resolveRange,
  shiftedRange,
  zoomedOut,
} from "./range";

const REFRESH_INTERVALS = ["5s", "10s", "30s", "1m", "5m"];

/** A trace has its own time range, and is only refreshed. A dashboard may hide its range. */
export function RangePicker({ refreshOnly }: { refreshOnly: boolean }) {
  const { view } = useRange();
  return (
    <div className={classes.bar}>
      {!refreshOnly && !view.hidePicker && <RangeSegments />}
      <Refresh />
    </div>
  );
}

function RangeSegments() {
  const state = useRange();
  const [open, setOpen] = useState(false);
  const shift = (direction: -1 | 1) => state.setRange(shiftedRange(state.range, direction));
  const zones = zonesOf(state);
  const zoomOut = () => state.setRange(zoomedOut(state.range, Date.now()));
  useShortcuts([
    { keys: "t t", label: "Choose the time range", group: "Time", run: () => setOpen(true) },
    { keys: "t z", label: "Zoom out", group: "Time", run: zoomOut },
    { keys: "t ArrowLeft", label: "Shift back by half the range", group: "Time", run: () => shift(-1) },
    { keys: "t ArrowRight", label: "Shift forward by half the range", group: "Time", run: () => shift(1) },
    {
      keys: "t a",
      label: "Make the range absolute",
      group: "Time",
      run: () => state.setRange(state.range),
    },
    {
      keys: "u",
      label: "Switch to another time zone",
      group: "Time",
      run: () => state.setZone(zones[(zones.indexOf(state.zone) + 1) % zones.length] ?? "local"),
    },
  ]);
  const title =
    describeRelative(state.raw, (side) => formatInstant(state.range[`${side}Ms`], state.zone)) ??
    formatSpan(state.range.fromMs, state.range.toMs, state.zone);
  return (
    <>
      <Segment label="Shift back by half the range (t ←)" icon="left" onClick={() => shift(-1)} />
      <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
        <Popover.Target>
          <button
            type="button"
            className={`${classes.segment} ${classes.range}`}
            onClick={() => setOpen(!open)}
            aria-haspopup="dialog"
            aria-expanded={open}
            title={formatSpan(state.range.fromMs, state.range.toMs, state.zone)}
          >
            <Icon name="clock" size={14} />
            <span>{title}</span>
            {state.zone !== "local" && <span className={classes.live}>{zoneName(state.zone)}</span>}
          </button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <RangeForm close={() => setOpen(false)} />
        </Popover.Dropdown>
      </Popover>
      <Segment label="Shift forward by half the range (t →)" icon="right" onClick={() => shift(1)} />
      <Segment label="Zoom out (t z)" icon="zoomOut" onClick={zoomOut} />
    </>
  );
}

/** Local time, UTC, and that of the view. */
function zonesOf({ view, zone }: RangeState): Zone[] {
  return [...new Set(["local", "utc", view.zone ?? "local", zone])];
}

function zoneName(zone: Zone): string {
  return zone === "local" ? "Local time" : zone === "utc" ? "UTC" : zone.replaceAll("_", " ");
}

function Segment({
  label,
  icon,
  onClick,
}: {
  label: string;
  icon: "left" | "right" | "zoomOut";
  onClick: () => void;
}) {
  return (
    <Tooltip label={label}>
      <button type="button" className={classes.segment} aria-label={label} onClick={onClick}>
        <Icon name={icon} size={14} />
      </button>
    </Tooltip>
  );
}

/** Refreshes the view, once or at an interval. */
function Refresh() {
  const { refresh, setRefresh, refreshNow, view } = useRange();
  const intervals = view.refreshIntervals.length > 0 ? view.refreshIntervals : REFRESH_INTERVALS;
  useShortcuts([{ keys: "r", label: "Refresh now", group: "Time", run: refreshNow }]);
  const busy = useIsFetching({ predicate: (query) => query.queryKey[0] !== "overview" }) > 0;
  return (
    <>
      <Tooltip label="Refresh now (r)">
        <button
          type="button"
          className={classes.segment}
          aria-label="Refresh now"
          onClick={refreshNow}
          aria-busy={busy}
        >
          <span className={busy ? classes.live : undefined}>
            <Icon name="refresh" size={14} />
          </span>
        </button>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <button type="button" className={classes.segment} aria-label={`Auto refresh: ${refresh ?? "Off"}`}>
            <span className={refresh ? classes.live : undefined}>{refresh ?? "Off"}</span>
            <Icon name="down" size={11} />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Auto refresh</Menu.Label>
          <Menu.Item onClick={() => setRefresh(undefined)}>Off</Menu.Item>
          {intervals.map((interval) => (
            <Menu.Item key={interval} onClick={() => setRefresh(interval)}>
              Every {interval}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function RangeForm({ close }: { close: () => void }) {
  const state = useRange();
  const { raw, range, zone, setZone, setRaw, calendar } = state;
  const readable = (side: "from" | "to") =>
    raw[side].startsWith("now") ? raw[side] : formatInstant(range[`${side}Ms`], zone);
  const [draft, setDraft] = useState<RawRange>({ from: readable("from"), to: readable("to") });
  const [nowMs] = useState(() => Date.now());
  const resolved = resolveRange(draft, nowMs, calendar);
  const apply = (given: RawRange) => {
    setRaw(given);
    close();
  };
  const applyDraft = () => {
    if (!resolved) return;
    const relative = draft.from.trim().startsWith("now") || draft.to.trim().startsWith("now");
    apply(relative ? { from: draft.from.trim(), to: draft.to.trim() } : absolute(resolved));
  };
  return (
    <div className={classes.panel}>
      <form
        className={classes.custom}
        onSubmit={(event) => {
          event.preventDefault();
          applyDraft();
        }}
      >
        <Instant
          side="from"
          label="From"
          value={draft.from}
          set={(from) => setDraft({ ...draft, from })}
          nowMs={nowMs}
        />
        <Instant
          side="to"
          label="To"
          value={draft.to}
          set={(to) => setDraft({ ...draft, to })}
          nowMs={nowMs}
        />
        <div className={classes.row}>
          <span className={resolved ? classes.echo : `${classes.echo} ${classes.bad}`}>
            {resolved ? formatDuration(resolved.toMs - resolved.fromMs) : "From must be before To"}
          </span>
          <Button type="submit" variant="filled" disabled={!resolved}>
            Apply
          </Button>
        </div>
        <div className={classes.note}>
          now-90m · now-1d/d · 2026-11-20 15:04 · epoch seconds, milliseconds or nanoseconds
        </div>
        <SegmentedControl
          value={zone}
          onChange={setZone}
          data={zonesOf(state).map((value) => ({ value, label: zoneName(value) }))}
        />
      </form>
      <div className={classes.quick}>
        {QUICK_RANGES.map((quick) => (
          <button
            type="button"
            key={quick.label}
            aria-pressed={quick.from === raw.from && quick.to === raw.to}
            onClick={() => apply({ from: quick.from, to: quick.to })}
          >
            {quick.label}
          </button>
        ))}
      </div>
    </div>
  );
}

interface InstantProps {
  side: "from" | "to";
  label: string;
  value: string;
  set: (value: string) => void;
  nowMs: number;
}

function Instant(props: InstantProps) {
  const { zone, calendar } = useRange();
  const [value, setValue] = useState(props.value);
  useEffect(() => setValue(props.value), [props.value]);
  const instant = parseInstant(value, props.nowMs, calendar, props.side);
  return (
    <div>
      <TextInput
        label={props.label}
        value={value}
        spellCheck={false}
        autoComplete="off"
        data-1p-ignore
        data-lpignore="true"
        onChange={(event) => {
          setValue(event.currentTarget.value);
          props.set(event.currentTarget.value);
        }}
        error={instant === null}
      />
      <div className={instant === null ? `${classes.echo} ${classes.bad}` : classes.echo}>
        {instant === null ? "Not a valid time" : formatInstant(instant, zone)}
      </div>
    </div>
  );
}

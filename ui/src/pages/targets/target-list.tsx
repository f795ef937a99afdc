/** The targets below their pools. Only visible rows are rendered. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import type { Labels } from "../../api/prometheus";
import type { Health } from "../../api/targets";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { formatItems } from "../../format/number";
import { VirtualRows } from "../../panels/virtual-rows";
import type { TargetsSearch } from "../../routes";
import { useShortcuts } from "../../shell/keyboard";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatAgo, formatInstant } from "../../time/format";
import { targetMetrics } from "../../url/links";
import { toggled } from "../../url/search";
import type { KeyedTarget, Pool, Row } from "./model";
import classes from "./targets.module.css";

interface Props {
  rows: Row[];
  search: TargetsSearch;
  nowMs: number;
  change: (part: Partial<TargetsSearch>, replace?: boolean) => void;
}

export function TargetList({ rows, search, nowMs, change }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 28,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 24,
  });
  const open = ({ kind, ...row }: Row) => {
    if (kind === "pool" && "pool" in row) change({ closed: toggled(search.closed, row.pool.name) }, true);
    if (kind === "target" && "target" in row) {
      const { key } = row.target;
      change({ target: search.target === key ? undefined : key }, true);
    }
  };
  const at = rows.findIndex((row) => row.key === selected);
  const move = (by: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, at + by));
    setSelected(rows[next]?.key ?? null);
    virtual.scrollToIndex(next);
  };
  const openSelected = () => {
    const row = rows[at];
    if (row) open(row);
  };
  useShortcuts([
    { keys: "j", label: "Next target", group: "Targets", run: () => move(1) },
    { keys: "k", label: "Previous target", group: "Targets", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next target", group: "Targets", run: () => move(1) },
    { keys: "ArrowUp", label: "Previous target", group: "Targets", run: () => move(-1) },
    { keys: "Enter", label: "Open or close the target or pool", group: "Targets", run: openSelected },
  ]);
  return (
    <>
      <div className={classes.head}>
        <span>Health</span>
        <span>Endpoint</span>
        <span>Labels</span>
        <span>Last scrape</span>
        <span>Duration</span>
        <span>Interval</span>
        <span />
      </div>
      <div ref={scroll} className={classes.scroll} data-scroll-restoration-id="targets">
        <VirtualRows
          virtual={virtual}
          className={classes.row}
          data={(index) => ({ "data-selected": rows[index]?.key === selected })}
        >
          {(index) => {
            const row = rows[index];
            if (!row) return null;
            if (row.kind === "pool")
              return <PoolRow pool={row.pool} open={row.open} onToggle={() => open(row)} />;
            if (row.kind === "none") return <div className={classes.none}>{row.text}</div>;
            return (
              <TargetRow
                target={row.target}
                open={search.target === row.target.key}
                nowMs={nowMs}
                onToggle={() => open(row)}
              />
            );
          }}
        </VirtualRows>
      </div>
    </>
  );
}

function PoolRow({ pool, open, onToggle }: { pool: Pool; open: boolean; onToggle: () => void }) {
  const { up, down, unknown, dropped } = pool.counts;
  return (
    <button type="button" className={classes.pool} aria-expanded={open} onClick={onToggle}>
      <Icon name={open ? "down" : "right"} size={12} />
      <b>{pool.name}</b>
      <span data-health="up">{up} up</span>
      {down > 0 && <span data-health="down">{down} down</span>}
      {unknown > 0 && <span data-health="unknown">{unknown} unknown</span>}
      {dropped > 0 && <span data-health="dropped">{dropped} dropped</span>}
    </button>
  );
}

interface TargetProps {
  target: KeyedTarget;
  open: boolean;
  nowMs: number;
  onToggle: () => void;
}

function TargetRow({ target, open, nowMs, onToggle }: TargetProps) {
  const { zone } = useRange();
  const { health, url, link, error, lastScrapeMs, interval, timeout } = target;
  const dropped = health === "dropped";
  return (
    <div className={classes.target}>
      <HealthMark health={health} />
      <span className={classes.endpoint}>
        {link ? (
          <a href={link} target="_blank" rel="noopener noreferrer">
            {url}
          </a>
        ) : (
          url
        )}
      </span>
      <LabelChips labels={dropped ? withoutMeta(target.discovered) : target.labels} />
      <span title={lastScrapeMs === null ? undefined : formatInstant(lastScrapeMs, zone, true)}>
        {dropped ? "–" : formatAgo(lastScrapeMs, nowMs)}
      </span>
      <span>{lastScrapeMs === null ? "–" : formatDuration(target.durationMs)}</span>
      <span title={timeout ? `Timeout ${timeout}` : undefined}>{interval || "–"}</span>
      <span className={classes.actions}>
        {!dropped && <MetricsLink labels={target.labels} />}
        <Tooltip label={open ? "Hide discovered labels" : "Show discovered labels"}>
          <ActionIcon
            size={22}
            aria-label={`Discovered labels of ${url}`}
            aria-expanded={open}
            onClick={onToggle}
          >
            <Icon name={open ? "up" : "down"} size={12} />
          </ActionIcon>
        </Tooltip>
      </span>
      {error && (
        <div className={classes.error}>
          {error}
          <CopyButton text={() => error} label="Copy the error" size={18} />
        </div>
      )}
      {open && <Discovered labels={target.discovered} />}
    </div>
  );
}

function HealthMark({ health }: { health: Health }) {
  return (
    <span className={classes.health} data-health={health}>
      <i />
      {health}
    </span>
  );
}

function LabelChips({ labels }: { labels: Labels }) {
  return (
    <span className={classes.labels}>
      {Object.entries(labels).map(([name, value]) => (
        <code key={name}>
          {name}=<b>{JSON.stringify(value)}</b>
        </code>
      ))}
    </span>
  );
}

/** The labels that relabelling would keep. */
function withoutMeta(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith("__")));
}

function MetricsLink({ labels }: { labels: Labels }) {
  return (
    <Tooltip label="Metrics of this target">
      <ActionIcon
        size={22}
        aria-label="Metrics of this target"
        component={Link}
        to="/explore/metrics"
        search={{ expr: [targetMetrics(labels)], view: "table" } as never}
      >
        <Icon name="metrics" size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

function Discovered({ labels }: { labels: Labels }) {
  const pairs = Object.entries(labels);
  return (
    <div className={classes.discovered}>
      <h3>
        {formatItems(pairs.length, "discovered label")}
        <CopyButton text={() => JSON.stringify(labels, null, 2)} label="Copy the labels as JSON" size={20} />
      </h3>
      <dl>
        {pairs.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The log lines, newest first. Only visible rows are rendered; scrolling to the end loads older lines. */
import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { CopyButton } from "../../components/copy-button";
import { formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { formatInstant, formatTime, type Zone } from "../../time/format";
import { levelColor } from "../colors";
import type { PanelActions } from "../panel";
import { useScrollAnchor } from "../use-scroll-anchor";
import { lineText, oneLine, type ReadLine, splitAtMatches } from "./line";
import { LogDetails } from "./log-details";
import classes from "./logs.module.css";
import type { LogsOptions } from "./options";
import { useOpenLines } from "./use-open-lines";

/** Bounds the memory of the page. */
export const LINES_MAX = 50_000;
/** A row is cut at this length; the details show the whole line. */
const SHOWN_LENGTH_MAX = 2_000;
const SERVICE_LETTERS_MAX = 21;

interface Props {
  /** Newest first. */
  lines: ReadLine[];
  options: LogsOptions;
  filter: PanelActions["filter"];
  loadMore: PanelActions["loadMore"];
}

export function LogList({ lines, options, filter, loadMore }: Props) {
  const { wrap, show, highlight: terms } = options;
  const { zone, range } = useRange();
  // Times of several days need their date.
  const dated =
    formatInstant(range.fromMs, zone).slice(0, 10) !== formatInstant(range.toMs, zone).slice(0, 10);
  const scroll = useRef<HTMLDivElement>(null);
  const keys = useMemo(() => lines.map(({ key }) => key), [lines]);
  // The same width in every row, so that the messages are below one another.
  const serviceLetters = useMemo(
    () => lines.reduce((most, { service }) => Math.max(most, service.length), 0),
    [lines],
  );
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 22,
    getItemKey: (index) => keys[index] ?? index,
    overscan: 24,
  });
  const { open, selected, toggle, sought } = useOpenLines(virtual, keys, options.line);
  useScrollAnchor(virtual, keys, open.size > 0);
  const items = virtual.getVirtualItems();
  useLoadOlder(sought ? lines.length : (items.at(-1)?.index ?? 0), lines.length, loadMore);
  return (
    <>
      <div
        ref={scroll}
        className={classes.scroll}
        role="log"
        aria-label="Log lines, newest first"
        tabIndex={-1}
      >
        <div
          className={classes.body}
          style={
            {
              height: virtual.getTotalSize(),
              "--service-width": `${Math.min(SERVICE_LETTERS_MAX, serviceLetters)}ch`,
            } as React.CSSProperties
          }
        >
          {items.map((item) => {
            const line = lines[item.index];
            if (!line) return null;
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className={classes.row}
                data-dated={dated}
                data-selected={selected === line.key}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row
                  line={line}
                  zone={zone}
                  dated={dated}
                  wrap={wrap}
                  show={show}
                  terms={terms}
                  open={open.has(line.key)}
                  onToggle={() => toggle(line.key)}
                />
                {open.has(line.key) && <LogDetails line={line} terms={terms} filter={filter} />}
              </div>
            );
          })}
        </div>
      </div>
      <Footer lines={lines} loadMore={loadMore} />
    </>
  );
}

function useLoadOlder(lastShown: number, count: number, more: Props["loadMore"]): void {
  const wanted =
    more?.hasMore === true && !more.loading && count < LINES_MAX && count > 0 && lastShown >= count - 12;
  const latest = useRef(more);
  latest.current = more;
  useEffect(() => {
    if (wanted) latest.current?.load();
  }, [wanted]);
}

function Footer({ lines, loadMore }: Pick<Props, "lines" | "loadMore">) {
  const { zone } = useRange();
  const oldest = lines.at(-1);
  const full = lines.length >= LINES_MAX;
  return (
    <div className={classes.foot}>
      <span>
        {formatItems(lines.length, "line")}
        {oldest ? `, back to ${formatInstant(oldest.timeMs, zone)}` : ""}
      </span>
      {full ? (
        <span>
          The page shows at most {LINES_MAX.toLocaleString("en")} lines. Narrow the time range to see older
          ones.
        </span>
      ) : loadMore?.hasMore ? (
        <Button loading={loadMore.loading} onClick={loadMore.load}>
          Load older lines
        </Button>
      ) : (
        <span>No older lines in this time range</span>
      )}
      <CopyButton label="Copy all lines" text={() => lines.map(lineText).join("\n")} />
    </div>
  );
}

interface RowProps {
  line: ReadLine;
  zone: Zone;
  dated: boolean;
  wrap: boolean;
  show: LogsOptions["show"];
  terms: string[];
  open: boolean;
  onToggle: () => void;
}

function Row({ line, zone, dated, wrap, show, terms, open, onToggle }: RowProps) {
  const color = levelColor(line.level);
  const pretty = show === "json" && line.json !== null;
  const whole = pretty
    ? JSON.stringify(line.json, null, 2)
    : show === "message"
      ? line.message
      : line.source.line;
  const text = wrap || pretty ? whole : oneLine(whole);
  return (
    <div
      className={classes.line}
      role="button"
      tabIndex={-1}
      aria-expanded={open}
      onClick={() => {
        // Selecting text must not open the row.
        if (window.getSelection()?.isCollapsed !== false) onToggle();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        // Enter is also a shortcut, which would close what this opens.
        event.preventDefault();
        onToggle();
      }}
    >
      <span className={classes.bar} style={{ background: color }} />
      <span className={classes.time} title={formatInstant(line.timeMs, zone, true)}>
        {dated ? formatInstant(line.timeMs, zone, true) : formatTime(line.timeMs, zone, true)}
      </span>
      <span className={classes.name} style={{ color: line.level === "unknown" ? "var(--gh-faint)" : color }}>
        {line.level === "unknown" ? "–" : line.level}
      </span>
      <span className={classes.service}>{line.service}</span>
      <span className={classes.text} data-wrap={wrap || pretty}>
        <Highlighted text={text.slice(0, SHOWN_LENGTH_MAX)} terms={terms} />
        {text.length > SHOWN_LENGTH_MAX && "…"}
        {show === "message" && line.rest && (
          <span className={classes.rest}>{line.rest.slice(0, SHOWN_LENGTH_MAX)}</span>
        )}
      </span>
    </div>
  );
}

/** A text with the search terms of the query highlighted. */
export function Highlighted({ text, terms }: { text: string; terms: string[] }) {
  if (terms.length === 0) return text;
  return splitAtMatches(text, terms).map((part, index) =>
    index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
  );
}

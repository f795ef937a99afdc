/** The log lines. Only visible rows are rendered; scrolling to the end loads older lines. */
import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { CopyButton } from "../../components/copy-button";
import { stringifyJson } from "../../format/exact-json";
import { formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { formatInstant, formatTime, type Zone } from "../../time/format";
import { ValueMenu } from "../../values/value-menu";
import { levelColor } from "../colors";
import { ListFoot } from "../list-foot";
import type { PanelActions } from "../panel";
import { useScrollAnchor } from "../use-scroll-anchor";
import { VirtualRows } from "../virtual-rows";
import { fieldsOf, lineText, oneLine, type ReadLine, scopedValue, splitAtMatches } from "./line";
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
  /** In the order of the options. */
  lines: ReadLine[];
  options: LogsOptions;
  loadMore: PanelActions["loadMore"];
}

export function LogList({ lines, options, loadMore }: Props) {
  const { wrap, show, time, ascending, highlight: terms } = options;
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
  const lastShown = virtual.getVirtualItems().at(-1)?.index ?? 0;
  useLoadOlder(sought ? lines.length : lastShown, lines.length, loadMore);
  return (
    <>
      <div
        ref={scroll}
        className={classes.scroll}
        style={
          { "--service-width": `${Math.min(SERVICE_LETTERS_MAX, serviceLetters)}ch` } as React.CSSProperties
        }
        role="log"
        aria-label={ascending ? "Log lines, oldest first" : "Log lines, newest first"}
        tabIndex={-1}
      >
        <VirtualRows
          virtual={virtual}
          className={classes.row}
          data={(index) => ({
            "data-time": !time ? "none" : dated ? "dated" : "day",
            "data-values": true,
            "data-selected": selected === keys[index],
          })}
        >
          {(index) => {
            const line = lines[index];
            if (!line) return null;
            return (
              <>
                <ValuesOfLine line={line} focusable={selected === line.key} />
                <Row
                  line={line}
                  zone={zone}
                  dated={time ? dated : null}
                  wrap={wrap}
                  show={show}
                  terms={terms}
                  open={open.has(line.key)}
                  onToggle={() => toggle(line.key)}
                />
                {open.has(line.key) && <LogDetails line={line} terms={terms} />}
              </>
            );
          }}
        </VirtualRows>
      </div>
      <Footer lines={lines} oldest={ascending ? lines[0] : lines.at(-1)} loadMore={loadMore} />
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

interface FooterProps extends Pick<Props, "lines" | "loadMore"> {
  oldest: ReadLine | undefined;
}

function Footer({ lines, oldest, loadMore }: FooterProps) {
  const { zone } = useRange();
  const full = lines.length >= LINES_MAX;
  return (
    <ListFoot end={<CopyButton label="Copy all lines" text={() => lines.map(lineText).join("\n")} />}>
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
        loadMore && <span>No older lines in this time range</span>
      )}
    </ListFoot>
  );
}

interface RowProps {
  line: ReadLine;
  zone: Zone;
  /** Null for a row without a time. */
  dated: boolean | null;
  wrap: boolean;
  show: LogsOptions["show"];
  terms: string[];
  open: boolean;
  onToggle: () => void;
}

function Row({ line, zone, dated, wrap, show, terms, open, onToggle }: RowProps) {
  const color = levelColor(line.level);
  const pretty = show === "json" && line.json !== null;
  const whole = pretty ? stringifyJson(line.json, 2) : show === "message" ? line.message : line.source.line;
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
      {dated !== null && (
        <span className={classes.time} title={formatInstant(line.timeMs, zone, true)}>
          {dated ? formatInstant(line.timeMs, zone, true) : formatTime(line.timeMs, zone, true)}
        </span>
      )}
      <span className={classes.name} style={{ color: line.level === "unknown" ? "var(--gh-faint)" : color }}>
        {line.level === "unknown" ? "–" : line.level}
      </span>
      <span className={classes.service}>{line.service}</span>
      <span className={classes.text} data-wrap={wrap || pretty}>
        {line.repeats > 0 && <span className={classes.repeats}>{line.repeats + 1} ×</span>}
        <Highlighted text={text.slice(0, SHOWN_LENGTH_MAX)} terms={terms} />
        {text.length > SHOWN_LENGTH_MAX && "…"}
        {show === "message" && line.rest && (
          <span className={classes.rest}>{line.rest.slice(0, SHOWN_LENGTH_MAX)}</span>
        )}
      </span>
    </div>
  );
}

/** The menu of all fields of a line, beside the line because a button cannot be within another. */
function ValuesOfLine({ line, focusable }: { line: ReadLine; focusable: boolean }) {
  return (
    <span className={classes.values}>
      <ValueMenu
        label="the fields of the line"
        values={() => fieldsOf(line).map((field) => scopedValue(field, line))}
        focusable={focusable}
      />
    </span>
  );
}

/** A text with the search terms of the query highlighted. */
export function Highlighted({ text, terms }: { text: string; terms: string[] }) {
  if (terms.length === 0) return text;
  return splitAtMatches(text, terms).map((part, index) =>
    index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
  );
}

/** When alerts were pending and fired, as one line over the time range. What is under the pointer is named. */
import { useState } from "react";
import { ownLabels } from "../../../alerts/alert";
import type { ReplayedEpisode } from "../../../api/generated";
import { formatItems } from "../../../format/number";
import { type Hovered, HoverText, pointerIn } from "../../../panels/hover-text";
import { useRange } from "../../../time/context";
import { formatDuration } from "../../../time/duration";
import { formatSpan, formatTime, type Zone } from "../../../time/format";
import type { Range } from "../../../time/range";
import classes from "./lane.module.css";

/** The width of the drawing, whatever the width of the element. */
const UNITS = 1_000;
const UNITS_MIN = 3;
/** So far from the pointer an episode is still meant, because short ones are thin. */
const NEAR_PIXELS = 4;
const NAMED_MAX = 8;

export function Lane({ episodes }: { episodes: ReplayedEpisode[] }) {
  const { range, zone } = useRange();
  const [hovered, setHovered] = useState<(Hovered & { width: number; height: number }) | null>(null);
  const hover = (event: React.PointerEvent<HTMLDivElement>) => {
    const { width, height } = event.currentTarget.getBoundingClientRect();
    const { x } = pointerIn(event);
    const msPerPixel = (range.toMs - range.fromMs) / Math.max(1, width);
    const near = NEAR_PIXELS * msPerPixel;
    const ms = range.fromMs + x * msPerPixel;
    const found = episodes.filter(
      (one) => one.active_unix_ms - near <= ms && (one.ended_unix_ms ?? range.toMs) + near >= ms,
    );
    if (found.length === 0) return setHovered(null);
    // The text is where the window has more space, above or below the lane.
    const place =
      event.clientY > window.innerHeight / 2
        ? { y: 2 * height, height: 3 * height }
        : { y: height, height: 2 * height };
    setHovered({ x, width, ...place, ...namedOf(found, ms, range, zone) });
  };
  return (
    <div className={classes.lane} onPointerMove={hover} onPointerLeave={() => setHovered(null)}>
      <svg
        viewBox={`0 0 ${UNITS} 1`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summaryOf(episodes, range, zone)}
      >
        <path className={classes.pending} d={pathOf(episodes, range, pendingSpan)} />
        <path className={classes.firing} d={pathOf(episodes, range, firingSpan)} />
      </svg>
      {hovered && <HoverText at={hovered} width={hovered.width} height={hovered.height} />}
    </div>
  );
}

type Span = (episode: ReplayedEpisode, toMs: number) => [fromMs: number, toMs: number] | null;

const pendingSpan: Span = ({ active_unix_ms, fired_unix_ms, ended_unix_ms }, toMs) =>
  fired_unix_ms === active_unix_ms ? null : [active_unix_ms, fired_unix_ms ?? ended_unix_ms ?? toMs];
const firingSpan: Span = ({ fired_unix_ms, ended_unix_ms }, toMs) =>
  fired_unix_ms === null ? null : [fired_unix_ms, ended_unix_ms ?? toMs];

function pathOf(episodes: ReplayedEpisode[], { fromMs, toMs }: Range, spanOf: Span): string {
  const unit = (ms: number) =>
    Math.min(UNITS, Math.max(0, Math.round(((ms - fromMs) / Math.max(1, toMs - fromMs)) * UNITS)));
  const boxes = episodes.flatMap((episode) => {
    const span = spanOf(episode, toMs);
    if (!span) return [];
    const from = Math.min(unit(span[0]), UNITS - UNITS_MIN);
    const width = Math.max(UNITS_MIN, unit(span[1]) - from);
    return [`M${from} 0h${width}v1h-${width}z`];
  });
  // Many episodes of a long range have the same place.
  return [...new Set(boxes)].join("");
}

function namedOf(
  episodes: ReplayedEpisode[],
  ms: number,
  range: Range,
  zone: Zone,
): Pick<Hovered, "title" | "rows"> {
  const [first] = episodes;
  const rows = episodes.slice(0, NAMED_MAX).map((episode) => ({
    color: (episode.fired_unix_ms ?? Number.POSITIVE_INFINITY) <= ms ? "var(--gh-error)" : "var(--gh-warn)",
    name: labelText(episode),
    value: `peak ${peakText(episode)}`,
  }));
  if (first && episodes.length === 1) return { title: episodeText(first, range, zone), rows };
  const more = episodes.length > NAMED_MAX ? `, the first ${NAMED_MAX} of ${episodes.length}` : "";
  return { title: `${formatTime(ms, zone)}${more}`, rows };
}

/** The labels that tell an alert from others of its rule. */
export function labelText(alert: Pick<ReplayedEpisode, "labels">): string {
  return (
    ownLabels(alert)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ") || "without labels"
  );
}

/** Four digits are enough to compare. */
export function peakText({ peak }: ReplayedEpisode): string {
  const value = Number(peak);
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : peak;
}

/** `pending 12:00:00 → 12:05:00, firing 12:05:00 → 12:20:00 (15 min)` */
export function episodeText(episode: ReplayedEpisode, { toMs }: Range, zone: Zone): string {
  const pending = pendingSpan(episode, toMs);
  const firing = firingSpan(episode, toMs);
  const parts = [
    ...(pending ? [`pending ${formatSpan(...pending, zone)}`] : []),
    ...(firing ? [`firing ${formatSpan(...firing, zone)} (${formatDuration(firing[1] - firing[0])})`] : []),
  ];
  return parts.join(", ") + (episode.ended_unix_ms === null ? ", not ended" : "");
}

function summaryOf(episodes: ReplayedEpisode[], range: Range, zone: Zone): string {
  const [first] = episodes;
  if (!first) return "Never active";
  const more = episodes.length > 1 ? `${formatItems(episodes.length, "episode")}, the first ` : "";
  return more + episodeText(first, range, zone);
}

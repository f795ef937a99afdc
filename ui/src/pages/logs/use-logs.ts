/** Log lines in pages, newest first, and their volume over time. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { column, type Frame } from "../../data/frame";
import { type LogLine, logFrame, logLines } from "../../data/log-lines";
import { lastAnswer, type TargetState, target, useFrames } from "../../data/source";
import { loki } from "../../data/sources/loki";
import { isLineQuery, volumeQuery } from "../../query/logql";
import { queryDuration } from "../../time/duration";
import { msToNanos } from "../../time/format";
import { type Range, type RawRange, stepFor } from "../../time/range";

const BARS = 90;

interface Page {
  frames: Frame[];
  endNanos: string;
  /** The range that was asked. */
  range: Range;
}

export function useLines(query: string, raw: RawRange, range: Range, limit: number) {
  const latest = useRef(range);
  latest.current = range;
  const asked = useRef<Range | null>(null);
  const pages = useInfiniteQuery({
    // The range as it was chosen: a refresh asks the same question again, for as many pages as are shown.
    queryKey: ["logs", query, raw.from, raw.to, limit],
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const current = latest.current;
      if (pageParam === null) asked.current = current;
      const endNanos = pageParam ?? msToNanos(current.toMs);
      const request = { query: { expr: query, maxLines: limit, endNanos }, range: current };
      const frames = await lastAnswer(loki.query({ ...request, intervalMs: stepFor(current, 320) }, signal));
      return { frames, endNanos, range: current };
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => olderEnd(last, limit),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
  const { data, isFetching, refetch } = pages;
  useEffect(() => {
    const before = asked.current ?? data?.pages[0]?.range;
    if (isFetching || !before || before === range) return;
    asked.current = range;
    void refetch();
  }, [range, data, isFetching, refetch]);
  const frames = useMemo(() => joined(data?.pages ?? []), [data]);
  // The answer to a query of lines has a frame, also when there are none.
  return { pages, frames, metric: data !== undefined && frames.every(isMetric) };
}

function isMetric({ meta }: Frame): boolean {
  return meta.type !== "log-lines";
}

/** The end of the next older page: just after the oldest line, because lines may share a nanosecond. */
function olderEnd({ frames, endNanos }: Page, limit: number): string | undefined {
  const [frame] = frames;
  if (!frame || isMetric(frame) || frame.length < limit) return undefined;
  const oldest = column(frame, "nanos").at(-1);
  if (typeof oldest !== "string" || !/^\d+$/.test(oldest)) return undefined;
  const end = BigInt(oldest) + 1n;
  return String(String(end) === endNanos ? end - 1n : end);
}

/** All pages as one frame, without the lines that two pages share. */
function joined(pages: Page[]): Frame[] {
  const frames = pages.flatMap((page) => page.frames);
  if (pages.length < 2) return frames;
  const seen = new Set<string>();
  const lines = frames.flatMap(logLines).filter((line) => {
    const key = keyOf(line);
    return !seen.has(key) && seen.add(key);
  });
  return [logFrame(lines)];
}

function keyOf({ nanos, line, stream, metadata }: LogLine): string {
  return `${nanos}\n${line}\n${JSON.stringify(stream)}${metadata.span_id ?? ""}`;
}

const NO_TARGETS: never[] = [];

interface Volume {
  /** The lines over time: aligned bars, which stay as they are while the range moves. They reach over its ends. */
  bars: TargetState | undefined;
  /** The lines of the range. */
  total: TargetState | undefined;
}

export function useVolume(query: string, range: Range): Volume {
  const intervalMs = stepFor(range, BARS);
  const fromMs = Math.floor(range.fromMs / intervalMs) * intervalMs + intervalMs;
  const toMs = Math.ceil(range.toMs / intervalMs) * intervalMs;
  const counted = (refId: string, points: Range, stepMs: number) => {
    const expr = volumeQuery(query, queryDuration(stepMs));
    return target(refId, loki, { query: { expr, maxLines: 1_000 }, range: points, intervalMs: stepMs });
  };
  const end = { fromMs: range.toMs, toMs: range.toMs };
  const [bars, total] = useFrames(
    isLineQuery(query)
      ? [counted("bars", { fromMs, toMs }, intervalMs), counted("total", end, range.toMs - range.fromMs)]
      : NO_TARGETS,
  );
  return { bars, total };
}

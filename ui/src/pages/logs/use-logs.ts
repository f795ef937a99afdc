/** Log lines in pages, newest first, and their volume over time. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type LogAnswer, type LogLine, queryLogs } from "../../api/loki";
import { LEVEL_ORDER, type Level } from "../../panels/colors";
import type { Bar } from "../../panels/stacked-bars";
import { queryDuration } from "../../time/duration";
import { msToNanos, nanosToMs } from "../../time/format";
import { type Range, stepFor } from "../../time/range";
import { levelOf, type ReadLine, readLine } from "./line";
import { isLineQuery, volumeQuery } from "./query";

/** Bounds the memory of the page. */
export const LINES_MAX = 50_000;
const BARS = 90;

interface Page {
  answer: LogAnswer;
  end: string;
}

export function useLines(query: string, range: Range, limit: number) {
  const start = msToNanos(range.fromMs);
  const end = msToNanos(range.toMs);
  const stepMs = stepFor(range, 320);
  const pages = useInfiniteQuery({
    queryKey: ["logs", query, start, end, limit],
    queryFn: async ({ pageParam, signal }): Promise<Page> => ({
      answer: await queryLogs({ query, start, end: pageParam, limit, stepMs }, signal),
      end: pageParam,
    }),
    initialPageParam: end,
    getNextPageParam: (last) => olderEnd(last, limit),
    placeholderData: keepPreviousData,
  });
  const lines = useMemo(() => joined(pages.data?.pages ?? []), [pages.data]);
  const first = pages.data?.pages[0]?.answer;
  return { pages, lines, stepMs, metric: first?.kind === "metric" ? first.answer : null };
}

/** The end of the next older page: just after the oldest line, because lines may share a nanosecond. */
function olderEnd(page: Page, limit: number): string | undefined {
  if (page.answer.kind !== "lines" || page.answer.lines.length < limit) return undefined;
  const oldest = page.answer.lines.at(-1)?.nanos;
  if (!oldest || !/^\d+$/.test(oldest)) return undefined;
  const end = BigInt(oldest) + 1n;
  return String(String(end) === page.end ? end - 1n : end);
}

/** All pages as one list, without the lines that two pages share. */
function joined(pages: Page[]): ReadLine[] {
  const seen = new Set<string>();
  const lines: LogLine[] = [];
  pages.forEach((page, index) => {
    if (page.answer.kind !== "lines") return;
    for (const line of page.answer.lines) {
      if (pages.length > 1) {
        const key = `${line.nanos}\n${line.line}\n${JSON.stringify(line.stream)}${line.metadata.span_id ?? ""}`;
        if (index > 0 && seen.has(key)) continue;
        seen.add(key);
      }
      lines.push(line);
    }
  });
  return lines.slice(0, LINES_MAX).map((line, index) => readLine(line, nanosToMs(line.nanos), index));
}

export interface Volume {
  bars: Bar[];
  levels: { level: Level; count: number }[];
  total: number;
}

export function useVolume(query: string, range: Range) {
  const stepMs = stepFor(range, BARS);
  const from = Math.floor(range.fromMs / stepMs) * stepMs + stepMs;
  const to = Math.ceil(range.toMs / stepMs) * stepMs;
  return useQuery({
    queryKey: ["log volume", query, from, to, stepMs],
    queryFn: async ({ signal }): Promise<Volume> => {
      const wanted = volumeQuery(query, queryDuration(stepMs));
      // One step more, because the end of the range is exclusive.
      const request = { query: wanted, start: msToNanos(from), end: msToNanos(to), limit: 1_000, stepMs };
      return volumeOf(await queryLogs(request, signal), stepMs);
    },
    enabled: isLineQuery(query),
    placeholderData: keepPreviousData,
  });
}

function volumeOf(answer: LogAnswer, stepMs: number): Volume {
  const counts = new Map<number, Partial<Record<Level, number>>>();
  const totals = new Map<Level, number>();
  if (answer.kind === "metric") {
    for (const series of answer.answer.series) {
      const level = levelOf(series.labels);
      series.times.forEach((time, index) => {
        const count = series.values[index] ?? 0;
        if (!(count > 0)) return;
        const bucket = counts.get(time) ?? {};
        bucket[level] = (bucket[level] ?? 0) + count;
        counts.set(time, bucket);
        totals.set(level, (totals.get(level) ?? 0) + count);
      });
    }
  }
  const bars = [...counts].map(([endMs, bucket]) => ({
    fromMs: endMs - stepMs,
    toMs: endMs,
    counts: bucket,
  }));
  const levels = LEVEL_ORDER.filter((level) => totals.has(level)).map((level) => ({
    level,
    count: totals.get(level) ?? 0,
  }));
  return { bars, levels, total: levels.reduce((sum, { count }) => sum + count, 0) };
}

/** The contract of a data source, and the answers to the targets of a panel. */
import { type QueryClient, type UseQueryResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useRange } from "../time/context";
import type { Range } from "../time/range";
import type { Frame } from "./frame";

export interface DataRequest<Query> {
  query: Query;
  range: Range;
  /** The distance of two points, for a source that has series. */
  intervalMs: number;
}

export interface DataSource<Query> {
  type: string;
  /**
   * The answer to a request. A source that streams yields more than once: each answer replaces the one before.
   * The signal ends the request.
   */
  query: (request: DataRequest<Query>, signal: AbortSignal) => AsyncIterable<Frame[]>;
}

/** A query of a panel, and the source that it asks. */
export interface Target {
  refId: string;
  source: DataSource<unknown>;
  request: DataRequest<unknown>;
}

/** The request fits the source, which the type of a list of targets cannot say. */
export function target<Query>(refId: string, source: DataSource<Query>, request: DataRequest<Query>): Target {
  return { refId, source: source as DataSource<unknown>, request };
}

export interface TargetState {
  refId: string;
  /** Undefined until the first answer, and after a failure of another query. */
  frames: Frame[] | undefined;
  /** When the frames were received; 0 without frames. */
  atMs: number;
  error: unknown;
  fetching: boolean;
  retry: () => void;
  cancel: () => void;
}

/** The last answer of a stream. */
export async function lastAnswer(answers: AsyncIterable<Frame[]>): Promise<Frame[]> {
  let last: Frame[] = [];
  for await (const frames of answers) last = frames;
  return last;
}

/**
 * Answers the targets of a panel, and keeps the previous answers while new ones load, and the last answer of a query
 * when its refresh fails. Panels with equal questions share one request, which ends when the last of them is closed.
 * `refreshedMs` is when answers were last wanted: that of the page, unless the panel is out of sight.
 */
export function useFrames(targets: Target[], refreshedMs?: number): TargetState[] {
  const { nowMs } = useRange();
  const client = useQueryClient();
  const answers = useQueries({
    queries: targets.map(({ source, request }) => ({
      queryKey: keyOf(source, request),
      queryFn: ({ signal, client, queryKey }: Context) =>
        lastAnswer(
          published(source.query(request, signal), (frames) => client.setQueryData(queryKey, frames)),
        ),
      // Comparing every value of two answers costs more than drawing them.
      structuralSharing: false,
    })),
  });
  useRefresh(answers, refreshedMs ?? nowMs);
  // `keepPreviousData` does not work in `useQueries`: another question has another observer there.
  const before = useRef(new Map<string, Before>());
  useEffect(() => {
    targets.forEach(({ refId, request }, index) => {
      const { data, dataUpdatedAt } = answers[index] ?? {};
      if (data)
        before.current.set(refId, { frames: data, atMs: dataUpdatedAt ?? 0, query: textOf(request.query) });
    });
  });
  return targets.map(({ refId, source, request }, index) => {
    const answer = answers[index];
    const last = before.current.get(refId);
    const kept = answer?.error && last?.query !== textOf(request.query) ? undefined : last;
    const frames = answer?.data ?? kept?.frames;
    return {
      refId,
      frames: frames && marked(frames, refId),
      atMs: (answer?.data ? answer.dataUpdatedAt : kept?.atMs) ?? 0,
      error: answer?.error ?? null,
      fetching: answer?.isFetching ?? false,
      retry: () => void answer?.refetch(),
      cancel: () => void client.cancelQueries({ queryKey: keyOf(source, request), exact: true }),
    };
  });
}

/** Asks again at a refresh of an absolute range, whose questions stay the same. */
function useRefresh(answers: UseQueryResult<Frame[]>[], nowMs: number): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a refresh asks again
  useEffect(() => {
    for (const { isFetching, dataUpdatedAt, refetch } of answers)
      if (!isFetching && dataUpdatedAt > 0 && dataUpdatedAt < nowMs) void refetch();
  }, [nowMs]);
}

interface Before {
  frames: Frame[];
  atMs: number;
  /** The query without its time range. */
  query: string;
}

function textOf(query: unknown): string {
  return JSON.stringify(query);
}

function keyOf(source: DataSource<unknown>, request: DataRequest<unknown>): readonly unknown[] {
  return ["frames", source.type, request];
}

interface Context {
  signal: AbortSignal;
  client: QueryClient;
  queryKey: readonly unknown[];
}

async function* published(answers: AsyncIterable<Frame[]>, publish: (frames: Frame[]) => void) {
  for await (const frames of answers) {
    publish(frames);
    yield frames;
  }
}

/** The answers of several targets; the list stays the same while they do. */
export function useAnswersOf(targets: Pick<TargetState, "frames">[]): (Frame[] | undefined)[] {
  const before = useRef<(Frame[] | undefined)[]>([]);
  const answers = targets.map(({ frames }) => frames);
  const same =
    answers.length === before.current.length &&
    answers.every((frames, index) => frames === before.current[index]);
  if (!same) before.current = answers;
  return before.current;
}

const marks = new WeakMap<Frame[], Map<string, Frame[]>>();

/** The frames as those of a target; the same answer has the same frames, also in several panels. */
function marked(frames: Frame[], refId: string): Frame[] {
  const known = marks.get(frames) ?? new Map<string, Frame[]>();
  marks.set(frames, known);
  const before = known.get(refId);
  if (before) return before;
  const made = frames.map((frame) => ({ ...frame, refId }));
  known.set(refId, made);
  return made;
}

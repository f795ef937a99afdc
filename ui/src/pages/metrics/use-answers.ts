/** Runs the queries of the URL, and keeps the previous result while a new one loads. */
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { ApiError, positionIn } from "../../api/http";
import { type QueryAnswer, queryExemplars, queryInstant, queryRange } from "../../api/prometheus";
import type { ErrorPosition } from "../../editor/codemirror";
import type { Range } from "../../time/range";
import { interpolate, writtenPosition } from "./interpolate";
import { letterOf } from "./model";

export interface QueryState {
  letter: string;
  expression: string;
  answer: QueryAnswer | undefined;
  error: unknown;
  /** Where in the expression the error is; null when the server does not say. */
  errorPosition: ErrorPosition | null;
  fetching: boolean;
}

interface Request {
  expressions: string[];
  off: Set<string>;
  range: Range;
  stepMs: number;
  view: "chart" | "table";
}

export function useAnswers({ expressions, off, range, stepMs, view }: Request): QueryState[] {
  const wanted = expressions
    .map((expression, index) => ({ expression, letter: letterOf(index) }))
    .filter(({ expression, letter }) => expression.trim() !== "" && !off.has(letter));
  const from = Math.floor(range.fromMs / stepMs) * stepMs;
  const answers = useQueries({
    queries: wanted.map(({ expression, letter }) => {
      const query = interpolate(expression, range, stepMs);
      return {
        queryKey:
          view === "chart"
            ? ["metrics", letter, "range", query, from, range.toMs, stepMs]
            : ["metrics", letter, "instant", query, range.toMs],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          view === "chart"
            ? queryRange(query, from, range.toMs, stepMs, signal)
            : queryInstant(query, range.toMs, signal),
        placeholderData: keepPreviousData,
      };
    }),
  });
  return wanted.map(({ expression, letter }, index) => ({
    letter,
    expression,
    answer: answers[index]?.error ? undefined : answers[index]?.data,
    error: answers[index]?.error ?? null,
    errorPosition: positionOf(answers[index]?.error, expression, range, stepMs),
    fetching: answers[index]?.isFetching ?? false,
  }));
}

function positionOf(error: unknown, expression: string, range: Range, stepMs: number): ErrorPosition | null {
  const sent = positionIn(error);
  if (!sent || !(error instanceof ApiError)) return null;
  return { ...writtenPosition(expression, sent, range, stepMs), message: error.message };
}

/** The exemplars of all queries. A failed request gives none: the chart is useful without them. */
export function useExemplars(queries: QueryState[], range: Range, stepMs: number, enabled: boolean) {
  const answers = useQueries({
    queries: queries.map(({ expression }) => {
      const query = interpolate(expression, range, stepMs);
      return {
        queryKey: ["metrics", "exemplars", query, range.fromMs, range.toMs],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          queryExemplars(query, range.fromMs, range.toMs, signal),
        enabled,
        retry: false,
      };
    }),
  });
  return answers.map((answer) => answer.data);
}

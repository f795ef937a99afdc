/** Runs the queries of the URL. The previous result stays while a new one loads, and when a refresh fails. */
import { ApiError, positionIn } from "../../api/http";
import { type Frame, timeField } from "../../data/frame";
import { target, useFrames } from "../../data/source";
import { prometheus } from "../../data/sources/prometheus";
import type { ErrorPosition } from "../../editor/codemirror";
import type { Range } from "../../time/range";
import { interpolate, writtenPosition } from "./interpolate";
import { letterOf } from "./model";

export interface QueryState {
  letter: string;
  expression: string;
  /** That of the chart. */
  stepMs: number;
  /** Undefined until the first answer, and when the first one of a changed query failed. */
  frames: Frame[] | undefined;
  /** When the frames were received; 0 without frames. */
  atMs: number;
  error: unknown;
  /** Where in the expression the error is; null when the server does not say. */
  errorPosition: ErrorPosition | null;
  fetching: boolean;
  retry: () => void;
  cancel: () => void;
}

interface Request {
  expressions: string[];
  off: Set<string>;
  range: Range;
  stepMs: number;
  view: "chart" | "table";
  exemplars: boolean;
}

export function useAnswers({ expressions, off, range, stepMs, view, exemplars }: Request): QueryState[] {
  const wanted = expressions
    .map((expression, index) => ({ expression, letter: letterOf(index) }))
    .filter(({ expression, letter }) => expression.trim() !== "" && !off.has(letter));
  const answers = useFrames(
    wanted.map(({ expression, letter }) => {
      const expr = interpolate(expression, range, stepMs);
      const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
      return target(letter, prometheus, {
        query: view === "chart" ? { expr, exemplar: exemplars } : { expr, instant: true },
        range: { fromMs, toMs: range.toMs },
        intervalMs: stepMs,
      });
    }),
  );
  return wanted.map(({ expression, letter }, index) => {
    const answer = answers[index];
    const frames = fits(answer?.frames, view) ? answer?.frames : undefined;
    return {
      letter,
      expression,
      stepMs,
      frames,
      atMs: frames ? (answer?.atMs ?? 0) : 0,
      error: answer?.error ?? null,
      errorPosition: positionOf(answer?.error, expression, range, stepMs),
      fetching: answer?.fetching ?? false,
      retry: () => answer?.retry(),
      cancel: () => answer?.cancel(),
    };
  });
}

/** The previous answer, which is shown while the next one loads, may be that of the other view. */
function fits(frames: Frame[] = [], view: Request["view"]): boolean {
  const ranged = frames.some((frame) => timeField(frame)?.config.interval !== undefined);
  return frames.length === 0 || ranged === (view === "chart");
}

function positionOf(error: unknown, expression: string, range: Range, stepMs: number): ErrorPosition | null {
  const sent = positionIn(error);
  if (!sent || !(error instanceof ApiError)) return null;
  return { ...writtenPosition(expression, sent, range, stepMs), message: error.message };
}

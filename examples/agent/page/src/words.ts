/** Numbers and states as people read them. */
import type { Phase, Totals } from "./run";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function duration(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 1_000) return `${whole.format(ms)} ms`;
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${whole.format((ms % 60_000) / 1_000)} s`;
}

export function cost(usd: number): string {
  if (usd < 0.000_001) return "< $0.000001";
  return `$${usd >= 1 ? usd.toFixed(2) : usd.toFixed(6).replace(/0{1,3}$/, "")}`;
}

export function tokens(input: number, output: number): string {
  return `${whole.format(input)} in · ${whole.format(output)} out`;
}

const several = (count: number, one: string) => `${whole.format(count)} ${one}${count === 1 ? "" : "s"}`;

export function totals({ iterations, llmCalls, toolCalls, ...sums }: Totals): string[] {
  return [
    several(iterations, "iteration"),
    several(llmCalls, "LLM call"),
    several(toolCalls, "tool call"),
    ...(sums.inputTokens + sums.outputTokens > 0
      ? [`${tokens(sums.inputTokens, sums.outputTokens)} tokens`]
      : []),
    ...(sums.costUsd > 0 ? [cost(sums.costUsd)] : []),
    ...(sums.durationMs === null ? [] : [duration(sums.durationMs)]),
  ];
}

export const PHASES: Record<Phase, string> = {
  connecting: "connecting",
  running: "running",
  success: "done",
  error: "failed",
  cancelled: "cancelled",
  stopped: "not followed",
  lost: "connection lost",
};

/** What is known of one task: events go in, the picture comes out. No page, no network. */
import type { AgentEvent } from "./events";

export type Phase = "connecting" | "running" | "success" | "error" | "cancelled" | "stopped" | "lost";

/** A line of the picture. Tokens that follow each other are one step that grows. */
export interface Step {
  event: AgentEvent;
  text: string;
}

export interface Run {
  phase: Phase;
  task: string;
  traceId: string;
  /** Whether the task has failed, as far as its events say. */
  hasFailed: boolean;
  readonly steps: Step[];
  /** Steps that came after the last one that is kept. */
  omitted: number;
  readonly totals: Totals;
}

export interface Totals {
  iterations: number;
  llmCalls: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number;
  durationMs: number | null;
}

export const STEPS_MAX = 500;
const TEXT_LENGTH_MAX = 200_000;

export function newRun(): Run {
  return {
    phase: "connecting",
    task: "",
    traceId: "",
    hasFailed: false,
    steps: [],
    omitted: 0,
    totals: {
      iterations: 0,
      llmCalls: 0,
      toolCalls: 0,
      inputTokens: 0,
      outputTokens: 0,
      costUsd: 0,
      durationMs: null,
    },
  };
}

/** Takes an event in. Answers the step that is new or has grown; null when the list stays as it is. */
export function apply(run: Run, event: AgentEvent): Step | null {
  if (run.phase === "connecting") run.phase = "running";
  if (event.traceId) run.traceId = event.traceId;
  add(run.totals, event);
  if (event.kind === "connected") {
    if (event.title) run.task = event.title;
    return null;
  }
  if (event.kind === "error") run.hasFailed = true;
  if (event.kind === "done") {
    run.totals.durationMs = event.durationMs;
    run.phase = outcome(event.title, run.hasFailed);
    return null;
  }
  return append(run, event);
}

function append(run: Run, event: AgentEvent): Step | null {
  const last = run.steps.at(-1);
  if (event.kind === "token" && last?.event.kind === "token") {
    if (last.text.length < TEXT_LENGTH_MAX) last.text += event.text;
    return last;
  }
  if (run.steps.length >= STEPS_MAX) {
    run.omitted += 1;
    return null;
  }
  const step = { event, text: event.text };
  run.steps.push(step);
  return step;
}

function add(totals: Totals, event: AgentEvent) {
  if (event.kind === "iteration") totals.iterations += 1;
  if (event.kind === "tool") totals.toolCalls += 1;
  if (event.kind !== "llm") return;
  totals.llmCalls += 1;
  totals.inputTokens += event.inputTokens;
  totals.outputTokens += event.outputTokens;
  totals.costUsd += event.costUsd;
}

function outcome(word: string, hasFailed: boolean): Phase {
  if (word === "success" || word === "error" || word === "cancelled") return word;
  return hasFailed ? "error" : "success";
}

export function isOver(phase: Phase): boolean {
  return phase !== "connecting" && phase !== "running";
}

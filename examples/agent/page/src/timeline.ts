/** Draws a run: its steps as they come, its state and its sums. Adds to what is there and never draws it anew. */
import { element } from "./element";
import type { AgentEvent } from "./events";
import { isOver, type Run, STEPS_MAX, type Step } from "./run";
import { cost, duration, PHASES, tokens, totals } from "./words";

export interface Timeline {
  readonly root: HTMLElement;
  /** Shows what `apply` answered: a step that is new or has grown, or only state and sums. */
  show(step: Step | null): void;
}

export function timeline(run: Run, glasshouse: string, again: () => void): Timeline {
  const phase = element("span", { class: "phase", role: "status" });
  const task = element("h2", {});
  const trace = element("span", {});
  const steps = element("ol", { class: "steps", "aria-label": "What the agent does" });
  const foot = element("footer", {});
  const drawn = new Map<Step, HTMLElement>();
  const head = element("header", {}, task, trace, phase);

  const state = () => {
    phase.textContent = PHASES[run.phase];
    phase.dataset.phase = run.phase;
    task.textContent = run.task || "Task";
    trace.replaceChildren(...traceLink(run.traceId, glasshouse));
    foot.replaceChildren(...footer(run, again));
    steps.dataset.live = String(!isOver(run.phase));
  };
  state();
  return {
    root: element("section", { class: "run panel" }, head, steps, foot),
    show(step) {
      const wasAtEnd = isAtEnd();
      if (step) {
        const shown = drawn.get(step);
        if (shown) shown.textContent = step.text;
        else steps.append(draw(step, drawn));
      }
      state();
      if (wasAtEnd) window.scrollTo({ top: document.documentElement.scrollHeight });
    },
  };
}

/** Whether the reader is at the end, and so wants to stay there. */
function isAtEnd(): boolean {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight && scrollHeight - clientHeight - window.scrollY < 80;
}

function draw(step: Step, drawn: Map<Step, HTMLElement>): HTMLElement {
  const { event } = step;
  const row = element("li", { "data-kind": event.kind, ...(event.isError ? { "data-error": "" } : {}) });
  if (event.kind === "iteration") {
    row.append(
      element("span", { class: "label" }, event.iteration ? `Iteration ${event.iteration}` : "Iteration"),
    );
    return row;
  }
  row.append(element("div", { class: "line" }, ...line(event)));
  if (event.input) row.append(element("pre", { "aria-label": "arguments" }, event.input));
  if (event.output) row.append(element("pre", { class: "out", "aria-label": "result" }, event.output));
  if (event.kind === "token" || event.text) {
    const text = element("p", {}, step.text);
    drawn.set(step, text);
    row.append(text);
  }
  return row;
}

const LABELS: Partial<Record<AgentEvent["kind"], string>> = {
  llm: "LLM call",
  tool: "Tool",
  token: "Streaming",
  result: "Answer",
  error: "Error",
};

function line(event: AgentEvent): HTMLElement[] {
  const facts = [
    ...(event.durationMs === null ? [] : [duration(event.durationMs)]),
    ...(event.inputTokens + event.outputTokens > 0 ? [tokens(event.inputTokens, event.outputTokens)] : []),
    ...(event.costUsd > 0 ? [cost(event.costUsd)] : []),
    ...event.facts.map(([name, value]) => `${name} ${value}`),
  ];
  return [
    element("span", { class: "label" }, LABELS[event.kind] ?? event.kind),
    ...(event.title ? [element("code", {}, event.title)] : []),
    ...facts.map((fact) => element("span", { class: "fact" }, fact)),
  ];
}

function traceLink(traceId: string, glasshouse: string): HTMLElement[] {
  if (!traceId) return [];
  if (!glasshouse) return [element("code", { title: "trace id" }, traceId)];
  return [
    element("a", { href: `${glasshouse}/trace/${traceId}`, target: "_blank" }, "Trace in Glasshouse ↗"),
  ];
}

function footer(run: Run, again: () => void): Node[] {
  const sums = element("span", { class: "sums" }, totals(run.totals).join(" · "));
  const omitted =
    run.omitted > 0 ? `Only the first ${STEPS_MAX} steps are shown; ${run.omitted} more came.` : "";
  if (run.phase === "connecting" || run.phase === "running")
    return [sums, element("span", { class: "hint" }, omitted || "Esc stops following; the task goes on.")];
  if (run.phase !== "stopped" && run.phase !== "lost")
    return [sums, element("span", { class: "hint" }, omitted)];
  const button = element("button", { type: "button", class: "quiet" }, "Follow again");
  button.addEventListener("click", again);
  const unknown = run.phase === "lost" && run.steps.length === 0;
  const why = unknown ? "The service does not know this task, or is not running." : "";
  return [sums, element("span", { class: "hint" }, why), button];
}

/** The answers to the queries of a panel, as the frames that it shows. */
import { useMemo } from "react";
import type { PanelModel } from "../../dashboards/model";
import { type PanelContext, type PanelRequests, panelFrames, panelRequests } from "../../dashboards/requests";
import type { Frame } from "../../data/frame";
import { type Target, type TargetState, useAnswersOf, useFrames } from "../../data/source";

export interface PanelData {
  frames: Frame[];
  /** What is asked; null until the panel is measured and near the window. */
  asked: PanelRequests | null;
  /** Why queries are not asked, or their answers cannot be shown. */
  problems: string[];
  errors: unknown[];
  fetching: boolean;
  /** Whether there is an answer, or nothing to ask. */
  answered: boolean;
  retry: () => void;
}

/** The context is null for a panel that has not come near the window yet. */
export function usePanelData(panel: PanelModel, context: PanelContext | null): PanelData {
  const asked = useMemo(() => (context ? panelRequests(panel, context) : null), [panel, context]);
  const other = useMemo(() => sharedPanel(asked, context), [asked, context]);
  const own = asked?.requests.length ?? 0;
  const targets = [...targetsOf(asked), ...targetsOf(other?.asked ?? null, "shared ")];
  const states = useFrames(targets, context?.nowMs);
  const answers = useAnswersOf(states);
  const { frames, problem } = useMemo(() => {
    if (!asked) return { frames: [], problem: null };
    try {
      const shared = other ? sharedFrames(other, asked, answers.slice(own)) : [];
      return { frames: panelFrames(panel, asked, answers.slice(0, own), shared), problem: null };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { frames: [], problem: `The answers cannot be shown: ${reason}` };
    }
  }, [panel, asked, other, answers, own]);
  return {
    frames,
    asked,
    problems: [...(asked?.problems ?? []), ...(other?.asked.problems ?? []), ...(problem ? [problem] : [])],
    ...stateOf(states),
  };
}

function stateOf(states: TargetState[]): Pick<PanelData, "errors" | "fetching" | "answered" | "retry"> {
  return {
    errors: states.map(({ error }) => error).filter((error) => error !== null),
    fetching: states.some(({ fetching }) => fetching),
    answered: states.every(({ frames }) => frames !== undefined),
    retry: () => {
      for (const { error, retry } of states) if (error !== null) retry();
    },
  };
}

/** The answers of a panel are known by the names of its queries, which are not unique in two panels. */
function targetsOf(asked: PanelRequests | null, prefix = ""): Target[] {
  return (asked?.requests ?? []).map(({ target }) =>
    prefix === "" ? target : { ...target, refId: prefix + target.refId },
  );
}

interface Shared {
  panel: PanelModel;
  asked: PanelRequests;
}

/** The panel whose answers this one shows. What that one takes from a third panel is left out. */
function sharedPanel(asked: PanelRequests | null, context: PanelContext | null): Shared | null {
  const wanted = asked?.shared;
  if (!wanted || !context) return null;
  const panel = Object.values(context.dashboard.panels).find(({ id }) => id === wanted.panelId);
  return panel ? { panel, asked: panelRequests(panel, context) } : null;
}

function sharedFrames(
  { panel, asked }: Shared,
  { shared }: PanelRequests,
  answers: (Frame[] | undefined)[],
): Frame[] {
  const plain = { ...panel, transformations: shared?.transformed ? panel.transformations : [] };
  return panelFrames({ ...plain, fieldConfig: { defaults: {}, overrides: [] } }, asked, answers);
}

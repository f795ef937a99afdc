/** The annotations of a dashboard, which are asked for once and not by each panel. */
import { createContext, useContext, useMemo } from "react";
import { annotationRequest, isBuiltIn, isShownIn } from "../../dashboards/annotations";
import type { AnnotationModel, PanelModel } from "../../dashboards/model";
import type { DashboardContext } from "../../dashboards/scope";
import type { Annotation } from "../../data/annotations";
import type { Frame } from "../../data/frame";
import { type Target, useAnswersOf, useFrames } from "../../data/source";

export interface AnnotationLayer {
  model: AnnotationModel;
  shown: boolean;
  annotations: Annotation[];
  /** Why it has none. */
  problem: string | null;
}

/** `toggled`: the names of those whose state is not the saved one. Without a context there are none yet. */
export function useAnnotations(context: DashboardContext | null, toggled: string[]): AnnotationLayer[] {
  const asked = useMemo(() => (context ? askedOf(context, toggled) : []), [context, toggled]);
  const sent = useMemo(() => asked.flatMap(({ target }) => target ?? []), [asked]);
  const states = useFrames(sent);
  const answers = useAnswersOf(states);
  const failed = JSON.stringify(states.map(({ error }) => (error instanceof Error ? error.message : null)));
  return useMemo(() => {
    const reasons = JSON.parse(failed) as (string | null)[];
    return asked.map(({ model, shown, target, read, problem }) => {
      const at = target ? sent.indexOf(target) : -1;
      return {
        model,
        shown,
        annotations: read(answers[at] ?? []),
        problem: problem ?? reasons[at] ?? null,
      };
    });
  }, [asked, sent, answers, failed]);
}

interface Asked extends Omit<AnnotationLayer, "annotations"> {
  target: Target | null;
  read: (frames: Frame[]) => Annotation[];
}

function askedOf(context: DashboardContext, toggled: string[]): Asked[] {
  const models = context.dashboard.annotations.filter((model) => !isBuiltIn(model));
  return models.map((model, index) => {
    const shown = model.enabled !== toggled.includes(model.name);
    const request = annotationRequest(model, context);
    const none = { model, shown, target: null, read: () => [], problem: null };
    if (typeof request === "string") return { ...none, problem: request };
    if (!shown || request === null) return none;
    // Names of queries are not unique.
    const target = { ...request.target, refId: `annotation ${index}` };
    return { ...none, target, read: request.annotations };
  });
}

export const AnnotationsContext = createContext<AnnotationLayer[]>([]);

/** Those that a panel shows: the list of annotations has all of them. */
export function usePanelAnnotations({ id, type }: PanelModel): Annotation[] {
  const layers = useContext(AnnotationsContext);
  return useMemo(
    () =>
      layers
        .filter(({ model }) => type === "annolist" || isShownIn(model, id))
        .flatMap(({ annotations }) => annotations),
    [layers, id, type],
  );
}

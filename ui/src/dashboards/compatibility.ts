/** What of a dashboard cannot be shown as it is, for the person who brings it here. */

import { annotationRequest } from "./annotations";
import { type PanelContext, panelRequests } from "./requests";
import { isTransformation } from "./transform/transform";

export interface Incompatibility {
  kind: "panel" | "transformation" | "query" | "variable" | "dashboard";
  /** The name of the type, or a sentence. */
  what: string;
  /** The titles of the panels, or the name of the variable. */
  where: string[];
}

/** `isPanelType`: whether panels of a type can be drawn. */
export function incompatibilities(
  context: PanelContext,
  isPanelType: (type: string) => boolean,
): Incompatibility[] {
  const found = new Map<string, Incompatibility>();
  const add = (kind: Incompatibility["kind"], what: string, where: string) => {
    const key = `${kind} ${what}`;
    const known = found.get(key) ?? { kind, what, where: [] };
    found.set(key, known);
    if (where !== "" && !known.where.includes(where)) known.where.push(where);
  };
  const { dashboard, variables } = context;
  for (const problem of dashboard.problems) add("dashboard", problem, "");
  for (const model of dashboard.annotations) {
    const problem = annotationRequest(model, context);
    if (typeof problem === "string") add("dashboard", problem, "");
  }
  for (const panel of Object.values(dashboard.panels)) {
    const title = panel.title || `Panel ${panel.id}`;
    if (!isPanelType(panel.type)) add("panel", panel.type, title);
    for (const { id, disabled } of panel.transformations)
      if (!disabled && !isTransformation(id)) add("transformation", id, title);
    for (const problem of panelRequests(panel, context).problems) add("query", problem, title);
  }
  for (const { variable, error } of Object.values(variables))
    if (error) add("variable", error, variable.name);
  return [...found.values()];
}

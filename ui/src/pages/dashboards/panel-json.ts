/** The JSON of one panel in that of its dashboard. */
import { list, record } from "../../api/decode";
import type { PanelModel } from "../../dashboards/model";

const DEPTH_MAX = 6;

/** Undefined when it is not found, as in rows of old versions whose panels have no number. */
export function panelJson(json: unknown, panel: Pick<PanelModel, "id" | "key">, depth = 0): unknown {
  const { id, key } = panel;
  const given = record(json);
  const { elements, panels, rows, spec, dashboard } = given;
  if (typeof elements === "object" && elements !== null && Object.hasOwn(elements, key))
    return record(elements)[key];
  if (depth > DEPTH_MAX) return undefined;
  for (const one of [...list(panels), ...list(rows)]) {
    const { id: other, panels: inner } = record(one);
    if (other === id && inner === undefined) return one;
    const found = inner === undefined ? undefined : panelJson(one, panel, depth + 1);
    if (found !== undefined) return found;
  }
  for (const inner of [spec, dashboard]) {
    const found = inner === undefined ? undefined : panelJson(inner, panel, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

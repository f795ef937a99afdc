/** The colours of the services of several traces: the same in all panels that show these traces. */
import type { TraceSummary } from "../../data/traces";
import { colorsOf } from "../colors";

export function serviceColors(traces: TraceSummary[]): Map<string, string> {
  return colorsOf(
    traces.flatMap(({ rootService, services }) => [rootService, ...services.map(({ name }) => name)]),
  );
}

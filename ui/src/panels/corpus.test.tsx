import { cleanup, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { list, record, string } from "../api/decode";
import { stubCanvas } from "../testing/canvas";
import { corpusFile, corpusFolder } from "../testing/corpus";
import { stubSizes } from "../testing/layout";
import { numbers, renderPanel, table } from "../testing/panels";
import { PanelView } from "./panel-view";
import { panelOf } from "./registry";

/** The panels of all dashboards, by those of their types that are registered. */
function panelsOf(): Map<string, Record<string, unknown>[]> {
  const found = new Map<string, Record<string, unknown>[]>();
  const collect = (panels: unknown) => {
    for (const item of list(panels)) {
      const panel = record(item);
      const type = string(panel.type);
      if (panelOf(type)) found.set(type, [...(found.get(type) ?? []), panel]);
      collect(panel.panels);
    }
  };
  for (const path of corpusFolder("dashboards")) {
    const file = record(corpusFile(path));
    collect(record(file.dashboard).panels ?? file.panels);
  }
  return found;
}
const PANELS = panelsOf();
/** They need the router of the page, or ask the server. */
const SKIPPED = new Set(["logs", "traces", "dashlist", "alertlist", "timeseries"]);
/** Of each type: with different options only. */
const DRAWN_MAX = 25;

const FRAMES = [
  numbers("api", [1, null, 3, 80], {}, { le: "0.5", job: "api" }),
  numbers("web", [5, 7, -2, Number.NaN], {}, { le: "+Inf", job: "web" }),
  table({ Time: [1, 2], pod: ["a", null], Value: [1, null], up: [true, false] }),
];

describe.skipIf(PANELS.size === 0)("panels of real dashboards", () => {
  beforeEach(() => {
    stubCanvas();
    stubSizes(600, 240);
    vi.stubGlobal("fetch", async () => Response.json({}));
  });

  it.each([...PANELS].filter(([type]) => !SKIPPED.has(type)))(
    "of the type %s are drawn",
    async (type, panels) => {
      const kinds = new Map(
        panels.map((panel) => [JSON.stringify([panel.options, panel.fieldConfig]), panel]),
      );
      for (const { options, fieldConfig } of [...kinds.values()].slice(0, DRAWN_MAX)) {
        renderPanel(
          <PanelView type={type} frames={FRAMES} options={options} fieldConfig={fieldConfig} height={240} />,
        );
        await waitFor(() => expect(document.body.querySelector("div [class]")).toBeTruthy());
        cleanup();
      }
      expect(panels.length).toBeGreaterThan(0);
    },
  );
  it.each([...PANELS])("of the type %s have options that can be read", (type, panels) => {
    for (const { options } of panels) expect(() => panelOf(type)?.readOptions(options)).not.toThrow();
  });
});

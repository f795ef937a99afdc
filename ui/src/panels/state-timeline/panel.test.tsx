import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { type Field, frameOf } from "../../data/frame";
import { stubSizes } from "../../testing/layout";
import { drawnChart, RANGE, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { rowsOf } from "./model";
import { readStateTimelineOptions, readStatusHistoryOptions } from "./options";

const MINUTE = 60_000;
const { fromMs, toMs } = RANGE.range;

function states(
  name: string,
  values: (string | number | boolean | null)[],
  interval: number | null = MINUTE,
  custom = {},
) {
  const type = typeof values.find((value) => value !== null);
  const value = { name, type, values, config: { custom } } as Field;
  const time: Field = {
    name: "Time",
    type: "time",
    values: values.map((_, index) => fromMs + index * MINUTE),
    config: interval ? { interval } : {},
  };
  return frameOf([time, value]);
}
const shown = (frame: ReturnType<typeof states>, read = readStateTimelineOptions, options = {}) =>
  rowsOf([frame], read(options), toMs, "utc")[0]?.states.map(
    (state) => `${(state.fromMs - fromMs) / MINUTE}–${(state.toMs - fromMs) / MINUTE} ${state.text}`,
  );

describe("the states over time", () => {
  it.each([
    [
      "equal values are one state",
      states("a", ["up", "up", "down", "up"]),
      {},
      ["0–2 up", "2–3 down", "3–4 up"],
    ],
    ["equal values stay apart", states("a", ["up", "up"]), { mergeValues: false }, ["0–1 up", "1–2 up"]],
    ["a missing value is a gap", states("a", [1, null, 1]), {}, ["0–1 1", "2–3 1"]],
    ["a missing value is connected", states("a", [1, null, 1], MINUTE, { spanNulls: true }), {}, ["0–3 1"]],
    ["a change lasts until the end of the range", states("a", ["on"], null), {}, ["0–60 on"]],
    ["booleans are texts", states("a", [true, false]), {}, ["0–1 true", "1–2 false"]],
  ])("%s", (_case, frame, options, expected) =>
    expect(shown(frame, readStateTimelineOptions, options)).toEqual(expected),
  );
  it("have a box for each value in the status history", () => {
    expect(shown(states("a", [1, 1, null, 1]), readStatusHistoryOptions)).toEqual([
      "0–1 1",
      "1–2 1",
      "3–4 1",
    ]);
  });
});

describe("the state timeline panel", () => {
  beforeEach(() => stubSizes(668, 100));

  const mappings = [{ type: "value", options: { up: { text: "OK", color: "green" } } }];
  const panel = (type = "state-timeline", options = {}) => (
    <PanelView
      type={type}
      frames={[states("api", ["up", "up", "down"]), states("web", ["down"])]}
      options={options}
      fieldConfig={{ defaults: { mappings } }}
    />
  );
  it("says in words what the last states are", async () => {
    renderPanel(panel());
    expect((await screen.findByRole("img")).getAttribute("aria-label")).toBe(
      "States over time, of which the last are: api down, web down",
    );
  });
  it("draws no more boxes than it has pixels", async () => {
    const values = Array.from({ length: 5_000 }, (_, index) => index % 2);
    const { fields, ...rest } = states("a", values);
    const times = values.map((_, index) => fromMs + index * 700);
    const [, value] = fields;
    const frame = {
      ...rest,
      fields: [{ name: "Time", type: "time", values: times, config: {} }, value] as Field[],
    };
    renderPanel(<PanelView type="state-timeline" frames={[frame]} />);
    await drawnChart();
    expect(document.querySelectorAll("rect").length).toBeLessThan(700);
  });
  it("has a legend with the texts and colours of the states", async () => {
    renderPanel(panel());
    const items = (await screen.findAllByRole("listitem")).map((item) => item.textContent);
    expect(items).toEqual(["OK", "down"]);
  });
  it("shows the state under the pointer", async () => {
    renderPanel(panel());
    const chart = await drawnChart();
    fireEvent.pointerMove(chart, { clientX: 40, clientY: 10 });
    expect(screen.getByRole("tooltip").textContent).toMatch(/apiOK$/);
  });
  it("has the steps of thresholds in the legend of numbers", async () => {
    const thresholds = {
      steps: [
        { value: null, color: "green" },
        { value: 2, color: "red" },
      ],
    };
    renderPanel(
      <PanelView
        type="status-history"
        frames={[states("a", [1, 3])]}
        fieldConfig={{ defaults: { thresholds } }}
      />,
    );
    const items = (await screen.findAllByRole("listitem")).map((item) => item.textContent);
    expect(items).toEqual(["< 2", "2+"]);
  });
  it("says why it is empty", async () => {
    renderPanel(<PanelView type="state-timeline" frames={[]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/return nothing/);
  });
});

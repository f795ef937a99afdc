import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Frame } from "../../data/frame";
import { stubSizes } from "../../testing/layout";
import { numbers, renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { barsOf, boxesOf } from "./model";
import { readBarChartOptions } from "./options";

beforeEach(() => stubSizes(400, 200));

const FRAME = table({ pod: ["a", "b"], cpu: [1, 3], mem: [2, -1] });
const panel = (options = {}, frames: Frame[] = [FRAME]) => (
  <PanelView type="barchart" frames={frames} options={options} />
);
function boxes(options: object, frame = FRAME) {
  const read = readBarChartOptions(options);
  const bars = barsOf([frame], read, "utc");
  if (!bars) throw new Error("there are no bars");
  return { min: bars.min, max: bars.max, spans: boxesOf(bars, read).map(({ low, high }) => [low, high]) };
}

describe("the bars of a chart", () => {
  it("begin at zero", () => {
    expect(boxes({})).toEqual({
      min: -1,
      max: 3,
      spans: [
        [0, 1],
        [0, 2],
        [0, 3],
        [-1, 0],
      ],
    });
  });
  it("are on one another in a stack, negative ones below zero", () => {
    expect(boxes({ stacking: "normal" })).toEqual({
      min: -1,
      max: 3,
      spans: [
        [0, 1],
        [1, 3],
        [0, 3],
        [-1, 0],
      ],
    });
  });
  it("are parts of their sum in a stack of percent", () => {
    const frame = table({ pod: ["a"], x: [1], y: [3] });
    expect(boxes({ stacking: "percent" }, frame)).toEqual({
      min: 0,
      max: 1,
      spans: [
        [0, 0.25],
        [0.25, 1],
      ],
    });
  });
  it("side by side share the width of their group", () => {
    const read = readBarChartOptions({ groupWidth: 0.8, barWidth: 1 });
    const bars = barsOf([FRAME], read, "utc");
    const places = bars ? boxesOf(bars, read).slice(0, 2) : [];
    expect(places.map(({ from, size }) => [from.toFixed(2), size])).toEqual([
      ["0.10", 0.4],
      ["0.50", 0.4],
    ]);
  });
});

/** Where the text of a value is. */
const endOf = (text: string) => {
  const found = [...document.querySelectorAll("text")].filter(({ textContent }) => textContent === text);
  return Number(found.at(-1)?.getAttribute("y"));
};

describe("the bar chart panel", () => {
  it("says in words what it shows", async () => {
    renderPanel(panel());
    expect(
      await screen.findByRole("img", { name: "Bar chart of cpu and mem: a 1 and 2, b 3 and -1" }),
    ).toBeTruthy();
  });
  it("has the last values of several series as categories", async () => {
    renderPanel(panel({}, [numbers("api", [1, 5]), numbers("web", [7])]));
    expect(await screen.findByRole("img", { name: "Bar chart of Value: api 5, web 7" })).toBeTruthy();
  });
  it("hides a series that is not picked in the legend", async () => {
    const { user } = renderPanel(panel());
    await user.click(await screen.findByRole("button", { name: "mem" }));
    expect(screen.getByRole("img", { name: "Bar chart of mem: a 2, b -1" })).toBeTruthy();
  });
  it("shows the values under the pointer, or those of all series there", async () => {
    const { rerender } = renderPanel(panel());
    await screen.findByRole("img");
    const hover = () => fireEvent.pointerMove(document.querySelector("rect") as Element);
    hover();
    expect(screen.getByRole("tooltip").textContent).toBe("acpu1");
    rerender(panel({ tooltip: { mode: "multi" } }));
    hover();
    expect(screen.getByRole("tooltip").textContent).toBe("acpu1mem2");
  });
  it("has the values of negative bars below them", async () => {
    renderPanel(panel({ showValue: "always" }));
    await screen.findByRole("img");
    const [bars, values] = [[...document.querySelectorAll("rect")], ["1", "2", "3", "-1"].map(endOf)];
    const tops = bars.map((bar) => Number(bar.getAttribute("y")));
    const bottoms = bars.map((bar, index) => (tops[index] ?? 0) + Number(bar.getAttribute("height")));
    expect(values.map((y, index) => y < (tops[index] ?? 0) || y > (bottoms[index] ?? 0))).toEqual(
      bars.map(() => true),
    );
    expect(values[3]).toBeGreaterThan(bottoms[3] ?? 0);
  });
  it("says what it needs", async () => {
    renderPanel(panel({}, [table({ pod: ["a"] })]));
    expect((await screen.findByRole("status")).textContent).toMatch(/needs a text or a time, and a number/);
  });
});

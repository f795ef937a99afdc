import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { drawnChart, renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { xyModel } from "./model";
import { readTrendOptions, readXyChartOptions } from "./options";

beforeEach(() => stubSizes(400, 200));

const FRAME = table({ size: [3, 1, 2], latency: [30, 10, null], errors: [0, 1, 2] });
const pointsOf = (options: ReturnType<typeof readTrendOptions>) =>
  xyModel([FRAME], options)?.series.map(({ name, points }) => [name, points.map(({ x, y }) => `${x} ${y}`)]);

describe("the points of a chart of numbers", () => {
  it("are those of every other number over the first", () => {
    expect(pointsOf(readXyChartOptions({}))).toEqual([
      ["latency", ["3 30", "1 10"]],
      ["errors", ["3 0", "1 1", "2 2"]],
    ]);
  });
  it("are in the order of x in a trend, whose field is chosen", () => {
    expect(pointsOf(readTrendOptions({ xField: "errors" }))).toEqual([
      ["size", ["0 3", "1 1", "2 2"]],
      ["latency", ["0 30", "1 10"]],
    ]);
  });
  it.each([
    [
      "of today",
      {
        series: [
          { x: { matcher: { id: "byName", options: "latency" } }, y: { matcher: { options: "size" } } },
        ],
      },
    ],
    ["of before", { series: [{ x: "latency", y: "size" }] }],
  ])("are the pairs of the JSON %s", (_when, options) => {
    expect(pointsOf(readXyChartOptions(options))).toEqual([["size", ["30 3", "10 1"]]]);
  });
});

describe("the XY chart panel", () => {
  it("says in words what it shows, and the point near the pointer", async () => {
    renderPanel(<PanelView type="xychart" frames={[FRAME]} />);
    await drawnChart();
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
      "Chart of latency, errors over size, with 5 points",
    );
    const [dot] = document.querySelectorAll("circle");
    const [left, top] = ["cx", "cy"].map((name) => Number(dot?.getAttribute(name)));
    const plot = Number(
      /translate\((\d+)/.exec(dot?.closest("g[transform]")?.getAttribute("transform") ?? "")?.[1],
    );
    fireEvent.pointerMove(screen.getByRole("img"), { clientX: plot + (left ?? 0), clientY: 8 + (top ?? 0) });
    expect(screen.getByRole("tooltip").textContent).toBe("size 3latency30");
  });
  it("says what it needs", async () => {
    renderPanel(<PanelView type="trend" frames={[table({ a: [1] })]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/needs two numeric fields/);
  });
});

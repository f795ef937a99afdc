import { screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { frameOf } from "../../data/frame";
import { stubCanvas } from "../../testing/canvas";
import { stubSizes } from "../../testing/layout";
import { type Answers, renderComponent, renderPage } from "../../testing/render";
import { SharedCrosshair } from "../crosshair";
import { Chart } from "./chart";
import { modelOf } from "./model";

const now = Math.floor(Date.now() / 1_000);
const series = (metric: object, value: number) => ({
  metric,
  values: [
    [now - 60, String(value)],
    [now - 45, String(value)],
  ],
});
const answers = (value: number): Answers => ({
  "/prometheus/api/v1/query_range": {
    data: { resultType: "matrix", result: [series({ job: "<b>a</b>" }, value), series({ job: "b" }, 9)] },
  },
});

beforeEach(() => {
  stubCanvas();
  stubSizes(600, 300);
});
afterEach(() => vi.restoreAllMocks());

const canvas = () => document.querySelector(".uplot canvas");

describe("the time series panel", () => {
  it("keeps its canvas when the view is refreshed", async () => {
    const { user } = renderPage("/explore/metrics?expr=up", answers(1));
    await waitFor(() => expect(canvas()).toBeTruthy());
    const before = canvas();
    const requests = vi.fn(async () => Response.json(answers(7)["/prometheus/api/v1/query_range"]));
    vi.stubGlobal("fetch", requests);
    await user.click(screen.getByRole("button", { name: "Refresh now" }));
    await waitFor(() => expect(screen.getAllByText("7").length).toBeGreaterThan(0));
    expect(canvas()).toBe(before);
  });
  it("shows the names of series as text, and the sort of the legend is in the URL", async () => {
    const { user, search } = renderPage("/explore/metrics?expr=up&legend=-max", answers(1));
    expect(await screen.findByRole("button", { name: "<b>a</b>" })).toBeTruthy();
    const header = () => screen.getByRole("columnheader", { name: /^Max/ });
    expect(header().getAttribute("aria-sort")).toBe("descending");
    await user.click(screen.getByRole("button", { name: /^Max/ }));
    await waitFor(() => expect(search().legend).toBe("max"));
    await waitFor(() => expect(header().getAttribute("aria-sort")).toBe("ascending"));
  });
});

describe("a shared crosshair", () => {
  const times = [0, 100_000, 200_000];
  const frames = [
    frameOf(
      [
        { name: "Time", type: "time", values: times, config: { interval: 100_000 } },
        { name: "Value", type: "number", values: [1, 2, 3], config: { displayNameFromDS: "a" } },
      ],
      { meta: { type: "timeseries" } },
    ),
  ];
  const range = { fromMs: 0, toMs: 200_000 };
  const chart = (key: string) => (
    <Chart
      key={key}
      model={modelOf(frames, range)}
      shown={[true]}
      annotations={[]}
      range={range}
      zone="utc"
      height={200}
      label="Chart"
      tooltip={{ mode: "multi", sort: "desc" }}
      focused={null}
      onZoom={() => {}}
      onExemplar={() => {}}
    />
  );
  const pointAt = async (left: number) => {
    const [over] = document.querySelectorAll(".u-over");
    for (const type of ["mouseenter", "mousemove"])
      over?.dispatchEvent(new MouseEvent(type, { clientX: left, clientY: 50, bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve, 40));
  };
  const lines = () =>
    [...document.querySelectorAll<HTMLElement>(".u-cursor-x")].map((line) => line.style.transform);
  const tooltips = () =>
    [...document.querySelectorAll<HTMLElement>(".gh-chart-tooltip")].map((one) => !one.hidden);

  it.each([
    ["off", false, [true, false]],
    ["crosshair", true, [true, false]],
    ["tooltip", true, [true, true]],
  ] as const)("%s", async (mode, moved, opened) => {
    renderComponent(<SharedCrosshair mode={mode}>{[chart("1"), chart("2")]}</SharedCrosshair>);
    await waitFor(() => expect(document.querySelectorAll(".u-over")).toHaveLength(2));
    await pointAt(300);
    const [first, second] = lines();
    expect(second === first).toBe(moved);
    expect(tooltips()).toEqual(opened);
  });
});

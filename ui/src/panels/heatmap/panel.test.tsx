import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stubCanvas } from "../../testing/canvas";
import { stubSizes } from "../../testing/layout";
import { drawnChart, numbers, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

let canvas: ReturnType<typeof stubCanvas>;
beforeEach(() => {
  canvas = stubCanvas();
  stubSizes(618, 128);
});
afterEach(() => vi.restoreAllMocks());

const bucket = (le: string, values: number[]) => numbers(le, values, {}, { le });
const heatmap = (frames: ReturnType<typeof numbers>[], options = {}) => (
  <PanelView type="heatmap" frames={frames} options={{ yAxis: { unit: "s" }, ...options }} />
);

describe("the heatmap panel", () => {
  it("says in words what it shows, and draws only cells with values", async () => {
    renderPanel(heatmap([bucket("0.1", [1, 0]), bucket("1", [0, 40])]));
    await screen.findByRole("img", { name: "Heatmap of 2 buckets at 2 times, up to 40" });
    await waitFor(() => expect(canvas.calls.filter((call) => call === "fillRect")).toHaveLength(2));
    expect([...document.querySelectorAll("text")].map((text) => text.textContent)).toContain("100 ms");
  });
  it("shows the bucket and the value under the pointer", async () => {
    renderPanel(heatmap([bucket("0.1", Array(61).fill(3)), bucket("1", Array(61).fill(40))]));
    const chart = await drawnChart();
    fireEvent.pointerMove(chart, { clientX: 300, clientY: 20 });
    expect(screen.getByRole("tooltip").textContent).toMatch(/Bucket100 ms – 1 sValue40$/);
    fireEvent.pointerLeave(chart);
    expect(screen.queryByRole("tooltip")).toBeNull();
  });
  it("has a scale of its colours, unless the legend is off", async () => {
    const { rerender } = renderPanel(heatmap([bucket("1", [7])]));
    expect(await screen.findByText("7")).toBeTruthy();
    rerender(heatmap([bucket("1", [7])], { legend: { show: false } }));
    expect(screen.queryByText("7")).toBeNull();
  });
  it("says why it is empty", async () => {
    renderPanel(heatmap([]));
    expect((await screen.findByRole("status")).textContent).toMatch(/return nothing/);
  });
});

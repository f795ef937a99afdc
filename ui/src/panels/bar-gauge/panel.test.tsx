import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { numbers, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

beforeEach(() => stubSizes(400, 300));

const bars = (options: object, config: object = { min: 0, max: 10 }) => (
  <PanelView
    type="bargauge"
    frames={[numbers("a", [2]), numbers("b", [10]), numbers("c", [null])]}
    options={{ orientation: "horizontal", ...options }}
    fieldConfig={{ defaults: config }}
  />
);
const meters = () => screen.getAllByRole("meter");
const widths = () => meters().map((meter) => (meter.firstElementChild as HTMLElement).style.width);

describe("the bar gauge panel", () => {
  it("has bars between the minimum and the maximum", async () => {
    renderPanel(bars({ displayMode: "basic" }));
    await screen.findAllByRole("meter");
    expect(meters().map((meter) => meter.getAttribute("aria-valuetext"))).toEqual(["2", "10", "No value"]);
    expect(widths()).toEqual(["20.00%", "100.00%", "0.00%"]);
  });
  it("has the range of the data without a minimum and a maximum", async () => {
    renderPanel(bars({ displayMode: "basic" }, {}));
    await screen.findAllByRole("meter");
    expect(widths()).toEqual(["0.00%", "100.00%", "0.00%"]);
  });
  it("lights the cells of an LCD up to the value", async () => {
    renderPanel(bars({ displayMode: "lcd" }));
    await screen.findAllByRole("meter");
    const lit = (meter: Element) =>
      [...meter.querySelectorAll("i")].filter((cell) => cell.style.opacity === "1");
    const [low = 0, high = 0, none = 0] = meters().map((meter) => lit(meter).length);
    expect([low > 0, high > 3 * low, none]).toEqual([true, true, 0]);
  });
  it.each([
    ["hidden", [], ["a"]],
    ["left", ["a", "b"], []],
  ])("places the names %s", async (namePlacement, present, absent) => {
    renderPanel(bars({ namePlacement }));
    await screen.findAllByRole("meter");
    for (const name of present) expect(screen.getByText(name)).toBeTruthy();
    for (const name of absent) expect(screen.queryByText(name)).toBeNull();
  });
});

import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { numbers, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

beforeEach(() => stubSizes(400, 200));

const STEPS = [
  { color: "green", value: null },
  { color: "#123456", value: 50 },
];
const gauge = (value: number | null, options = {}, config = {}) => (
  <PanelView
    type="gauge"
    frames={[numbers("load", [value])]}
    options={options}
    fieldConfig={{ defaults: { min: 0, max: 100, unit: "percent", thresholds: { steps: STEPS }, ...config } }}
  />
);
const paths = () => [...document.querySelectorAll("path")].map((path) => path.getAttribute("fill"));

describe("the gauge panel", () => {
  it("has an arc in the colour of the threshold, and those of the thresholds around it", async () => {
    renderPanel(gauge(60));
    await screen.findByRole("img", { name: "load: 60%" });
    expect(paths()).toEqual([null, "#123456", "var(--gh-ok)", "#123456"]);
  });
  it("has the values of the thresholds only when they are asked for", async () => {
    const { rerender } = renderPanel(gauge(60));
    await screen.findByRole("img");
    expect(screen.queryByText("50%")).toBeNull();
    rerender(gauge(60, { showThresholdLabels: true, showThresholdMarkers: false }));
    expect(screen.getByText("50%")).toBeTruthy();
    expect(paths()).toHaveLength(2);
  });
  it("says that a value is missing", async () => {
    renderPanel(gauge(null));
    expect(await screen.findByText("No value")).toBeTruthy();
  });
});

import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { drawnChart, numbers, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

beforeEach(() => stubSizes(400, 300));

const FRAMES = [numbers("a", [10]), numbers("b", [30]), numbers("c", [0])];
const pie = (options: object, frames = FRAMES, fieldConfig = {}) => (
  <PanelView type="piechart" frames={frames} options={options} fieldConfig={fieldConfig} />
);

describe("the pie chart panel", () => {
  it("has the largest slice first, none for zero, and its shares as text", async () => {
    renderPanel(pie({}));
    expect(await screen.findByRole("img", { name: "Pie chart: b 75%, a 25%" })).toBeTruthy();
  });
  it("has a legend with the values that are asked for", async () => {
    renderPanel(pie({ legend: { displayMode: "table", values: ["value", "percent"] } }));
    const rows = (await screen.findAllByRole("row")).map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(rows).toEqual([
      ["Name", "Value", "Percent"],
      ["b", "30", "75%"],
      ["a", "10", "25%"],
      ["c", "", ""],
    ]);
  });
  it("is that of the slices that are picked in the legend", async () => {
    const { user } = renderPanel(pie({}));
    await user.click(await screen.findByRole("button", { name: "a" }));
    expect(screen.getByRole("img", { name: "Pie chart: a 100%" })).toBeTruthy();
  });
  it("has labels on slices that have the space", async () => {
    renderPanel(pie({ displayLabels: ["name", "percent"], legend: { showLegend: false } }));
    await drawnChart();
    expect([...document.querySelectorAll("tspan")].map((part) => part.textContent)).toEqual([
      "b",
      "75%",
      "a",
      "25%",
    ]);
  });
  it("leaves out a series that the configuration hides", async () => {
    const matcher = { id: "byName", options: "b" };
    const overrides = [{ matcher, properties: [{ id: "custom.hideFrom", value: { viz: true } }] }];
    renderPanel(pie({}, FRAMES, { defaults: {}, overrides }));
    expect(await screen.findByRole("img", { name: "Pie chart: a 100%" })).toBeTruthy();
  });
  it("says why it is empty", async () => {
    renderPanel(pie({}, [numbers("a", [0])]));
    expect((await screen.findByRole("status")).textContent).toMatch(/needs values above zero/);
  });
});

import { screen } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import { reduce } from "../../data/reduce";
import { renderComponent } from "../../testing/render";
import { picked } from "../legend";
import { SeriesLegend } from "./legend";

const format = (value: number) => `${value} ms`;
const valuesOf = (values: (number | null)[]) => ({ values, reduced: reduce(values) });
const CALCS = ["lastNotNull", "min", "max", "mean"];
const ROWS = [
  {
    name: "ok",
    color: "var(--gh-series-1)",
    format,
    ...valuesOf([1, 30, 2]),
  },
  {
    name: "error",
    color: "var(--gh-series-2)",
    format,
    ...valuesOf([null]),
  },
  {
    name: "timeout",
    color: "var(--gh-series-3)",
    format,
    ...valuesOf([4, 12, 10]),
  },
];

function ChartLegend() {
  const [shown, setShown] = useState(ROWS.map(() => true));
  return (
    <SeriesLegend
      mode="table"
      calcs={CALCS}
      rows={ROWS}
      shown={shown}
      onPick={(index, toggle) => setShown(picked(shown, index, toggle))}
      onFocus={() => {}}
    />
  );
}

const series = (name: string) => screen.getByRole("button", { name });
const shownSeries = () =>
  ROWS.map((row) => row.name).filter((name) => series(name).getAttribute("aria-pressed") === "true");
const order = () => screen.getAllByRole("row").map((row) => row.querySelector("td span")?.textContent);

describe("a legend", () => {
  it("shows the statistics of each series, and a dash where there are none", () => {
    renderComponent(<ChartLegend />);
    const cells = (name: string) =>
      [...(series(name).closest("tr")?.cells ?? [])].slice(1).map((cell) => cell.textContent);
    expect(cells("ok")).toEqual(["2 ms", "1 ms", "30 ms", "11 ms"]);
    expect(cells("error")).toEqual(["–", "–", "–", "–"]);
  });
  it("shows one series alone on a click, and all of them on the next", async () => {
    const { user } = renderComponent(<ChartLegend />);
    await user.click(series("error"));
    expect(shownSeries()).toEqual(["error"]);
    await user.click(series("error"));
    expect(shownSeries()).toEqual(["ok", "error", "timeout"]);
  });
  it("toggles one series on a Ctrl-click", async () => {
    const { user } = renderComponent(<ChartLegend />);
    await user.keyboard("{Control>}");
    await user.click(series("error"));
    await user.keyboard("{/Control}");
    expect(shownSeries()).toEqual(["ok", "timeout"]);
  });
  it("sorts a value by the largest first", async () => {
    const { user } = renderComponent(<ChartLegend />);
    await user.click(screen.getByRole("button", { name: "Last" }));
    expect(order()).toEqual([undefined, "timeout", "ok", "error"]);
  });
  it("leaves the sort to its owner when there is one", async () => {
    const sorts: (string | undefined)[] = [];
    const shown = ROWS.map(() => true);
    const { user } = renderComponent(
      <SeriesLegend
        mode="table"
        calcs={CALCS}
        rows={ROWS}
        shown={shown}
        onPick={() => {}}
        onFocus={() => {}}
        sort="-max"
        onSort={(sort) => sorts.push(sort)}
      />,
    );
    expect(order()).toEqual([undefined, "ok", "timeout", "error"]);
    await user.click(screen.getByRole("button", { name: /^Max/ }));
    await user.click(screen.getByRole("button", { name: "Min" }));
    expect(sorts).toEqual(["max", "-min"]);
  });
});

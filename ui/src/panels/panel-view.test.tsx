import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { numbers, renderPanel } from "../testing/panels";
import { renderComponent } from "../testing/render";
import { readLogsOptions } from "./logs/options";
import { PanelView } from "./panel-view";
import { panelOf } from "./registry";
import { readTableOptions } from "./table/options";
import { readTimeSeriesOptions } from "./time-series/options";
import { readTraceListOptions } from "./traces/options";

describe("a panel", () => {
  it("of an unknown type says so", async () => {
    renderComponent(<PanelView type="geomap" frames={[]} />);
    expect((await screen.findByRole("note")).textContent).toBe("Panel type geomap is not supported.");
    expect(screen.getByRole("status").textContent).toMatch(/No data/);
  });
  it("of an unknown type shows its data as a table", async () => {
    renderPanel(<PanelView type="geomap" frames={[numbers("a", [1, 2]), numbers("b", [7])]} />);
    const table = await screen.findByRole("grid", { name: "Data of the panel" });
    expect(
      within(table)
        .getAllByRole("gridcell")
        .map((cell) => cell.textContent),
    ).toContain("7");
  });
  it.each(["toString", "__proto__", "constructor"])("is not found under %s", (id) => {
    expect(panelOf(id)).toBeUndefined();
  });
});

describe("the options of a panel", () => {
  it.each([
    [
      readTimeSeriesOptions,
      {
        legend: { show: true, mode: "list", placement: "bottom", calcs: [], sort: undefined },
        tooltip: { mode: "multi", sort: "desc" },
      },
    ],
    [
      readTableOptions,
      {
        label: "Rows",
        sort: undefined,
        heightMax: undefined,
        header: true,
        rowHeight: 26,
        frame: 0,
        footer: null,
        stretch: true,
      },
    ],
    [
      readLogsOptions,
      {
        wrap: false,
        ascending: false,
        dedup: "none",
        time: true,
        show: "message",
        highlight: [],
        line: null,
      },
    ],
    [readTraceListOptions, { sort: "newest" }],
  ])("have defaults, whatever is given", (read, defaults) => {
    for (const given of [
      undefined,
      null,
      7,
      [],
      { legend: 3, tooltip: "x", sort: {}, show: 1, highlight: "a" },
    ])
      expect(read(given)).toEqual(defaults);
  });
  it("are read from the JSON of Grafana", () => {
    const legend = {
      displayMode: "hidden",
      placement: "right",
      calcs: ["max"],
      sortBy: "Max",
      sortDesc: true,
    };
    const json = { legend, tooltip: { mode: "single", sort: "asc" } };
    expect(readTimeSeriesOptions(json)).toEqual({
      legend: { show: false, mode: "list", placement: "right", calcs: ["max"], sort: "-max" },
      tooltip: { mode: "single", sort: "asc" },
    });
    expect(readLogsOptions({ wrapLogMessage: true, prettifyLogMessage: true })).toMatchObject({
      wrap: true,
      show: "json",
    });
  });
});

import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderComponent } from "../testing/render";
import { readLogsOptions } from "./logs/options";
import { PanelView } from "./panel-view";
import { panelOf } from "./registry";
import { readTableOptions } from "./table/options";
import { readTimeSeriesOptions } from "./time-series/options";
import { readTraceListOptions } from "./traces/options";

describe("a panel", () => {
  it("of an unknown type says so", () => {
    renderComponent(<PanelView type="geomap" frames={[]} />);
    expect(screen.getByRole("status").textContent).toMatch(/Unknown type of panel.*geomap/);
  });
  it.each(["toString", "__proto__", "constructor"])("is not found under %s", (id) => {
    expect(panelOf(id)).toBeUndefined();
  });
});

describe("the options of a panel", () => {
  it.each([
    [
      readTimeSeriesOptions,
      { legend: { show: true, sort: undefined }, tooltip: { mode: "multi", sort: "desc" } },
    ],
    [readTableOptions, { label: "Rows", sort: undefined, heightMax: undefined }],
    [readLogsOptions, { wrap: false, show: "message", highlight: [], line: null }],
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
    const json = { legend: { displayMode: "hidden" }, tooltip: { mode: "single", sort: "asc" } };
    expect(readTimeSeriesOptions(json)).toEqual({
      legend: { show: false, sort: undefined },
      tooltip: { mode: "single", sort: "asc" },
    });
    expect(readLogsOptions({ wrapLogMessage: true, prettifyLogMessage: true })).toMatchObject({
      wrap: true,
      show: "json",
    });
  });
});

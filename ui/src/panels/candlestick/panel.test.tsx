import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { drawnChart, RANGE, renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { candlesOf } from "./model";
import { readCandlestickOptions } from "./options";

beforeEach(() => stubSizes(700, 200));

const Time = [RANGE.range.fromMs, RANGE.range.fromMs + 60_000];
const NAMED = table({ Time, volume: [5, 7], low: [1, 2], high: [9, 8], open: [2, 5], close: [5, 3] });

describe("candles", () => {
  it.each([
    ["the names of the fields", NAMED, {}],
    ["the order of the fields", table({ Time, a: [2, 5], b: [9, 8], c: [1, 2], d: [5, 3], e: [5, 7] }), {}],
    [
      "configured names",
      table({ Time, x: [5, 3], h: [9, 8], l: [1, 2], o: [2, 5], v: [5, 7] }),
      { fields: { open: "o", high: "h", low: "l", close: "x", volume: "v" } },
    ],
  ])("are found by %s", (_how, frame, options) => {
    expect(candlesOf([frame], readCandlestickOptions(options))?.candles).toEqual([
      { timeMs: Time[0], open: 2, high: 9, low: 1, close: 5, volume: 5 },
      { timeMs: Time[1], open: 5, high: 8, low: 2, close: 3, volume: 7 },
    ]);
  });
});

describe("the candlestick panel", () => {
  it("says in words what it shows, and colours candles by their direction", async () => {
    renderPanel(<PanelView type="candlestick" frames={[NAMED]} />);
    await drawnChart();
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
      "2 candles between 1 and 9, of which the last closes at 3",
    );
    const colors = [...document.querySelectorAll("g[stroke]")].map((candle) => candle.getAttribute("fill"));
    expect(colors).toEqual(["var(--gh-ok)", "var(--gh-error)"]);
  });
  it("shows the values of the candle under the pointer", async () => {
    renderPanel(<PanelView type="candlestick" frames={[NAMED]} />);
    const chart = await drawnChart();
    const line = document.querySelector("g[stroke] line");
    fireEvent.pointerMove(chart, { clientX: Number(line?.getAttribute("x1")), clientY: 20 });
    expect(screen.getByRole("tooltip").textContent).toMatch(/open2high9low1close5volume5$/);
  });
  it("says what it needs", async () => {
    renderPanel(<PanelView type="candlestick" frames={[table({ a: ["x"] })]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/open, high, low and close/);
  });
});

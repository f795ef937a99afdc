import { render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { calendarOf } from "./calendar";
import { RangeContext, type RangeState, useRange } from "./context";
import { PanelTime } from "./panel-time";
import { panelRange } from "./range";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 20, 15);
const view = (from = "now-6h", to = "now") => ({
  raw: { from, to },
  range: { fromMs: NOW - 6 * HOUR, toMs: NOW },
  nowMs: NOW,
  calendar: calendarOf("utc"),
});

describe("the time range of a panel", () => {
  it.each([
    [{}, NOW - 6 * HOUR, NOW],
    [{ timeFrom: "1h" }, NOW - HOUR, NOW],
    [{ timeFrom: "now/d" }, NOW - 15 * HOUR, NOW],
    [{ timeShift: "1d" }, NOW - 30 * HOUR, NOW - 24 * HOUR],
    [{ timeFrom: "2h", timeShift: "1w" }, NOW - 170 * HOUR, NOW - 168 * HOUR],
    [{ timeFrom: "soon", timeShift: "later" }, NOW - 6 * HOUR, NOW],
  ])("with %j", (override, fromMs, toMs) => {
    expect(panelRange(view(), override).range).toEqual({ fromMs, toMs });
  });
  it("has the length of the view when that is absolute", () => {
    expect(panelRange(view("1", "2"), { timeFrom: "1h" }).range).toEqual(view().range);
  });
  it("is that of the components in it, whose selections are those of the view", () => {
    const setRange = vi.fn();
    const state = { ...view(), setRange } as unknown as RangeState;
    const Panel = () => {
      const { range, setRange: select } = useRange();
      return (
        <button type="button" onClick={() => select(range)}>
          {String(range.toMs - NOW)}
        </button>
      );
    };
    render(
      <RangeContext value={state}>
        <PanelTime timeShift="1d">
          <Panel />
        </PanelTime>
      </RangeContext>,
    );
    screen.getByRole("button", { name: String(-24 * HOUR) }).click();
    expect(setRange).toHaveBeenCalledWith(view().range);
  });
});

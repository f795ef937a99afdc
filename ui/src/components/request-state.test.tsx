import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/http";
import { renderComponent } from "../testing/render";
import { RangeContext, type RangeState } from "../time/context";
import { RequestState } from "./request-state";

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const GONE = new ApiError("Glasshouse did not answer.", 0);

interface Given {
  fetching: boolean;
  error?: unknown;
  shownAtMs?: number;
}

function open(given: Given) {
  const cancel = vi.fn();
  const retry = vi.fn();
  const state = ({ fetching, error = null, shownAtMs = 0 }: Given) => (
    <RangeContext value={{ zone: "utc" } as RangeState}>
      <RequestState {...{ fetching, shownAtMs, cancel, retry }} errors={[error]} />
    </RangeContext>
  );
  const { rerender } = renderComponent(state(given));
  return { cancel, retry, update: (next: Given) => rerender(state(next)) };
}

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a slow request", () => {
  it("shows how long it takes, and can be cancelled and repeated", () => {
    const { cancel, retry, update } = open({ fetching: true });
    pass(2_000);
    expect(screen.queryByRole("status")).toBeNull();
    pass(5_000);
    expect(screen.getByRole("status").textContent).toContain("No answer for 7 s.");
    fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(cancel).toHaveBeenCalledOnce();
    update({ fetching: false });
    expect(screen.getByRole("status").textContent).toContain("The request was cancelled.");
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledOnce();
    update({ fetching: true });
    update({ fetching: false });
    expect(screen.queryByRole("status")).toBeNull();
  });
  it("names the age of the data that is shown meanwhile", () => {
    open({ fetching: true, shownAtMs: NOW - 60_000 });
    pass(4_000);
    expect(screen.getByRole("status").textContent).toContain("Showing data of 11:59:00 (64 s ago).");
  });
});

describe("a failed refresh", () => {
  it("shows the error, and the age of the data that is still shown", () => {
    const { retry } = open({ fetching: false, error: GONE, shownAtMs: NOW - 30_000 });
    pass(10_000);
    expect(screen.getByRole("alert").textContent).toMatch(/^No answer/);
    expect(screen.getByRole("note").textContent).toBe(
      "The refresh failed. Showing data of 11:59:30 (40 s ago).",
    );
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledOnce();
  });
  it("mentions no data when there is none", () => {
    open({ fetching: false, error: GONE });
    expect(screen.queryByRole("note")).toBeNull();
  });
});

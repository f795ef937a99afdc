import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { stubSizes } from "../../testing/layout";
import { renderPage } from "../../testing/render";

const ID = "0af7651916cd43dd8448eb211c80319c";
const START = 1_732_115_045_000_000_000n;

const hex = (id: number) => id.toString(16).padStart(16, "0");

/** Spans with the name of their number, one under the other. */
function traceOf(ids: number[]) {
  const spans = ids.map((id) => ({
    traceId: ID,
    spanId: hex(id),
    parentSpanId: id === 1 ? "" : hex(id - 1),
    name: `step ${id}`,
    startTimeUnixNano: String(START + BigInt(id)),
    endTimeUnixNano: String(START + BigInt(id + 100)),
  }));
  return { batches: [{ scopeSpans: [{ spans }] }] };
}

const press = (key: string) => fireEvent.keyDown(document.body, { key });
const rows = () =>
  screen
    .getAllByRole("row")
    .map((row) => /step \d/.exec(row.textContent ?? "")?.[0])
    .filter(Boolean);

describe("a trace whose spans still arrive", () => {
  it("is refreshed, and what is collapsed stays so although rows move", async () => {
    stubSizes(800, 600);
    renderPage(`/trace/${ID}`, { "/tempo/api/traces": traceOf([2, 3, 4]) });
    await waitFor(() => expect(rows()).toEqual(["step 2", "step 3", "step 4"]));
    const [, second] = screen.getAllByRole("button", { name: /^Collapse \d/ });
    fireEvent.click(second as HTMLElement);
    await waitFor(() => expect(rows()).toEqual(["step 2", "step 3"]));
    vi.stubGlobal("fetch", async () => Response.json(traceOf([1, 2, 3, 4, 5])));
    press("r");
    await waitFor(() => expect(rows()).toEqual(["step 1", "step 2", "step 3"]));
  });
  it("has no time range of its own to choose", async () => {
    renderPage(`/trace/${ID}`, { "/tempo/api/traces": traceOf([1]) });
    await screen.findByRole("button", { name: "Refresh now" });
    expect(screen.queryByRole("button", { name: /Zoom out/ })).toBeNull();
  });
});

describe("Copy JSON", () => {
  it("says that it worked", async () => {
    const { user } = renderPage(`/trace/${ID}`, { "/tempo/api/traces": traceOf([1]) });
    await user.click(await screen.findByRole("button", { name: "Copy JSON" }));
    await screen.findByRole("button", { name: "Copied" });
    expect(JSON.parse(await navigator.clipboard.readText())).toEqual(traceOf([1]));
  });
});

describe("Escape", () => {
  it("opens the traces when a link from elsewhere opened the trace", async () => {
    const { path } = renderPage(`/trace/${ID}`, { "/tempo/api/traces": traceOf([1]) });
    await screen.findByRole("heading", { name: /step 1/ });
    press("Escape");
    await waitFor(() => expect(path()).toBe("/explore/traces"));
  });
});

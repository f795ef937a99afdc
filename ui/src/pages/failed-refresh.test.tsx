import { EditorView } from "@codemirror/view";
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderPage } from "../testing/render";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN = { traceId: TRACE_ID, spanId: "b7ad6b7169203331", startTimeUnixNano: "1", endTimeUnixNano: "9" };

/** The good answer of a view, and a text that it shows. */
const VIEWS: [string, string, unknown, string][] = [
  [
    "/explore/metrics?expr=up&view=table",
    "/prometheus/api/v1/query",
    { data: { resultType: "vector", result: [{ metric: { job: "shop" }, value: [5, "1"] }] } },
    "shop",
  ],
  [
    "/explore/sql?query=SELECT+a",
    "/api/sql",
    { columns: [{ name: "a", type: "text" }], rows: [{ a: "shop" }], truncated: false },
    "shop",
  ],
  [
    `/trace/${TRACE_ID}`,
    "/tempo/api/traces",
    { batches: [{ scopeSpans: [{ spans: [{ ...SPAN, name: "checkout" }] }] }] },
    "checkout",
  ],
];

const refresh = () => fireEvent.keyDown(document.body, { key: "r" });

describe("a failed refresh leaves the data and shows its age", () => {
  it.each(VIEWS)("in %s", async (url, path, answer, text) => {
    renderPage(url, { [path]: answer });
    await screen.findAllByText(text, { exact: false });
    vi.stubGlobal("fetch", async () => Response.json({ error: "the disk is full" }, { status: 503 }));
    refresh();
    expect((await screen.findByRole("alert")).textContent).toMatch(/Server unavailable.*the disk is full/);
    expect((await screen.findByRole("note")).textContent).toMatch(
      /The refresh failed\. Showing data of [\d:]+ \(/,
    );
    expect(screen.getAllByText(text, { exact: false }).length).toBeGreaterThan(0);
  });
});

describe("a failed query does not show the data of another", () => {
  it.each(VIEWS.slice(0, 2))("in %s", async (url, path, answer, text) => {
    const { user } = renderPage(url, { [path]: answer });
    await screen.findAllByText(text, { exact: false });
    vi.stubGlobal("fetch", async () => Response.json({ error: "no such name" }, { status: 400 }));
    const editor = await waitFor(() => {
      const found = document.querySelector<HTMLElement>(".cm-content");
      const view = found && EditorView.findFromDOM(found);
      if (!view) throw new Error("the editor is not loaded");
      return view;
    });
    act(() => editor.dispatch({ changes: { from: editor.state.doc.length, insert: "x" } }));
    await user.click(screen.getByRole("button", { name: "Run" }));
    expect((await screen.findByRole("alert")).textContent).toMatch(/rejected.*no such name/);
    expect(screen.queryByText(text)).toBeNull();
    expect(screen.queryByRole("note")).toBeNull();
  });
});

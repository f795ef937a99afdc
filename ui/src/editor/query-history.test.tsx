import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderPage } from "../testing/render";
import { deleteQuery, rememberQuery, saveQuery, storedQueries } from "./query-store";

const recent = () => storedQueries("logql").recent.map(({ query }) => query);

/** A storage that does not take some values. */
function refusing(refused: (value: string) => boolean) {
  const kept = localStorage;
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.getItem(key),
    setItem: (key: string, value: string) => {
      if (refused(value)) throw new DOMException("refused", "QuotaExceededError");
      kept.setItem(key, value);
    },
  });
}

describe("the queries that were run", () => {
  it("are listed once, newest first, and are bounded", () => {
    for (let count = 0; count < 120; count += 1) rememberQuery("logql", `q${count}`);
    rememberQuery("logql", "q50");
    expect(recent().slice(0, 2)).toEqual(["q50", "q119"]);
    expect(recent()).toHaveLength(100);
    expect(storedQueries("sql").recent).toEqual([]);
  });
  it("make room when the storage is full", () => {
    for (let count = 0; count < 10; count += 1) rememberQuery("logql", `q${count}`);
    refusing((value) => value.length > 300);
    rememberQuery("logql", "newest");
    expect(recent()[0]).toBe("newest");
    expect(recent().length).toBeLessThan(11);
  });
  it("are kept for the page when the storage is refused", () => {
    refusing(() => true);
    rememberQuery("logql", "in memory");
    saveQuery("logql", "mine", "saved");
    expect(recent()[0]).toBe("in memory");
    expect(localStorage.getItem("glasshouse.queries.logql")).toBeNull();
    vi.unstubAllGlobals();
    deleteQuery("logql", { query: "in memory", atMs: 0 });
    expect(recent()).not.toContain("in memory");
    expect(storedQueries("logql").saved).toMatchObject([{ name: "mine", query: "saved" }]);
  });
  it.each(["{", "[]", '{"recent":[{"query":5},7,null]}'])("survive %s in the storage", (stored) => {
    localStorage.setItem("glasshouse.queries.logql", stored);
    expect(storedQueries("logql")).toEqual({ recent: [], saved: [] });
  });
});

describe("the dialog of queries", () => {
  const VIEWS: [string, string, string, (search: Record<string, unknown>) => unknown][] = [
    ["promql", "/explore/metrics?expr=up", "other(a)", ({ expr }) => expr],
    ["logql", "/explore/logs?query=%7Ba%3D%22b%22%7D", '{c="other"}', ({ query }) => query],
    ["traceql", "/explore/traces", "{ name = `other` }", ({ q }) => q],
    ["sql", "/explore/sql?query=SELECT+1", "SELECT other", ({ query }) => query],
  ];
  it.each(VIEWS)("in the view of %s runs a query again", async (language, url, query, read) => {
    rememberQuery(language as "sql", query);
    const { user, search } = renderPage(url);
    await screen.findByRole("button", { name: "Query history" });
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard("h");
    const words = await screen.findByRole("textbox", { name: "Search names and queries" });
    await user.type(words, "other");
    await user.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect([read(search())].flat()).toEqual([query]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
  it("saves what is in the editor with a name, and deletes it", async () => {
    const { user } = renderPage("/explore/sql?query=SELECT+1");
    await user.click(await screen.findByRole("button", { name: "Query history" }));
    expect(await screen.findByText(/No query is saved/)).toBeTruthy();
    await user.type(screen.getByRole("textbox", { name: "Name of the query" }), "one{Enter}");
    await user.click(await screen.findByRole("button", { name: "Delete one" }));
    expect(await screen.findByText(/No query is saved/)).toBeTruthy();
    // The query that was opened was run.
    expect(screen.getByRole("button", { name: "Delete SELECT 1" })).toBeTruthy();
  });
});

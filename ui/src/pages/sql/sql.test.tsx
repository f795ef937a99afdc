import { EditorView } from "@codemirror/view";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderPage } from "../../testing/render";
import { insertion } from "./insert";

/** The queries that the server got; each answer has one row, the number of queries before it. */
function answering() {
  const sent: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { body }: RequestInit = {}) => {
    if (path !== "/api/sql") return Response.json({});
    const { query } = JSON.parse(String(body)) as { query: string };
    if (query.endsWith("LIMIT 0")) return Response.json({ columns: [], rows: [], truncated: false });
    sent.push(query);
    const columns = [{ name: "n", type: "int64" }];
    return Response.json({ columns, rows: [{ n: 1_000 + sent.length }, { n: 7 }], truncated: false });
  });
  return sent;
}

function open(query: string) {
  const page = renderPage(`/explore/sql?query=${encodeURIComponent(query)}`);
  return { ...page, sent: answering() };
}

function openWithTables(query: string) {
  const columns = [{ name: "status_code", type: "text" }];
  return renderPage(`/explore/sql?query=${encodeURIComponent(query)}`, {
    "/api/sql": { columns, rows: [], truncated: false },
  });
}

/** The length of the time filter of a query. */
function hours(query = "") {
  const ends =
    /^SELECT n FROM logs WHERE \(timestamp >= TIMESTAMP '(.+)' AND timestamp < TIMESTAMP '(.+)'\)$/;
  const [from = 0, to = 0] = (ends.exec(query) ?? []).slice(1).map((end) => Date.parse(`${end}Z`));
  return (to - from) / 3_600_000;
}

describe("the time range of the page", () => {
  it("is that of a query with a time filter", async () => {
    const { sent, user } = open("SELECT n FROM logs WHERE $__timeFilter(timestamp)");
    await screen.findByText("1001");
    expect(hours(sent[0])).toBe(1);
    await user.click(screen.getByText("Last hour"));
    await user.click(await screen.findByRole("button", { name: "Last 6 hours" }));
    await waitFor(() => expect(hours(sent.at(-1))).toBe(6));
    expect(screen.queryByText(/time range does not apply/)).toBeNull();
  });
  it("is said not to apply to a query without one, until it is inserted", async () => {
    const { user, search } = open("SELECT n FROM logs WHERE a OR b");
    await screen.findByText(/time range does not apply/);
    await user.click(screen.getByRole("button", { name: "Insert time filter" }));
    await user.click(screen.getByRole("button", { name: "Run" }));
    await waitFor(() =>
      expect(search().query).toBe("SELECT n FROM logs WHERE (a OR b)\n  AND $__timeFilter(timestamp)"),
    );
    expect(screen.queryByText(/time range does not apply/)).toBeNull();
    expect(screen.getByRole("button", { name: "Insert time filter" })).toHaveProperty("disabled", true);
  });
});

describe("a column that is chosen in the list of tables", () => {
  it("is inserted at the cursor", async () => {
    const { user, search } = openWithTables("SELECT FROM spans LIMIT 20");
    const editor = await waitFor(() => {
      const found = document.querySelector<HTMLElement>(".cm-content");
      const view = found && EditorView.findFromDOM(found);
      if (!view) throw new Error("the editor is not loaded");
      return view;
    });
    editor.dispatch({ selection: { anchor: "SELECT".length } });
    await user.click((await screen.findAllByRole("button", { name: /^status_code/ }))[0] as HTMLElement);
    await waitFor(() => expect(editor.state.doc.toString()).toBe("SELECT status_code FROM spans LIMIT 20"));
    await user.click(screen.getByRole("button", { name: "Run" }));
    await waitFor(() => expect(search().query).toBe("SELECT status_code FROM spans LIMIT 20"));
  });
  it.each([
    ["SELECT| FROM", "SELECT a FROM"],
    ["SELECT x, |", "SELECT x, a"],
    ["count(|)", "count(a)"],
    ["SELECT |FROM", "SELECT a FROM"],
    ["|SELECT x,", "SELECT x,a"],
    ["|", "a"],
  ])("stands apart from its neighbours in %j", (given, expected) => {
    const at = given.indexOf("|");
    const query = given.replace("|", "");
    const { from, to, insert } = insertion(query, { from: at, to: at }, "a");
    expect(query.slice(0, from) + insert + query.slice(to)).toBe(expected);
  });
});

describe("a function of numbers that got an attribute", () => {
  it("is explained", async () => {
    const error = "Internal error: Function 'sum' failed to match any signature";
    renderPage(`/explore/sql?query=${encodeURIComponent("SELECT sum(attributes['a']) FROM spans")}`, {
      "/api/sql": Response.json({ error }, { status: 400 }),
    });
    expect((await screen.findByRole("note")).textContent).toMatch(
      /attributes are text.*CAST\(.* AS DOUBLE\)/,
    );
  });
});

describe("a refresh", () => {
  it("runs the query again, and leaves the open row open", async () => {
    const { sent, user } = open("SELECT n FROM logs");
    await user.click(await screen.findByText("7"));
    await screen.findByRole("complementary", { name: "Row" });
    fireEvent.keyDown(document.body, { key: "r" });
    await screen.findByText("1002");
    expect(sent).toEqual(["SELECT n FROM logs", "SELECT n FROM logs"]);
    expect(screen.getByRole("complementary", { name: "Row" }).textContent).toContain("7");
  });
});

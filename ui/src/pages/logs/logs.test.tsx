import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answers, renderPage } from "../../testing/render";

const MARKUP = "<img src=x>";
const stream = { stream: { service_name: "api" }, values: [["1795000000000000001", MARKUP]] };
const more = {
  stream: { service_name: "web" },
  values: [["1795000000000000002", '{"level":"error","msg":"refused","code":7}']],
};
const lines = { data: { resultType: "streams", result: [stream, more] } };
const metric = (result: unknown[]) => ({ data: { resultType: "matrix", result } });
const ANSWERS: Answers = { "/loki/api/v1/query_range": lines };

const rows = () => within(screen.getByRole("log")).getAllByRole("button", { expanded: false });

describe("logs", () => {
  it("are shown newest first, as text", async () => {
    renderPage("/explore/logs", ANSWERS);
    await screen.findByText(MARKUP);
    expect(rows().map((row) => row.textContent)).toEqual([
      expect.stringMatching(/error.*web.*refused.*code=7/),
      expect.stringContaining(MARKUP),
    ]);
    expect(document.querySelector("main img")).toBeNull();
    expect(screen.getByText(/2 lines, back to/)).toBeTruthy();
  });
  it("have details, whose fields filter the query", async () => {
    const { user, search } = renderPage("/explore/logs", ANSWERS);
    await user.click(await screen.findByText(MARKUP));
    await user.click(await screen.findByRole("button", { name: "Actions for service_name" }));
    await user.click(await screen.findByRole("menuitem", { name: "Filter out this value" }));
    await waitFor(() => expect(search().query).toBe('{service_name=~".+", service_name!="api"}'));
  });
  it("stay open, selected and as many as they were when they are refreshed", async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const first = 1_795_000_000_000_000_000n;
    const { user } = renderPage("/explore/logs?limit=20", {
      "/loki/api/v1/query_range": (path: string) => {
        const given = new URL(path, "http://x").searchParams;
        const found = lines
          .map((line, index) => [String(first + BigInt(index)), line])
          .filter(([nanos]) => BigInt(nanos ?? 0) < BigInt(given.get("end") ?? 0))
          .slice(-Number(given.get("limit")))
          .reverse();
        return {
          data: { resultType: "streams", result: [{ stream: { service_name: "api" }, values: found }] },
        };
      },
    });
    await screen.findByText(/^30 lines, back to/);
    await user.click(screen.getByText("line 28"));
    await user.keyboard("j");
    const open = () => screen.getAllByRole("button", { expanded: true }).map((row) => row.textContent);
    const selected = () => document.querySelector("[data-selected=true]")?.textContent;
    expect(open()).toEqual([expect.stringContaining("line 28")]);
    lines.push("line 30");
    await user.keyboard("r");
    await screen.findByText("line 30");
    expect(open()).toEqual([expect.stringContaining("line 28")]);
    expect(selected()).toContain("line 27");
    expect(screen.getByText(/^31 lines, back to/)).toBeTruthy();
  });
});

describe("the log volume", () => {
  afterEach(() => vi.doUnmock("../../editor/codemirror"));

  const volume = (path: string) => {
    const given = new URL(path, "http://x").searchParams;
    if (!given.get("query")?.includes("count_over_time")) return lines;
    // The bars reach over the ends of the range; one point at its end has its lines.
    const count = given.get("start") === given.get("end") ? "63" : "64";
    return metric([{ metric: { detected_level: "error" }, values: [[1_795_000_000, count]] }]);
  };
  it("counts the lines of the range", async () => {
    renderPage("/explore/logs", { "/loki/api/v1/query_range": volume });
    expect(await screen.findByText("63 lines")).toBeTruthy();
  });
  it("leaves the keyboard to the query", async () => {
    vi.doMock("../../editor/codemirror", () => {
      throw new Error("offline");
    });
    const { user } = renderPage("/explore/logs", { "/loki/api/v1/query_range": volume });
    const editor = await screen.findByRole("textbox", { name: "LogQL query" });
    await user.keyboard("/");
    expect(document.activeElement).toBe(editor);
  });
  it("has levels that are added to the typed query, and taken off", async () => {
    // The plain text area, into which a test can type.
    vi.doMock("../../editor/codemirror", () => {
      throw new Error("offline");
    });
    const { user, search } = renderPage("/explore/logs", { "/loki/api/v1/query_range": volume });
    const editor = await screen.findByRole("textbox", { name: "LogQL query" });
    fireEvent.change(editor, { target: { value: '{service_name="api"} |= "x"' } });
    await user.click(await screen.findByRole("button", { name: /^error/ }));
    const base = '{service_name="api"} |= "x"';
    await waitFor(() => expect(search().query).toBe(`${base} | detected_level="error"`));
    await user.click(await screen.findByRole("button", { name: /^warn/ }));
    await waitFor(() => expect(search().query).toBe(`${base} | detected_level=~"error|warn"`));
    await user.click(await screen.findByRole("button", { name: /^error/, pressed: true }));
    await waitFor(() => expect(search().query).toBe(`${base} | detected_level="warn"`));
  });
});

describe("log lines", () => {
  it("stay when a refresh fails, which an error says", async () => {
    let answer: unknown = lines;
    const { user } = renderPage("/explore/logs", { "/loki/api/v1/query_range": () => answer });
    await screen.findByText(MARKUP);
    answer = Response.json({ error: "busy" }, { status: 503 });
    await user.keyboard("r");
    await screen.findByText("busy");
    expect(screen.getByText(MARKUP)).toBeTruthy();
  });
  it("have a context in which the line is opened", async () => {
    const lines = ["before", "this", "after"];
    const { user, search } = renderPage("/explore/logs?from=1794999990000&to=1795000010000", {
      "/loki/api/v1/query_range": (path: string) => {
        const query = new URL(path, "http://x").searchParams.get("query") ?? "";
        const found = query.includes('="api"') || query.includes(".+") ? lines : [];
        const values = found.map((line, index) => [`179500000000000000${index}`, line]).reverse();
        return { data: { resultType: "streams", result: [{ stream: { service_name: "api" }, values }] } };
      },
    });
    await user.click(await screen.findByText("this"));
    await user.click(screen.getByRole("link", { name: "Show context" }));
    await waitFor(() => expect(search().query).toBe('{service_name="api"}'));
    expect(search()).toMatchObject({ from: "1794999995000", to: "1795000005000" });
    // As when the address is opened elsewhere.
    const { from, to, query, line } = search() as Record<string, string>;
    cleanup();
    const given = new URLSearchParams({ from, to, query, line } as Record<string, string>);
    renderPage(`/explore/logs?${given}`, {
      "/loki/api/v1/query_range": {
        data: {
          resultType: "streams",
          result: [
            {
              stream: { service_name: "api" },
              values: lines.map((text, index) => [`179500000000000000${index}`, text]).reverse(),
            },
          ],
        },
      },
    });
    const opened = await screen.findByRole("button", { expanded: true });
    expect(opened.textContent).toContain("this");
    expect(opened.closest("[data-selected=true]")).toBeTruthy();
  });
  it("are read by keyboard, and lead to their trace", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const values = [["1795000000000000000", `failed trace_id=${traceId}`, {}]];
    const stream = { service_name: "api", trace_id: traceId };
    const { user, path } = renderPage("/explore/logs", {
      "/loki/api/v1/query_range": { data: { resultType: "streams", result: [{ stream, values }] } },
    });
    await screen.findByText(/^failed/);
    await user.keyboard("j{Enter}");
    await screen.findByRole("button", { expanded: true });
    await user.keyboard("{Enter}");
    await waitFor(() => expect(rows()).toHaveLength(1));
    await user.keyboard("{Enter}");
    await screen.findByRole("link", { name: "Open trace" });
    await user.keyboard("{Tab}{Enter}");
    await waitFor(() => expect(path()).toBe(`/trace/${traceId}`));
  });
  it("have a date when the range has several days", async () => {
    renderPage("/explore/logs?from=1794800000000&to=1795000010000", ANSWERS);
    await screen.findByText(MARKUP);
    expect(rows()[1]?.textContent).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
    cleanup();
    renderPage("/explore/logs?from=1794999990000&to=1795000010000", ANSWERS);
    await screen.findByText(MARKUP);
    expect(rows()[1]?.textContent).not.toMatch(/\d{4}-\d\d-\d\d/);
  });
  it("show a line as the URL says", async () => {
    renderPage("/explore/logs?show=raw&wrap=on", ANSWERS);
    const raw = await screen.findByText(/"msg":"refused"/);
    expect(raw.closest("[data-wrap]")?.getAttribute("data-wrap")).toBe("true");
  });
  it("say when a metric query has no series", async () => {
    renderPage("/explore/logs?query=sum(rate({a=%22b%22}[5m]))", { "/loki/api/v1/query_range": metric([]) });
    expect(await screen.findByRole("heading", { name: "No series in this time range" })).toBeTruthy();
  });
});

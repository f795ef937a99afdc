import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPage } from "../../testing/render";

const trace = (id: string, name: string, durationMs: number) => ({
  traceID: id.repeat(32),
  rootServiceName: "api",
  rootTraceName: name,
  startTimeUnixNano: `17950000000${id}0000000`,
  durationMs,
  spanSets: [{ matched: 1 }],
  serviceStats: { api: { spanCount: 3, errorCount: name === "bad" ? 1 : 0 } },
});
const ANSWERS = {
  "/tempo/api/search": {
    traces: [trace("1", "<b>slow</b>", 900), trace("2", "bad", 10), trace("3", "ok", 20)],
  },
};

const names = () =>
  screen
    .getAllByRole("link")
    .filter((link) => link.getAttribute("href")?.startsWith("/trace/"))
    .map((link) => link.querySelector("b")?.textContent);

describe("traces", () => {
  it("are sorted as the URL says, which a click on a column changes", async () => {
    const { user, search } = renderPage("/explore/traces", ANSWERS);
    await screen.findByText("<b>slow</b>");
    expect(names()).toEqual(["ok", "bad", "<b>slow</b>"]);
    await user.click(screen.getByRole("button", { name: "Duration" }));
    await waitFor(() => expect(search().sort).toBe("longest"));
    await waitFor(() => expect(names()[0]).toBe("<b>slow</b>"));
    await user.click(screen.getByRole("button", { name: /^Start/ }));
    await waitFor(() => expect(search()).not.toHaveProperty("sort"));
  });
  it("stay selected when a refresh adds others before them", async () => {
    const traces = [trace("1", "first", 10)];
    const { user, path } = renderPage("/explore/traces", { "/tempo/api/search": () => ({ traces }) });
    await screen.findByText("first");
    await user.keyboard("j");
    traces.push(trace("2", "second", 10));
    await user.keyboard("r");
    await screen.findByText("second");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(path()).toBe(`/trace/${"1".repeat(32)}`));
  });
  it("stay when a refresh fails, and not when another search does", async () => {
    let answer: unknown = { traces: [trace("1", "first", 10)] };
    const { user } = renderPage("/explore/traces", { "/tempo/api/search": () => answer });
    await screen.findByText("first");
    answer = Response.json({ error: "busy" }, { status: 503 });
    await user.keyboard("r");
    await screen.findByText("busy");
    expect(screen.getByText("first")).toBeTruthy();
    await user.click(screen.getByRole("checkbox", { name: "Errors" }));
    await waitFor(() => expect(screen.queryByText("first")).toBeNull());
  });
  it("are more on demand when the search has reached its limit", async () => {
    const { user, search } = renderPage("/explore/traces?limit=3", ANSWERS);
    await screen.findByText(/3 traces, the limit of this search/);
    await user.click(screen.getByRole("button", { name: "Load more" }));
    await waitFor(() => expect(search().limit).toBe("6"));
  });
});

describe("the search form", () => {
  it("applies what is typed with every other change", async () => {
    const { user, search } = renderPage("/explore/traces", ANSWERS);
    await user.type(await screen.findByRole("textbox", { name: "Minimum duration" }), "5s");
    await user.click(screen.getByRole("checkbox", { name: "Errors" }));
    await waitFor(() => expect(search()).toMatchObject({ min: "5s", status: "error" }));
  });
  it("becomes TraceQL with what is typed", async () => {
    const { user, search } = renderPage("/explore/traces", ANSWERS);
    await user.type(await screen.findByRole("textbox", { name: "Tags" }), "tool=search");
    await user.click(screen.getByRole("radio", { name: "TraceQL" }));
    await waitFor(() => expect(search()).toMatchObject({ q: '{ .tool = "search" }', tags: "tool=search" }));
  });
  it("gives a query back when the form was not used", async () => {
    const q = "{ name = `a` } | count() > 2";
    const { user, search } = renderPage(`/explore/traces?q=${encodeURIComponent(q)}`, ANSWERS);
    await user.click(await screen.findByRole("radio", { name: "Form" }));
    await waitFor(() => expect(search()).not.toHaveProperty("q"));
    await user.click(screen.getByRole("radio", { name: "TraceQL" }));
    await waitFor(() => expect(search().q).toBe(q));
  });
  it("are told where to be sent when there are none", async () => {
    const receiver = (protocol: string, address: string) => ({ protocol, address, state: "listening" });
    renderPage("/explore/traces", {
      "/tempo/api/search": { traces: [] },
      "/api/overview": {
        signals: {},
        receivers: [receiver("otlp_grpc", "127.0.0.1:14317"), receiver("otlp_http", "127.0.0.1:14318")],
      },
    });
    await screen.findByText(/127\.0\.0\.1:14317 \(gRPC\) or 127\.0\.0\.1:14318 \(HTTP\)/);
  });
});

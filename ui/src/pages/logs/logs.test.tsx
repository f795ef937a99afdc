import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
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
    await user.click(await screen.findByRole("button", { name: "Filter out service_name=api" }));
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

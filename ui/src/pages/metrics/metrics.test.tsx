import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { type Answers, renderPage } from "../../testing/render";

const ANSWERS: Answers = {
  "/prometheus/api/v1/label/__name__/values": { data: ["a_total", "b_bytes", "c_seconds_bucket"] },
  "/prometheus/api/v1/metadata": {
    data: {
      a_total: [{ type: "counter", help: "Requests.", unit: "" }],
      b_bytes: [{ type: "gauge", help: "Memory in use.", unit: "bytes" }],
      c_seconds: [{ type: "histogram", help: "Latency.", unit: "seconds" }],
    },
  },
  "/prometheus/api/v1/status/tsdb": {
    data: {
      seriesCountByMetricName: [
        { name: "c_seconds_bucket", value: 1_200 },
        { name: "a_total", value: 7 },
      ],
    },
  },
  "/prometheus/api/v1/query": {
    data: {
      resultType: "vector",
      result: [
        { metric: { __name__: "up", job: "<b>a</b>" }, value: [5, "1"] },
        { metric: { __name__: "up", job: "b" }, value: [5, "12345.5"] },
      ],
    },
  },
};

const cells = () =>
  within(screen.getByRole("grid"))
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getAllByRole("gridcell"))
    .map((row) => row.map((cell) => cell.textContent));

describe("the list of metrics", () => {
  it("has type, unit, series and help", async () => {
    renderPage("/explore/metrics", ANSWERS);
    await screen.findByText("1,200");
    expect(cells()).toEqual([
      ["a_total", "counter", "", "7", "Requests."],
      ["b_bytes", "gauge", "bytes", "0", "Memory in use."],
      ["c_seconds_bucket", "histogram", "seconds", "1,200", "Latency."],
    ]);
  });
  it("keeps its filter and sort in the URL", async () => {
    const { user, search } = renderPage("/explore/metrics?expr=x&browse=on", ANSWERS);
    await user.type(await screen.findByRole("textbox", { name: "Search metrics" }), "memory");
    await waitFor(() => expect(search()).toMatchObject({ browse: "on", find: "memory" }));
    await waitFor(() => expect(cells()).toHaveLength(1));
    await user.click(screen.getByRole("button", { name: "series" }));
    await waitFor(() => expect(search().by).toBe("series"));
  });
  it("finds the metrics that have a label", async () => {
    const selectors: (string | null)[] = [];
    renderPage("/explore/metrics?find=error+counter", {
      ...ANSWERS,
      "/prometheus/api/v1/labels": { data: ["__name__", "error.kind", "error_type", "job"] },
      "/prometheus/api/v1/label/__name__/values": (path: string) => {
        const matched = new URL(path, "http://x").searchParams.getAll("match[]");
        selectors.push(...matched);
        return { data: matched.length > 0 ? ["a_total", "b_bytes"] : ["a_total", "b_bytes", "d_total"] };
      },
    });
    await waitFor(() => expect(cells().map(([name]) => name)).toEqual(["a_total"]));
    expect(selectors).toEqual(['{"error.kind"!=""}', '{error_type!=""}']);
  });
  it("puts a metric into the editor with the keyboard alone", async () => {
    const { user, search } = renderPage("/explore/metrics?browse=on&find=latency", ANSWERS);
    await screen.findByText("1,200");
    await user.click(screen.getByRole("textbox", { name: "Search metrics" }));
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    await waitFor(() => expect(search().expr).toMatch(/^histogram_quantile.*c_seconds_bucket/));
    expect(search()).not.toHaveProperty("browse");
    expect(search()).not.toHaveProperty("find");
  });
  it("says what to do when nothing matches", async () => {
    renderPage("/explore/metrics?find=nothing", ANSWERS);
    expect((await screen.findByRole("status")).textContent).toMatch(/No metric matches.*Remove a word/);
  });
});

describe("the table of a query", () => {
  it("shows labels as columns, exact values, and is sorted by the URL", async () => {
    const { user, search } = renderPage("/explore/metrics?expr=up&view=table&sort=-value", ANSWERS);
    await screen.findByText("12345.5");
    expect(cells()).toEqual([
      ["up", "b", "12345.5"],
      ["up", "<b>a</b>", "1"],
    ]);
    await user.click(screen.getByRole("button", { name: "job" }));
    await waitFor(() => expect(search().sort).toBe("job"));
    await waitFor(() => expect(cells()[0]?.[1]).toBe("<b>a</b>"));
  });
});

describe("an error of a query", () => {
  it("is marked in the editor, also behind a variable", async () => {
    const error = 'invalid parameter "query": 1:14: parse error: unknown function with name "foo"';
    const failure = Response.json({ status: "error", errorType: "bad_data", error }, { status: 400 });
    const expr = "sum(x[$__rate_interval]) + foo(up)";
    renderPage(`/explore/metrics?expr=${encodeURIComponent(expr)}`, {
      "/prometheus/api/v1/query_range": failure,
    });
    const marked = await waitFor(() => {
      const found = document.querySelector(".cm-query-error");
      if (!found) throw new Error("nothing is marked");
      return found;
    });
    expect(marked.textContent).toBe("foo");
    expect(marked.getAttribute("title")).toBe(error);
  });
});

describe("the view of a result", () => {
  it("shows no samples of the chart in the table while its values load", async () => {
    const samples = [1, 2, 3].map((second) => [second, String(second)]);
    const range = { data: { resultType: "matrix", result: [{ metric: { a: "b" }, values: samples }] } };
    const never = new Promise<Response>(() => {});
    const { user } = renderPage("/explore/metrics?expr=up");
    vi.stubGlobal("fetch", (path: string) =>
      path.startsWith("/prometheus/api/v1/query_range") ? Promise.resolve(Response.json(range)) : never,
    );
    await user.click(await screen.findByRole("button", { name: "Refresh now" }));
    await screen.findByRole("button", { name: '{a="b"}' });
    await user.click(screen.getByRole("radio", { name: "Table" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: '{a="b"}' })).toBeNull());
    expect(screen.queryByRole("grid")).toBeNull();
  });
});

describe("a chart without series", () => {
  const NONE = { "/prometheus/api/v1/query_range": { data: { resultType: "matrix", result: [] } } };
  it.each([
    ["/explore/metrics?expr=up", /No series matches the query\. Widen/],
    ["/explore/metrics?expr=up&from=now-10y&to=now", /before any of its steps, which are 14d apart\. Narrow/],
  ])("says why: %s", async (url, expected) => {
    renderPage(url, { ...ANSWERS, ...NONE });
    await screen.findByText("No series in this time range");
    expect(screen.getByText(expected)).toBeTruthy();
  });
});

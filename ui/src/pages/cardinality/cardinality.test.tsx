import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type Answers, renderPage } from "../../testing/render";

const count = (name: string, value: number) => ({ name, value });
const ANSWERS: Answers = {
  "/prometheus/api/v1/status/tsdb": {
    data: {
      headStats: { numSeries: 2_000, numLabelPairs: 30, minTime: 0, maxTime: 3_600_000 },
      seriesCountByMetricName: [count("a_bucket", 1_500), count("<b>b</b>", 1)],
      seriesCountByLabelValuePair: [count("pod.id=x=y", 1_000)],
      labelValueCountByLabelName: [count("__name__", 12), count("le", 9)],
      memoryInBytesByLabelName: [count("__name__", 4_096)],
    },
  },
};

const table = (title: string) => {
  const section = screen.getByRole("heading", { name: title }).closest("section");
  if (!section) throw new Error(`${title} has no panel`);
  return within(section);
};

describe("cardinality", () => {
  it("shows totals, and the largest of each kind with their share", async () => {
    renderPage("/cardinality", ANSWERS);
    await screen.findByText("2,000");
    expect(screen.getByText(/Series in the last 1 h/)).toBeTruthy();
    const rows = table("Metrics with most series").getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent)).toEqual(["a_bucket1,50075.0 %", "<b>b</b>1< 0.1 %"]);
    expect(table("Labels with most memory").getByText("4 KiB")).toBeTruthy();
  });
  it("says how to store the number of series over time", async () => {
    renderPage("/cardinality", ANSWERS);
    expect((await screen.findByText(/job_name: glasshouse/)).textContent).toMatch(/8888/);
  });
  it("shows the number of series over time when it is stored", async () => {
    const now = Date.now() / 1_000;
    const values = [
      [now - 600, "100"],
      [now - 60, "1350"],
    ];
    const result = [{ metric: { __name__: "glasshouse_store_active_series" }, values }];
    renderPage("/cardinality", {
      ...ANSWERS,
      "/prometheus/api/v1/query_range": { data: { resultType: "matrix", result } },
    });
    expect(await screen.findByText("+1,250 in this time range")).toBeTruthy();
  });
  it("opens the series behind an entry", async () => {
    const { user, path, search } = renderPage("/cardinality", ANSWERS);
    await user.click(await screen.findByRole("link", { name: "pod.id=x=y" }));
    await waitFor(() => expect(path()).toBe("/explore/metrics"));
    expect(search()).toEqual({
      expr: 'topk(50, count by (__name__) ({"pod.id"="x=y"}))',
      view: "table",
      sort: "-value",
    });
  });
  it("keeps the number of rows in the URL", async () => {
    const { user, search } = renderPage("/cardinality?limit=50", ANSWERS);
    const select = await screen.findByRole("combobox", { name: "Rows" });
    expect((select as HTMLInputElement).value).toBe("Top 50");
    await user.click(select);
    await user.click(await screen.findByRole("option", { name: "Top 100" }));
    await waitFor(() => expect(search()).toEqual({ limit: "100" }));
  });
});

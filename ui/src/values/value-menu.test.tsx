import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type Answers, renderPage } from "../testing/render";

const TRACE = "0000000000000000b7ad6b7169203331";
const NAMES: Answers = {
  "/tempo/api/v2/search/tags": { scopes: [{ name: "span", tags: ["session.id"] }] },
  "/prometheus/api/v1/labels": { data: ["job"] },
};
const LOGS: Answers = {
  ...NAMES,
  "/loki/api/v1/query_range": {
    data: {
      resultType: "streams",
      encodingFlags: ["categorize-labels"],
      result: [
        {
          stream: { service_name: "api" },
          values: [
            [
              "1795000000000000001",
              '{"msg":"paid","id":780177723283783680,"cost":0.0033875000000000003}',
              { structuredMetadata: { session_id: "s1", trace_id: "b7ad6b7169203331" } },
            ],
          ],
        },
      ],
    },
  },
};

const item = (name: string | RegExp) => screen.findByRole("menuitem", { name });
const actions = (name: string) => screen.findByRole("button", { name: `Actions for ${name}` });

async function openLine(url = "/explore/logs") {
  const page = renderPage(url, LOGS);
  await page.user.click(await screen.findByText("paid"));
  return page;
}

describe("the menu of a value", () => {
  it("is used with the keyboard, and gives the focus back", async () => {
    const { user, search } = await openLine();
    (await actions("session_id")).focus();
    await user.keyboard("{Enter}");
    await item("Filter for this value");
    // A letter chooses an item, and is no shortcut.
    await user.keyboard("w");
    expect(search().wrap).toBeUndefined();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("menuitem")).toBeNull());
    expect(document.activeElement).toBe(await actions("session_id"));
    await user.keyboard("{Enter}");
    (await item("Filter for this value")).focus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(search().query).toBe('{service_name=~".+"} | session_id="s1"'));
  });
  it("groups the lines of the query, which Back takes back", async () => {
    const { user, search, back } = await openLine(`/explore/logs?query=${encodeURIComponent('{a="1"}')}`);
    await user.click(await actions("session_id"));
    await user.click(await item("Group by session_id"));
    await waitFor(() =>
      expect(search().query).toMatch(/^sum by \(session_id\) \(count_over_time\(\{a="1"\}/),
    );
    back();
    await waitFor(() => expect(search().query).toBe('{a="1"}'));
  });
  it("opens the value in another signal, under the name that it has there", async () => {
    const { user, path, search } = await openLine();
    await user.click(await actions("session_id"));
    await user.click(await item("Open in Traces"));
    await waitFor(() => expect(path()).toBe("/explore/traces"));
    expect(search().q).toBe('{ span.session.id = "s1" }');
  });
  it("opens a trace whose id has leading zeros", async () => {
    const { user, path } = await openLine();
    await user.click(await actions("trace_id"));
    await user.click(await item("Open the trace"));
    await waitFor(() => expect(path()).toBe(`/trace/${TRACE}`));
  });
  it("of a whole line asks which field is meant", async () => {
    const { user, search } = renderPage("/explore/logs", LOGS);
    await screen.findByText("paid");
    await user.click(await actions("the fields of the line"));
    await user.click(await item(/^id\s*780177723283783680/));
    await user.click(await item("Filter out this value"));
    await waitFor(() =>
      expect(search().query).toBe('{service_name=~".+"} | json | id!="780177723283783680"'),
    );
  });
});

describe("numbers of a log line", () => {
  it("have the digits that were sent, and no noise", async () => {
    const { user } = renderPage("/explore/logs?show=json", LOGS);
    await user.click(await screen.findByText(/"id": 780177723283783680/));
    await actions("cost");
    expect(screen.getAllByText(/"id": 780177723283783680/).length).toBeGreaterThan(0);
    expect(screen.getByText("0.0033875")).toBeTruthy();
  });
  it("have no noise in the row", async () => {
    renderPage("/explore/logs", LOGS);
    expect((await screen.findByText(/id=780177723283783680/)).textContent).toContain("cost=0.0033875  ");
  });
});

describe("the value of a cell", () => {
  it("filters the rows of a query of SQL with its type", async () => {
    const { user, search } = renderPage("/explore/sql?query=SELECT+1", {
      ...NAMES,
      "/api/sql": {
        columns: [
          { name: "id", type: "int64" },
          { name: "attributes", type: "map" },
        ],
        rows: [{ id: "780177723283783680", attributes: { "session.id": "s1", tool: "t" } }],
        truncated: false,
      },
    });
    await user.click(await screen.findByText("780177723283783680"));
    const [cell] = await screen.findAllByRole("button", { name: "Actions for attributes" });
    await user.click(cell as HTMLElement);
    await user.click(await item(/^attributes.session.id/));
    await item("Open in Traces");
    await user.keyboard("{Escape}");
    await user.click((await screen.findAllByRole("button", { name: "Actions for id" }))[0] as HTMLElement);
    await user.click(await item("Filter for this value"));
    await waitFor(() => expect(search().query).toMatch(/WHERE id = 780177723283783680$/));
  });
});

describe("a series in the legend", () => {
  it("filters the query that it answers by its labels", async () => {
    const expr = ["sum by (job) (rate(a[5m]))", "b"];
    const page = renderPage(
      `/explore/metrics?${expr.map((one) => `expr=${encodeURIComponent(one)}`).join("&")}`,
      {
        ...NAMES,
        "/prometheus/api/v1/query_range": {
          data: {
            resultType: "matrix",
            result: [{ metric: { job: "api" }, values: [[1_795_000_000, "1"]] }],
          },
        },
      },
    );
    const [series] = await screen.findAllByRole("button", { name: /^Actions for A/ });
    await page.user.click(series as HTMLElement);
    await page.user.click(await item("Filter out this value"));
    await waitFor(() => expect(page.search().expr).toEqual(['sum by (job) (rate(a{job!="api"}[5m]))', "b"]));
  });
});

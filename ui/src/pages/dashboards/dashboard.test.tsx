import { screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stubSizes, stubVisible } from "../../testing/layout";
import { type Answers, renderPage } from "../../testing/render";

const ENTRY = {
  uid: "a",
  title: "Agents",
  tags: [],
  folder: "AI",
  file: "/etc/a.json",
  version: "v1",
  is_deletable: true,
};
const stat = (id: number, title: string, expr: string, rest: object = {}) => ({
  id,
  type: "stat",
  title,
  gridPos: { x: 0, y: id, w: 12, h: 4 },
  targets: [{ refId: "A", expr, instant: true }],
  ...rest,
});
const BOARD = {
  uid: "a",
  title: "Agents",
  time: { from: "now-6h", to: "now" },
  refresh: "30s",
  templating: {
    list: [{ name: "tool", type: "custom", multi: true, includeAll: true, query: "search,fetch,clock" }],
  },
  panels: [
    stat(1, "Calls of $tool", 'calls{tool=~"$tool"}', { description: "Of $tool" }),
    { id: 2, type: "row", title: "More", collapsed: true, panels: [stat(3, "Errors", "errors")] },
  ],
};

interface Given {
  board?: object;
  answers?: Answers;
  url?: string;
}

function open({ board = BOARD, answers = {}, url = "" }: Given = {}) {
  const queries: string[] = [];
  const page = renderPage(`/d/a${url}`, {
    "/api/dashboards/a": { entry: ENTRY, dashboard: board },
    "/api/data-sources": [],
    "/prometheus/api/v1/query": (_path: string, request?: RequestInit) => {
      const parameters = new URLSearchParams(String(request?.body ?? ""));
      queries.push(parameters.get("query") ?? "");
      const result = [{ metric: { tool: "x" }, value: [1_795_000_000, "42"] }];
      return { status: "success", data: { resultType: "vector", result } };
    },
    ...answers,
  });
  return { ...page, queries };
}

beforeEach(() => {
  stubSizes(600, 300);
  stubVisible(true);
});

const panel = (name: string | RegExp) => screen.findByRole("group", { name });

describe("a dashboard", () => {
  it("shows its panels with their data, and has its own time range in the URL", async () => {
    const { search } = open();
    expect(await within(await panel("Calls of All")).findByText("42")).toBeTruthy();
    await waitFor(() => expect(search()).toEqual({ from: "now-6h", to: "now", refresh: "30s" }));
  });
  it("keeps the time range that it is opened with", async () => {
    const { search } = open({ url: "?from=now-2h&to=now" });
    await panel("Calls of All");
    expect(search()).toEqual({ from: "now-2h", to: "now" });
  });
  it("asks nothing for panels that are far from the window", async () => {
    stubVisible(false);
    const { queries } = open();
    await panel("Calls of All");
    expect(queries).toEqual([]);
  });
  it("has the values of variables in its queries, its titles and its URL", async () => {
    const { user, queries, search } = open({ url: "?from=now-1h&var-tool=search" });
    await panel("Calls of search");
    await user.click(await screen.findByRole("button", { name: "tool: search" }));
    await user.click(await screen.findByRole("option", { name: "fetch" }));
    await user.keyboard("{Escape}");
    await panel("Calls of search + fetch");
    expect(search()["var-tool"]).toEqual(["search", "fetch"]);
    await waitFor(() => expect(queries.at(-1)).toBe('calls{tool=~"(search|fetch)"}'));
  });
  it("asks for a collapsed row when it is opened, and has its state in the URL", async () => {
    const { user, queries, search } = open({ url: "?from=now-1h" });
    const row = await screen.findByRole("button", { name: /^More/ });
    expect(row.getAttribute("aria-expanded")).toBe("false");
    expect(queries).not.toContain("errors");
    await user.click(row);
    expect(await within(await panel("Errors")).findByText("42")).toBeTruthy();
    expect(search().rows).toBe("1");
  });
  it("shows its panels before its variables are known, which then ask", async () => {
    let answer: (body: object) => void = () => {};
    const waiting = new Promise<object>((resolve) => {
      answer = resolve;
    });
    const variable = { name: "job", type: "query", query: "label_values(job)", current: { value: "saved" } };
    const { queries } = open({
      url: "?from=now-1h",
      board: {
        ...BOARD,
        templating: { list: [variable] },
        panels: [stat(1, "Calls of $job", 'calls{job="$job"}')],
      },
      answers: { "/prometheus/api/v1/label/job": () => waiting },
    });
    await panel("Calls of saved");
    expect(queries).toEqual([]);
    answer({ data: ["a"] });
    await panel("Calls of a");
    await waitFor(() => expect(queries).toEqual(['calls{job="a"}']));
  });
  it("is one of the dashboards of the navigation", async () => {
    open();
    await panel("Calls of All");
    const navigation = within(screen.getByRole("navigation", { name: "Views" }));
    expect(navigation.getByRole("link", { current: true }).textContent).toBe("Dashboards");
  });
  it("shows one panel alone, and all of them again with Escape", async () => {
    const { user, search } = open({ url: "?from=now-1h" });
    await user.hover(await panel("Calls of All"));
    await user.keyboard("v");
    await waitFor(() => expect(search().viewPanel).toBe("panel-1"));
    expect(screen.queryByRole("button", { name: /^More/ })).toBeNull();
    await user.keyboard("{Escape}");
    expect(await screen.findByRole("button", { name: /^More/ })).toBeTruthy();
  });
  it("finds the panel of an older URL, also in a collapsed row", async () => {
    open({ url: "?from=now-1h&viewPanel=3" });
    expect(await panel("Errors")).toBeTruthy();
  });
  it("says so when the URL names a panel that it does not have", async () => {
    open({ url: "?from=now-1h&viewPanel=99" });
    expect(await screen.findByRole("heading", { name: "Panel not found" })).toBeTruthy();
  });
});

describe("the labels of a dashboard", () => {
  const BY = { name: "by", type: "groupby", datasource: { type: "prometheus" }, current: { value: ["job"] } };
  const FILTER = { name: "filter", type: "adhoc", filters: [{ key: "job", operator: "=", value: "a" }] };
  const board = { ...BOARD, panels: [stat(1, "All", "sum(x)")] };
  const openWith = (variable: object) =>
    open({
      url: "?from=now-1h",
      board: { ...board, templating: { list: [variable] } },
      answers: {
        "/prometheus/api/v1/labels": { data: ["job", "zone"] },
        "/prometheus/api/v1/label/job": { data: ["a", "b"] },
      },
    });

  it("group its queries, also by none", async () => {
    const { user, queries, search } = openWith(BY);
    await waitFor(() => expect(queries).toEqual(["sum by (job) (x)"]));
    await user.click(await screen.findByRole("button", { name: "by: job" }));
    await user.click(await screen.findByRole("option", { name: "job" }));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(queries.at(-1)).toBe("sum(x)"));
    expect(search()["var-by"]).toBe("");
  });
  it("filter its queries, also by one of several values", async () => {
    const { user, queries } = openWith(FILTER);
    await waitFor(() => expect(queries).toEqual(['sum(x{job="a"})']));
    await user.click(await screen.findByRole("button", { name: "Operator of filter 1: =" }));
    await user.click(await screen.findByRole("option", { name: "one of" }));
    await user.click(await screen.findByRole("button", { name: "Value of filter 1: a" }));
    await user.click(await screen.findByRole("option", { name: "b" }));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(queries.at(-1)).toBe('sum(x{job=~"a|b"})'));
    await user.click(screen.getByRole("button", { name: "Remove filter 1" }));
    await waitFor(() => expect(queries.at(-1)).toBe("sum(x)"));
  });
});

describe("the time of a dashboard", () => {
  const NOW = Date.UTC(2026, 10, 20, 15, 4, 5);
  const instants: number[] = [];
  function openAt(url: string, board: object) {
    instants.length = 0;
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    const answer = (_path: string, request?: RequestInit) => {
      instants.push(Number(new URLSearchParams(String(request?.body ?? "")).get("time")) * 1_000);
      return { status: "success", data: { resultType: "vector", result: [] } };
    };
    return open({ url, board: { ...BOARD, ...board }, answers: { "/prometheus/api/v1/query": answer } });
  }
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ["?from=now-1h&to=now", { timepicker: { nowDelay: "1m" } }, NOW - 60_000],
    ["?from=now-1d&to=now/d", { timezone: "America/New_York" }, Date.UTC(2026, 10, 21, 5) - 1],
    ["?from=now-2w&to=now/w", { timezone: "utc", weekStart: "sunday" }, Date.UTC(2026, 10, 22) - 1],
    ["?from=now-1y&to=now-1fy/fy", { timezone: "utc", fiscalYearStartMonth: 3 }, Date.UTC(2026, 3, 1) - 1],
  ])("%s with %j is asked only once", async (url, board, expected) => {
    openAt(url, board);
    await panel("Calls of All");
    await waitFor(() => expect(instants).toEqual([expected]));
  });
  it("is left with it", async () => {
    const { user } = openAt("?from=now-1h", {
      timezone: "America/New_York",
      timepicker: { refresh_intervals: ["7s"] },
    });
    await panel("Calls of All");
    expect(screen.getByRole("button", { name: /America\/New York/ })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: /^Auto refresh/ }));
    expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent)).toEqual([
      "Off",
      "Every 7s",
    ]);
    await user.keyboard("{Escape}");
    await user.keyboard("u");
    expect(screen.queryByRole("button", { name: /America/ })).toBeNull();
    await user.click(screen.getByRole("link", { name: /^Metrics/ }));
    await user.click(await screen.findByRole("button", { name: /^Auto refresh/ }));
    expect(await screen.findByRole("menuitem", { name: "Every 10s" })).toBeTruthy();
  });
  it("may have no picker", async () => {
    openAt("?from=now-1h", { timepicker: { hidden: true } });
    await panel("Calls of All");
    expect(screen.queryByRole("button", { name: /^Zoom out/ })).toBeNull();
    expect(screen.getByRole("button", { name: "Refresh now" })).toBeTruthy();
  });
});

describe("the annotations of a dashboard", () => {
  const annotations = {
    list: [
      { name: "Built in", builtIn: 1, datasource: "-- Grafana --", enable: true, hide: true },
      { name: "Deploys", datasource: { type: "prometheus" }, expr: "deploys", enable: true },
      { name: "Restarts", datasource: { type: "prometheus" }, expr: "restarts", enable: false },
      { name: "Hidden", datasource: { type: "prometheus" }, expr: "hidden", hide: true },
      { name: "Stored", datasource: "-- Grafana --", target: { type: "tags" } },
    ],
  };
  function openAnnotated(url = "") {
    const asked: string[] = [];
    const page = open({
      url: `?from=now-1h${url}`,
      board: { ...BOARD, annotations },
      answers: {
        "/prometheus/api/v1/query": (path: string, request?: RequestInit) => {
          const query = new URLSearchParams(String(request?.body ?? "")).get("query") ?? "";
          if (path.includes("query_range")) asked.push(query);
          return { status: "success", data: { resultType: "matrix", result: [] } };
        },
      },
    });
    return { ...page, asked };
  }
  const switches = () =>
    screen.getAllByRole("switch").map((one) => [one.textContent, one.getAttribute("aria-checked")]);

  it("are asked for once, and are switched on and off, which the URL has", async () => {
    const { user, asked, search } = openAnnotated();
    await panel("Calls of All");
    await waitFor(() => expect(asked).toEqual(["deploys", "hidden"]));
    expect(switches()).toEqual([
      ["Deploys0", "true"],
      ["Restarts", "false"],
      ["Stored", "true"],
    ]);
    await user.click(screen.getByRole("switch", { name: /Restarts/ }));
    await waitFor(() => expect(asked).toEqual(["deploys", "hidden", "restarts"]));
    expect(search().annotations).toBe("Restarts");
    await user.click(screen.getByRole("switch", { name: /Restarts/ }));
    await waitFor(() => expect(search().annotations).toBeUndefined());
  });
  it("have the state of the URL", async () => {
    const { asked } = openAnnotated("&annotations=Deploys&annotations=Restarts");
    await panel("Calls of All");
    await waitFor(() => expect(asked).toEqual(["restarts", "hidden"]));
  });
  it("that Grafana stores are not supported, and break nothing", async () => {
    openAnnotated();
    await panel("Calls of All");
    expect(screen.getByRole("img", { name: /^Stored: .*asks Grafana itself/ })).toBeTruthy();
    expect(screen.getByRole("button", { name: /1 problem/ })).toBeTruthy();
  });
});

describe("a panel", () => {
  it("has its errors within it", async () => {
    const failed = Response.json({ status: "error", error: "unknown function" }, { status: 400 });
    open({ answers: { "/prometheus/api/v1/query": failed } });
    expect((await within(await panel("Calls of All")).findByRole("alert")).textContent).toMatch(
      /unknown function/,
    );
    expect(screen.getByRole("button", { name: /^More/ })).toBeTruthy();
  });
  it("leads to its data with the variables filled in", async () => {
    const { user } = open({ url: "?from=now-1h&to=now&var-tool=search" });
    const shown = await panel("Calls of search");
    await within(shown).findByText("42");
    await user.click(within(shown).getByRole("button", { name: /^Menu/ }));
    const link = await screen.findByRole("menuitem", { name: /Explore metrics/ });
    const address = new URL(link.getAttribute("href") ?? "", "http://page/");
    expect(address.pathname).toBe("/explore/metrics");
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      expr: 'calls{tool=~"search"}',
      from: "now-1h",
      to: "now",
    });
  });
  it("is inspected: its data, its queries and its JSON", async () => {
    const { user, search } = open({ url: "?from=now-1h" });
    await user.hover(await panel("Calls of All"));
    await user.keyboard("i");
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText(/1 row/)).toBeTruthy();
    await user.click(within(dialog).getByRole("tab", { name: "Query" }));
    expect(await within(dialog).findByText(/^calls\{/)).toBeTruthy();
    await user.click(within(dialog).getByRole("tab", { name: "JSON" }));
    expect(await within(dialog).findByText(/"title": "Calls of \$tool"/)).toBeTruthy();
    expect(search()).toMatchObject({ inspect: "panel-1", inspectTab: "json" });
  });
  it("shows its own time range", async () => {
    open({ board: { title: "a", panels: [stat(1, "Day", "up", { timeFrom: "24h", timeShift: "1d" })] } });
    expect(await within(await panel("Day")).findByText("Last 24h, 1d earlier")).toBeTruthy();
  });
  it("says why a query is not asked", async () => {
    const target = { refId: "A", datasource: { type: "influxdb", uid: "i" }, query: "SELECT 1" };
    open({ board: { title: "a", panels: [stat(1, "Other", "", { targets: [target] })] } });
    expect(
      await within(await panel("Other")).findAllByText(/"influxdb", which is not supported/),
    ).toHaveLength(1);
  });
});

describe("a hostile dashboard", () => {
  const SCRIPT = "<img src=x onerror=alert(1)>";
  it("has its texts as text, and no links that run scripts", async () => {
    const links = [{ title: SCRIPT, url: "javascript:alert(1)", type: "link" }];
    const text = {
      id: 2,
      type: "text",
      title: "Text",
      gridPos: { x: 0, y: 9, w: 12, h: 4 },
      options: { mode: "html", content: `${SCRIPT}[a](javascript:alert(1))` },
    };
    open({
      board: {
        title: SCRIPT,
        description: SCRIPT,
        links,
        panels: [stat(1, SCRIPT, "up", { links, description: SCRIPT }), text],
      },
    });
    await panel(SCRIPT);
    expect(await screen.findByRole("heading", { name: SCRIPT, level: 2 })).toBeTruthy();
    await panel("Text");
    await waitFor(() => expect(document.querySelectorAll("img, script")).toHaveLength(0));
    expect(document.querySelectorAll("a[href*='script:' i]")).toHaveLength(0);
  });
  it("that is none is still edited", async () => {
    open({ board: { a: 1 } });
    expect((await screen.findByRole("note")).textContent).toMatch(/cannot be shown.*is no dashboard/);
    expect(screen.getByRole("button", { name: "Save" })).toBeTruthy();
  });
});

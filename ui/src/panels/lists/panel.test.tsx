import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { RANGE, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

const ENTRIES = [
  {
    uid: "a",
    title: "Gateway",
    tags: ["llm", "prod"],
    folder: "LLM",
    file: "a.json",
    version: "1",
    is_deletable: false,
  },
  {
    uid: "b b",
    title: "Agents",
    tags: ["llm"],
    folder: "",
    file: "b.json",
    version: "1",
    is_deletable: false,
  },
];

function renderList(options: object, actions = {}) {
  vi.stubGlobal("fetch", async () => Response.json({ dashboards: ENTRIES, problems: [] }));
  renderPanel(
    <QueryClientProvider client={new QueryClient()}>
      <PanelView type="dashlist" frames={[]} options={options} actions={actions} />
    </QueryClientProvider>,
  );
}
const links = async () => (await screen.findAllByRole("link")).map((link) => link.getAttribute("href"));

describe("the dashboard list", () => {
  it.each([
    [{}, ["/d/a", "/d/b%20b"]],
    [{ tags: ["prod"] }, ["/d/a"]],
    [{ query: "agent" }, ["/d/b%20b"]],
    [{ maxItems: 1 }, ["/d/a"]],
  ])("links the dashboards of %j", async (options, expected) => {
    renderList(options);
    expect(await links()).toEqual(expected);
  });
  it("keeps what the view adds to links", async () => {
    renderList({ maxItems: 1 }, { link: (url: string) => `${url}?from=now-1h` });
    expect(await links()).toEqual(["/d/a?from=now-1h"]);
  });
  it("says why it is empty", async () => {
    renderList({ tags: ["none"] });
    expect((await screen.findByRole("status")).textContent).toMatch(/No dashboard has the tags none/);
  });
});

describe("the alert list", () => {
  const alert = (name: string, state: string, severity: string) => ({
    labels: { alertname: name, severity },
    annotations: {},
    state,
    activeAt: new Date(RANGE.range.fromMs).toISOString(),
    value: "1",
  });
  const rule = {
    type: "alerting",
    name: "A",
    query: "a > 1",
    alerts: [
      alert("Slow", "firing", "warning"),
      alert("Down", "firing", "critical"),
      alert("Late", "pending", "info"),
    ],
  };
  function renderAlerts(options: object) {
    vi.stubGlobal("fetch", async (path: string) =>
      path.startsWith("/prometheus/api/v1/rules")
        ? Response.json({ data: { groups: [{ name: "g", file: "f", rules: [rule] }] } })
        : new Response("", { status: 404 }),
    );
    renderPanel(
      <QueryClientProvider client={new QueryClient()}>
        <PanelView type="alertlist" frames={[]} options={options} />
      </QueryClientProvider>,
    );
  }
  it.each([
    [{}, [/Down/, /Slow/]],
    [{ stateFilter: { firing: false, pending: true } }, [/Late/]],
    [{ alertName: "slow" }, [/Slow/]],
    [{ alertInstanceLabelFilter: '{severity=~"crit.*"}' }, [/Down/]],
    [{ maxItems: 1 }, [/Down/]],
  ])("links the alerts of %j, the most severe first", async (options, expected) => {
    renderAlerts(options);
    const found = (await screen.findAllByRole("link")).map((link) => link.textContent ?? "");
    expect(found).toHaveLength(expected.length);
    for (const [index, name] of expected.entries()) expect(found[index]).toMatch(name);
  });
  it("says why it is empty", async () => {
    renderAlerts({ alertName: "none" });
    expect((await screen.findByRole("status")).textContent).toMatch(
      /No alert is firing and matches the options/,
    );
  });
});

describe("the annotation list", () => {
  const { fromMs } = RANGE.range;
  const annotations = [
    { fromMs, toMs: fromMs, title: "deploy", text: "", tags: ["a"], name: "A", color: "" },
    { fromMs: fromMs + 60_000, toMs: fromMs, title: "", text: "restart", tags: ["b"], name: "A", color: "" },
  ];
  it("has the newest annotation first", async () => {
    renderPanel(<PanelView type="annolist" frames={[]} annotations={annotations} />);
    const items = (await screen.findAllByRole("listitem")).map((item) => item.textContent);
    expect(items).toEqual(["restart2026-11-20 15:01:00b", "deploy2026-11-20 15:00:00a"]);
  });
  it("has those with tags only", async () => {
    renderPanel(
      <PanelView type="annolist" frames={[]} annotations={annotations} options={{ tags: ["a"] }} />,
    );
    expect(await screen.findAllByRole("listitem")).toHaveLength(1);
  });
  it("says why it is empty", async () => {
    renderPanel(<PanelView type="annolist" frames={[]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/return none in this time range/);
  });
});

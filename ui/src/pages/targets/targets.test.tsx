import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { readTargets } from "../../api/targets";
import { type Answers, renderPage } from "../../testing/render";
import { poolsOf, rowsOf } from "./model";

const ERROR = 'Get "http://b:1/metrics": <b>refused</b>';
const active = (pool: string, host: string, health: string, part: object = {}) => ({
  scrapePool: pool,
  scrapeUrl: `http://${host}/metrics`,
  globalUrl: `http://${host}/metrics`,
  health,
  labels: { job: pool, instance: host },
  discoveredLabels: { __address__: host, __meta_zone: "z1", job: pool },
  lastError: "",
  lastScrape: new Date(Date.now() - 4_000).toISOString(),
  lastScrapeDuration: 0.0123,
  scrapeInterval: "15s",
  scrapeTimeout: "10s",
  ...part,
});
const DATA = {
  activeTargets: [
    active("api", "a:1", "up"),
    active("api", "b:1", "down", { lastError: ERROR }),
    active("db", "c:1", "unknown", { lastScrape: "0001-01-01T00:00:00Z" }),
  ],
  droppedTargets: [{ scrapePool: "db", discoveredLabels: { __address__: "d:1", job: "db", team: "x" } }],
  droppedTargetCounts: { api: 0, db: 3, empty: 0 },
};
const ANSWERS: Answers = { "/prometheus/api/v1/targets": { status: "success", data: DATA } };

const links = () => screen.getAllByRole("link").map((link) => link.textContent);

describe("targets", () => {
  it("are below their pools, with counts, labels, durations and the whole error", async () => {
    renderPage("/targets", ANSWERS);
    const pool = await screen.findByRole("button", { name: /^api/ });
    expect(pool.textContent).toBe("api1 up1 down");
    expect(screen.getByRole("button", { name: /^db/ }).textContent).toBe("db0 up1 unknown3 dropped");
    expect(screen.getByText(ERROR)).toBeTruthy();
    expect(screen.getAllByText("12.3 ms")).toHaveLength(2);
    expect(screen.getByText("never")).toBeTruthy();
    expect(screen.getByText(/Service discovery finds no target/)).toBeTruthy();
    // Those that are down are first.
    const urls = links().filter((link) => link?.startsWith("http"));
    expect(urls).toEqual(["http://b:1/metrics", "http://a:1/metrics", "http://c:1/metrics"]);
    expect(document.querySelector("main b b, main img")).toBeNull();
  });
  it("are filtered by health and text, which the URL keeps", async () => {
    const { user, search } = renderPage("/targets", ANSWERS);
    await user.click(await screen.findByRole("radio", { name: "Down 1" }));
    await waitFor(() => expect(search()).toEqual({ health: "down" }));
    await user.type(screen.getByRole("textbox", { name: "Filter targets" }), "refused instance=b");
    await waitFor(() => expect(search()).toEqual({ health: "down", find: "refused instance=b" }));
    expect(links()).toContain("http://b:1/metrics");
    await user.type(screen.getByRole("textbox", { name: "Filter targets" }), " nothing");
    await screen.findByRole("heading", { name: "No target matches the filter" });
    await user.click(screen.getByRole("button", { name: "Clear the filter" }));
    await waitFor(() => expect(search()).toEqual({}));
  });
  it("are filtered by the URL of a link to Prometheus", async () => {
    renderPage("/targets?pool=api&search=refused", ANSWERS);
    const input = await screen.findByRole("textbox", { name: "Filter targets" });
    expect((input as HTMLInputElement).value).toBe("refused");
    await waitFor(() => expect(links().filter((link) => link?.startsWith("http"))).toHaveLength(1));
  });
  it("show their discovered labels when they are asked for", async () => {
    const { user, search } = renderPage("/targets?find=a:1", ANSWERS);
    await user.click(await screen.findByRole("button", { name: "Discovered labels of http://a:1/metrics" }));
    expect(await screen.findByText("__meta_zone")).toBeTruthy();
    expect(search().target).toBe("api http://a:1/metrics");
  });
  it("that were dropped are shown on demand", async () => {
    renderPage("/targets?health=dropped", ANSWERS);
    expect(await screen.findByText("d:1")).toBeTruthy();
    expect(screen.queryByText("http://a:1/metrics")).toBeNull();
  });
  it("are opened and closed with the keyboard", async () => {
    const { user, search } = renderPage("/targets", ANSWERS);
    await screen.findByRole("button", { name: /^api/ });
    await user.keyboard("jj{Enter}");
    await waitFor(() => expect(search().target).toBe("api http://b:1/metrics"));
    await user.keyboard("k{Enter}");
    await waitFor(() => expect(search().closed).toBe("api"));
    expect(screen.queryByText("http://b:1/metrics")).toBeNull();
  });
  it("say why there are none of a health", async () => {
    renderPage("/targets?health=up", {
      "/prometheus/api/v1/targets": { data: { activeTargets: [active("a", "b", "down")] } },
    });
    const heading = await screen.findByRole("heading", { name: "No target is up" });
    expect(heading.parentElement?.textContent).toMatch(/No scrape has succeeded yet/);
  });
});

describe("the list of targets", () => {
  const targets = readTargets({ data: DATA });
  const kinds = (filter: object) =>
    rowsOf(poolsOf(targets, filter), new Set(), filter).map((row) => row.kind);
  it("leaves out pools without a match only when there is a filter", () => {
    expect(kinds({})).toEqual(["pool", "target", "target", "pool", "target", "pool", "none"]);
    expect(kinds({ pool: "db" })).toEqual(["pool", "target"]);
    expect(kinds({ health: "dropped" })).toEqual(["pool", "target"]);
  });
  it("gives targets with the same address separate keys", () => {
    const twice = readTargets({ data: { activeTargets: [active("a", "b", "up"), active("a", "b", "up")] } });
    const keys = poolsOf(twice, {}).flatMap((pool) => pool.targets.map((target) => target.key));
    expect(new Set(keys).size).toBe(2);
  });
  it("links only to web addresses", () => {
    const hostile = readTargets({
      data: { activeTargets: [active("a", "b", "up", { globalUrl: "javascript:alert(1)" })] },
    });
    expect(hostile.active[0]?.link).toBeNull();
    expect(readTargets(null)).toEqual({ active: [], dropped: [], droppedCounts: {} });
  });
});

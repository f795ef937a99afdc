import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { alertingServer } from "../../testing/alerting";
import { renderPage } from "../../testing/render";

const list = () => screen.findByRole("group", { name: "Alerts" });
const rows = async () => within(await list()).getAllByRole("button", { expanded: undefined });
const names = async () =>
  (await rows()).flatMap((row) => (row.hasAttribute("aria-expanded") ? [row.textContent] : []));
const GATEWAY = '{alertname="HighGatewayLatency", service="gateway", severity="warning", type="latency"}';

function open(url = "/alerts") {
  const server = alertingServer();
  return { ...renderPage(url, server.answers), ...server };
}

describe("alerts", () => {
  it("are grouped by name, the most severe first, and counted in the navigation", async () => {
    open();
    expect((await names()).slice(0, 2)).toEqual(["HighDriftScore", "BackupFailed"]);
    const group = await screen.findByRole("button", { name: "BudgetWarning", expanded: true });
    expect(group.parentElement?.textContent).toMatch(/12 firing1 pending1 inhibited/);
    expect((await screen.findByTitle("18 firing, not silenced")).textContent).toBe("18 firing");
  });
  it.each([
    ["state=silenced", /Silenced 2/, 2],
    ["state=resolved", /Resolved 1/, 1],
    ["find=severity%3D%22critical%22", /Firing 2/, 2],
    ["find=severity%3D~%22crit.*%22+vector", /Firing 1/, 1],
    ["receiver=slack-infra", /Firing 2/, 2],
  ])("are filtered by the URL: %s", async (search, count, alerts) => {
    open(`/alerts?${search}`);
    await screen.findByRole("radio", { name: count });
    const shown = (await rows()).filter((row) => row.getAttribute("aria-label")?.startsWith("Actions for"));
    expect(shown).toHaveLength(alerts);
  });
  it("say when nothing matches, and how to search", async () => {
    const { user, search } = open("/alerts?find=nothing+at+all");
    await screen.findByRole("heading", { name: "No alert matches the filter" });
    await user.click(screen.getByRole("button", { name: "Clear the filter" }));
    await waitFor(() => expect(search()).toEqual({}));
  });
  it("are grouped by their receivers", async () => {
    const { user, search } = open();
    await user.click(await screen.findByRole("radio", { name: "By receiver" }));
    await waitFor(() => expect(search()).toEqual({ by: "group" }));
    expect((await screen.findAllByRole("button", { name: "slack-critical" })).length).toBeGreaterThan(0);
  });
  it("are opened with the keyboard; the details follow the selection", async () => {
    const { user, search } = open();
    await list();
    await user.keyboard("j{Enter}");
    await waitFor(() => expect(search().alert).toMatch(/HighDriftScore/));
    await user.keyboard("j");
    await waitFor(() => expect(search().alert).toMatch(/BackupFailed/));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(search()).toEqual({}));
  });
  it("are silenced with a key, with all their labels", async () => {
    const { user, path, search } = open(`/alerts?alert=${encodeURIComponent(GATEWAY)}`);
    await screen.findByRole("heading", { name: "HighGatewayLatency" });
    await user.keyboard("s");
    await waitFor(() => expect(path()).toBe("/alerts/silences/new"));
    expect(search()).toEqual({ filter: GATEWAY });
  });
});

describe("the details of an alert", () => {
  const details = async (matchers: string) => {
    const page = open(`/alerts?alert=${encodeURIComponent(matchers)}`);
    const close = await screen.findByRole("button", { name: "Close the details" });
    return { ...page, section: close.closest("section") as HTMLElement };
  };
  it("have its annotations, labels, rule and receivers, and links to more", async () => {
    const { section } = await details("alertname=HighGatewayLatency");
    expect(section.textContent).toMatch(/Gateway P95 latency above 2s/);
    expect(section.textContent).toMatch(/Value 3\.42/);
    expect(section.textContent).toMatch(/histogram_quantile\(0\.95/);
    const link = within(section).getByRole("link", { name: /runbooks\.example\.com/ });
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
    const explore = within(section).getByRole("link", { name: "Explore metrics" }).getAttribute("href") ?? "";
    expect(new URL(explore, "http://x").searchParams.get("expr")).toMatch(/^histogram_quantile.*\)\)\)$/);
    await waitFor(() => expect(section.textContent).toMatch(/Receivers.*slack-default/));
  });
  it.each([
    ['alertname="HighGPUMemory"', /Silenced by mira for 2\d min.*load test/],
    ['alertname="DriftDetected"', /Inhibited by HighDriftScore/],
    ['alertname="HighGPUTemperature"', /once it fires.*slack-gpu/],
    ['alertname="BackupFailed"', /another program sent it to Alertmanager/],
    ['alertname="ServiceDown", service="memory-engine"', /Fired last/],
    ['alertname="ServiceDown", service="forgotten"', /It is not active, and did not fire/],
  ])("say what mutes it, or what is known of it: %s", async (matchers, expected) => {
    const { section } = await details(matchers);
    await waitFor(() => expect(section.textContent).toMatch(expected));
  });
  it("filter the list by a label", async () => {
    const { user, search, section } = await details('alertname="HighGPUMemory"');
    await user.click(within(section).getByRole("button", { name: "gpu" }));
    await waitFor(() => expect(search().find).toBe('type="gpu"'));
  });
});

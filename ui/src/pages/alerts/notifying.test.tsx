import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { RouteNode } from "../../api/generated";
import { alertingServer } from "../../testing/alerting";
import { renderPage } from "../../testing/render";
import { rowsOf } from "./route-rows";

function open(url: string, empty = false) {
  const server = alertingServer(empty);
  return { ...renderPage(url, server.answers), ...server };
}

describe("the tree of routes", () => {
  it("shows where an alert with typed labels would go", async () => {
    const { user, search } = open("/alerts/routes");
    await user.type(
      await screen.findByRole("textbox", { name: "Labels of an alert" }),
      'severity="critical", type=gpu',
    );
    await user.click(screen.getByRole("button", { name: "Test" }));
    await waitFor(() => expect(search().labels).toBe('severity="critical", type=gpu'));
    await screen.findByText("slack-critical, slack-gpu");
    const reached = document.querySelectorAll("[data-reached=end]");
    expect([...reached].map((row) => row.querySelector("button")?.textContent)).toEqual([
      "slack-critical",
      "slack-gpu",
    ]);
  });
  it("sends a test message, and shows the outcome of every integration", async () => {
    const { user, sent } = open("/alerts/routes?route=0.4");
    await user.click(await screen.findByRole("button", { name: "Send a test message" }));
    await screen.findByText("slack: sent");
    await screen.findByText(/webhook: webhook: Post .* deadline exceeded/);
    expect(sent).toMatchObject([{ path: "/api/alerting/receivers/slack-infra/test" }]);
  });
  it("marks the way to a route below", () => {
    const node = (id: string, routes: RouteNode[] = []) => ({ id, routes }) as RouteNode;
    const root = node("0", [node("0.0", [node("0.0.0")]), node("0.1")]);
    const marks = (reached?: string[]) => rowsOf(root, reached).map((row) => row.reached);
    expect(marks(["0.0.0"])).toEqual(["way", "way", "end", "no"]);
    expect(marks(["0"])).toEqual(["end", "no", "no", "no"]);
    expect(marks()).toEqual([null, null, null, null]);
  });
});

describe("notifications", () => {
  it("are filtered by receiver and failure, and show why they failed", async () => {
    const { user, search } = open("/alerts/notifications?receiver=slack-infra");
    await user.click(await screen.findByRole("switch", { name: /Failed/ }));
    await waitFor(() => expect(search().failed).toBe("on"));
    const list = await screen.findByRole("group", { name: "Notifications" });
    expect(list.textContent).toMatch(/failed.*webhook.*7 tries.*deadline exceeded/);
    expect(list.textContent).not.toMatch(/sent/);
  });
  it("show the exact message as text", async () => {
    const { user } = open("/alerts/notifications?find=HighGatewayLatency");
    await user.click(await screen.findByRole("button", { name: "slack-default" }));
    const message = await screen.findByText(/"title": "\[FIRING:1\] HighGatewayLatency"/);
    expect(message.tagName).toBe("PRE");
    const section = message.closest("section")?.parentElement as HTMLElement;
    expect(within(section).getByRole("link", { name: "HighGatewayLatency" })).toBeTruthy();
  });
});

describe("without a configuration of Alertmanager", () => {
  it.each(["/alerts/routes", "/alerts/notifications"])("%s says that nobody is notified", async (url) => {
    open(url, true);
    const heading = await screen.findByRole("heading", { name: "Nobody is notified" });
    expect(heading.parentElement?.textContent).toMatch(/glasshouse serve --adopt alertmanager\.yml/);
  });
});

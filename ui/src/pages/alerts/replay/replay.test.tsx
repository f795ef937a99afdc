import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { alertingServer } from "../../../testing/alerting";
import { renderPage } from "../../../testing/render";

function open(search = "", empty = false) {
  const server = alertingServer(empty);
  return { ...renderPage(`/alerts/replay?from=now-2d&to=now${search}`, server.answers), ...server };
}
const param = encodeURIComponent;
const TEXT = "groups:\n  - name: gpu\n    rules:\n      - alert: HighGPUMemory\n        expr: a > 1\n";
const ROUTE = "route:\n  receiver: all\nreceivers:\n  - name: all\n";

beforeEach(() => sessionStorage.clear());

describe("a replay", () => {
  it("begins with the rules in use, and says which fired and which failed", async () => {
    open();
    await screen.findByText(/^\d+ messages$/);
    const list = screen.getByRole("group", { name: "Rules" });
    expect(within(list).getByRole("button", { name: "HighGPUMemory" })).toBeTruthy();
    expect(within(list).getByText(/12 evaluations failed: .*same labelset/)).toBeTruthy();
  });
  it("shows the episodes of a rule with their peaks", async () => {
    open("&open=HighGPUMemory");
    await screen.findByText(/16 active|\d+ active/);
    expect(screen.getAllByText(/^firing .* → .*not ended$|^pending .*, firing .*/).length).toBeGreaterThan(0);
    expect(screen.getAllByText(/^peak [\d.]+$/).length).toBeGreaterThan(0);
  });
  it("of two versions counts the messages of both", async () => {
    open(`&otherRules=${param(`text:${TEXT}`)}&otherAlertmanager=${param(`text:${ROUTE}`)}`);
    await screen.findByText(/^\d+ messages with A$/);
    await screen.findByText(/^1 message with B$/);
    expect(screen.getAllByText("not in B").length).toBeGreaterThan(1);
  });
  it("lists the messages of both in order of time, with the receivers", async () => {
    const { user } = open(`&list=messages&otherAlertmanager=${param(`text:${ROUTE}`)}`);
    const counts = await screen.findByRole("list", { name: "Messages by receiver" });
    await waitFor(() => expect(counts.textContent).toMatch(/allwebhookA 0B \d/));
    const list = screen.getByRole("group", { name: "Messages" });
    await user.click(within(list).getAllByRole("button", { name: "all" })[0] as HTMLElement);
    await screen.findByText("with B");
    expect(screen.getByRole("heading", { level: 3, name: /^Alerts/ })).toBeTruthy();
  });
  it("runs a text when it is told to, and puts a short one into the URL", async () => {
    const { user, sent, search } = open("&rules=text:");
    const editor = await screen.findByRole("textbox", { name: "Text of the rules" });
    await screen.findByText("There are no rules to replay");
    const before = sent.length;
    fireEvent.change(editor, { target: { value: TEXT } });
    await screen.findByText("The text has changed since the last run.");
    expect(sent).toHaveLength(before);
    await user.click(screen.getByRole("button", { name: "Run" }));
    await screen.findByRole("button", { name: "HighGPUMemory" });
    expect(search()).toMatchObject({ rules: `text:${TEXT}` });
    expect(sent.at(-1)?.body).toMatchObject({ rules: [{ content: TEXT }], alertmanager: null });
  });
  it("names the line of a mistake", async () => {
    open(`&rules=${param("text:groups:\n  - name: a\n    rules:\n      - alert: B\n        expr:\n")}`);
    expect((await screen.findByRole("alert")).textContent).toMatch(/The replay was rejected at line 5/);
  });
  it("says that a text is in another browser tab, and that a file is gone", async () => {
    open("&rules=kept:abc&otherRules=file:/gone.yml");
    await screen.findByText(/only the browser tab in which it was written/);
    await screen.findByText(/No file of rules has the path \/gone\.yml/);
  });
  it("without rules says what to do", async () => {
    open("", true);
    await screen.findByText(/No rules are in use, or the text has none/);
  });
  it("says when nothing would have been sent", async () => {
    open(
      `&list=messages&rules=${param("text:groups:\n  - name: a\n    rules:\n      - alert: RedisMemoryHigh\n        expr: a\n")}`,
    );
    await screen.findByText(/No alert fired in this time range/);
  });
  it("is begun from the form of a rule", async () => {
    const { answers } = alertingServer();
    const { user, path, search } = renderPage("/alerts/rules/new?expr=a+%3E+1", answers);
    await user.type(await screen.findByRole("textbox", { name: "Name" }), "TooMany");
    await user.click(screen.getByRole("button", { name: "Replay" }));
    await waitFor(() => expect(path()).toBe("/alerts/replay"));
    expect(search().rules).toMatch(/^text:groups:\n.*- alert: TooMany/s);
  });
  it("is begun from a rule", async () => {
    const { answers } = alertingServer();
    renderPage("/alerts/rules?rule=gpu%2FHighGPUUtilization", answers);
    const link = await screen.findByTitle<HTMLAnchorElement>(/What would the rule have done/);
    const address = new URL(link.href);
    expect(Object.fromEntries(address.searchParams)).toEqual({
      rules: "file:/etc/prometheus/rules/gpu.yml",
      open: "HighGPUUtilization",
    });
  });
});

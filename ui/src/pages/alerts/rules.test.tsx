import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { alertingServer } from "../../testing/alerting";
import { renderPage } from "../../testing/render";

function open(url = "/alerts/rules") {
  const server = alertingServer();
  return { ...renderPage(url, server.answers), ...server };
}

describe("rules", () => {
  it("are below their groups, with the evaluations of the group and the errors of rules", async () => {
    open("/alerts/rules?find=infrastructure.yml");
    const group = (await screen.findByRole("button", { name: "service-health" })).parentElement;
    expect(group?.textContent).toMatch(
      /2 rules1 failing.*infrastructure\.yml.*every 15s.*evaluated .*in 8\.3 ms/,
    );
    expect(screen.getByText(/vector contains metrics with the same labelset/)).toBeTruthy();
  });
  it("say which of their metrics were never received", async () => {
    open("/alerts/rules?state=no-data");
    await screen.findByText(
      "No data yet: metrics redis_memory_used_bytes, redis_memory_max_bytes were never received",
    );
    await screen.findByText("No data yet: metric pg_stat_activity_count was never received");
  });
  it.each([
    ["firing", 11],
    ["error", 1],
  ])("are filtered by state: %s", async (state, count) => {
    open(`/alerts/rules?state=${state}`);
    await screen.findByRole("radio", { name: new RegExp(` ${count}$`), checked: true });
  });
  it("show their alerts, templates and file", async () => {
    open("/alerts/rules?rule=gpu%2FHighGPUUtilization");
    const close = await screen.findByRole("button", { name: "Close the details" });
    const section = close.closest("section") as HTMLElement;
    expect(section.textContent).toMatch(/2 alerts/);
    expect(section.textContent).toContain("GPU {{ $labels.gpu_id }} above 90% utilization");
    expect(within(section).getByRole("link", { name: "Show the file" }).getAttribute("href")).toMatch(
      /gpu\.yml/,
    );
  });
});

describe("a rule that is written", () => {
  it("begins with the query of Explore, and is saved to a file of its own", async () => {
    const { user, sent, path, search } = open("/alerts/rules/new?expr=rate(a[$__rate_interval])+%3E+1");
    await user.type(await screen.findByRole("textbox", { name: "Name" }), "TooMany");
    expect(document.querySelector("pre")?.textContent).toMatch(
      /- alert: TooMany\n {8}expr: \|-\n {10}rate\(a\[5m\]\) > 1/,
    );
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(path()).toBe("/alerts/rules"));
    expect(search()).toEqual({ find: "TooMany" });
    expect(sent).toMatchObject([
      { method: "PUT", path: "/api/alerting/rule-files/too-many.yml", body: { read: null } },
    ]);
  });
  it("can be added to a file that is there", async () => {
    const { user, sent } = open("/alerts/rules/new?expr=a+%3E+1");
    await user.type(await screen.findByRole("textbox", { name: "Name" }), "TooMany");
    await user.click(await screen.findByRole("combobox", { name: "Written to" }));
    await user.click(await screen.findByRole("option", { name: "tools.yml" }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(JSON.stringify(sent[0]?.body)).toMatch(/"content":"groups:.*ToolsFail.*TooMany/);
  });
  it("says when its expression has no condition", async () => {
    open("/alerts/rules/new?expr=alex_sessions_active");
    await screen.findByText(/has no condition.*Now it returns 1 series: one alert/);
  });
});

describe("a file of rules", () => {
  const FILE = "/alerts/rules/file?file=/var/lib/glasshouse/rules/tools.yml";
  it("of the configuration is only shown", async () => {
    open("/alerts/rules/file?file=/etc/prometheus/rules/gpu.yml");
    await screen.findByText(/belongs to the configuration/);
    expect(screen.getByText(/alert: HighGPUUtilization/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
  });
  it("shows the mistake of a text that is not saved", async () => {
    const { user } = open(FILE);
    // The plain text area, before CodeMirror is loaded.
    const editor = await screen.findByRole("textbox", { name: "Text of the file" });
    fireEvent.change(editor, {
      target: { value: "groups:\n  - name: a\n    rules:\n    - alert: B\n      expr:\n" },
    });
    await user.click(screen.getByRole("button", { name: "Save" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/The file has a mistake at line 5, column 1/);
  });
  it("is deleted after a question", async () => {
    const { user, sent } = open(FILE);
    await user.click(await screen.findByRole("button", { name: "Delete…" }));
    await user.click(await screen.findByRole("button", { name: "Delete" }));
    await waitFor(() => expect(sent).toMatchObject([{ method: "PUT", body: { content: "" } }]));
    await screen.findByRole("heading", { name: "File not found" });
  });
});

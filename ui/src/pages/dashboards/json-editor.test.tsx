import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPage } from "../../testing/render";

const ENTRY = {
  uid: "a",
  title: "Agents",
  tags: [],
  folder: "",
  file: "/etc/a.json",
  version: "v1",
  is_deletable: true,
};
const BOARD = { uid: "a", title: "Agents", panels: [] };

interface Saved {
  path: string;
  method: string;
  body: string;
}

function edit(answers: Record<string, Response> = {}, view = "json") {
  const sent: Saved[] = [];
  let answered = 0;
  const page = renderPage(`/d/a?from=now-1h&edit=${view}`, {
    "/api/dashboards/a/history/r1": { ...BOARD, title: "Agent" },
    "/api/dashboards/a/history": [{ revision: "r1", replaced_unix_ms: 1_795_000_000_000 }],
    "/api/dashboards": (path: string, request?: RequestInit) => {
      const method = request?.method ?? "GET";
      if (method === "GET") return { entry: ENTRY, dashboard: BOARD };
      sent.push({ path, method, body: String(request?.body ?? "") });
      answered += 1;
      return answers[`${method} ${answered}`] ?? ENTRY;
    },
    "/api/data-sources": [],
  });
  return { ...page, sent };
}

async function type(text: string) {
  // The plain text area, before CodeMirror is loaded, or its content.
  const editor = await screen.findByRole("textbox", { name: "JSON of the dashboard" });
  if (editor instanceof HTMLTextAreaElement) fireEvent.change(editor, { target: { value: text } });
  else throw new Error("the editor is already loaded");
}

const CHANGED = '{"uid":"a","title":"Changed","panels":[]}';

describe("the JSON of a dashboard", () => {
  it("is saved with two spaces, for the version that was opened", async () => {
    const { user, sent } = edit();
    await type(CHANGED);
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({ path: "/api/dashboards/a", method: "PUT" });
    expect(sent[0]?.body).toBe(
      '{"base_version":"v1","dashboard":{\n  "uid": "a",\n  "title": "Changed",\n  "panels": []\n}}',
    );
  });
  it("is not saved over a change of the file, unless one wants that", async () => {
    const conflict = Response.json({ error: "the file has changed" }, { status: 409 });
    const { user, sent } = edit({ "PUT 1": conflict });
    await type(CHANGED);
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/has changed since you opened it/)).toBeTruthy();
    expect(await screen.findByRole("group", { name: "From the file to your text" })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Overwrite the file" }));
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]?.body).toMatch(/^\{"base_version":null/);
  });
  it("that is no JSON, or no dashboard, is not sent", async () => {
    const { user, sent } = edit();
    await type('{"title": }');
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(sent).toEqual([]);
  });
  it("is saved as a new dashboard", async () => {
    const { user, sent, path } = edit();
    await user.click(await screen.findByRole("button", { name: "Save as…" }));
    const title = await screen.findByRole("textbox", { name: "Title" });
    await user.clear(title);
    await user.type(title, "Mine{Enter}");
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({ path: "/api/dashboards", method: "POST" });
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({
      base_version: null,
      dashboard: { title: "Mine", panels: [] },
    });
    await waitFor(() => expect(path()).toBe("/d/a"));
  });
  it("is deleted after a second question", async () => {
    const { user, sent, path } = edit();
    await user.click(await screen.findByRole("button", { name: "Delete…" }));
    expect(sent).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(path()).toBe("/dashboards"));
    expect(sent[0]).toMatchObject({ path: "/api/dashboards/a", method: "DELETE" });
  });
  it("has a history with what has changed since", async () => {
    edit({}, "history");
    const diff = await screen.findByRole("group", { name: "Changes since this version" });
    expect(diff.textContent).toContain('−  "title": "Agent",');
    expect(diff.textContent).toContain('+  "title": "Agents",');
  });
});

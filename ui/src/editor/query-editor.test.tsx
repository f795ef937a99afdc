import { fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { renderComponent } from "../testing/render";
import { QueryEditor } from "./query-editor";

function renderEditor(initial = "") {
  const ran: string[] = [];
  function Editor() {
    const [query, setQuery] = useState(initial);
    return (
      <QueryEditor
        language="sql"
        label="SQL query"
        value={query}
        onChange={setQuery}
        onRun={() => ran.push(query)}
      />
    );
  }
  return { ...renderComponent(<Editor />), ran };
}

/** CodeMirror once it has replaced the text area. */
const codeMirror = () =>
  waitFor(() => {
    const found = document.querySelector<HTMLElement>(".cm-content");
    if (!found) throw new Error("CodeMirror is not loaded");
    return found;
  });

describe("the query editor", () => {
  afterEach(() => vi.doUnmock("./codemirror"));

  it("runs the query on Ctrl+Enter and Shift+Enter, and not on Enter", async () => {
    const { ran } = renderEditor("SELECT 1");
    const content = await codeMirror();
    expect(content.textContent).toBe("SELECT 1");
    fireEvent.keyDown(content, { key: "Enter", ctrlKey: true });
    fireEvent.keyDown(content, { key: "Enter", shiftKey: true });
    expect(ran).toEqual(["SELECT 1", "SELECT 1"]);
    fireEvent.keyDown(content, { key: "Enter" });
    expect(ran).toHaveLength(2);
  });
  it("closes the list of completions when the query is run", async () => {
    const { ran } = renderEditor("SEL");
    const content = await codeMirror();
    const list = () => document.querySelector(".cm-tooltip-autocomplete");
    fireEvent.keyDown(content, { key: " ", keyCode: 32, ctrlKey: true });
    await waitFor(() => expect(list()).toBeTruthy());
    fireEvent.keyDown(content, { key: "Enter", ctrlKey: true });
    expect(ran).toEqual(["SEL"]);
    await waitFor(() => expect(list()).toBeNull());
  });
  it("works as a plain text area when CodeMirror cannot be loaded", async () => {
    vi.doMock("./codemirror", () => {
      throw new Error("offline");
    });
    const { user, ran } = renderEditor();
    const area = screen.getByRole("textbox", { name: "SQL query" });
    await user.type(area, "SELECT 2{Enter}LIMIT 1");
    expect(ran).toEqual([]);
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(ran).toEqual(["SELECT 2\nLIMIT 1"]);
    expect(document.querySelector(".cm-content")).toBeNull();
  });
});

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes, stubVisible } from "../../../testing/layout";
import { renderPage } from "../../../testing/render";

const ENTRY = {
  uid: "a",
  title: "Board",
  tags: [],
  folder: "",
  file: "/etc/a.json",
  version: "v1",
  is_deletable: true,
};

function open(dashboard: unknown, url: string) {
  const saved: string[] = [];
  const page = renderPage(`/d/a?from=now-1h&to=now&${url}`, {
    "/api/dashboards/a": (_path: string, request?: RequestInit) => {
      if (request?.method !== "PUT") return { entry: ENTRY, dashboard };
      saved.push(String(request.body));
      return ENTRY;
    },
    "/api/data-sources": [],
  });
  return { ...page, saved };
}

beforeEach(() => {
  stubSizes(600, 300);
  stubVisible(true);
});

const side = () => screen.findByRole("complementary", { name: "Options of the panel" });

describe("a panel with odd values", () => {
  const odd = [null, "text", { steps: [null, 3], options: 5, mode: [] }];
  it.each(odd.map((value) => [JSON.stringify(value), value]))("%s is edited", async (_text, value) => {
    const config = Object.fromEntries(
      ["unit", "min", "color", "thresholds", "mappings", "links", "custom"].map((key) => [key, value]),
    );
    const panel = {
      id: 1,
      type: "timeseries",
      title: value,
      description: value,
      links: value,
      targets: value,
      transformations: [{ id: "organize", options: value }, value],
      options: { legend: value, tooltip: value },
      fieldConfig: {
        defaults: config,
        overrides: [value, { matcher: value, properties: [value, { id: "thresholds", value }] }],
      },
    };
    open({ title: "a", panels: [panel] }, "editPanel=1");
    const decimals = within(await side()).getByRole("textbox", { name: "Decimals" });
    fireEvent.change(decimals, { target: { value: "2" } });
    fireEvent.click(screen.getAllByText("Add a threshold")[0] as HTMLElement);
    await waitFor(() => expect(screen.getByText("Discard").closest("button")?.disabled).toBe(false));
    fireEvent.click(screen.getByText("Transformations"));
    expect(await screen.findByText("1. organize")).toBeTruthy();
  });
  it.each(["constructor", "__proto__"])("of the type %s is edited", async (type) => {
    open({ title: "a", panels: [{ id: 1, type, title: "Odd" }] }, "editPanel=1");
    const select = within(await side()).getByRole("combobox", { name: "Visualization" });
    expect((select as HTMLInputElement).value).toBe(`${type} (not supported)`);
  });
  it("asks for nothing that its colors name", async () => {
    const steps = [{ value: null, color: "url(http://other/x.png)" }];
    open(
      { title: "a", panels: [{ id: 1, type: "stat", fieldConfig: { defaults: { thresholds: { steps } } } }] },
      "editPanel=1",
    );
    const swatch = within(await side()).getByRole("button", { name: /Color of Base/ });
    expect(swatch.getAttribute("style") ?? "").not.toContain("url(");
  });
});

describe("settings with odd values", () => {
  it.each(["settings", "variables", "links", "annotations"])("%s are shown", async (view) => {
    const odd = {
      title: 5,
      tags: "x",
      time: [],
      templating: { list: [null, { name: "a", type: "constructor" }] },
    };
    open({ ...odd, links: [null, 3, { tags: 1 }], annotations: { list: "x" }, panels: [] }, `edit=${view}`);
    expect(await screen.findByRole("group", { name: "Settings of the dashboard" })).toBeTruthy();
  });
});

describe("a draft", () => {
  const BOARD = { title: "Board", panels: [{ id: 1, type: "stat", title: "One" }] };
  const title = async () => within(await side()).getByRole("textbox", { name: "Title" });
  it("is undone by fields, and done again", async () => {
    const { user } = open(BOARD, "editPanel=1");
    await user.type(await title(), " and more");
    await user.type(within(await side()).getByRole("textbox", { name: "Decimals" }), "1");
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect((await title()) as HTMLInputElement).toHaveProperty("value", "One and more");
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect((await title()) as HTMLInputElement).toHaveProperty("value", "One");
    expect(screen.getByRole("button", { name: "Save" })).toHaveProperty("disabled", true);
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard("{Control>}y{/Control}");
    await waitFor(async () => expect(await title()).toHaveProperty("value", "One and more"));
  });
  it("stays while another view is open, and is saved for the version that was changed", async () => {
    const { user, back, saved } = open(BOARD, "editPanel=1");
    await user.type(await title(), "!");
    await user.click(screen.getByRole("link", { name: "Dashboards" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Discard" })).toBeNull());
    back();
    expect(await title()).toHaveProperty("value", "One!");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(saved).toHaveLength(1));
    expect(saved[0]).toMatch(/^\{"base_version":"v1".*One!/s);
  });
});

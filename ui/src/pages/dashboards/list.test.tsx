import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPage } from "../../testing/render";

const entry = (uid: string, tags: string[] = [], folder = "") => ({
  uid,
  title: uid.toUpperCase(),
  tags,
  folder,
  file: `/etc/${uid}.json`,
  version: "1",
  is_deletable: false,
});
const LIST = {
  dashboards: [entry("agent", ["llm"]), entry("node", ["linux"], "Hosts"), entry("disk", ["linux"], "Hosts")],
  problems: [{ file: "/etc/broken.json", reason: "it is no JSON" }],
};

const open = (url = "") => renderPage(`/dashboards${url}`, { "/api/dashboards": LIST });
const links = () =>
  within(screen.getByRole("group", { name: "Dashboards" }))
    .queryAllByRole("link")
    .map((link) => link.textContent);

describe("the list of dashboards", () => {
  it("has folders, and the files that cannot be read with the reason", async () => {
    open();
    expect(await screen.findByRole("heading", { name: "Hosts" })).toBeTruthy();
    expect(links()).toEqual(["AGENT", "DISK", "NODE"]);
    expect(screen.getByRole("note").textContent).toMatch(/broken\.json: it is no JSON/);
  });
  it("is filtered by tags and text, which are in the URL", async () => {
    const { user, search } = open();
    const [tag] = await screen.findAllByRole("button", { name: "Only with the tag linux" });
    await user.click(tag as HTMLElement);
    await waitFor(() => expect(links()).toEqual(["DISK", "NODE"]));
    await user.type(screen.getByRole("textbox", { name: "Find a dashboard" }), "no");
    await waitFor(() => expect(links()).toEqual(["NODE"]));
    expect(search()).toEqual({ tag: "linux", find: "no" });
    await user.click(screen.getByRole("button", { name: "Remove the tag linux" }));
    await waitFor(() => expect(search()).toEqual({ find: "no" }));
  });
  it("says so when nothing matches", async () => {
    const { user } = open("?find=nothing");
    expect(await screen.findByRole("heading", { name: "No dashboard matches" })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Clear the filters" }));
    await waitFor(() => expect(links()).toHaveLength(3));
  });
  it("begins with the starred dashboards", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Star NODE" }));
    expect(links()).toEqual(["NODE", "AGENT", "DISK"]);
    expect(screen.getByRole("heading", { name: "Starred" })).toBeTruthy();
  });
  it("imports a file that is dropped on it", async () => {
    open();
    await screen.findByRole("heading", { name: "Hosts" });
    const files = [new File(['{"title":"Dropped"}'], "a.json")];
    fireEvent.drop(window, { dataTransfer: { files } });
    expect(await screen.findByDisplayValue('{"title":"Dropped"}')).toBeTruthy();
  });
  it("says why a text is not imported, and sends nothing", async () => {
    const { user, path } = open();
    await user.click(await screen.findByRole("button", { name: "Import" }));
    const dialog = await screen.findByRole("dialog");
    fireEvent.change(within(dialog).getByRole("textbox"), { target: { value: '{"a":1}' } });
    await user.click(within(dialog).getByRole("button", { name: "Import" }));
    expect((await within(dialog).findByRole("alert")).textContent).toMatch(/no dashboard/);
    expect(path()).toBe("/dashboards");
  });
});

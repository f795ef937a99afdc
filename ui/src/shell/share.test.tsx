import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { renderPage } from "../testing/render";

beforeEach(() => window.history.replaceState(null, "", "/explore/logs?query=a&refresh=10s"));

const copied = () => navigator.clipboard.readText();
const parameters = async () => Object.fromEntries(new URL(await copied()).searchParams);

describe("a link to the view", () => {
  it("has fixed times, and a sign says that it is copied", async () => {
    const { user } = renderPage("/explore/logs?query=a");
    await user.click(await screen.findByRole("button", { name: "Share" }));
    await user.click(await screen.findByRole("menuitem", { name: /fixed times/ }));
    await screen.findAllByText("Copied");
    const { from, to, ...rest } = await parameters();
    expect(Number(to) - Number(from)).toBe(3_600_000);
    expect(rest).toEqual({ query: "a" });
  });
  it("has relative times on demand, also those that the address leaves out", async () => {
    const { user } = renderPage("/explore/logs?query=a");
    await user.click(await screen.findByRole("button", { name: "Share" }));
    await user.click(await screen.findByRole("menuitem", { name: /now-1h to now/ }));
    await screen.findAllByText("Copied");
    expect(await parameters()).toMatchObject({ from: "now-1h", to: "now" });
  });
  it("is copied at once when its times are fixed already, or when it has none", async () => {
    const { user } = renderPage("/explore/logs?from=1795000000000&to=1795000010000");
    await user.click(await screen.findByRole("button", { name: "Copy a link" }));
    await screen.findAllByText("Copied");
  });
  it("is copied with a shortcut and from the command palette, which say so", async () => {
    const { user } = renderPage("/explore/logs");
    await screen.findByRole("button", { name: "Share" });
    await user.keyboard("y");
    await screen.findAllByText("Copied");
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: /trace id/ }), "fixed times{Enter}");
    await screen.findByText("The link is copied");
    expect(await copied()).toContain("from=");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("a view that is opened with a shortcut", () => {
  it("leaves the keyboard to the next shortcut", async () => {
    const { user, path } = renderPage("/explore/logs", {});
    await screen.findByRole("button", { name: "Share" });
    await user.keyboard("gm");
    await screen.findByRole("textbox", { name: "PromQL query A" });
    await waitFor(() => expect(document.querySelector(".cm-content")).toBeTruthy());
    await user.keyboard("gl");
    await waitFor(() => expect(path()).toBe("/explore/logs"));
  });
});

import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPage } from "../testing/render";

const OVERVIEW = { signals: {}, services: [{ name: "checkout" }], receivers: [], hints: [] };

async function openPalette() {
  const page = renderPage("/explore/sql", { "/api/overview": OVERVIEW });
  await screen.findByRole("navigation");
  await page.user.keyboard("{Control>}k{/Control}");
  return { ...page, input: await screen.findByRole("combobox", { name: /trace id/ }) };
}

const options = () => screen.queryAllByRole("option").map((option) => option.textContent);

describe("the command palette", () => {
  it("opens the view that is typed", async () => {
    const { input, user, path } = await openPalette();
    await user.type(input, "traces view{Enter}");
    await waitFor(() => expect(path()).toBe("/explore/traces"));
    expect(screen.queryByRole("combobox", { name: /trace id/ })).toBeNull();
  });
  it("lists what begins with the typed text first", async () => {
    const { input, user } = await openPalette();
    await user.type(input, "tr");
    expect(options().slice(0, 3)).toEqual(["Tracesview", "Traces of checkoutservice", "Metricsview"]);
  });
  it("opens a trace by an id in pasted text", async () => {
    const { input, user, path } = await openPalette();
    await user.click(input);
    await user.paste("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(path()).toBe("/trace/0af7651916cd43dd8448eb211c80319c"));
  });
  it("offers the data of each service, chosen with the arrow keys", async () => {
    const { input, user, path, search } = await openPalette();
    await user.type(input, "checkout");
    await waitFor(() => expect(options()).toHaveLength(3));
    await user.keyboard("{ArrowDown}");
    expect(screen.getByRole("option", { selected: true }).textContent).toContain("Logs of checkout");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(path()).toBe("/explore/logs"));
    expect(search().query).toBe('{service_name="checkout"}');
  });
  it("says what can be typed when nothing matches", async () => {
    const { input, user } = await openPalette();
    await user.type(input, "no such thing");
    expect(options()).toEqual([]);
    expect(screen.getByRole("listbox").textContent).toMatch(/No command matches\. Type the name of a view/);
  });
});

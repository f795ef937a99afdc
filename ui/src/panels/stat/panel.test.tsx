// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of Grafana
import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { stubSizes } from "../../testing/layout";
import { numbers, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";

beforeEach(() => stubSizes(400, 200));

const stat = (options: object, ...frames: ReturnType<typeof numbers>[]) => (
  <PanelView type="stat" frames={frames} options={options} />
);

describe("the stat panel", () => {
  it("shows one value without a name, and several with theirs", async () => {
    const { rerender } = renderPanel(stat({}, numbers("api", [1, 2])));
    expect((await screen.findByText("2")).title).toBe("api");
    expect(screen.queryByText("api")).toBeNull();
    rerender(stat({}, numbers("api", [1, 2]), numbers("web", [1, 3])));
    expect(screen.getByText("api")).toBeTruthy();
    expect(screen.getByText("web")).toBeTruthy();
  });
  it.each([
    ["name", ["api"], ["2"]],
    ["value_and_name", ["api", "2"], []],
    ["value", ["2"], ["api"]],
    ["none", [], ["api", "2"]],
  ])("shows for the text mode %s only what it says", async (textMode, present, absent) => {
    renderPanel(stat({ textMode, reduceOptions: {} }, numbers("api", [1, 2])));
    await screen.findByTitle("api");
    for (const text of present) expect(screen.getByText(text)).toBeTruthy();
    for (const text of absent) expect(screen.queryByText(text)).toBeNull();
  });
  it("shows the change in percent", async () => {
    renderPanel(stat({ showPercentChange: true }, numbers("api", [4, 5])));
    expect(await screen.findByText(/▲ 25.0%/)).toBeTruthy();
  });
  it("has a text that can be read on a coloured ground", async () => {
    renderPanel(stat({ colorMode: "background_solid" }, numbers("api", [90])));
    const tile = (await screen.findByText("90")).closest("[data-centered]") as HTMLElement;
    expect(tile.style.background).toContain("--gh-error");
    expect(["black", "white"]).toContain(tile.style.color);
  });
  it.each([
    ["beside its value in a wide tile", {}, "true"],
    ["above it when this is wanted", { wideLayout: false }, "false"],
    ["above it when both are centered", { justifyMode: "center" }, "false"],
  ])("has a name %s", async (_case, options, wide) => {
    const orientation = "horizontal";
    renderPanel(stat({ orientation, ...options }, numbers("api", [1, 2]), numbers("web", [1, 3])));
    const tile = (await screen.findByText("api")).closest("[data-wide]");
    await waitFor(() => expect(tile?.getAttribute("data-wide")).toBe(wide));
  });
  it("has its texts above the graph", async () => {
    renderPanel(stat({}, numbers("api", [1, 2])));
    const tile = (await screen.findByText("2")).closest("[data-wide]") as HTMLElement;
    await waitFor(() => expect(tile.querySelector("svg")?.style.height).toMatch(/^\d+px$/));
    expect(tile.style.paddingBottom).toBe(tile.querySelector("svg")?.style.height);
  });
  it("is a link where the field has one", async () => {
    const links = [{ title: "Details", url: "/d/x?v=${__value.raw}", targetBlank: true }];
    renderPanel(stat({}, numbers("api", [1, 2], { links })));
    const link = await screen.findByRole("link");
    expect([link.getAttribute("href"), link.getAttribute("rel")]).toEqual([
      "/d/x?v=2",
      "noopener noreferrer",
    ]);
  });
  it("says why it is empty", async () => {
    renderPanel(stat({}));
    expect((await screen.findByRole("status")).textContent).toMatch(/return nothing in this time range/);
  });
});

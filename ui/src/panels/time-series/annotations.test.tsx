import { screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Annotation } from "../../data/annotations";
import { stubCanvas } from "../../testing/canvas";
import { stubSizes } from "../../testing/layout";
import { numbers, RANGE, renderPanel } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { marksOf } from "./annotations";

const MARKUP = "<img src=x>";
const annotation = (fromMs: number, part: Partial<Annotation> = {}): Annotation => ({
  name: "Deploys",
  fromMs,
  toMs: fromMs,
  title: "",
  text: "",
  tags: [],
  color: "red",
  ...part,
});

describe("the marks of annotations", () => {
  const range = { fromMs: 1_000, toMs: 2_000 };
  const marks = (given: Annotation[]) =>
    marksOf(given, range, 500).map(({ x, annotations }) => [x, annotations.length]);
  it.each([
    [
      "are at their times",
      [annotation(1_000), annotation(1_500), annotation(2_000)],
      [
        [0, 1],
        [250, 1],
        [500, 1],
      ],
    ],
    ["are within the range", [annotation(999), annotation(2_001)], []],
    ["of a region begin with it", [annotation(1_200, { toMs: 5_000 })], [[100, 1]]],
    ["of an earlier region are at the left", [annotation(0, { toMs: 1_500 })], [[0, 1]]],
    [
      "near to each other are one",
      [annotation(1_020), annotation(1_010), annotation(1_100)],
      [
        [5, 2],
        [50, 1],
      ],
    ],
  ])("%s", (_name, given, expected) => {
    expect(marks(given)).toEqual(expected);
  });
});

describe("a chart with annotations", () => {
  const { fromMs } = RANGE.range;
  const minute = (count: number) => fromMs + count * 60_000;
  const open = (annotations: Annotation[]) =>
    renderPanel(<PanelView type="timeseries" frames={[numbers("a", [1, 2, 3])]} annotations={annotations} />);
  let calls: string[] = [];
  beforeEach(() => {
    calls = stubCanvas().calls;
    stubSizes(600, 300);
  });
  afterEach(() => vi.restoreAllMocks());

  it("has a mark for each, whose texts are shown with the focus", async () => {
    const { user } = open([
      annotation(minute(10), { title: MARKUP, text: "to v2", tags: ["team-a"] }),
      annotation(minute(40), { toMs: minute(50), text: "Outage" }),
    ]);
    const first = await screen.findByRole("button", { name: "<img src=x>, 2026-11-20 15:10:00" });
    await user.tab();
    await waitFor(() => expect(document.activeElement).toBe(first));
    expect(screen.getByRole("tooltip").textContent).toBe(`2026-11-20 15:10:00${MARKUP}to v2Deploysteam-a`);
    await user.keyboard("{ArrowRight}");
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Outage, 2026-11-20 15:40:00 → 15:50:00");
    expect(screen.getByRole("tooltip").textContent).toMatch(/Outage/);
    expect(document.querySelector("img")).toBeNull();
  });
  it("is dashed at each moment", async () => {
    open([annotation(minute(10))]);
    await screen.findByRole("button", { name: /^Deploys/ });
    expect(calls).toContain("setLineDash");
  });
  it("has no marks without them", async () => {
    open([]);
    await waitFor(() => expect(document.querySelector("canvas")).toBeTruthy());
    expect(screen.queryByRole("toolbar")).toBeNull();
  });
});

import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { graphOf } from "./model";

const edges = (...pairs: [string, string][]) =>
  table({
    id: pairs.map((_, index) => `e${index}`),
    source: pairs.map(([from]) => from),
    target: pairs.map(([, to]) => to),
  });
const layers = (...pairs: [string, string][]) =>
  graphOf([edges(...pairs)])
    ?.nodes.map(({ id, layer }) => `${id}${layer}`)
    .sort();

describe("the layers of a graph", () => {
  it("have each node right of those that lead to it", () => {
    expect(layers(["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"], ["a", "d"])).toEqual([
      "a0",
      "b1",
      "c1",
      "d2",
    ]);
  });
  it("are finite for circles", () => {
    expect(layers(["a", "b"], ["b", "c"], ["c", "a"])).toEqual(["a0", "b1", "c2"]);
    expect(layers(["a", "a"], ["a", "b"])).toEqual(["a0", "b1"]);
  });
  it("are found for a long chain", () => {
    const chain = Array.from({ length: 290 }, (_, index): [string, string] => [`n${index}`, `n${index + 1}`]);
    expect(graphOf([edges(...chain)])?.layers).toBe(291);
  });
});

describe("the node graph panel", () => {
  const nodes = table({
    id: ["a", "b"],
    title: ["gateway", "agent"],
    subtitle: ["go", "python"],
    mainstat: ["12 ms", "80 ms"],
    arc__failed: [0.25, 0],
  });
  it("shows the nodes with their texts, and says its edges in words", async () => {
    renderPanel(<PanelView type="nodeGraph" frames={[nodes, edges(["a", "b"])]} />);
    expect(
      await screen.findByRole("img", { name: "Node graph of 2 nodes. Edges: gateway to agent" }),
    ).toBeTruthy();
    for (const text of ["gateway", "python", "80 ms"])
      expect([...document.querySelectorAll("text")].map((one) => one.textContent)).toContain(text);
  });
  it("says how many nodes it leaves out", async () => {
    const ids = Array.from({ length: 400 }, (_, index) => `n${index}`);
    renderPanel(<PanelView type="nodeGraph" frames={[table({ id: ids })]} />);
    expect(await screen.findByText(/The first 300 of 400 nodes/)).toBeTruthy();
  });
  it("says what it needs", async () => {
    renderPanel(<PanelView type="nodeGraph" frames={[table({ a: [1] })]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/edges with source and target/);
  });
});

import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderComponent } from "../../testing/render";
import { Attributes } from "./attributes";

describe("the value of an attribute", () => {
  it.each([
    ["double", "0.00009644999999999999", "0.00009645"],
    ["double", "NaN", "NaN"],
    ["string", "0.00009644999999999999", "0.00009644999999999999"],
    ["int", "9007199254740993", "9007199254740993"],
    ["map", '{"k":true}', '{"k":true}'],
  ] as const)("of type %s: %s is %s", (type, text, shown) => {
    renderComponent(<Attributes scope="span" attributes={[{ name: "a", type, text }]} />);
    expect(screen.getAllByRole("cell")[1]?.textContent).toBe(shown);
  });
});

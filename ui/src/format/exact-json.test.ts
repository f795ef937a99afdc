import { describe, expect, it } from "vitest";
import { JsonNumber, parseJson, stringifyJson } from "./exact-json";

describe("JSON with exact numbers", () => {
  it.each([
    '{"id":780177723283783680,"list":[1,-2.50,1e+30],"text":"12, \\"3\\"","none":null,"is":true}',
    "0.0033875000000000003",
    '{"1":{"2":[]}}',
  ])("comes back as it was: %s", (text) => expect(stringifyJson(parseJson(text))).toBe(text));
  it("has numbers that are no strings", () => {
    expect(parseJson("[1]")).toEqual([new JsonNumber("1")]);
    expect(parseJson('["1"]')).toEqual(["1"]);
  });
  it("is indented", () => {
    expect(stringifyJson({ id: new JsonNumber("780177723283783680") }, 2)).toBe(
      '{\n  "id": 780177723283783680\n}',
    );
  });
  it.each(["{not json", '{"a":01}', '{"a":1.}', "{1:2}", '{"a":-}', ""])("rejects %s", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

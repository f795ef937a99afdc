import { describe, expect, it } from "vitest";
import { formQuery, parseTags } from "./query";

describe("the search form as TraceQL", () => {
  it.each([
    [{}, "{}"],
    [{ service: "a", operation: 'b"c' }, '{ resource.service.name = "a" && name = "b\\"c" }'],
    [{ status: "error" as const }, "{ status = error }"],
    [{ min: "1.5s", max: "2m" }, "{ traceDuration >= 1500ms && traceDuration <= 120000ms }"],
    [{ min: "10us" }, "{ traceDuration >= 10000ns }"],
    [{ min: "soon" }, "{}"],
    [{ tags: "tool=search" }, '{ .tool = "search" }'],
    [{ tags: "resource.host.name=n1 span.x=y" }, '{ resource.host.name = "n1" && span.x = "y" }'],
    [
      { tags: "http.response.status_code=500" },
      '{ (.http.response.status_code = 500 || .http.response.status_code = "500") }',
    ],
    [{ tags: "error=true kind=server" }, "{ status = error && kind = server }"],
    [{ tags: 'kind="server } || {"' }, "{ kind = server }"],
  ])("%j is %s", (form, expected) => {
    expect(formQuery(form)).toBe(expected);
  });
  it("reads tags as logfmt", () => {
    expect(parseTags('a=b c="d e" f="g\\"h" word =x i=')).toEqual([
      { name: "a", value: "b" },
      { name: "c", value: "d e" },
      { name: "f", value: 'g"h' },
      { name: "word", value: "x" },
      { name: "i", value: "" },
    ]);
  });
});

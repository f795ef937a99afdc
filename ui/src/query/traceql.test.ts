import { describe, expect, it } from "vitest";
import { condition, type TraceTerm, withCondition } from "./traceql";

describe("a condition on a value", () => {
  it.each<[Partial<TraceTerm>, string | null]>([
    [{ name: "http.route", type: "string", text: '/a"b\\' }, 'span.http.route = "/a\\"b\\\\"'],
    [{ name: "http.status_code", type: "number", text: "500" }, "span.http.status_code = 500"],
    [{ name: "id", type: "number", text: "780177723283783680" }, "span.id = 780177723283783680"],
    [{ name: "id", type: "string", text: "500" }, 'span.id = "500"'],
    [{ name: "ok", type: "bool", text: "true" }, "span.ok = true"],
    [{ name: "of logs", type: "number or text", text: "5" }, '(span."of logs" = 5 || span."of logs" = "5")'],
    [{ scope: "resource", name: "service.name", type: "string", text: "a" }, 'resource.service.name = "a"'],
    [{ scope: "event", name: "level", type: "string", text: "a" }, 'event.level = "a"'],
    [{ scope: "intrinsic", name: "status", type: "string", text: "error" }, "status = error"],
    [{ scope: "intrinsic", name: "kind", type: "string", text: "server } || {" }, null],
    [{ scope: "intrinsic", name: "name", type: "string", text: "a" }, 'name = "a"'],
    [{ name: "list", type: "other", text: "[1]" }, null],
    [{ name: "not a number", type: "number", text: "NaN" }, null],
  ])("%j is %s", (term, expected) => {
    expect(condition({ scope: "span", name: "", type: "string", text: "", ...term }, true)).toBe(expected);
  });
  it("can be on every other value", () => {
    const term = { scope: "span", name: "a", text: "5" } as const;
    expect(condition({ ...term, type: "number" }, false)).toBe("span.a != 5");
    expect(condition({ ...term, type: "number or text" }, false)).toBe('(span.a != 5 && span.a != "5")');
  });
});

describe("a query with one more condition", () => {
  it.each([
    ["{}", "{ x = 1 }"],
    ['{ name = "a && b" }', '{ name = "a && b" && x = 1 }'],
    ["{ a = 1 || b = 2 }", "{ (a = 1 || b = 2) && x = 1 }"],
    ["{ x != 1 && a = 1 }", "{ a = 1 && x = 1 }"],
    ["{ x = 1 }", "{ x = 1 }"],
    ['{ a = "}" } | count() > 2', '{ a = "}" && x = 1 } | count() > 2'],
    ["{ a = 1 } >> { b = 2 }", "({ a = 1 } >> { b = 2 }\n) && ({ x = 1 })"],
  ])("%s becomes %s", (query, expected) => {
    expect(withCondition(query, "x = 1", "x != 1")).toBe(expected);
  });
});

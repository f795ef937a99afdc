import { describe, expect, it } from "vitest";
import { compilePattern } from "./pattern";

const TEXTS = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "aaa",
  "A",
  "a.b",
  "a-b",
  "a b",
  "gpu-1",
  "gpu-12",
  "é",
  "x\ny",
  "a]",
];

describe("a pattern", () => {
  it.each([
    "",
    "a",
    "a|b",
    "a*",
    "a+b?c?",
    "(a|ab)(c|)",
    ".*",
    "a.b",
    "a\\.b",
    "gpu-[0-9]",
    "gpu-\\d+",
    "gpu-\\d{2}",
    "gpu-\\d{1,}",
    "a{0,2}",
    "[^a]",
    "[]a]+",
    "[a\\-.]+b?",
    "\\w+",
    "\\W",
    "(?:a*)*",
    "^a$",
    "(?i)a",
    "(?i:a)b?",
    "(?P<name>a)b",
    "a+?",
  ])("matches whole texts as the engine of the browser does: %j", (source) => {
    const native = source
      .replace(/^\(\?i\)/, "")
      .replace("?P<", "?<")
      .replace("[]a]", "[\\]a]")
      .replace("(?i:a)b?", "[aA]b?");
    const expected = new RegExp(`^(?:${native})$`, `s${source.startsWith("(?i)") ? "i" : ""}`);
    const pattern = compilePattern(source);
    expect(TEXTS.map((text) => pattern?.(text))).toEqual(TEXTS.map((text) => expected.test(text)));
  });
  it.each(["(", ")", "a**", "*", "[a", "\\", "(?=a)", "\\pL", "\\1", "[[:alpha:]]", "(".repeat(1_000)])(
    "that cannot be read is none: %j",
    (source) => expect(compilePattern(source)).toBeNull(),
  );
  it("takes no more time than its text is long", () => {
    const slow = compilePattern("(a+)+$") as (text: string) => boolean;
    expect(slow(`${"a".repeat(5_000)}b`)).toBe(false);
    const many = compilePattern(`${"(a*|x)".repeat(60)}!`) as (text: string) => boolean;
    expect(many("a".repeat(1_000))).toBe(false);
    expect(compilePattern("((a{1000}){1000}){1000}")).toBeNull();
  });
});

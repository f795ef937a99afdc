import { describe, expect, it } from "vitest";

const files = import.meta.glob<string>(
  ["../**/*.{ts,tsx,css}", "!../theme/tokens.css", "!../api/generated.ts", "!../**/*.test.{ts,tsx}"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);
const tokens =
  import.meta.glob<string>("./tokens.css", { query: "?raw", import: "default", eager: true })[
    "./tokens.css"
  ] ?? "";

/** `#abc` and longer in style, `rgb(`, `hsl(`: a literal colour. */
const COLOUR = /(?<![\w&])#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b|\b(?:rgba?|hsla?|oklch)\(/;

describe("tokens", () => {
  it("finds the files of the page", () => {
    expect(Object.keys(files).length).toBeGreaterThan(80);
  });
  it.each(Object.entries(files))("%s has no literal colour", (_name, text) => {
    const line = text.split("\n").find((candidate) => COLOUR.test(candidate) && !candidate.includes("#{"));
    expect(line).toBeUndefined();
  });
  it.each(Object.entries(files))("%s has at most 300 lines", (_name, text) => {
    expect(text.split("\n").length).toBeLessThanOrEqual(301);
  });
  it.each(Object.entries(files))("%s shows no HTML from data", (_name, text) => {
    expect(text).not.toMatch(/dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML|document\.write/);
  });
  it("has the same tokens in both schemes", () => {
    const names = (scheme: string) =>
      [
        ...(tokens.split(`[data-mantine-color-scheme="${scheme}"]`)[1]?.split("}")[0] ?? "").matchAll(
          /--gh-[\w-]+(?=:)/g,
        ),
      ]
        .map(([name]) => name)
        .sort();
    expect(names("dark").length).toBeGreaterThan(40);
    expect(names("dark")).toEqual(names("light"));
  });
  it("uses no token that does not exist", () => {
    const known = new Set([...tokens.matchAll(/--gh-[\w-]+(?=:)/g)].map(([name]) => name));
    const used = Object.values(files).flatMap((text) =>
      [...text.matchAll(/var\((--gh-[\w-]+)\)/g)].map((match) => match[1] ?? ""),
    );
    expect(used.filter((name) => !known.has(name) && !name.endsWith("-"))).toEqual([]);
  });
});

/** Relative luminance of `#rrggbb`, as WCAG has it. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("the contrast of text", () => {
  const cases = ["dark", "light"].flatMap((scheme) =>
    ["text", "dim", "faint", "accent", "error", "warn", "ok", "info", "debug"].flatMap((text) =>
      ["page", "panel", "raised", "hover", "selected"].map((ground) => [scheme, text, ground] as const),
    ),
  );
  it.each(cases)("%s: %s on %s is at least 4.5", (scheme, text, ground) => {
    const block = tokens.split(`[data-mantine-color-scheme="${scheme}"]`)[1] ?? "";
    const value = (name: string) => new RegExp(`--gh-${name}: (#[0-9a-f]{6});`).exec(block)?.[1] ?? "#000000";
    const [bright = 0, dim = 0] = [luminance(value(text)), luminance(value(ground))].sort(
      (left, right) => right - left,
    );
    expect((bright + 0.05) / (dim + 0.05)).toBeGreaterThanOrEqual(4.5);
  });
});

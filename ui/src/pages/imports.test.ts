import { describe, expect, it } from "vitest";

const files = import.meta.glob<string>(["../**/*.{ts,tsx}"], {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Where a file lies below `src`, and the folders of `src/pages` that it imports from. */
function importsOf(path: string, text: string): { file: string[]; pages: string[] } {
  const file = new URL(path, "file:///src/pages/").pathname.split("/").slice(2);
  const pages = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].flatMap(([, target = ""]) => {
    const [folder, page] = new URL(target, `file:///src/${file.join("/")}`).pathname.split("/").slice(2);
    return folder === "pages" && page ? [page] : [];
  });
  return { file, pages };
}

describe("a view", () => {
  it("finds the imports of the views", () => {
    const found = Object.entries(files).flatMap(([path, text]) => importsOf(path, text).pages);
    expect(new Set(found).size).toBeGreaterThan(6);
  });
  it.each(Object.entries(files))("%s imports no other view", (path, text) => {
    const { file, pages } = importsOf(path, text);
    const [folder, page] = file;
    // The routes load every view; what several of them use lies outside of `pages`.
    if (["routes.tsx", "alerting-routes.tsx"].includes(file.join("/"))) return;
    expect(pages.filter((other) => folder !== "pages" || other !== page)).toEqual([]);
  });
});

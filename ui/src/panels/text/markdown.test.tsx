import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderComponent } from "../../testing/render";
import { Markdown } from "./markdown";

/** The elements of a text, without those around it. */
function shown(text: string): string {
  renderComponent(<Markdown text={text} />);
  const [root] = document.querySelectorAll("div[class*=text]");
  return (root?.innerHTML ?? "").replace(/ (target|rel|tabindex|style|data-level)="[^"]*"/g, "");
}

describe("markdown", () => {
  it.each([
    ["headings", "# A *b*\n\n### C", "<h3>A <em>b</em></h3><h5>C</h5>"],
    ["paragraphs", "a\nb\n\nc", "<p>a\nb</p><p>c</p>"],
    ["breaks", "a  \nb", "<p>a<br>b</p>"],
    [
      "emphasis",
      "**a _b_** ~~c~~ snake_case_name",
      "<p><strong>a <em>b</em></strong> <del>c</del> snake_case_name</p>",
    ],
    [
      "code",
      "`a*b*` and\n\n```promql\nup == 0\n```",
      "<p><code>a*b*</code> and</p><pre><code>up == 0</code></pre>",
    ],
    [
      "lists",
      "- a\n  - b\n- c\n\n2. d\n3. e",
      '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol start="2"><li>d</li><li>e</li></ol>',
    ],
    ["quotes", "> a\n> b", "<blockquote><p>a\nb</p></blockquote>"],
    ["rules", "a\n\n---", "<p>a</p><hr>"],
    [
      "links",
      "[a](/d/x) https://example.com/y.",
      '<p><a href="/d/x">a</a> <a href="https://example.com/y">https://example.com/y</a>.</p>',
    ],
    [
      "images as links",
      "![a](https://example.com/a.png)",
      '<p><a href="https://example.com/a.png">a</a></p>',
    ],
    ["escapes", "\\*a\\*", "<p>*a*</p>"],
  ])("has %s", (_what, text, expected) => expect(shown(text)).toBe(expected));

  it("has tables", () => {
    shown("| a | b |\n|---|--:|\n| 1 | `2` |\n| 3 |");
    expect(
      screen.getAllByRole("row").map((row) => [...row.children].map((cell) => cell.textContent)),
    ).toEqual([
      ["a", "b"],
      ["1", "2"],
      ["3", ""],
    ]);
  });
  it.each([
    "[a](javascript:alert(1))",
    "[a](data:text/html,x)",
    "<a href='javascript:alert(1)'>a</a>",
    "[a](vbscript:x)",
  ])("follows no %s", (text) => {
    expect(shown(text)).toContain("a");
    expect(screen.queryByRole("link")).toBeNull();
  });
  it.each([
    ["<script>alert(1)</script>a", "<p>a</p>"],
    ["<img src=x onerror=alert(1)>a", "<p>a</p>"],
    ["&lt;b&gt;", "<p>&lt;b&gt;</p>"],
    ["<h1>A</h1><div>b<br/><b>c</b></div>", "<h3>A</h3><p>b<br><strong>c</strong></p>"],
    ['<ul><li>a</li><li><a href="/x">b</a></li></ul>', '<ul><li>a</li><li><a href="/x">b</a></li></ul>'],
    ["<iframe srcdoc='<script>1</script>'></iframe>a", "<p>a</p>"],
  ])("makes no HTML of %s", (text, expected) => {
    expect(shown(text).replaceAll("&amp;", "&")).toBe(expected);
    expect(document.querySelector("script, iframe, img")).toBeNull();
  });
  it("reads long and deep texts in a short time", () => {
    const started = performance.now();
    shown(`${"> ".repeat(5_000)}a\n\n${"*a ".repeat(5_000)}\n\n${"[".repeat(5_000)}`);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

/**
 * Reads HTML as markdown: what markdown has is kept, the rest of the tags is left out. The page shows no HTML of data.
 */

const HEADS: [RegExp, string][] = [
  [/<(script|style|head|title)\b[\s\S]*?<\/\1\s*>/gi, ""],
  [/<!--[\s\S]*?-->/g, ""],
  [/<br\s*\/?>/gi, "  \n"],
  [/<hr\b[^>]*>/gi, "\n\n---\n\n"],
  [/<\/?(b|strong)(\s[^>]*)?>/gi, "**"],
  [/<\/?(i|em)(\s[^>]*)?>/gi, "*"],
  [/<pre\b[^>]*>(?:\s*<code\b[^>]*>)?/gi, "\n\n```\n"],
  [/(?:<\/code\s*>\s*)?<\/pre\s*>/gi, "\n```\n\n"],
  [/<\/?code(\s[^>]*)?>/gi, "`"],
  [/<li\b[^>]*>\s*/gi, "\n- "],
  [/<\/(td|th)\s*>\s*<(td|th)\b[^>]*>/gi, " | "],
  [/<\/?(p|div|section|article|header|footer|ul|ol|table|tr|center|blockquote)\b[^>]*>/gi, "\n\n"],
];

export function markdownOfHtml(html: string): string {
  let text = html
    .replace(/<a\b[^>]*?href\s*=\s*["']?([^"'\s>]+)["']?[^>]*>([\s\S]*?)<\/a\s*>/gi, (_whole, url, inner) => {
      const shown = String(inner)
        .replace(/<[^>]*>/g, "")
        .trim();
      return `[${shown || url}](${url})`;
    })
    .replace(/<img\b[^>]*>/gi, (whole) => {
      const url = attribute(whole, "src");
      return url ? `[${attribute(whole, "alt") || url}](${url})` : "";
    })
    .replace(/<h([1-6])\b[^>]*>([\s\S]*?)<\/h\1\s*>/gi, (_whole, level, inner) => {
      const shown = String(inner).replace(/\s+/g, " ").trim();
      return `\n\n${"#".repeat(Number(level))} ${shown}\n\n`;
    });
  for (const [pattern, replacement] of HEADS) text = text.replace(pattern, replacement);
  return entities(text.replace(/<\/?[a-z][^>]*>/gi, ""));
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\b${name}\\s*=\\s*["']([^"']*)["']`, "i").exec(tag)?.[1] ?? "";
}

const NAMED: Record<string, string> = {
  nbsp: " ",
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
  middot: "·",
};

function entities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

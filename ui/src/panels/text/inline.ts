/** What is within a line of markdown: emphasis, code and links. */
import { safeUrl } from "../links";

export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "strong" | "emphasis" | "deleted"; content: Inline[] }
  | { type: "link"; url: string; content: Inline[] }
  | { type: "break" };

type Mark = "strong" | "emphasis" | "deleted";

const DEPTH_MAX = 8;
/** A longer text is not read: the time to find the ends of marks grows with its length. */
const LENGTH_MAX = 20_000;

const RULES: { pattern: RegExp; make: (match: RegExpExecArray, depth: number) => Inline | null }[] = [
  { pattern: /\\([\\`*_{}[\]()#+\-.!|~<>])/y, make: ([, text = ""]) => ({ type: "text", text }) },
  { pattern: /(`+)(.+?)\1(?!`)/sy, make: ([, , text = ""]) => ({ type: "code", text: text.trim() }) },
  {
    // An image is a link: the page loads nothing from other servers.
    pattern:
      /!?\[((?:[^[\]]|\[[^[\]]*\])*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/y,
    make: ([, text = "", url = ""], depth) => link(url, text || url, depth),
  },
  {
    pattern: /<?(https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]])>?/y,
    make: ([, url = ""]) => link(url, url, DEPTH_MAX),
  },
  { pattern: /(?: {2,}|\\)\n/y, make: () => ({ type: "break" }) },
  mark(/\*\*(?=\S)(.+?)(?<=\S)\*\*/sy, "strong"),
  mark(/__(?=\S)(.+?)(?<=\S)__(?!\w)/sy, "strong"),
  mark(/~~(?=\S)(.+?)(?<=\S)~~/sy, "deleted"),
  mark(/\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?!\*)/sy, "emphasis"),
  mark(/_(?=[^\s_])(.+?)(?<=[^\s_])_(?!\w)/sy, "emphasis"),
];

function mark(pattern: RegExp, type: Mark): (typeof RULES)[number] {
  return { pattern, make: ([, text = ""], depth) => ({ type, content: readInline(text, depth + 1) }) };
}

function link(url: string, text: string, depth: number): Inline | null {
  const safe = safeUrl(url);
  const content: Inline[] = depth < DEPTH_MAX ? readInline(text, DEPTH_MAX - 1) : [{ type: "text", text }];
  return safe === null ? { type: "text", text } : { type: "link", url: safe, content };
}

export function readInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") found.push({ type: "text", text: plain });
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const match = depth < DEPTH_MAX && text.length <= LENGTH_MAX ? ruleAt(text, at, depth) : null;
    if (match) {
      flush();
      found.push(match.inline);
      at += match.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return found;
}

function ruleAt(text: string, at: number, depth: number): { inline: Inline; length: number } | null {
  const letter = text[at] ?? "";
  if (!"\\`![<h *_~".includes(letter)) return null;
  // A low line within a word is a part of a name.
  if (letter === "_" && /\w/.test(text[at - 1] ?? "")) return null;
  for (const { pattern, make } of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const inline = match && make(match, depth);
    if (match && inline) return { inline, length: match[0].length };
  }
  return null;
}

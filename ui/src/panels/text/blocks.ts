/** Reads markdown: headings, lists, tables, quotes, code, and what is within a line. HTML is no part of it. */
import { type Inline, readInline } from "./inline";

export type Block =
  | { type: "heading"; level: number; content: Inline[] }
  | { type: "paragraph"; content: Inline[] }
  | { type: "code"; text: string }
  | { type: "quote"; blocks: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: Block[][] }
  | { type: "table"; head: Inline[][]; rows: Inline[][][]; align: ("left" | "center" | "right" | null)[] }
  | { type: "rule" };

/** Lists in lists and quotes in quotes are read to this depth; what is deeper stays text. */
const DEPTH_MAX = 8;

interface Lines {
  lines: string[];
  at: number;
}

const FENCE = /^\s{0,3}(```+|~~~+)/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_LINE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

export function readBlocks(text: string, depth = 0): Block[] {
  const source: Lines = { lines: text.replace(/\r\n?/g, "\n").split("\n"), at: 0 };
  const blocks: Block[] = [];
  while (source.at < source.lines.length) {
    const block = readBlock(source, depth);
    if (block) blocks.push(block);
  }
  return blocks;
}

function readBlock(source: Lines, depth: number): Block | null {
  const line = source.lines[source.at] ?? "";
  if (line.trim() === "") {
    source.at += 1;
    return null;
  }
  const heading = HEADING.exec(line);
  if (heading) {
    source.at += 1;
    return { type: "heading", level: heading[1]?.length ?? 1, content: readInline(heading[2] ?? "") };
  }
  if (RULE.test(line)) {
    source.at += 1;
    return { type: "rule" };
  }
  if (FENCE.test(line)) return readCode(source);
  if (depth < DEPTH_MAX && QUOTE.test(line)) {
    const inner = take(source, (one) => QUOTE.test(one)).map((one) => one.replace(QUOTE, ""));
    return { type: "quote", blocks: readBlocks(inner.join("\n"), depth + 1) };
  }
  if (depth < DEPTH_MAX && ITEM.test(line)) return readList(source, depth);
  if (line.includes("|") && TABLE_LINE.test(source.lines[source.at + 1] ?? "")) return readTable(source);
  return readParagraph(source);
}

function take(source: Lines, wanted: (line: string) => boolean): string[] {
  const from = source.at;
  while (source.at < source.lines.length && wanted(source.lines[source.at] ?? "")) source.at += 1;
  return source.lines.slice(from, source.at);
}

function readCode(source: Lines): Block {
  const fence = FENCE.exec(source.lines[source.at] ?? "")?.[1] ?? "```";
  source.at += 1;
  const lines = take(source, (line) => !line.trim().startsWith(fence));
  source.at += 1;
  return { type: "code", text: lines.join("\n") };
}

function readParagraph(source: Lines): Block {
  const first = source.lines[source.at] ?? "";
  source.at += 1;
  const rest = take(
    source,
    (line) =>
      line.trim() !== "" &&
      !HEADING.test(line) &&
      !FENCE.test(line) &&
      !QUOTE.test(line) &&
      !ITEM.test(line) &&
      !RULE.test(line),
  );
  return {
    type: "paragraph",
    content: readInline([first, ...rest].map((line) => line.trimStart()).join("\n")),
  };
}

/** Lines that are indented more than the mark of an item belong to it. */
function readList(source: Lines, depth: number): Block {
  const [, indent = "", mark = ""] = ITEM.exec(source.lines[source.at] ?? "") ?? [];
  const ordered = /\d/.test(mark);
  const items: string[][] = [];
  let blank = false;
  while (source.at < source.lines.length) {
    const line = source.lines[source.at] ?? "";
    const item = ITEM.exec(line);
    const deep = (/^\s*/.exec(line)?.[0].length ?? 0) > indent.length;
    if (line.trim() === "") blank = true;
    else if (item && !deep && /\d/.test(item[2] ?? "") === ordered) items.push([item[3] ?? ""]);
    else if (deep || (!item && !blank && !HEADING.test(line) && !FENCE.test(line)))
      items.at(-1)?.push(line.replace(new RegExp(`^\\s{0,${indent.length + mark.length + 1}}`), ""));
    else break;
    if (line.trim() === "") items.at(-1)?.push("");
    else blank = false;
    source.at += 1;
  }
  return {
    type: "list",
    ordered,
    start: ordered ? Number.parseInt(mark, 10) : 1,
    items: items.map((lines) => readBlocks(lines.join("\n").trimEnd(), depth + 1)),
  };
}

function readTable(source: Lines): Block {
  const [head = "", marks = "", ...rows] = take(source, (line) => line.includes("|"));
  const align = cellsOf(marks).map((mark) =>
    mark.startsWith(":") && mark.endsWith(":")
      ? "center"
      : mark.endsWith(":")
        ? "right"
        : mark.startsWith(":")
          ? "left"
          : null,
  );
  return {
    type: "table",
    align,
    head: cellsOf(head).map(readInline),
    rows: rows.map((row) => cellsOf(row).map(readInline)),
  };
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

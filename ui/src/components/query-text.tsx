/** A query of PromQL or LogQL as text in colours, where an editor would be too much. */
import { parametersOf } from "../editor/promql-terms";
import classes from "./query-text.module.css";

type Kind = "string" | "number" | "keyword" | "function" | "label" | "comment" | "other";

const TOKEN =
  /("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)|(#[^\n]*)|(\d[\w.]*)|([A-Za-z_:][\w:.]*)|([\s\S])/g;
const KEYWORDS = new Set(
  "by without on ignoring group_left group_right and or unless offset bool atan2 json logfmt unwrap line_format label_format regexp pattern unpack decolorize drop keep ip".split(
    " ",
  ),
);
/** Functions that only LogQL has. */
const LOG_FUNCTIONS = new Set(["bytes_over_time", "bytes_rate", "rate_counter", "duration", "bytes"]);
const LENGTH_MAX = 10_000;

export function tokensOf(query: string): { kind: Kind; text: string }[] {
  const found: { kind: Kind; text: string }[] = [];
  let braces = 0;
  for (const match of query.slice(0, LENGTH_MAX).matchAll(TOKEN)) {
    const [text, string, comment, number, word] = match;
    if (text === "{") braces += 1;
    if (text === "}") braces -= 1;
    const kind: Kind = string
      ? "string"
      : comment
        ? "comment"
        : number
          ? "number"
          : word
            ? kindOf(word, braces > 0)
            : "other";
    const last = found.at(-1);
    if (last?.kind === kind && kind === "other") last.text += text;
    else found.push({ kind, text });
  }
  return found;
}

function kindOf(word: string, inBraces: boolean): Kind {
  if (inBraces) return "label";
  if (KEYWORDS.has(word)) return "keyword";
  return parametersOf(word) !== undefined || LOG_FUNCTIONS.has(word) ? "function" : "other";
}

export function QueryText({ query }: { query: string }) {
  return (
    <code className={classes.query}>
      {tokensOf(query).map(({ kind, text }, index) =>
        kind === "other" ? (
          text
        ) : (
          <span key={index} data-kind={kind}>
            {text}
          </span>
        ),
      )}
      {query.length > LENGTH_MAX && query.slice(LENGTH_MAX)}
    </code>
  );
}

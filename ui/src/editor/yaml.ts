/** YAML, without a grammar: its tokens are enough for colours. */
import { LanguageSupport, StreamLanguage, type StringStream } from "@codemirror/language";

const TOKENS: [RegExp, string | null][] = [
  [/^#.*/, "comment"],
  [/^(?:[\w.-]+|"(?:[^"\\]|\\.)*"|'[^']*')(?=\s*:(?:\s|$))/, "propertyName"],
  [/^"(?:[^"\\]|\\.)*"?/, "string"],
  [/^'[^']*'?/, "string"],
  [/^-?\d[\d.]*(?:e[+-]?\d+)?(?=[\s,\]}]|$)/i, "number"],
  [/^(?:true|false|null)(?=[\s,\]}]|$)/, "bool"],
  [/^[{}[\]]/, "bracket"],
  [/^(?:-(?=\s)|[:|>,])/, "punctuation"],
  [/^\s+/, null],
  [/^[\w./$-]+/, null],
];

function token(stream: StringStream): string | null {
  for (const [pattern, name] of TOKENS) if (stream.match(pattern)) return name;
  stream.next();
  return null;
}

export function yaml(): LanguageSupport {
  return new LanguageSupport(StreamLanguage.define({ name: "yaml", token }));
}

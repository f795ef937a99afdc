/** JSON, without a grammar: its tokens are enough for colours and matching brackets. */
import { LanguageSupport, StreamLanguage, type StringStream } from "@codemirror/language";

const TOKENS: [RegExp, string | null][] = [
  [/^"(?:[^"\\]|\\.)*"(?=\s*:)/, "propertyName"],
  [/^"(?:[^"\\]|\\.)*"?/, "string"],
  [/^-?\d[\d.eE+-]*/, "number"],
  [/^(?:true|false|null)\b/, "bool"],
  [/^[{}[\]]/, "bracket"],
  [/^[:,]/, "punctuation"],
  [/^\s+/, null],
];

function token(stream: StringStream): string | null {
  for (const [pattern, name] of TOKENS) if (stream.match(pattern)) return name;
  stream.next();
  return null;
}

export function json(): LanguageSupport {
  return new LanguageSupport(StreamLanguage.define({ name: "json", token }));
}

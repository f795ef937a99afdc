/** TraceQL: highlighting by Grafana's grammar, completion from the Tempo API. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { LanguageSupport, LRLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { parser } from "@grafana/lezer-traceql";
import { styleTags, tags } from "@lezer/highlight";
import { tagNames, tagValues } from "../api/tempo";
import { cached } from "./completions";

const language = LRLanguage.define({
  name: "traceql",
  parser: parser.configure({
    props: [
      styleTags({
        "IntrinsicField Parent": tags.keyword,
        "Resource Span Event Link Instrumentation": tags.typeName,
        "AttributeField/Identifier Identifier": tags.labelName,
        String: tags.string,
        "Integer Float Duration": tags.number,
        "FieldOp ComparisonOp And Or Gt Lt Desc Anc Pipe ScalarOp": tags.operator,
        "Aggregate AggregateExpression GroupOperation SelectOperation": tags.function(tags.variableName),
        "MetricsOperationBasicType MetricsOverTimeType With": tags.function(tags.variableName),
        "LineComment BlockComment": tags.comment,
      }),
    ],
  }),
  languageData: { closeBrackets: { brackets: ["(", "{", '"', "`"] }, commentTokens: { line: "//" } },
});

const INTRINSICS: Completion[] = [
  ["name", "span name"],
  ["status", "error, ok or unset"],
  ["statusMessage", "status message"],
  ["duration", "duration of the span"],
  ["kind", "server, client, internal, producer, consumer"],
  ["rootName", "name of the root span"],
  ["rootServiceName", "service of the root span"],
  ["traceDuration", "duration of the trace"],
].map(([label, detail]) => ({ label: label ?? "", detail: detail ?? "", type: "keyword", boost: 1 }));

const WORDS: Record<string, string[]> = {
  status: ["error", "ok", "unset"],
  kind: ["server", "client", "internal", "producer", "consumer"],
};

export function traceql(): Extension {
  return new LanguageSupport(language, language.data.of({ autocomplete: complete }));
}

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 600), context.pos);
  if (before.lastIndexOf("{") <= before.lastIndexOf("}")) return null;
  const value = /([\w.:-]+)\s*(?:=~|!~|=|!=)\s*("?)([^"\s&|}]*)$/.exec(before);
  if (value?.[1]) {
    const [, name = "", quote = "", typed = ""] = value;
    const words = WORDS[name];
    const options = words
      ? words.map((label) => ({ label, type: "keyword" }))
      : (await cached(`traceql value ${name}`, () => tagValues(name), [])).map((item) => {
          const bare = quote || ["int", "float", "bool", "keyword", "duration"].includes(item.type);
          return { label: item.value, type: "text", apply: bare ? item.value : JSON.stringify(item.value) };
        });
    return { from: context.pos - typed.length, options, validFor: /^[^"\s&|}]*$/ };
  }
  const word = /[\w.:]*$/.exec(before)?.[0] ?? "";
  if (!word && !context.explicit && !/[{&|(]\s*$/.test(before)) return null;
  const scopes = await cached("traceql tags", () => tagNames(), []);
  const attributes = scopes
    .filter((scope) => scope.name !== "intrinsic")
    .flatMap((scope) =>
      scope.tags.map((tag): Completion => ({ label: `${scope.name}.${tag}`, type: "property" })),
    );
  return { from: context.pos - word.length, options: [...INTRINSICS, ...attributes], validFor: /^[\w.:]*$/ };
}

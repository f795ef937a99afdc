/** LogQL: highlighting by Grafana's grammar, completion from the Loki API. */
import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { LanguageSupport, LRLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { parser } from "@grafana/lezer-logql";
import { styleTags, tags } from "@lezer/highlight";
import { type CompletionSources, cached } from "./completions";

const FUNCTIONS =
  "CountOverTime Rate RateCounter BytesOverTime BytesRate AvgOverTime SumOverTime MinOverTime MaxOverTime " +
  "StddevOverTime StdvarOverTime QuantileOverTime FirstOverTime LastOverTime AbsentOverTime " +
  "Sum Avg Count Max Min Stddev Stdvar Bottomk Topk Sort Sort_Desc Approx_Topk LabelReplace Vector";

const language = LRLanguage.define({
  name: "logql",
  parser: parser.configure({
    props: [
      styleTags({
        [FUNCTIONS]: tags.function(tags.variableName),
        "Json Logfmt Unpack Pattern Regexp Unwrap LabelFormat LineFormat Decolorize Drop Keep": tags.keyword,
        "By Without On Ignoring GroupLeft GroupRight Bool Offset And Or Unless": tags.keyword,
        String: tags.string,
        "Number Duration Bytes": tags.number,
        Identifier: tags.labelName,
        "Eq Neq Re Nre Eql Gtr Gte Lss Lte PipeExact PipeMatch PipePattern Npa Pipe": tags.operator,
        LineComment: tags.lineComment,
      }),
    ],
  }),
  languageData: { closeBrackets: { brackets: ["(", "[", "{", '"', "`"] }, commentTokens: { line: "#" } },
});

const STAGES: Completion[] = [
  { label: "json", type: "keyword", detail: "parse the line as JSON" },
  { label: "logfmt", type: "keyword", detail: "parse key=value pairs" },
  snippetCompletion('pattern "#{<_> <name>}"', { label: "pattern", detail: "parse by a pattern" }),
  snippetCompletion('regexp "#{(?P<name>.*)}"', { label: "regexp", detail: "parse by an expression" }),
  snippetCompletion('line_format "#{{{.field}}}"', { label: "line_format", detail: "rewrite the line" }),
  snippetCompletion("label_format #{new}=#{old}", { label: "label_format", detail: "rename a label" }),
  snippetCompletion('trace_id="#{}"', { label: "trace_id", detail: "lines of one trace" }),
  snippetCompletion('detected_level="#{error}"', { label: "detected_level", detail: "lines of one level" }),
];

const METRICS: Completion[] = [
  "count_over_time",
  "rate",
  "bytes_over_time",
  "bytes_rate",
  "sum",
  "avg",
  "max",
  "min",
  "topk",
].map((label) => ({ label, type: "function" }));

export function logql(sources: CompletionSources): Extension {
  return new LanguageSupport(
    language,
    language.data.of({ autocomplete: (context: CompletionContext) => complete(context, sources) }),
  );
}

async function complete(
  context: CompletionContext,
  sources: CompletionSources,
): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 600), context.pos);
  const inSelector = before.lastIndexOf("{") > before.lastIndexOf("}");
  const value = /([A-Za-z_]\w*)\s*(?:=~|!~|=|!=)\s*"([^"]*)$/.exec(before);
  if (inSelector && value?.[1] && sources.labelValues) {
    const name = value[1];
    const fetch = sources.labelValues;
    const values = await cached(`logql value ${name}`, () => fetch(name), []);
    return {
      from: context.pos - (value[2]?.length ?? 0),
      options: values.slice(0, 2_000).map((label) => ({ label, type: "text" })),
      validFor: /^[^"]*$/,
    };
  }
  const word = /[A-Za-z_]*$/.exec(before)?.[0] ?? "";
  const from = context.pos - word.length;
  if (inSelector && /[{,]\s*\w*$/.test(before) && sources.labels) {
    const names = await cached("logql labels", sources.labels, []);
    return {
      from,
      options: names.map((label) => ({ label, type: "property", apply: `${label}=` })),
      validFor: /^\w*$/,
    };
  }
  if (!inSelector && /\|\s*\w*$/.test(before)) {
    const options = [...STAGES, ...(await fields(before, sources))];
    return { from, options, validFor: /^\w*$/ };
  }
  if (!inSelector && /(^|\()\s*\w+$/.test(before)) return { from, options: METRICS, validFor: /^\w*$/ };
  return null;
}

/** The fields of the lines that reach the stage at the end of the text. */
async function fields(before: string, { fields: fetch }: CompletionSources): Promise<Completion[]> {
  const pipe = before.lastIndexOf("|");
  const selector = [...before.slice(0, pipe).matchAll(/\{\s*\w+\s*[=!]/g)].at(-1);
  if (!fetch || !selector) return [];
  const query = before.slice(selector.index, pipe).trim();
  const names = await cached(`logql fields ${query}`, () => fetch(query), []);
  return names
    .filter((name) => !STAGES.some(({ label }) => label === name))
    .map((label, index) => ({
      label,
      type: "property",
      apply: `${label}=`,
      boost: -1 - index / names.length,
    }));
}

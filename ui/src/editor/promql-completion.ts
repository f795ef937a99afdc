/**
 * Completion for PromQL. Labels, their values and ranges are completed here, from the series that the query
 * selects; metric names, functions and keywords by Prometheus' grammar, with our metadata and signatures.
 */
import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
  startCompletion,
} from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import { type CompleteStrategy, newCompleteStrategy } from "@prometheus-io/codemirror-promql";
import { type CompletionSources, cached, type KnownMetric } from "./completions";
import { type Place, placeAt } from "./promql-place";
import { KEYWORDS, parametersOf, RANGES } from "./promql-terms";

const VALUES_MAX = 2_000;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function promqlCompletion(sources: CompletionSources): CompleteStrategy {
  const metrics = async () => (sources.metrics ? cached("promql metrics", sources.metrics, []) : []);
  const grammar = newCompleteStrategy({
    remote: {
      metricNames: async () => (await metrics()).map(({ name }) => name),
      metricMetadata: async () => ({}),
      labelNames: async () => [],
      labelValues: async () => [],
      series: async () => [],
      flags: async () => ({}),
    },
  });
  return {
    promQL: async (context) => {
      const place = placeAt(context.state, context.pos);
      if (place) return completePlace(place, sources);
      const before = context.matchBefore(/[a-zA-Z_:][\w:]*/);
      if (!before && !context.explicit && !/[({,]\s*$/.test(textBefore(context))) return null;
      const found = await grammar.promQL(context);
      if (!found) return null;
      const known = new Map((await metrics()).map((metric) => [metric.name, metric]));
      return { ...found, options: found.options.flatMap((option) => described(option, known)) };
    },
  };
}

function textBefore(context: CompletionContext): string {
  return context.state.sliceDoc(Math.max(0, context.pos - 50), context.pos);
}

/** An option of the grammar with the type and help of its metric, or with the parameters of its function. */
function described(option: Completion, known: Map<string, KnownMetric>): Completion[] {
  if (option.type === "constant") {
    const metric = known.get(option.label);
    return [metric ? metricOption(metric) : option];
  }
  const parameters = parametersOf(option.label);
  if (parameters !== undefined) {
    const apply = (view: EditorView, chosen: Completion, from: number, to: number) =>
      applyFunction(view, chosen, { from, to }, parameters !== "");
    const info = typeof option.info === "string" ? option.info : "";
    const signature = `${option.label}(${parameters})`;
    return [
      { ...option, type: "function", detail: `(${parameters})`, info: `${signature}\n${info}`.trim(), apply },
    ];
  }
  // A function without known parameters is one that the server does not have.
  if (option.detail === "function" || option.detail === "aggregation") return [];
  const keyword = KEYWORDS[option.label];
  return [keyword ? { type: "keyword", info: keyword, ...option } : option];
}

function metricOption({ name, type, unit, help }: KnownMetric): Completion {
  const details = [help, unit && `Unit: ${unit}`].filter(Boolean).join("\n");
  return {
    label: name,
    type: "constant",
    ...(type ? { detail: type } : {}),
    ...(details ? { info: details } : {}),
    ...(/^[a-zA-Z_:][\w:]*$/.test(name) ? {} : { apply: `{${JSON.stringify(name)}}` }),
  };
}

async function completePlace(place: Place, sources: CompletionSources): Promise<CompletionResult | null> {
  const { from, to } = place;
  switch (place.kind) {
    case "range": {
      const options = RANGES.map(([label, detail], index) => ({ label, detail, boost: -index }));
      return { from, to, options, validFor: /^\$?\w*$/ };
    }
    case "label": {
      const options = (await labelNames(place, sources))
        .filter((name) => !place.taken.includes(name))
        .map((name) => labelOption(name, place.grouping));
      return { from, to, options, validFor: /^\w*$/ };
    }
    case "value": {
      const values = await labelValues(place, sources);
      const options = values.slice(0, VALUES_MAX).map((label) => ({
        label,
        type: "text",
        apply: escaped(label, place.quote, place.regex),
      }));
      return { from, to, options, validFor: place.regex ? /^[^"'`|]*$/ : /^[^"'`]*$/ };
    }
  }
}

async function labelNames(place: Place & { kind: "label" }, sources: CompletionSources): Promise<string[]> {
  const { labels } = sources;
  if (!labels) return [];
  const { selectors } = place;
  return cached(`promql labels ${selectors.join(" ")}`, () => labels(selectors), []);
}

async function labelValues(place: Place & { kind: "value" }, sources: CompletionSources): Promise<string[]> {
  const fetch = sources.labelValues;
  if (!fetch) return [];
  const { label, selectors } = place;
  return cached(`promql values ${label} ${selectors.join(" ")}`, () => fetch(label, selectors), []);
}

function labelOption(name: string, grouping: boolean): Completion {
  const written = NAME.test(name) ? name : JSON.stringify(name);
  const option = { label: name, type: "property", boost: name === "__name__" ? -1 : 0 };
  if (grouping) return { ...option, apply: written };
  return {
    ...option,
    apply: (view, chosen, from, to) => {
      // A matcher that already has its operator keeps it.
      const bare = /^\s*(=|!)/.test(view.state.sliceDoc(to, to + 20));
      insert(view, chosen, { from, to }, bare ? written : `${written}=""`, bare ? 0 : 1);
      if (!bare) startCompletion(view);
    },
  };
}

function applyFunction(
  view: EditorView,
  chosen: Completion,
  { from, to }: { from: number; to: number },
  takesParameters: boolean,
): void {
  const called = view.state.sliceDoc(to, to + 1) === "(";
  const text = called ? chosen.label : `${chosen.label}()`;
  insert(view, chosen, { from, to }, text, called || !takesParameters ? 0 : 1);
}

/** Inserts a text, with the cursor `back` characters before its end. */
function insert(
  view: EditorView,
  chosen: Completion,
  { from, to }: { from: number; to: number },
  text: string,
  back: number,
): void {
  view.dispatch({
    changes: { from, to, insert: text },
    selection: { anchor: from + text.length - back },
    annotations: pickedCompletion.of(chosen),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

/** A label value as the text of a string; as a pattern that matches only it when `regex`. */
function escaped(value: string, quote: string, regex: boolean): string {
  const text = regex ? value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : value;
  if (quote === "`") return text;
  return text.replace(/\\/g, "\\\\").replaceAll(quote, `\\${quote}`).replace(/\n/g, "\\n");
}

/** CodeMirror for queries: theme, key bindings, and a marker where the server found an error. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { CompletionSources } from "./completions";

export type LanguageName = "promql" | "logql" | "traceql" | "sql";

/** What is edited: a query, the JSON of a dashboard, or a file of rules. */
export type EditedLanguage = LanguageName | "json" | "yaml";

/** Where the server found an error; line and column from 1. */
export interface ErrorPosition {
  line: number;
  column: number;
  /** Shown when the pointer is over the marked text. */
  message?: string;
}

export interface QueryView {
  setText: (text: string) => void;
  setErrorPosition: (position: ErrorPosition | null) => void;
  focus: () => void;
  close: () => void;
}

interface Options {
  text: string;
  language: Extension;
  label: string;
  placeholder: string;
  rows: number;
  onChange: (text: string) => void;
  onRun: () => void;
}

/** Grammar and completion of a language. Each is loaded only when it is used. */
export async function loadLanguage(name: EditedLanguage, sources: CompletionSources): Promise<Extension> {
  switch (name) {
    case "promql":
      return (await import("./promql")).promql(sources);
    case "logql":
      return (await import("./logql")).logql(sources);
    case "traceql":
      return (await import("./traceql")).traceql();
    case "sql":
      return (await import("./sql")).sqlLanguage(sources);
    case "json":
      return (await import("./json")).json();
    case "yaml":
      return (await import("./yaml")).yaml();
  }
}

const setErrorMarker = StateEffect.define<{ at: number; message: string } | null>();

/** The word, number or string at the error; a single character when it is none of these. */
const TOKEN = /^(?:[$\w:.]+|"[^"\n]*"?)/;

const errorMarker = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    for (const effect of transaction.effects) {
      if (!effect.is(setErrorMarker)) continue;
      const { value } = effect;
      if (value === null || transaction.newDoc.length === 0) return Decoration.none;
      const from = Math.min(value.at, transaction.newDoc.length - 1);
      const length = TOKEN.exec(transaction.newDoc.sliceString(from))?.[0].length ?? 1;
      const attributes = { title: value.message };
      return Decoration.set(
        Decoration.mark({ class: "cm-query-error", attributes }).range(from, from + length),
      );
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function openEditor(parent: HTMLElement, options: Options): QueryView {
  let silent = false;
  const run = (target: EditorView) => {
    // The options would stay open over the result.
    closeCompletion(target);
    options.onRun();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: "Mod-Enter", run },
            { key: "Shift-Enter", run },
            { key: "Tab", run: acceptCompletion },
            // Escape removes the focus, so that the shortcuts of the page work again.
            {
              key: "Escape",
              run: (target) => {
                if (target.dom.querySelector(".cm-tooltip-autocomplete")) return false;
                target.contentDOM.blur();
                return true;
              },
            },
          ]),
        ),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false, maxRenderedOptions: 60 }),
        keymap.of([
          ...closeBracketsKeymap,
          ...historyKeymap,
          { key: "Enter", run: insertNewlineAndIndent },
          ...defaultKeymap.filter((binding) => binding.key !== "Mod-Enter" && binding.key !== "Enter"),
        ]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": options.label,
          spellcheck: "false",
          autocorrect: "off",
        }),
        placeholder(options.placeholder),
        syntaxHighlighting(highlightStyle),
        editorTheme(options.rows),
        errorMarker,
        options.language,
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !silent) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText: (text) => {
      if (view.state.doc.toString() === text) return;
      silent = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      silent = false;
    },
    setErrorPosition: (position) => {
      const { doc } = view.state;
      const line = position ? doc.line(Math.min(Math.max(1, position.line), doc.lines)) : null;
      if (!line || !position) return view.dispatch({ effects: setErrorMarker.of(null) });
      const at = Math.min(line.from + position.column - 1, line.to);
      view.dispatch({ effects: setErrorMarker.of({ at, message: position.message ?? "" }) });
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}

const highlightStyle = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--gh-syntax-keyword)" },
  { tag: [tags.function(tags.variableName), tags.standard(tags.name)], color: "var(--gh-syntax-function)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--gh-syntax-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.unit], color: "var(--gh-syntax-number)" },
  { tag: [tags.labelName, tags.propertyName, tags.attributeName], color: "var(--gh-syntax-label)" },
  { tag: [tags.operator, tags.punctuation, tags.bracket], color: "var(--gh-syntax-operator)" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--gh-faint)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--gh-syntax-keyword)" },
]);

function editorTheme(rows: number): Extension {
  return EditorView.theme({
    "&": { fontSize: "12.5px", color: "var(--gh-text)", backgroundColor: "transparent" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--gh-mono)", lineHeight: "1.55", fontVariantLigatures: "none" },
    ".cm-content": { padding: "5px 0", minHeight: `${rows * 19.4}px`, caretColor: "var(--gh-accent)" },
    ".cm-line": { padding: "0 10px" },
    ".cm-placeholder": { color: "var(--gh-faint)" },
    ".cm-cursor": { borderLeftColor: "var(--gh-accent)" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": {
      backgroundColor: "var(--gh-accent-soft) !important",
    },
    ".cm-matchingBracket": { backgroundColor: "transparent" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--gh-accent-soft)" },
    ".cm-query-error": {
      textDecoration: "underline wavy var(--gh-error)",
      backgroundColor: "var(--gh-error-soft)",
    },
    // CodeMirror underlines with a data: image, which the content security policy forbids.
    ".cm-lintRange": { backgroundImage: "none", textDecoration: "underline wavy var(--gh-error)" },
    ".cm-tooltip": {
      backgroundColor: "var(--gh-raised)",
      border: "1px solid var(--gh-line-strong)",
      borderRadius: "var(--gh-radius)",
      boxShadow: "var(--gh-shadow)",
      overflow: "hidden",
      zIndex: "50",
    },
    // The details of an option are beside the list, but within its element.
    ".cm-tooltip.cm-tooltip-autocomplete": { overflow: "visible" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": {
      fontFamily: "var(--gh-mono)",
      maxHeight: "260px",
      maxWidth: "min(560px, 60vw)",
    },
    ".cm-completionLabel, .cm-completionDetail": {
      overflow: "hidden",
      textOverflow: "ellipsis",
      whiteSpace: "nowrap",
    },
    ".cm-completionLabel": { flexShrink: "1" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
      padding: "3px 10px",
      color: "var(--gh-text)",
      display: "flex",
      alignItems: "baseline",
    },
    ".cm-tooltip-autocomplete ul li[aria-selected]": {
      backgroundColor: "var(--gh-accent-soft)",
      color: "var(--gh-text)",
    },
    ".cm-completionMatchedText": { textDecoration: "none", color: "var(--gh-accent)" },
    ".cm-completionDetail": {
      color: "var(--gh-faint)",
      fontStyle: "normal",
      marginLeft: "auto",
      flexShrink: "999",
      paddingLeft: "16px",
      fontSize: "11.5px",
    },
    ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "var(--gh-dim)" },
    ".cm-tooltip.cm-completionInfo": {
      padding: "8px 10px",
      maxWidth: "300px",
      fontSize: "12px",
      whiteSpace: "pre-line",
    },
    ".cm-diagnostic": { padding: "6px 10px", fontSize: "12px" },
  });
}

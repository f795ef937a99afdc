/** Inserts text at the cursor of the query editor. */

export interface Change {
  from: number;
  to: number;
  insert: string;
}

/**
 * The change that puts a text in place of the selection, apart from the words around it. Nothing is inserted before the
 * first word of a query: there the cursor is of an editor that nobody has used yet.
 */
export function insertion(query: string, selected: { from: number; to: number }, text: string): Change {
  const { from, to } = selected.to === 0 ? { from: query.length, to: query.length } : selected;
  const before = /[\w")]$/.test(query.slice(0, from)) ? " " : "";
  const after = /^[\w"]/.test(query.slice(to)) ? " " : "";
  return { from, to, insert: `${before}${text}${after}` };
}

/**
 * Inserts into the editor within `host`, which is a plain text area until CodeMirror is loaded. The editor reports the
 * change as if the text had been typed.
 */
export async function insertAtCursor(host: HTMLElement, text: string): Promise<void> {
  const area = host.querySelector("textarea");
  if (area) {
    const selected = { from: area.selectionStart, to: area.selectionEnd };
    const { from, to, insert } = insertion(area.value, selected, text);
    area.focus();
    area.setRangeText(insert, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  // The editor has loaded it already.
  const { EditorView } = await import("@codemirror/view");
  const content = host.querySelector<HTMLElement>(".cm-content");
  const view = content && EditorView.findFromDOM(content);
  if (!view) return;
  const changes = insertion(view.state.doc.toString(), view.state.selection.main, text);
  view.dispatch({ changes, selection: { anchor: changes.from + changes.insert.length } });
  view.focus();
}

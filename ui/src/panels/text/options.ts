/** The options of the text panel. */
import { record, string } from "../../api/decode";

export interface TextOptions {
  /** Code is shown as it is. HTML is read as markdown. */
  mode: "markdown" | "code";
  content: string;
}

export function readTextOptions(value: unknown): TextOptions {
  const { mode, content } = record(value);
  return { mode: mode === "code" ? "code" : "markdown", content: string(content) };
}

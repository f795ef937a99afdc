import { CompletionContext, type CompletionResult, type CompletionSource } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { beforeEach, describe, expect, it } from "vitest";
import { clearCache } from "./completions";
import { logql } from "./logql";

const asked: string[] = [];
const SOURCES = {
  fields: async (query: string) => {
    asked.push(query);
    return ["service_name", "trace_id", "error_type"];
  },
};

/** The labels that are offered at the end of the text. */
async function labels(text: string): Promise<string[]> {
  const state = EditorState.create({ doc: text, extensions: [logql(SOURCES)] });
  const [complete] = state.languageDataAt<CompletionSource>("autocomplete", text.length);
  const found: CompletionResult | null | undefined = await complete?.(
    new CompletionContext(state, text.length, true),
  );
  return (found?.options ?? []).map(({ label }) => label);
}

describe("completion after a pipe of LogQL", () => {
  beforeEach(() => {
    clearCache();
    asked.length = 0;
  });
  it.each([
    ['{service_name="api"} | ', '{service_name="api"}'],
    ['{service_name="api"} |= "x" | json | err', '{service_name="api"} |= "x" | json'],
    ['sum(rate({a="b"}[5m])) / sum(rate({a!="b"} | ', '{a!="b"}'],
    ['{a="b"} | line_format "{{.x}}" | ', '{a="b"} | line_format "{{.x}}"'],
  ])("offers stages, and the fields of the lines so far: %s", async (text, query) => {
    const found = await labels(text);
    expect(asked).toEqual([query]);
    expect(found).toContain("logfmt");
    expect(found.filter((label) => label === "trace_id")).toHaveLength(1);
    expect(found.slice(-2)).toEqual(["service_name", "error_type"]);
  });
  it("offers stages alone where no selector is", async () => {
    expect(await labels("| ")).toContain("json");
    expect(asked).toEqual([]);
  });
});

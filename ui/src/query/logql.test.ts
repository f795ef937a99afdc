import { describe, expect, it } from "vitest";
import {
  levelIn,
  levelOf,
  lineText,
  oneLine,
  type ReadLine,
  readLines,
  splitAtMatches,
} from "../panels/logs/line";
import {
  groupedBy,
  isLineQuery,
  parsedName,
  searchTerms,
  volumeQuery,
  withFilter,
  withLevelToggled,
  withoutLabel,
} from "./logql";

describe("a filter that is added", () => {
  it.each([
    // stream labels go into the selector
    ['{a="1"}', "stream", "b", "2", true, '{a="1", b="2"}'],
    ['{a="1"} |= "x"', "stream", "b", "2", false, '{a="1", b!="2"} |= "x"'],
    ['{a="1"}', "stream", "a", "2", true, '{a="2"}'],
    ['{service_name=~".+"}', "stream", "service_name", "x", true, '{service_name="x"}'],
    ['{a="1", b="2"}', "stream", "b", "2", false, '{a="1", b!="2"}'],
    ['{a="1"}', "stream", "a", "1", false, '{service_name=~".+", a!="1"}'],
    ['{a="x}y", b=~`c}d`}', "stream", "e", 'q"u', true, '{a="x}y", b=~`c}d`, e="q\\"u"}'],
    // structured metadata follows the pipeline
    ['{a="1"}', "metadata", "trace_id", "ff", true, '{a="1"} | trace_id="ff"'],
    ['{a="1"} | trace_id!="ff"', "metadata", "trace_id", "ff", true, '{a="1"} | trace_id="ff"'],
    ['{a="1"} | trace_id="ff"', "metadata", "trace_id", "ff", true, '{a="1"} | trace_id="ff"'],
    // fields of the line need the parser, which is added once
    ['{a="1"}', "json", "http.status", "500", true, '{a="1"} | json | http_status="500"'],
    ['{a="1"} | json', "json", "model", "x", false, '{a="1"} | json | model!="x"'],
    ['{a="1"} | logfmt', "parsed", "level", "warn", true, '{a="1"} | logfmt | level="warn"'],
    // a filter of a metric query leads to its lines
    ['sum(rate({a="1"}[5m]))', "stream", "b", "2", true, '{a="1", b="2"}'],
    [
      'sum by (x) (count_over_time({a="}["} | x!="" [1m]))',
      "metadata",
      "x",
      "2",
      true,
      '{a="}["} | x!="" | x="2"',
    ],
    ['sum(sum_over_time({a="1"} | unwrap b [1m]))', "metadata", "x", "2", false, '{a="1"} | x!="2"'],
    ["vector(1)", "metadata", "x", "2", true, '{service_name=~".+"} | x="2"'],
  ] as const)("%s + %s %s=%s (%s) is %s", (query, kind, name, value, keep, expected) => {
    expect(withFilter(query, { kind, name, value }, keep)).toBe(expected);
  });
});

describe("lines that are grouped", () => {
  it.each([
    ['{a="1"}', "stream", "a", 'sum by (a) (count_over_time({a="1"} [1m]))'],
    ['{a="1"}', "metadata", "b", 'sum by (b) (count_over_time({a="1"} | b!="" [1m]))'],
    [
      '{a="1"}',
      "json",
      "http.status",
      'sum by (http_status) (count_over_time({a="1"} | json | http_status!="" [1m]))',
    ],
    [
      'sum by (a) (rate({a="1"} |= "[" [5m]))',
      "metadata",
      "b",
      'sum by (b) (count_over_time({a="1"} |= "[" | b!="" [1m]))',
    ],
  ] as const)("%s by %s %s is counted by it", (query, kind, name, expected) => {
    expect(groupedBy(query, { kind, name }, "1m")).toBe(expected);
  });
});

describe("a filter that is taken off", () => {
  it.each([
    ['{service_name="a"} |= "x" | json', '{service_name=~".+"} |= "x" | json'],
    ['{service_name=~"a|b", c="d"}', '{c="d"}'],
    ['{c="service_name=1"}', '{c="service_name=1"}'],
  ])("of the service: %s is %s", (query, expected) => {
    expect(withoutLabel(query, "service_name")).toBe(expected);
  });
  it.each([
    ['{a="1"}', "error", '{a="1"} | detected_level="error"'],
    ['{a="1"} | detected_level="error" |= "x"', "warn", '{a="1"} |= "x" | detected_level=~"error|warn"'],
    ['{a="1"} | detected_level=~"error|warn"', "error", '{a="1"} | detected_level="warn"'],
    ['{a="1"} | detected_level="warn"', "warn", '{a="1"}'],
  ])("of the level: %s with %s toggled is %s", (query, level, expected) => {
    expect(withLevelToggled(query, level)).toBe(expected);
  });
});

describe("a query", () => {
  it("yields lines when it begins with a selector", () => {
    expect(isLineQuery('  {a="1"} | json')).toBe(true);
    expect(isLineQuery('rate({a="1"}[5m])')).toBe(false);
  });
  it("has texts to highlight", () => {
    expect(searchTerms('{a="1"} |= "x\\"y" |= `raw` != "no" |= ""')).toEqual(['x"y', "raw"]);
  });
  it("is counted by level, whatever the label of the level is", () => {
    expect(volumeQuery('{a="1"}', "1m")).toBe(
      'sum by (detected_level, level, severity_text) (count_over_time({a="1"} [1m]))',
    );
  });
  it("names fields as Loki's parsers do", () => {
    expect(["http.status-code", "1st", "ok"].map(parsedName)).toEqual(["http_status_code", "_1st", "ok"]);
  });
});

describe("a line", () => {
  const line = (text: string, metadata: Record<string, string> = {}) =>
    readLines([
      { nanos: "1", line: text, stream: { service_name: "s" }, metadata, parsed: {} },
    ])[0] as ReadLine;
  it("shows its message before its other fields", () => {
    const read = line('{"level":"WARN","msg":"slow","ms":12,"trace_id":"0af7651916cd43dd8448eb211c80319c"}');
    expect(read).toMatchObject({ level: "warn", message: "slow", rest: "ms=12", service: "s" });
    expect(read.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  });
  it("shows its attributes, and not those of what wrote it", () => {
    const metadata = {
      detected_level: "error",
      error_type: "tool_error",
      flags: "1",
      process_pid: "7",
      scope_name: "sdk",
      span_id: "b7ad6b7169203331",
      telemetry_sdk_name: "opentelemetry",
    };
    expect(line("task failed", metadata)).toMatchObject({
      message: "task failed",
      rest: "error_type=tool_error",
    });
    expect(line('{"msg":"slow","ms":12}', { tool: "search" }).rest).toBe("ms=12  tool=search");
  });
  it("is copied with its time, level, service and attributes", () => {
    const [read] = readLines([
      {
        nanos: "1795000000000000001",
        line: "task failed\n",
        stream: { service_name: "api" },
        metadata: { severity_text: "ERROR", why: 'a "b"', tool: "search" },
        parsed: {},
      },
    ]);
    expect(lineText(read as ReadLine)).toBe(
      '2026-11-18T11:06:40.000000001Z error api task failed why="a \\"b\\"" tool=search',
    );
  });
  it.each([
    ["\u001b[31mred\u001b[0m and \u001b[1;38;5;10mgreen\u001b[m", "red and green"],
    ["a \u001b]8;;http://x\u0007link\u001b]8;;\u0007", "a link"],
    ['{"msg":"\\u001b[2Kdone\\n"}', "done"],
    ["one\ntwo\n\n", "one\ntwo"],
    ["[1m is no sequence", "[1m is no sequence"],
  ])("shows %j without colours and empty lines at its end", (text, message) => {
    expect(line(text).message).toBe(message);
  });
  it("of several lines is one row, in which their ends can be seen", () => {
    expect(oneLine("one\r\n  two\n\nfour\n")).toBe("one ↵ two ↵ four");
    expect(oneLine("a  b")).toBe("a  b");
  });
  it.each(["{not json", "[1,2]", "", "null", '{"__proto__":{"x":1}}'])("survives %j", (text) => {
    expect(line(text).source.line).toBe(text);
  });
  it("is highlighted only where it matches", () => {
    expect(splitAtMatches("a<b>a+c", ["a", "a+c"])).toEqual(["", "a", "<b>", "a", "+c"]);
    expect(splitAtMatches("1+1", ["1+1"])).toEqual(["", "1+1", ""]);
  });
});

describe("a level", () => {
  it.each([
    ["ERROR", "error"],
    ["warning", "warn"],
    ["Information", "info"],
    ["critical", "fatal"],
    ["dbg", "debug"],
    ["INFO2", "info"],
  ])("%s is %s", (text, expected) => expect(levelIn(text)).toBe(expected));
  it("comes from a severity number when there is no text", () => {
    expect(levelOf({ severity_number: "17" })).toBe("error");
    expect(levelOf({ severity_number: "99" })).toBe("unknown");
  });
});

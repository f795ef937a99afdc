import { describe, expect, it } from "vitest";
import { ApiError, failure, positionIn } from "./http";
import { newestFirst, readLogs } from "./loki";

const refused = (status: number, body: unknown) =>
  failure({ status, statusText: "Bad" }, typeof body === "string" ? body : JSON.stringify(body));

describe("an error has the message of its protocol", () => {
  it.each([
    [
      "Prometheus",
      { status: "error", errorType: "bad_data", error: "1:5: parse error: x" },
      "1:5: parse error: x",
    ],
    ["Loki", "parse error at line 1, col 5: syntax error", "parse error at line 1, col 5: syntax error"],
    ["Tempo", "invalid TraceQL query: x", "invalid TraceQL query: x"],
    ["Jaeger", { data: null, errors: [{ code: 400, msg: "no service" }] }, "no service"],
    ["SQL", { error: "no table" }, "no table"],
    ["Alertmanager", '"silence not found"', "silence not found"],
    ["nothing", "", "Bad"],
    ["HTML", "<html>", "<html>"],
  ])("%s", (_protocol, body, expected) => expect(refused(400, body).message).toBe(expected));
  it("and its position in the query", () => {
    expect(positionIn(refused(400, { error: "1:5: parse error" }))).toEqual({ line: 1, column: 5 });
    expect(positionIn(refused(400, "parse error at line 3, col 7: x"))).toEqual({ line: 3, column: 7 });
    expect(positionIn(refused(400, { error: "Expected: x, found: y at Line: 1, Column: 15" }))).toEqual({
      line: 1,
      column: 15,
    });
    const inFile =
      'adopt: /etc/rules.yml:5: group "a", rule 1: could not parse expression: 1:11: parse error';
    expect(positionIn(refused(400, { error: inFile }))).toEqual({ line: 5, column: 1 });
    expect(positionIn(new Error("1:5: x"))).toBeNull();
  });
  it.each([
    [0, "unreachable"],
    [400, "rejected"],
    [404, "not-found"],
    [422, "rejected"],
    [429, "overloaded"],
    [501, "unsupported"],
    [500, "internal"],
    [503, "overloaded"],
  ])("status %d is %s", (status, kind) => expect(new ApiError("x", status).kind).toBe(kind));
});

describe("Loki's lines", () => {
  it("are newest first across streams, with nanosecond timestamps", () => {
    const answer = readLogs({
      data: {
        resultType: "streams",
        encodingFlags: ["categorize-labels"],
        result: [
          {
            stream: { a: "1" },
            values: [["1732115045678901234", "x", { structuredMetadata: { trace_id: "t" } }]],
          },
          { stream: { a: "2" }, values: [["1732115045678901235", "y"]] },
        ],
      },
    });
    expect(answer.kind === "lines" && answer.lines.map((line) => line.line)).toEqual(["y", "x"]);
    expect(answer.kind === "lines" && answer.lines[1]?.metadata).toEqual({ trace_id: "t" });
    expect(["9", "10", "10"].sort(newestFirst)).toEqual(["10", "10", "9"]);
  });
});

describe("labels of a server that merges them", () => {
  it("are distinguished by name, because only stream labels can select", () => {
    const stream = { service_name: "a", trace_id: "t", k8s_pod_name: "p" };
    const values = [["1", "x"]];
    const answer = readLogs({ data: { resultType: "streams", result: [{ stream, values }] } });
    expect(answer.kind === "lines" && answer.lines[0]).toMatchObject({
      stream: { service_name: "a", k8s_pod_name: "p" },
      metadata: { trace_id: "t" },
    });
  });
});

import { describe, expect, it } from "vitest";
import { identifier, readTrace } from "../../api/otlp";
import { criticalPath } from "./critical-path";
import { errorText } from "./error-text";
import { findRows, searchTexts } from "./find";
import { modelUse, traceUse } from "./genai";
import { ancestors, buildTree, visibleRows } from "./tree";
import { readZoom, writeZoom } from "./use-waterfall";

const ID = "0af7651916cd43dd8448eb211c80319c";
const START = 1_732_115_045_000_000_000n;

type Given = [id: number, parent: number | null, from: number, to: number, extra?: Record<string, unknown>];

const hex = (id: number) => id.toString(16).padStart(16, "0");

/** Times in nanoseconds since START. */
function traceOf(spans: Given[], service = "a") {
  return readTrace({
    batches: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: spans.map(([id, parent, from, to, extra]) => ({
              traceId: ID,
              spanId: hex(id),
              parentSpanId: parent === null ? "" : hex(parent),
              name: `s${id}`,
              startTimeUnixNano: String(START + BigInt(from)),
              endTimeUnixNano: String(START + BigInt(to)),
              ...extra,
            })),
          },
        ],
      },
    ],
  });
}

const shape = (spans: Given[]) =>
  buildTree(traceOf(spans)).rows.map((row) => `${"  ".repeat(row.depth)}${row.span.name}`);

describe("OTLP JSON", () => {
  it("has ids in hex or base64", () => {
    expect(identifier("CvdlGRbNQ92ESOshHIAxnA==", 32)).toBe(ID);
    expect(identifier(ID.toUpperCase(), 32)).toBe(ID);
    expect(identifier("AAAAAAAAAAA=", 16)).toBe("");
    expect(identifier(undefined, 16)).toBe("");
  });
  it("keeps nanoseconds that a number cannot hold", () => {
    const { spans, startNs, durationNs } = traceOf([
      [1, null, 0, 1_000],
      [2, 1, 1, 3],
    ]);
    expect(startNs).toBe(START);
    expect(durationNs).toBe(1_000);
    expect(spans[1]).toMatchObject({ offsetNs: 1, durationNs: 2 });
  });
  it("has enums as numbers or names and values of every type", () => {
    const attributes = [
      { key: "i", value: { intValue: "9007199254740993" } },
      { key: "l", value: { arrayValue: { values: [{ intValue: "1" }, { stringValue: "x" }] } } },
      { key: "m", value: { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } } },
      { key: "e", value: {} },
    ];
    const [first, second] = traceOf([
      [1, null, 0, 1, { kind: 3, status: { code: 2, message: "no" }, attributes }],
      [2, 1, 0, 1, { kind: "SPAN_KIND_SERVER", status: { code: "STATUS_CODE_OK" } }],
    ]).spans;
    expect(first).toMatchObject({ kind: "client", status: "error", statusMessage: "no" });
    expect(first?.attributes.map(({ type, text }) => [type, text])).toEqual([
      ["int", "9007199254740993"],
      ["array", '[1,"x"]'],
      ["map", '{"k":true}'],
      ["empty", ""],
    ]);
    expect(second).toMatchObject({ kind: "server", status: "ok" });
  });
  it.each([null, 3, "x", [], {}, { batches: [null, { scopeSpans: [{ spans: [null, {}] }] }] }])(
    "survives %j",
    (body) => {
      expect(() => buildTree(readTrace(body))).not.toThrow();
    },
  );
});

describe("the tree of a trace", () => {
  it("has parents before children, by start", () => {
    expect(
      shape([
        [3, 1, 50, 60],
        [2, 1, 10, 40],
        [4, 2, 20, 30],
        [1, null, 0, 100],
      ]),
    ).toEqual(["s1", "  s2", "    s4", "  s3"]);
  });
  it("keeps spans whose parent is missing, or that are their own ancestors", () => {
    expect(
      shape([
        [1, null, 0, 9],
        [2, 7, 1, 2],
        [3, 4, 3, 4],
        [4, 3, 4, 5],
        [5, 5, 6, 7],
      ]),
    ).toEqual(["s1", "s2", "s3", "  s4", "s5"]);
  });
  it("keeps every span of one id, each with a key", () => {
    const { rows, rowOf } = buildTree(
      traceOf([
        [1, null, 0, 9],
        [2, 1, 1, 5],
        [2, 1, 2, 4],
      ]),
    );
    expect(rows.map(({ key }) => key)).toEqual([hex(1), hex(2), `${hex(2)}-2`]);
    expect(rowOf.get(`${hex(2)}-2`)).toBe(2);
  });
  it("has self times, errors in subtrees and visible rows", () => {
    const tree = buildTree(
      traceOf([
        [1, null, 0, 100],
        [2, 1, 10, 50],
        [3, 1, 30, 70, { status: { code: 2 } }],
        [4, 3, 30, 40],
      ]),
    );
    expect(tree.rows.map((row) => row.selfNs)).toEqual([40, 40, 30, 10]);
    expect(tree.rows.map((row) => row.errorsBelow)).toEqual([1, 0, 0, 0]);
    expect(visibleRows(tree, new Set([2]))).toEqual([0, 1, 2]);
    expect(visibleRows(tree, new Set([0]))).toEqual([0]);
    expect(ancestors(tree, 3)).toEqual([2, 0]);
  });
  it("is built for 100,000 spans in a chain or side by side", () => {
    const chain: Given[] = Array.from({ length: 100_000 }, (_, id) => [
      id + 1,
      id === 0 ? null : id,
      id,
      200_000 - id,
    ]);
    const fan: Given[] = Array.from({ length: 100_000 }, (_, id) => [
      id + 1,
      id === 0 ? null : 1,
      id,
      id + 1,
    ]);
    expect(buildTree(traceOf(chain)).depthMax).toBe(99_999);
    expect(buildTree(traceOf(fan)).rows[0]?.children).toHaveLength(99_999);
    expect(criticalPath(buildTree(traceOf(chain))).size).toBeGreaterThan(0);
  });
});

/** B3: the client and the server side of a call share one span id. */
describe("a span id of two sides of a call", () => {
  const [client, server] = [{ kind: 3 }, { kind: 2 }];
  const shapeOf = (...traces: [service: string, spans: Given[]][]) => {
    const spans = traces.flatMap(([service, given]) => {
      const { startNs, spans } = traceOf(given, service);
      return spans.map((span) => ({ ...span, offsetNs: span.offsetNs + Number(startNs - START) }));
    });
    return buildTree({ traceId: ID, startNs: START, durationNs: 100, spans }).rows.map(
      ({ depth, span }) => `${"  ".repeat(depth)}${span.resource.service} ${span.kind} ${span.name}`,
    );
  };
  const expected = ["a server s1", "  a client s2", "    b server s2", "      b client s3"];
  it.each<[string, number | null]>([
    ["the parent of the call", 1],
    ["its own id", 2],
    ["nothing", null],
  ])("is a call with its child when the server names as its parent %s", (_case, parent) => {
    const frontend: Given[] = [
      [1, null, 0, 100, server],
      [2, 1, 10, 90, client],
    ];
    const backend: Given[] = [
      [2, parent, 20, 80, server],
      [3, 2, 30, 70, client],
    ];
    expect(shapeOf(["a", frontend], ["b", backend])).toEqual(expected);
    expect(shapeOf(["b", backend.toReversed()], ["a", frontend.toReversed()])).toEqual(expected);
  });
  it("has the spans of each service below the side of that service", () => {
    expect(
      shapeOf(
        [
          "a",
          [
            [2, null, 10, 90, client],
            [4, 2, 11, 12],
          ],
        ],
        [
          "b",
          [
            [2, null, 20, 80, server],
            [3, 2, 30, 70],
          ],
        ],
        ["c", [[5, 2, 40, 50, server]]],
      ),
    ).toEqual([
      "a client s2",
      "  a unspecified s4",
      "  b server s2",
      "    b unspecified s3",
      "    c server s5",
    ]);
  });
  it("is a root while the client is not received", () => {
    expect(shapeOf(["b", [[2, 1, 20, 80, server]]])).toEqual(["b server s2"]);
  });
});

const pathOf = (spans: Given[]) => {
  const tree = buildTree(traceOf(spans));
  return [...criticalPath(tree)]
    .sort(([left], [right]) => left - right)
    .map(([row, stretches]) => [
      tree.rows[row]?.span.name,
      stretches
        .map(({ fromNs, toNs }) => [fromNs, toNs])
        .sort((left, right) => (left[0] ?? 0) - (right[0] ?? 0)),
    ]);
};

describe("the critical path", () => {
  it("goes through the child that ended last", () => {
    expect(
      pathOf([
        [1, null, 0, 100],
        [2, 1, 10, 60],
        [3, 1, 20, 90],
      ]),
    ).toEqual([
      [
        "s1",
        [
          [0, 20],
          [90, 100],
        ],
      ],
      ["s3", [[20, 90]]],
    ]);
  });
  it("goes through children one after the other", () => {
    expect(
      pathOf([
        [1, null, 0, 100],
        [2, 1, 10, 40],
        [3, 1, 50, 90],
      ]),
    ).toEqual([
      [
        "s1",
        [
          [0, 10],
          [40, 50],
          [90, 100],
        ],
      ],
      ["s2", [[10, 40]]],
      ["s3", [[50, 90]]],
    ]);
  });
});

describe("the critical path of asynchronous work", () => {
  it("goes on in work that was started and not waited for", () => {
    expect(
      pathOf([
        [1, null, 0, 2],
        [2, 1, 1, 100],
        [3, 2, 10, 90],
      ]),
    ).toEqual([
      ["s1", [[0, 1]]],
      [
        "s2",
        [
          [1, 10],
          [90, 100],
        ],
      ],
      ["s3", [[10, 90]]],
    ]);
  });
  it("belongs to no span between the end of a parent and the start of later work", () => {
    expect(
      pathOf([
        [1, null, 0, 10],
        [2, 1, 30, 50],
      ]),
    ).toEqual([
      ["s1", [[0, 10]]],
      ["s2", [[30, 50]]],
    ]);
  });
  it.each<[string, Given[], number]>([
    [
      "when a child outlives the root",
      [
        [1, null, 0, 100],
        [2, 1, 10, 140],
        [3, 2, 20, 50],
      ],
      140,
    ],
    [
      "when several children run after the root ended",
      [
        [1, null, 0, 10],
        [2, 1, 5, 100],
        [3, 1, 50, 110],
      ],
      110,
    ],
    [
      "when the trace has several roots",
      [
        [1, null, 0, 100],
        [2, 9, 90, 120],
      ],
      120,
    ],
  ])("covers the trace exactly once %s", (_case, spans, expected) => {
    const covered = pathOf(spans)
      .flatMap(([, stretches]) => stretches as [number, number][])
      .sort((left, right) => left[0] - right[0]);
    expect(covered.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(expected);
    covered.forEach(([from], index) => {
      expect(from).toBe(covered[index - 1]?.[1] ?? 0);
    });
  });
});

describe("model calls", () => {
  const attribute = (name: string, value: object) => ({ key: name, value });
  it("are read in several conventions, and sums are not counted twice", () => {
    const tree = buildTree(
      traceOf([
        [1, null, 0, 100, { attributes: [attribute("alex.cost", { doubleValue: 0.03 })] }],
        [
          2,
          1,
          10,
          20,
          {
            attributes: [
              attribute("gen_ai.usage.input_tokens", { intValue: "10" }),
              attribute("gen_ai.usage.cost", { doubleValue: 0.01 }),
            ],
          },
        ],
        [
          3,
          1,
          30,
          40,
          {
            attributes: [
              attribute("llm.token_count.completion", { intValue: "5" }),
              attribute("alex.cost", { doubleValue: 0.02 }),
            ],
          },
        ],
      ]),
    );
    expect(traceUse(tree)).toEqual({ calls: 2, inputTokens: 10, outputTokens: 5, cost: 0.03 });
  });
  it("are counted also when they failed and have no tokens", () => {
    const text = (name: string, stringValue: string) => attribute(name, { stringValue });
    const model = text("gen_ai.request.model", "m");
    const tokens = attribute("gen_ai.usage.input_tokens", { intValue: "10" });
    const failed = { status: { code: 2 } };
    const tree = buildTree(
      traceOf([
        [1, null, 0, 100, { attributes: [text("gen_ai.operation.name", "invoke_agent"), model] }],
        [2, 1, 10, 20, { attributes: [model, tokens] }],
        [3, 1, 30, 40, { attributes: [model], ...failed }],
        [4, 3, 31, 39, failed],
        [5, 1, 50, 60, { attributes: [text("alex.llm.model", "m")], ...failed }],
        [6, 1, 70, 80, { attributes: [text("gen_ai.tool.name", "search"), model] }],
        [7, null, 90, 99, { attributes: [text("gen_ai.operation.name", "invoke_agent"), model] }],
      ]),
    );
    expect(traceUse(tree)).toEqual({ calls: 3, inputTokens: 10, outputTokens: 0, cost: null });
  });
  it("are absent from other spans", () => {
    expect(modelUse([{ name: "http.route", type: "string", text: "/" }])).toBeNull();
  });
});

describe("the error of a span", () => {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const event = (...attributes: object[]) => ({ name: "e", timeUnixNano: String(START), attributes });
  it.each<[string, Record<string, unknown>, string | null]>([
    [
      "its status, first",
      { status: { code: 2, message: "no" }, events: [event(attribute("exception.message", "x"))] },
      "no",
    ],
    ["an attribute", { attributes: [attribute("error.type", "timeout")] }, "timeout"],
    [
      "the message rather than the type of an event",
      { events: [event(attribute("error_type", "bad"), attribute("exception.message", "bad key"))] },
      "bad key",
    ],
    [
      "the last event",
      { events: [event(attribute("error_type", "retried")), event(attribute("error_type", "bad"))] },
      "bad",
    ],
    ["nothing", {}, null],
  ])("is what says it: %s", (_case, extra, expected) => {
    const [span] = traceOf([[1, null, 0, 1, extra]]).spans;
    expect(span && errorText(span)).toBe(expected);
  });
});

describe("the zoom of a trace", () => {
  const trace = traceOf([[1, null, 0, 1_000]]);
  it("is written in epoch time and read again", () => {
    const zoom = writeZoom({ fromNs: 100.4, toNs: 900 }, trace);
    expect(zoom).toBe(`${START + 100n}-${START + 900n}`);
    expect(readZoom(zoom, trace)).toEqual({ fromNs: 100, toNs: 900 });
    const earlier = traceOf([[2, null, -50, 1_000]]);
    expect(readZoom(zoom, earlier)).toEqual({ fromNs: 150, toNs: 950 });
  });
  it.each([undefined, "", "x", "1-2", "9-1", `${START + 900n}-${START + 100n}`, "1-2-3"])(
    "shows the whole trace with %j",
    (text) => expect(readZoom(text, trace)).toBeNull(),
  );
  it("stays within the trace", () => {
    expect(readZoom(`${START - 5n}-${START + 5_000n}`, trace)).toEqual({ fromNs: 0, toNs: 1_000 });
  });
});

describe("search within a trace", () => {
  it("requires every word, anywhere in a span", () => {
    const tree = buildTree(
      traceOf([
        [1, null, 0, 100, { attributes: [{ key: "http.route", value: { stringValue: "/Chat" } }] }],
        [2, 1, 10, 20, { status: { code: 2 } }],
      ]),
    );
    const texts = searchTexts(tree);
    expect(findRows(texts, "S1 /chat")).toEqual([0]);
    expect(findRows(texts, "error")).toEqual([1]);
    expect(findRows(texts, "  ")).toEqual([]);
    expect(findRows(texts, "s1 error")).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import type { Labels } from "../../api/prometheus";
import { frameOf } from "../../data/frame";
import { historyFrames } from "./history";

const frame = (labels: Labels, times: number[]) =>
  frameOf([
    { name: "Time", type: "time", values: times, config: {} },
    { name: "Value", type: "number", values: times.map(() => 1), config: {}, labels },
  ]);
const namesOf = (all: Labels[]) =>
  historyFrames(
    all.map((labels) => frame({ alertname: "A", alertstate: "firing", ...labels }, [1])),
    undefined,
  ).map(({ fields }) => fields[1]?.name);

describe("the history of alerts", () => {
  it.each<[Labels[], string[]]>([
    [[{ pod: "a", job: "j" }], ["state"]],
    [
      [
        { pod: "a", job: "j" },
        { pod: "b", job: "j" },
      ],
      ["a", "b"],
    ],
    [
      [{ pod: "a" }, { zone: "z" }],
      ["a", "z"],
    ],
  ])("names an alert by the labels in which it differs: %j", (labels, names) => {
    expect(namesOf(labels)).toEqual(names);
  });
  it("has one line for each alert, on which firing wins", () => {
    const [found, ...rest] = historyFrames(
      [
        frame({ alertname: "A", alertstate: "pending", pod: "a" }, [1, 2]),
        frame({ alertname: "A", alertstate: "firing", pod: "a" }, [2, 3]),
      ],
      undefined,
    );
    expect(rest).toEqual([]);
    expect(found?.fields.map(({ values }) => [...values])).toEqual([
      [1, 2, 3],
      ["pending", "firing", "firing"],
    ]);
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of Grafana
import { describe, expect, it } from "vitest";
import { type Field, frameOf } from "../data/frame";
import { linksOf, safeUrl } from "./links";

function linkOf(url: string, link?: (url: string) => string) {
  const field: Field = {
    name: "Value",
    type: "number",
    values: [1, 1_536],
    labels: { job: "a b" },
    config: { unit: "bytes", links: [{ title: "of ${__value.text}", url, targetBlank: false }] },
  };
  const frame = frameOf([
    { name: "Time", type: "time", values: [10, 20], config: {} },
    { name: "the pod", type: "string", values: ["x", "y"], config: {} },
    field,
  ]);
  return linksOf({ field, frame, row: 1 }, link && { link })[0];
}

describe("the link of a value", () => {
  it.each([
    ["/d/x?v=${__value.raw}&at=${__value.time}", "/d/x?v=1536&at=20"],
    ["/d/x?job=${__field.labels.job:percentencode}", "/d/x?job=a%20b"],
    ["/d/x?pod=${__data.fields.the pod}&n=${__data.fields[1]}", "/d/x?pod=${__data.fields.the pod}&n=y"],
    ['/d/x?pod=${__data.fields["the pod"]}', "/d/x?pod=y"],
    ["/d/x?n=${__data.fields[2].numeric}", "/d/x?n=1536"],
    ["/d/x?var=${other}", "/d/x?var=${other}"],
  ])("%s is %s", (url, expected) => expect(linkOf(url)?.url).toBe(expected));

  it("has its variables in the title too, and those of the view", () => {
    expect(linkOf("/d/x?v=${job}", (url) => url.replace("${job}", "api"))).toEqual({
      title: "of 1.50 KiB",
      url: "/d/x?v=api",
      newTab: false,
    });
  });
  it.each(["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"])(
    "is left out for %s",
    (url) => {
      expect(safeUrl(url)).toBeNull();
      expect(linkOf(url)).toBeUndefined();
    },
  );
  it.each(["/d/x", "?a=b", "#a", "https://example.com/x", "//example.com"])("may be %s", (url) =>
    expect(safeUrl(url)).toBe(url),
  );
});

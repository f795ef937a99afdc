import { expect, it } from "vitest";
import { type Shared, sharedAddress } from "./share-address";

const RAW = { from: "now-1h", to: "now" };
const RANGE = { fromMs: 1_000, toMs: 2_000 };
const PLAIN: Shared = { times: "relative", theme: "", kiosk: false, panel: null };
const AT = "http://host/d/a?var-x=1&edit=layout&editPanel=panel-1&refresh=10s";

it.each<[string, Partial<Shared>, string]>([
  ["follows the clock, without what is edited", {}, "var-x=1&refresh=10s&from=now-1h&to=now"],
  ["has fixed times", { times: "fixed" }, "var-x=1&from=1000&to=2000"],
  [
    "is of one panel without controls in one theme",
    { panel: "panel-2", kiosk: true, theme: "light" },
    "var-x=1&refresh=10s&from=now-1h&to=now&viewPanel=panel-2&kiosk=1&theme=light",
  ],
])("an address that is shared %s", (_what, part, expected) => {
  expect(sharedAddress(AT, { ...PLAIN, ...part }, RAW, RANGE)).toBe(`http://host/d/a?${expected}`);
});

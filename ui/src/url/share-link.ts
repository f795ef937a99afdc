/** Links to a view that others open. */
import type { Range } from "../time/range";

/** With the times of now, so that the view shows the same data later. */
export function fixedLink(address: string, { fromMs, toMs }: Range): string {
  const url = new URL(address);
  url.searchParams.set("from", String(Math.round(fromMs)));
  url.searchParams.set("to", String(Math.round(toMs)));
  url.searchParams.delete("refresh");
  return url.href;
}

/** With the time range as it was chosen, also when it is the one that every view has without it. */
export function relativeLink(address: string, { from, to }: { from: string; to: string }): string {
  const url = new URL(address);
  url.searchParams.set("from", from);
  url.searchParams.set("to", to);
  return url.href;
}

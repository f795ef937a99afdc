/** The address of a dashboard, or of one panel of it, for others. */
import type { Range, RawRange } from "../../time/range";
import { fixedLink, relativeLink } from "../../url/share-link";

export interface Shared {
  /** Fixed times show the same data later; relative ones show current data. */
  times: "fixed" | "relative";
  /** The colours of the reader when empty. */
  theme: "" | "dark" | "light";
  kiosk: boolean;
  /** The panel that is shown alone; null for all. */
  panel: string | null;
}

/** What only the person who edits sees. */
const OWN = ["edit", "editPanel", "inspect", "inspectTab", "viewPanel", "kiosk", "theme"];

export function sharedAddress(address: string, shared: Shared, raw: RawRange, range: Range): string {
  const url = new URL(shared.times === "fixed" ? fixedLink(address, range) : relativeLink(address, raw));
  for (const name of OWN) url.searchParams.delete(name);
  if (shared.panel !== null) url.searchParams.set("viewPanel", shared.panel);
  if (shared.kiosk) url.searchParams.set("kiosk", "1");
  if (shared.theme !== "") url.searchParams.set("theme", shared.theme);
  return url.href;
}

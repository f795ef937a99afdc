/** The addresses of the links of dashboards and panels. */
import type { LinkModel } from "../../dashboards/model";
import { allVariables, type DashboardContext, linkUrl } from "../../dashboards/scope";
import { safeUrl } from "../../panels/links";

/** With variables replaced, and with those parameters that the link keeps; null for `javascript:` and the like. */
export function addressOf(link: LinkModel, context: DashboardContext): string | null {
  return safeUrl(withParameters(linkUrl(link.url, context), link, context));
}

export function dashboardAddress(uid: string, link: LinkModel, context: DashboardContext): string {
  return withParameters(`/d/${encodeURIComponent(uid)}`, link, context);
}

function withParameters(url: string, link: LinkModel, context: DashboardContext): string {
  const { from, to } = context.raw;
  const added = [
    link.keepTime ? `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}` : "",
    link.includeVariables ? allVariables(context) : "",
  ].filter((part) => part !== "");
  if (added.length === 0) return url;
  const [address = "", hash] = url.split("#", 2);
  const joined = `${address}${address.includes("?") ? "&" : "?"}${added.join("&")}`;
  return hash === undefined ? joined : `${joined}#${hash}`;
}

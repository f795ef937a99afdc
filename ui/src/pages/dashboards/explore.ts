/** The views that show the data behind a panel, with the queries as they were asked. */
import { record, string } from "../../api/decode";
import type { PanelRequests } from "../../dashboards/requests";
import { absolute, type RawRange } from "../../time/range";

export interface ExploreLink {
  label: string;
  to: "/explore/metrics" | "/explore/logs" | "/explore/traces" | "/explore/sql";
  search: Record<string, string | string[]>;
}

/** One link for each of the stores that the panel asks. `raw` is the range of the page. */
export function exploreLinks({ requests, range }: PanelRequests, page: PageRange): ExploreLink[] {
  const same = range.fromMs === page.range.fromMs && range.toMs === page.range.toMs;
  const times = same ? page.raw : absolute(range);
  const texts = (type: string, key: string) => [
    ...new Set(
      requests
        .filter(({ target }) => target.source.type === type)
        .map(({ target }) => string(record(target.request.query)[key]))
        .filter((text) => text !== ""),
    ),
  ];
  const links: ExploreLink[] = [];
  const expr = texts("prometheus", "expr");
  if (expr.length > 0)
    links.push({ label: "Explore metrics", to: "/explore/metrics", search: { ...times, expr } });
  for (const query of texts("loki", "expr"))
    links.push({ label: "Explore logs", to: "/explore/logs", search: { ...times, query } });
  for (const q of texts("tempo", "query"))
    links.push({ label: "Explore traces", to: "/explore/traces", search: { ...times, q } });
  for (const query of texts("sql", "rawSql"))
    links.push({ label: "Explore SQL", to: "/explore/sql", search: { ...times, query } });
  return links;
}

interface PageRange {
  raw: RawRange;
  range: { fromMs: number; toMs: number };
}

/** Shown where metrics would be, while none are stored. */
import { Link } from "@tanstack/react-router";
import { EmptyState } from "./empty-state";
import { OtlpReceivers } from "./otlp-receivers";

export function NoMetrics() {
  return (
    <EmptyState
      title="No metrics are stored yet"
      actions={
        <>
          <Link to="/targets">Show targets</Link>
          <Link to="/">Show received data</Link>
        </>
      }
    >
      Send metrics over OTLP to <OtlpReceivers />, or scrape targets with{" "}
      <code>glasshouse serve --adopt prometheus.yml</code>.
    </EmptyState>
  );
}

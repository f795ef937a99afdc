/** What stands in a view's place when it broke, or when the address leads nowhere. */
import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { CopyButton } from "../components/copy-button";
import { EmptyState } from "../components/empty-state";

export function RouteError({ error: thrown, reset }: ErrorComponentProps) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // After an update of the binary the old chunks are gone; a reload brings the new page.
  const stale = /dynamically imported module|Importing a module script failed/.test(error.message);
  return (
    <EmptyState
      title={stale ? "This page has been updated" : "This view broke"}
      actions={
        <>
          <Button variant="filled" onClick={stale ? () => window.location.reload() : reset}>
            {stale ? "Reload" : "Try again"}
          </Button>
          {!stale && (
            <CopyButton label="Copy the error" text={() => `${error.message}\n${error.stack ?? ""}`} />
          )}
        </>
      }
    >
      {stale
        ? "Glasshouse was restarted with a newer page."
        : `${error.message}. The data is safe: only its display failed. The rest of the page still works.`}
    </EmptyState>
  );
}

export function NotFound() {
  return (
    <EmptyState title="Nothing lives at this address" actions={<Link to="/">Go home</Link>}>
      The link may come from a newer version, or from a view that is not built yet (alerts and dashboards).
    </EmptyState>
  );
}

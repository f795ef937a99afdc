/** Shown in place of a view that failed, or for an unknown URL. */
import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { CopyButton } from "../components/copy-button";
import { EmptyState } from "../components/empty-state";

export function RouteError({ error: thrown, reset }: ErrorComponentProps) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // After an update of the binary the files of the old page no longer exist.
  const stale = /dynamically imported module|Importing a module script failed/.test(error.message);
  return (
    <EmptyState
      title={stale ? "This page has been updated" : "This view failed"}
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
        ? "Glasshouse was updated. Reload to get the new version of the page."
        : `${error.message}. Stored data is not affected. Try again, or open another view.`}
    </EmptyState>
  );
}

export function NotFound() {
  return (
    <EmptyState title="Page not found" actions={<Link to="/">Go to Home</Link>}>
      No view has this URL. The link may be mistyped, or may come from a newer version of Glasshouse.
    </EmptyState>
  );
}

/** A failed request, with the message of the server. */
import { ActionIcon } from "@mantine/core";
import { ApiError, type ErrorKind, positionIn } from "../api/http";
import classes from "./error-message.module.css";
import { Icon } from "./icon";

const TITLES: Record<ErrorKind, string> = {
  unreachable: "No answer",
  rejected: "The query was rejected",
  unsupported: "Not supported",
  "not-found": "Not found",
  overloaded: "Server unavailable",
  internal: "Internal server error",
};

function titleOf({ status, kind }: ApiError, title: string | undefined): string {
  if (title && kind === "rejected") return title;
  return status === 429 ? "Too many requests" : TITLES[kind];
}

interface Props {
  error: unknown;
  retry?: () => void;
  /** What the server rejected, when that was not a query. */
  title?: string;
}

export function ErrorMessage({ error, retry, title }: Props) {
  const known = error instanceof ApiError;
  const position = positionIn(error);
  const message = error instanceof Error ? error.message : String(error);
  const unsupported = known && /not (yet )?supported|unsupported/i.test(message);
  return (
    <div className={classes.error} role="alert">
      <Icon name="error" size={15} />
      <div>
        <div className={classes.title}>
          {unsupported ? TITLES.unsupported : known ? titleOf(error, title) : "Unexpected error"}
          {position && (
            <span className={classes.faint}>
              {" "}
              at line {position.line}, column {position.column}
            </span>
          )}
          {known && error.status > 0 && (
            <span className={classes.faint}>
              {" "}
              · {error.status}
              {error.code ? ` ${error.code}` : ""}
            </span>
          )}
        </div>
        <div className={classes.message}>{message}</div>
      </div>
      {retry && (
        <ActionIcon aria-label="Try again" onClick={retry}>
          <Icon name="refresh" size={14} />
        </ActionIcon>
      )}
    </div>
  );
}

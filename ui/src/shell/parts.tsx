/** Small parts that every view uses: panel, empty view, failure, notice, copy button, code, loading bar. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { ApiError, type ErrorKind, positionIn } from "../api/http";
import { Icon } from "./icons";
import classes from "./parts.module.css";

/** A view with nothing to show: says why, and what to do. */
export function Empty({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className={classes.empty} role="status">
      <h3>{title}</h3>
      {children && <div>{children}</div>}
      {actions && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}

const TITLES: Record<ErrorKind, string> = {
  unreachable: "No answer",
  refused: "The query was refused",
  unsupported: "Not supported yet",
  missing: "Not found",
  overloaded: "Too much at once",
  broken: "The server failed",
};

/** A failed request in the protocol's own words. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof ApiError;
  const position = positionIn(error);
  const message = error instanceof Error ? error.message : String(error);
  const unsupported = known && /not (yet )?supported|unsupported/i.test(message);
  return (
    <div className={classes.failure} role="alert">
      <Icon name="error" size={15} />
      <div>
        <div className={classes.failureTitle}>
          {unsupported ? TITLES.unsupported : known ? TITLES[error.kind] : "Something went wrong"}
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
        <div className={classes.failureMessage}>{message}</div>
      </div>
      {retry && (
        <ActionIcon aria-label="Try again" onClick={retry}>
          <Icon name="refresh" size={14} />
        </ActionIcon>
      )}
    </div>
  );
}

/** Something worth knowing that is no failure: a warning, a limit that was reached. */
export function Notice({ children }: { children: ReactNode }) {
  return (
    <div className={classes.notice} role="note">
      <Icon name="warning" size={14} />
      <div>{children}</div>
    </div>
  );
}

interface PanelProps {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
}

export function Panel({ title, note, actions, children, className }: PanelProps) {
  return (
    <section className={className ? `${classes.panel} ${className}` : classes.panel}>
      {(title || actions) && (
        <header className={classes.panelHead}>
          {title && <h2>{title}</h2>}
          {note && <span className={classes.panelNote}>{note}</span>}
          {actions && <div className={classes.panelActions}>{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** A hair line at the top of the view that moves while something loads; takes no room. */
export function LoadingBar({ active }: { active: boolean }) {
  return active ? <div className={classes.loading} aria-hidden="true" /> : null;
}

export function CopyButton({
  text,
  label = "Copy",
  size = 24,
}: {
  text: () => string;
  label?: string;
  size?: number;
}) {
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setState((await copyText(text())) ? "done" : "failed");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState("idle"), 1_400);
  };
  const said = state === "done" ? "Copied" : state === "failed" ? "The browser refused to copy" : label;
  return (
    <Tooltip label={said} openDelay={state === "idle" ? 350 : 0}>
      <ActionIcon
        size={size}
        aria-label={said}
        onClick={(event) => {
          event.stopPropagation();
          void copy();
        }}
      >
        <Icon name={state === "done" ? "check" : "copy"} size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

/** Copies also where the clipboard interface is missing: plain HTTP beyond loopback. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function Code({ text }: { text: string }) {
  return (
    <div className={classes.code}>
      <pre>{text}</pre>
      <CopyButton text={() => text} />
    </div>
  );
}

/** Sets the browser tab's title while the view is open. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Glasshouse`;
  }, [title]);
}

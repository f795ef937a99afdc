/** A button that copies a text and shows the outcome. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { copyText } from "./copy-text";
import { Icon, type IconName } from "./icon";

export type CopyState = "idle" | "done" | "failed";

/** Copies a text; the outcome is shown for a moment. */
export function useCopy(text: () => string): [CopyState, () => Promise<void>] {
  const [state, setState] = useState<CopyState>("idle");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setState((await copyText(text())) ? "done" : "failed");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState("idle"), 1_400);
  };
  return [state, copy];
}

export function copyLabel(state: CopyState, label: string): string {
  return state === "done" ? "Copied" : state === "failed" ? "Copying failed" : label;
}

export function CopyButton({
  text,
  label = "Copy",
  size = 24,
  icon = "copy",
}: {
  text: () => string;
  label?: string;
  size?: number;
  icon?: IconName;
}) {
  const [state, copy] = useCopy(text);
  const message = copyLabel(state, label);
  return (
    <Tooltip label={message} openDelay={state === "idle" ? 350 : 0}>
      <ActionIcon
        size={size}
        aria-label={message}
        onClick={(event) => {
          event.stopPropagation();
          void copy();
        }}
      >
        <Icon name={state === "done" ? "check" : icon} size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

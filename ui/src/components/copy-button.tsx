/** Copies a text, and shows whether that worked. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { copyText } from "./copy-text";
import { Icon } from "./icon";

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

/** A button that copies a text and shows the outcome. */
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
  const message = state === "done" ? "Copied" : state === "failed" ? "Copying failed" : label;
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
        <Icon name={state === "done" ? "check" : "copy"} size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

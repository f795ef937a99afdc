/** Copies a link to the view, with times that are fixed or that follow the clock. */
import { Button, Menu, VisuallyHidden } from "@mantine/core";
import { copyLabel, useCopy } from "../components/copy-button";
import { Icon } from "../components/icon";
import { useRange } from "../time/context";
import { fixedLink, relativeLink } from "../url/share-link";
import { useShortcuts } from "./keyboard";

interface Props {
  /** The view has no time range. */
  timeless: boolean;
}

export default function Share({ timeless }: Props) {
  const { raw, range } = useRange();
  const address = () => window.location.href;
  const [fixed, copyFixed] = useCopy(() => (timeless ? address() : fixedLink(address(), range)));
  const [relative, copyRelative] = useCopy(() => relativeLink(address(), raw));
  useShortcuts([
    {
      keys: "y",
      label: timeless ? "Copy a link" : "Copy a link with fixed times",
      group: "Global",
      run: () => void copyFixed(),
    },
  ]);
  const state = fixed === "idle" ? relative : fixed;
  // Of a range that does not follow the clock there is one link.
  const only = timeless || !(raw.from.startsWith("now") || raw.to.startsWith("now"));
  const button = (
    <Button
      h={28}
      px={8}
      title="Share (y)"
      aria-label={only ? "Copy a link" : "Share"}
      onClick={only ? () => void copyFixed() : undefined}
    >
      <Icon name={state === "done" ? "check" : "link"} size={14} />
      {state !== "idle" && <span style={{ marginLeft: 6 }}>{copyLabel(state, "")}</span>}
    </Button>
  );
  return (
    <>
      {only ? (
        button
      ) : (
        <Menu position="bottom-end">
          <Menu.Target>{button}</Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>Copy a link</Menu.Label>
            <Menu.Item onClick={() => void copyFixed()}>With fixed times, for the same data</Menu.Item>
            <Menu.Item onClick={() => void copyRelative()}>
              From {raw.from} to {raw.to}, for current data
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <VisuallyHidden aria-live="polite">{state === "idle" ? "" : copyLabel(state, "")}</VisuallyHidden>
    </>
  );
}

/** The button that opens the menu of one or more values. What the menu needs is loaded when it is opened. */
import { lazy, Suspense, useRef, useState } from "react";
import { Icon } from "../components/icon";
import type { ScopedValue } from "./value";
import classes from "./value-menu.module.css";

const ValueMenuContent = lazy(() => import("./value-menu-content"));

interface Props {
  /** What the values are of, for assistive technology. */
  label: string;
  /** Read when the menu is opened. */
  values: () => ScopedValue[];
  /** The query that the values are of, when the view has several. */
  refId?: string | undefined;
  /** Reached with the keyboard; in a long table only the buttons of the selected row are. */
  focusable?: boolean;
}

export function ValueMenu({ label, values, refId, focusable = true }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [opened, setOpened] = useState<ScopedValue[] | null>(null);
  const close = () => {
    setOpened(null);
    button.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={classes.button}
        tabIndex={focusable ? undefined : -1}
        aria-label={`Actions for ${label}`}
        aria-haspopup="menu"
        aria-expanded={opened !== null || undefined}
        onClick={(event) => {
          // The row around it opens with a click, too.
          event.stopPropagation();
          setOpened(values());
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === " ") event.stopPropagation();
        }}
      >
        <Icon name="more" size={12} />
      </button>
      {opened && (
        <Suspense fallback={null}>
          <ValueMenuContent anchor={button} values={opened} refId={refId} close={close} />
        </Suspense>
      )}
    </>
  );
}

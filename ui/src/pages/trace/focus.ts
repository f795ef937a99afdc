/** The focus of the trace view. */
import { useEffect, useRef } from "react";

/** When the details are closed, what had the focus in them is gone: it goes to the rows, and not to the page. */
export function useFocusAfterDetails(open: boolean) {
  const before = useRef(open);
  useEffect(() => {
    if (before.current && !open && document.activeElement === document.body) focusRows();
    before.current = open;
  }, [open]);
}

/** Once the waterfall has the focus, it handles the arrow keys itself. */
export function focusRows(): void {
  document.querySelector<HTMLElement>("[data-waterfall]")?.focus();
}

/** Whether an element is in the window, or so near to it that its data should be there when it is scrolled to. */
import { type RefObject, useEffect, useState } from "react";

const MARGIN = "600px 0px";

export function useVisible(element: RefObject<Element | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (changes) => setVisible(changes.at(-1)?.isIntersecting ?? false),
      // The content scrolls within its element, which is as high as the window.
      { root: element.current.closest("#content"), rootMargin: MARGIN },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return visible;
}

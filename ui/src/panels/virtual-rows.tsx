/** The rows of a long list, of any height. Only those that are visible are rendered. */
import type { Virtualizer } from "@tanstack/react-virtual";
import type { ReactNode } from "react";
import classes from "./virtual-rows.module.css";

interface Props {
  virtual: Virtualizer<HTMLDivElement, Element>;
  /** Of each row. */
  className: string | undefined;
  /** Attributes of a row that its style depends on. */
  data: (index: number) => Record<`data-${string}`, unknown>;
  children: (index: number) => ReactNode;
}

export function VirtualRows({ virtual, className, data, children }: Props) {
  return (
    <div className={classes.body} style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ key, index, start }) => (
        <div
          key={key}
          ref={virtual.measureElement}
          data-index={index}
          {...data(index)}
          className={`${classes.row} ${className}`}
          style={{ transform: `translateY(${start}px)` }}
        >
          {children(index)}
        </div>
      ))}
    </div>
  );
}

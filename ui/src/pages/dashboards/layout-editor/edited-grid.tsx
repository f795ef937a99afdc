/** A grid whose panels are moved and resized, by a drag or with the arrow keys. Repeated panels are shown once. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { type CSSProperties, useRef, useState } from "react";
import { Icon } from "../../../components/icon";
import { arranged, COLUMNS, clamped, compacted, type Rects } from "../../../dashboards/edit/grid";
import { duplicatedPanel, placedPanel, removedPanel } from "../../../dashboards/edit/layout";
import type { Rect } from "../../../dashboards/edit/places";
import type { Layout } from "../../../dashboards/model";
import { titleText } from "../../../dashboards/scope";
import { useBoard } from "../board";
import { DashboardPanel } from "../dashboard-panel";
import classes from "./layout-editor.module.css";

type GridLayout = Extract<Layout, { kind: "grid" }>;

/** A unit of the grid with its gap, in pixels. */
const GAP_PX = 8;
const ROW_PX = 30 + GAP_PX;

interface Drag {
  key: string;
  wanted: Rect;
}

export default function EditedGrid({ layout }: { layout: GridLayout }) {
  const { draft } = useBoard();
  const grid = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const rects = rectsOf(layout);
  const shown = drag ? arranged(rects, drag.key, drag.wanted) : rects;
  const place = (key: string, wanted: Rect, undoKey?: string) =>
    draft.change((json) => placedPanel(json, key, wanted), undoKey);
  const columnPx = () => ((grid.current?.clientWidth ?? 0) + GAP_PX) / COLUMNS;
  return (
    <div ref={grid} className={classes.grid}>
      {layout.items.map(({ panel }) => {
        const rect = shown[panel];
        const own = rects[panel];
        if (!rect || !own) return null;
        const cell = {
          "--x": rect.x + 1,
          "--y": rect.y + 1,
          "--width": rect.width,
          "--height": rect.height,
        } as CSSProperties;
        const handles = {
          rect: own,
          columnPx,
          onDrag: (wanted: Rect) => setDrag({ key: panel, wanted: clamped(wanted) }),
          onDrop: (wanted: Rect | null) => {
            setDrag(null);
            if (wanted) place(panel, wanted);
          },
          onKey: (wanted: Rect) => place(panel, wanted, `place ${panel}`),
        };
        return (
          <div key={panel} className={classes.cell} style={cell} data-dragged={drag?.key === panel}>
            <DashboardPanel id={panel} panel={panel} scoped={NONE} />
            <Tools panel={panel} {...handles} />
          </div>
        );
      })}
    </div>
  );
}

const NONE = {};

function rectsOf({ items }: GridLayout): Rects {
  const own = items.map(({ panel, x, y, width, height }) => [panel, { x, y, width, height }]);
  return compacted(Object.fromEntries(own));
}

interface Handles {
  panel: string;
  rect: Rect;
  columnPx: () => number;
  onDrag: (wanted: Rect) => void;
  /** Null when the drag is given up. */
  onDrop: (wanted: Rect | null) => void;
  onKey: (wanted: Rect) => void;
}

function Tools({ panel, ...handles }: Handles) {
  const { context, draft, edit } = useBoard();
  const model = context.dashboard.panels[panel];
  const title = model ? titleText(model.title, context) || "the panel" : panel;
  const act = (label: string, icon: "copy" | "close", run: () => void) => (
    <Tooltip label={label}>
      <ActionIcon size={22} aria-label={`${label} ${title}`} onClick={run}>
        <Icon name={icon} size={12} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <>
      <div className={classes.tools} role="group" aria-label={`Layout of ${title}`}>
        <Handle kind="move" label={`Move ${title}`} {...handles} />
        <button
          type="button"
          className={classes.edit}
          aria-label={`Edit ${title}`}
          onClick={() => edit(panel)}
        >
          Edit
        </button>
        {act("Duplicate", "copy", () => draft.change((json) => duplicatedPanel(json, panel).json))}
        {act("Remove", "close", () => draft.change((json) => removedPanel(json, panel)))}
      </div>
      <Handle kind="resize" label={`Resize ${title}`} {...handles} />
    </>
  );
}

interface HandleProps extends Omit<Handles, "panel"> {
  kind: "move" | "resize";
  label: string;
}

const STEPS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function Handle({ kind, label, rect, columnPx, onDrag, onDrop, onKey }: HandleProps) {
  const from = useRef<{ x: number; y: number; rect: Rect } | null>(null);
  const changed = (base: Rect, x: number, y: number, resize: boolean): Rect =>
    resize
      ? { ...base, width: base.width + x, height: base.height + y }
      : { ...base, x: base.x + x, y: base.y + y };
  const at = (event: React.PointerEvent): Rect | null => {
    const start = from.current;
    if (!start) return null;
    const x = Math.round((event.clientX - start.x) / Math.max(1, columnPx()));
    const y = Math.round((event.clientY - start.y) / ROW_PX);
    return changed(start.rect, x, y, kind === "resize");
  };
  const end = (wanted: Rect | null) => {
    if (!from.current) return;
    from.current = null;
    onDrop(wanted);
  };
  return (
    <button
      type="button"
      className={classes[kind]}
      aria-label={label}
      title={
        kind === "move"
          ? "Drag, or use the arrow keys; Shift changes the size"
          : "Drag, or use the arrow keys"
      }
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, y: event.clientY, rect };
      }}
      onPointerMove={(event) => {
        const wanted = at(event);
        if (wanted) onDrag(wanted);
      }}
      onPointerUp={(event) => end(at(event))}
      onPointerCancel={() => end(null)}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (event.key === "Escape" && from.current) {
          event.preventDefault();
          end(null);
        }
        if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        onKey(changed(rect, step[0], step[1], kind === "resize" || event.shiftKey));
      }}
    >
      {kind === "move" && <Icon name="drag" size={13} />}
    </button>
  );
}

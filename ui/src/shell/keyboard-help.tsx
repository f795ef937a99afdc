/** Lists the keyboard shortcuts of the current view. */
import { Modal } from "@mantine/core";
import { type Shortcut, useShortcutList } from "./keyboard";
import classes from "./keyboard-help.module.css";

const EDITOR: Shortcut[] = [
  { keys: "mod+Enter", label: "Run the query", group: "Query editor", run: () => {} },
  { keys: "Shift+Enter", label: "Run the query", group: "Query editor", run: () => {} },
  { keys: "Ctrl+Space", label: "Complete", group: "Query editor", run: () => {} },
];

const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  "mod+k": "Ctrl K",
  "mod+Enter": "Ctrl Enter",
  "Shift+Enter": "Shift Enter",
  "Ctrl+Space": "Ctrl Space",
};

export default function KeyboardHelp({ close }: { close: () => void }) {
  const shortcuts = [...useShortcutList(), ...EDITOR];
  const groups = [...new Set(shortcuts.map((shortcut) => shortcut.group))];
  return (
    <Modal opened onClose={close} title="Keyboard shortcuts" size={720}>
      <div className={classes.sheet} tabIndex={-1} data-autofocus>
        {groups.map((group) => (
          <div key={group} className={classes.group}>
            <h3>{group}</h3>
            {shortcuts
              .filter((shortcut) => shortcut.group === group)
              .map((shortcut) => (
                <div key={shortcut.keys} className={classes.row}>
                  <span>{shortcut.label}</span>
                  <span className={classes.keys}>
                    {shortcut.keys.split(" ").map((key, index) => (
                      <kbd key={index}>{NAMES[key] ?? key}</kbd>
                    ))}
                  </span>
                </div>
              ))}
          </div>
        ))}
      </div>
      <a className={classes.licenses} href="/licenses.txt">
        Third-party licences
      </a>
    </Modal>
  );
}

/** Makes a link to the dashboard or to one of its panels. */
import { Button, Modal, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { copyLabel, useCopy } from "../../components/copy-button";
import { useBoard } from "./board";
import classes from "./dashboards.module.css";
import { type Shared, sharedAddress } from "./share-address";

interface Props {
  /** The id of a panel, which the link shows alone. */
  panel: string | null;
  close: () => void;
}

export default function ShareDialog({ panel, close }: Props) {
  const { raw, range } = useBoard().context;
  const [shared, setShared] = useState<Shared>({ times: "fixed", theme: "", kiosk: false, panel });
  const address = sharedAddress(window.location.href, shared, raw, range);
  const [state, copy] = useCopy(() => address);
  const set = (part: Partial<Shared>) => setShared({ ...shared, ...part });
  return (
    <Modal opened onClose={close} title="Share" size={560}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          void copy();
        }}
      >
        <SegmentedControl
          aria-label="Times"
          value={shared.times}
          onChange={(times) => set({ times })}
          data={[
            { value: "fixed", label: "Fixed times, for the same data" },
            { value: "relative", label: `${raw.from} to ${raw.to}` },
          ]}
        />
        {panel !== null && (
          <SegmentedControl
            aria-label="Panels"
            value={shared.panel === null ? "all" : "one"}
            onChange={(shown) => set({ panel: shown === "all" ? null : panel })}
            data={[
              { value: "one", label: "This panel alone" },
              { value: "all", label: "The whole dashboard" },
            ]}
          />
        )}
        <SegmentedControl
          aria-label="Theme"
          value={shared.theme}
          onChange={(theme) => set({ theme })}
          data={[
            { value: "", label: "Theme of the reader" },
            { value: "dark", label: "Dark" },
            { value: "light", label: "Light" },
          ]}
        />
        <Switch
          label="Without navigation and controls"
          checked={shared.kiosk}
          onChange={(event) => set({ kiosk: event.currentTarget.checked })}
        />
        <TextInput aria-label="Address" readOnly value={address} onFocus={(event) => event.target.select()} />
        <div className={classes.buttons}>
          <Button component="a" href={address} target="_blank" rel="noreferrer">
            Open
          </Button>
          <Button type="submit" variant="filled" data-autofocus>
            {copyLabel(state, "Copy the link")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

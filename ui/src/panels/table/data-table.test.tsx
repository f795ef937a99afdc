import { screen, within } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import { renderComponent } from "../../testing/render";
import { type Cell, DataTable } from "./data-table";

const ROWS: Cell[][] = [
  ["b", 10],
  ["a", null],
  ["c", 9],
];

function Table({ rows = ROWS }: { rows?: Cell[][] }) {
  const [selected, setSelected] = useState<number | null>(null);
  return (
    <DataTable
      label="Rows"
      columns={[{ name: "name" }, { name: "value", align: "right" }]}
      rows={rows}
      selected={selected}
      onSelect={setSelected}
    />
  );
}

const bodyRows = () => screen.getAllByRole("row").slice(1);
const firstCells = () => bodyRows().map((row) => within(row).getAllByRole("gridcell")[0]?.textContent);
const selectedCells = () =>
  bodyRows()
    .filter((row) => row.getAttribute("aria-selected") === "true")
    .map((row) => within(row).getAllByRole("gridcell")[0]?.textContent);

describe("a data table", () => {
  it("sorts a column ascending, then descending, then not at all, with nulls last", async () => {
    const { user } = renderComponent(<Table />);
    const value = screen.getByRole("button", { name: /value/ });
    expect(firstCells()).toEqual(["b", "a", "c"]);
    await user.click(value);
    expect(firstCells()).toEqual(["c", "b", "a"]);
    expect(screen.getByRole("columnheader", { name: /value/ }).getAttribute("aria-sort")).toBe("ascending");
    await user.click(value);
    expect(firstCells()).toEqual(["b", "c", "a"]);
    await user.click(value);
    expect(firstCells()).toEqual(["b", "a", "c"]);
  });
  it("moves the selection with the arrow keys in the sorted order", async () => {
    const { user } = renderComponent(<Table />);
    await user.click(screen.getByRole("button", { name: /name/ }));
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}");
    expect(selectedCells()).toEqual(["a"]);
    await user.keyboard("jj{ArrowDown}");
    expect(selectedCells()).toEqual(["c"]);
    await user.keyboard("{ArrowUp}");
    expect(selectedCells()).toEqual(["b"]);
  });
  it("selects the row that is clicked", async () => {
    const { user } = renderComponent(<Table />);
    await user.click(screen.getByText("c"));
    expect(selectedCells()).toEqual(["c"]);
  });
  it("renders only the visible rows of a long table", () => {
    renderComponent(<Table rows={Array.from({ length: 10_000 }, (_, index) => [`row ${index}`, index])} />);
    expect(bodyRows().length).toBeGreaterThan(10);
    expect(bodyRows().length).toBeLessThan(100);
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("10001");
  });
  it("opens a row with a click or Enter, and only moves a cursor with the arrow keys", async () => {
    const opened: number[] = [];
    const columns = [{ name: "name" }, { name: "value" }];
    const { user } = renderComponent(
      <DataTable label="Rows" columns={columns} rows={ROWS} onOpen={(row) => opened.push(row)} />,
    );
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(selectedCells()).toEqual(["a"]);
    expect(opened).toEqual([]);
    await user.keyboard("{Enter}");
    await user.click(screen.getByText("c"));
    expect(opened).toEqual([1, 2]);
  });
  it("leaves the sort to its owner when there is one", async () => {
    const sorts: (string | undefined)[] = [];
    const columns = [{ name: "name" }, { name: "value" }];
    const { user } = renderComponent(
      <DataTable
        label="Rows"
        columns={columns}
        rows={ROWS}
        sort="-name"
        onSort={(sort) => sorts.push(sort)}
      />,
    );
    expect(firstCells()).toEqual(["c", "b", "a"]);
    await user.click(screen.getByRole("button", { name: /name/ }));
    await user.click(screen.getByRole("button", { name: /value/ }));
    expect(sorts).toEqual([undefined, "value"]);
  });
});

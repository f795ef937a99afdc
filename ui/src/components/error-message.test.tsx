import { screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/http";
import { renderComponent } from "../testing/render";
import { ErrorMessage } from "./error-message";

const shown = (error: unknown) => {
  renderComponent(<ErrorMessage error={error} />);
  return screen.getAllByRole("alert").at(-1)?.textContent;
};

describe("an error message", () => {
  it("shows the server's message with its status, code and position in the query", () => {
    expect(shown(new ApiError("1:5: parse error: unexpected end", 400, "bad_data"))).toBe(
      "The query was rejected at line 1, column 5 · 400 bad_data1:5: parse error: unexpected end",
    );
  });
  it("distinguishes a server that does not answer from one that fails", () => {
    expect(shown(new ApiError("Is Glasshouse running?", 0))).toMatch(/^No answer/);
    expect(shown(new Error("undefined is not a function"))).toMatch(/^Unexpected error/);
  });
  it("shows markup in a message as text", () => {
    expect(shown(new ApiError("<img src=x>", 500))).toContain("<img src=x>");
    expect(document.querySelector("img")).toBeNull();
  });
  it("offers to try again", async () => {
    const retry = vi.fn();
    const { user } = renderComponent(<ErrorMessage error={new ApiError("busy", 503)} retry={retry} />);
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledOnce();
  });
});

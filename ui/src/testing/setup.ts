/** Prepares the simulated DOM of the component tests. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// Without layout every element has the size 0, and a virtualized list would render no rows.
for (const property of ["clientWidth", "clientHeight"] as const) {
  Object.defineProperty(HTMLElement.prototype, property, { configurable: true, get: () => 600 });
}

// A loaded machine is many times slower than an idle one.
configure({ asyncUtilTimeout: 20_000 });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  localStorage.clear();
});

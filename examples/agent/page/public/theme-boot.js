// Runs before the first paint, so that the page does not flash in the other scheme.
(() => {
  try {
    const scheme = localStorage.getItem("agent.scheme");
    if (scheme === "dark" || scheme === "light") document.documentElement.dataset.scheme = scheme;
  } catch {
    // Without storage the page follows the system.
  }
})();

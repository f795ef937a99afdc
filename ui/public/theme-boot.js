// Sets the colour scheme before the first paint. A file of its own because the
// content security policy allows no inline scripts. Mirrors src/theme/scheme.ts.
(() => {
  let wanted = new URLSearchParams(location.search).get("theme");
  if (wanted !== "dark" && wanted !== "light") {
    try {
      wanted = localStorage.getItem("glasshouse.scheme");
    } catch {
      wanted = null;
    }
  }
  const light = wanted === "light" || (wanted !== "dark" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", light ? "light" : "dark");
})();

/** Build, development server and tests of the page. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

declare const process: { env: Record<string, string | undefined> };

const target = process.env.GLASSHOUSE_URL ?? "http://127.0.0.1:3000";
const prefixes = ["/api", "/prometheus", "/alertmanager/api", "/loki", "/tempo", "/jaeger"];

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    target: "es2023",
    // The content security policy forbids data: URLs.
    assetsInlineLimit: 0,
    // `dist/.gitignore` must stay: the binary embeds the folder, also when the page is not built.
    emptyOutDir: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    // What every view needs is one file: in parts, which views share, it compresses worse.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shell", tags: ["$initial"] }] } } },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(prefixes.map((prefix) => [prefix, { target, changeOrigin: true }])),
  },
  test: {
    css: true,
    // A loaded machine is many times slower than an idle one.
    testTimeout: 60_000,
    // Node would load the CommonJS build of this package, which brings a second CodeMirror.
    alias: { "@prometheus-io/codemirror-promql": "@prometheus-io/codemirror-promql/dist/esm/index.js" },
    server: { deps: { inline: ["@prometheus-io/codemirror-promql"] } },
    projects: [
      { extends: true, test: { name: "functions", include: ["src/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "components",
          include: ["src/**/*.test.tsx"],
          environment: "happy-dom",
          setupFiles: ["src/testing/setup.ts"],
        },
      },
    ],
  },
});

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { serviceWorker } from "./bundling/service_worker.ts";

/** The server sends what is built here; `--mode gallery` builds the component gallery beside it instead. */
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), ...(mode === "gallery" ? [] : [serviceWorker()])],
  build: {
    target: "chrome87",
    outDir: mode === "gallery" ? "dist" : "../server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: mode === "gallery" ? "gallery.html" : "index.html" },
  },
  server: { proxy: { "/v1": { target: "http://localhost:8000", ws: true } } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
}));

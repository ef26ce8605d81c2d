import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"
import { webHeaders } from "./headers.ts"

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2024",
    // inlined files would be data: addresses, which the content policy refuses
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", "download-worker": "src/downloads/download-worker.ts" },
      output: {
        // a service worker has to keep its address from version to version
        entryFileNames: (chunk) =>
          chunk.name === "download-worker" ? "download-worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
  worker: { format: "es" },
  // the library finds its .wasm beside itself
  optimizeDeps: { exclude: ["@evolu/sqlite-wasm"] },
  server: { headers: isolation },
  preview: { headers: webHeaders(["ws:", "wss:", "http:", "https:"]) },
})

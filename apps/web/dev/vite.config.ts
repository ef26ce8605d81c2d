import { resolve } from "node:path"
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"
import { webHeaders } from "../headers.ts"

const at = (path: string) => resolve(import.meta.dirname, path)

// Never part of what is shipped: the product is built from ../vite.config.ts.
export default defineConfig({
  root: import.meta.dirname,
  publicDir: at("../public"),
  plugins: [react()],
  build: {
    outDir: at("dist"),
    emptyOutDir: true,
    target: "es2024",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: at("index.html"), "download-worker": at("../src/downloads/download-worker.ts") },
      output: {
        entryFileNames: (chunk) =>
          chunk.name === "download-worker" ? "download-worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
  worker: { format: "es" },
  preview: { headers: webHeaders() },
})

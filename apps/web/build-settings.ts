import { resolve } from "node:path"
import react from "@vitejs/plugin-react"
import type { Plugin, UserConfig } from "vite"

const at = (path: string) => resolve(import.meta.dirname, path)

// how long plugins took is nothing for people who start the relay
const checks = { pluginTimings: false }

/** A build is what people get, also when tests make it: under NODE_ENV=test React would come with its development half. */
function alwaysForPeople(): Plugin {
  return {
    name: "always-for-people",
    apply: "build",
    config() {
      process.env.NODE_ENV = "production"
    },
  }
}

/** Settings that the product and the fixture share. `page` is the folder of index.html. */
export function webSettings(page: string): UserConfig {
  return {
    root: page,
    publicDir: at("public"),
    plugins: [alwaysForPeople(), react()],
    // libraries that ask Node for its cryptography get the browser's
    resolve: { alias: { crypto: at("src/engine/browser-crypto.ts") } },
    build: {
      outDir: "dist",
      emptyOutDir: true,
      target: "es2024",
      // inlined files would be data: addresses, which the content policy refuses
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 800,
      modulePreload: { polyfill: false },
      rollupOptions: {
        checks,
        input: { index: resolve(page, "index.html"), "download-worker": at("src/downloads/download-worker.ts") },
        output: {
          // a service worker has to keep its address from version to version
          entryFileNames: (chunk) =>
            chunk.name === "download-worker" ? "download-worker.js" : "assets/[name]-[hash].js",
        },
      },
    },
    worker: { format: "es", rollupOptions: { checks } },
    // the library finds its .wasm beside itself
    optimizeDeps: { exclude: ["@evolu/sqlite-wasm"] },
  }
}

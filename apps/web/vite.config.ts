import { defineConfig } from "vite"
import { webSettings } from "./build-settings.ts"
import { webHeaders } from "./headers.ts"

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }

export default defineConfig({
  ...webSettings(import.meta.dirname),
  server: { headers: isolation },
  preview: { headers: webHeaders(["ws:", "wss:", "http:", "https:"]) },
})

import { defineConfig } from "vite"
import { webSettings } from "../build-settings.ts"
import { webHeaders } from "../headers.ts"

// Never part of what is shipped: the product is built from ../vite.config.ts.
export default defineConfig({ ...webSettings(import.meta.dirname), preview: { headers: webHeaders() } })

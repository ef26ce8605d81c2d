import { connectEngine } from "./engine/engine.ts"
import { startApp } from "./start-app.tsx"

startApp(() =>
  connectEngine(new Worker(new URL("./engine/engine-worker.ts", import.meta.url), { type: "module", name: "engine" })),
)

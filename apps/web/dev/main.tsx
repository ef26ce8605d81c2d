// The interface over made-up people: for looking at screens and for tests of the interface alone. ?scene=… says which.
import { connectEngine } from "../src/engine/engine.ts"
import { startApp } from "../src/start-app.tsx"

const scene = new URLSearchParams(location.search).get("scene") ?? "main"
startApp(() =>
  connectEngine(new Worker(new URL("./fixture-worker.ts", import.meta.url), { type: "module", name: scene })),
)

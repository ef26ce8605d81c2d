import * as probes from "./probes.ts"

Object.assign(globalThis, { probes })

import { test } from "vitest"
import { estuary } from "./estuary.ts"
import { harbour } from "./harbour.ts"
import { checkDecoders, checkReplay, seedsOfEverything } from "./hostile.ts"

test("[C1.2] decoders, 100,000 inputs each", async () => checkDecoders(await seedsOfEverything(), 100_000))

test("[C7.2] replay, 100,000 entries", async () => checkReplay(100_000, await harbour()))

test("[C7.2 C10] replay of a history with everything in it, 100,000 entries", async () =>
  checkReplay(100_000, await estuary()))

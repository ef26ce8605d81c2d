import { test } from "vitest"
import { decoders, fuzz } from "./decoders.ts"

for (const decoder of await decoders()) {
  test(`[M1.1] ${decoder.name}: 100,000 damaged inputs do no harm`, () => fuzz(decoder, 100_000))
}

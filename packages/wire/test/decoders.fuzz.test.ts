import { test } from "vitest"
import { fuzz, fuzzedDecoders } from "./fuzz-decoders.ts"

test.each(fuzzedDecoders)("[W1.1] any bytes for a $name are refused with a code, or have one form", (decoder) => {
  fuzz(decoder, 100_000)
})

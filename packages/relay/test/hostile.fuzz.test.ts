import { test } from "vitest"
import { throwBytesAt } from "./hostile.ts"

test("[R6.6] hostile bytes never harm the relay (many)", () => throwBytesAt(100_000))

import { test } from "vitest"
import { decodeEnvelope, encodeApproval } from "../src/index.ts"
import { harbour } from "./harbour.ts"
import { checkDecoders, checkReplay } from "./hostile.ts"

test("[C1.2] decoders, 100,000 inputs each", async () => {
  const { entries } = await harbour()
  const envelopes = entries.slice(0, 5).map(decodeEnvelope)
  const approvals = envelopes.flatMap((envelope) => envelope.approvals.map(encodeApproval))
  checkDecoders([...entries, ...envelopes.map(({ statement }) => statement.bytes), ...approvals], 100_000)
})

test("[C7.2] replay, 100,000 entries", () => checkReplay(100_000))

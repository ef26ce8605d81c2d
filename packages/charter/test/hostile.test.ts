import { beforeAll, test } from "vitest"
import { decodeEnvelope, draft, encodeApproval } from "../src/index.ts"
import { harbour } from "./harbour.ts"
import { checkDecoders, checkFreshEntry, checkReplay } from "./hostile.ts"
import { addMember, found, type Person, person, sealed, validity } from "./people.ts"

let seeds: readonly Uint8Array[]

beforeAll(async () => {
  const { entries } = await harbour()
  const envelopes = entries.slice(0, 5).map(decodeEnvelope)
  const approvals = envelopes.flatMap((envelope) => envelope.approvals.map(encodeApproval))
  seeds = [...entries, ...envelopes.map(({ statement }) => statement.bytes), ...approvals]
})

test("[C1.2] decoders accept one form or throw their own error, whatever the bytes", () => checkDecoders(seeds, 1_000))

test("[C7.2] whatever is logged is recorded, and changes nothing that no quorum agreed to", () => checkReplay(1_000))

test("[C1.6 C6.9] a valid entry with anything changed is refused, or is still the same act", async () => {
  const people = (await Promise.all(["ana", "ben", "cem"].map(person))) as [Person, Person, Person]
  const org = await found(people, 2)
  const adding = draft(org.charter, { ...(await addMember(org, people[1])), ...validity() })
  await checkFreshEntry(
    1_000,
    org,
    await sealed(
      adding,
      people.map(({ keeper }) => keeper),
    ),
  )
})

import { expect, test } from "vitest"
import { withPasskeys } from "../bench/histories.ts"
import { append, draft, seal } from "../src/index.ts"
import { passkeyOf } from "./authenticator.ts"
import { estuary } from "./estuary.ts"
import { harbour } from "./harbour.ts"
import { checkDecoders, checkFreshEntry, checkReplay, seedsOfEverything } from "./hostile.ts"
import { addMember, found, type Person, person, sealed, validity } from "./people.ts"

test("[C1.2] decoders accept one form or throw their own error, whatever the bytes", async () =>
  checkDecoders(await seedsOfEverything(), 1_000))

test("[C7.2] whatever is logged is recorded, and changes nothing that no quorum agreed to", async () =>
  checkReplay(1_000, await harbour()))

test("[C7.2] the same after a history with every type of act, and some that still wait", async () =>
  checkReplay(1_000, await estuary()))

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

test("[C1.6 C6.9 C9.9] nor with passkeys, whose signatures can be changed into other right ones", async () => {
  const org = await withPasskeys(1)
  const keepers = await Promise.all(["ana", "ben"].map(person))
  const adding = draft(org.charter, { ...(await addMember(org, await person("dan"))), ...validity() })
  const approvals = await Promise.all(
    keepers.map(async ({ name, seat }) => {
      const hand = await passkeyOf(name, { algorithm: "ES256" })
      return { signer: seat, kind: 2, ...(await hand.sign(adding.id)) } as const
    }),
  )
  const entry = seal(adding, approvals)
  expect((await append(org.charter, entry)).record.outcome).toBe("applied")
  await checkFreshEntry(1_000, org, entry)
})

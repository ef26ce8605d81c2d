import { expect, test } from "vitest"
import { alarmsOf, append, deviceAt, draft, progress, replay } from "../src/index.ts"
import { act, addMember, after, approvalsOf, found, person, sealed, validity } from "./people.ts"
import { snapshot } from "./snapshot.ts"

test("three keepers, two of whom decide: ana founds, ben joins, a lone keeper changes nothing", async () => {
  const [ana, ben, cem] = await Promise.all(["ana", "ben", "cem"].map(person))
  if (!ana || !ben || !cem) throw new Error("people")
  const org = await found([ana, ben, cem], 2)
  expect(org.charter.state.evaluation).toBe(false)
  const adding = draft(org.charter, { ...(await addMember(org, ben)), ...validity() })
  const one = await approvalsOf(adding, [ana.keeper])
  expect(await progress(org.charter, adding, one)).toMatchObject({ needed: 2, given: 1, satisfied: false })
  const alone = await after(org, await sealed(adding, [ana.keeper]))
  expect(alone.record.outcome).toEqual({ refused: "too_few_keepers" })
  const joined = await after(alone, await sealed(adding, [ana.keeper, cem.keeper]))
  expect(joined.record.outcome).toBe("applied")
  expect(deviceAt(joined.charter, ben.phone.id, 3)?.member).toEqual(ben.member)
  expect(deviceAt(joined.charter, ben.phone.id, 2)).toBeUndefined()
  const gone = await act(joined, { type: "member-remove", body: { member: ben.member } }, [ben.keeper, cem.keeper])
  expect(gone.record.outcome).toBe("applied")
  expect(deviceAt(gone.charter, ben.phone.id, 3)).toBeDefined()
  expect(deviceAt(gone.charter, ben.phone.id, 4)).toBeUndefined()
  expect(alarmsOf(gone.charter)).toEqual([{ kind: "entry_refused", index: 1, refusal: "too_few_keepers" }])
  const again = await replay(org.orgId, gone.entries)
  expect(again.root).toEqual(gone.charter.root)
  expect(snapshot(again)).toEqual(snapshot(gone.charter))
  expect((await append(joined.charter, gone.entries[3] as Uint8Array)).charter.root).toEqual(gone.charter.root)
})

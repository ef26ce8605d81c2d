// Organisations to replay: three keepers, two of whom have let everyone in, one entry a member.
import { concatBytes, u32be } from "@holdfast/wire"
import {
  type Approval,
  admissionBytes,
  append,
  draft,
  genesis,
  noOrg,
  openCharter,
  type Statement,
  seal,
  simpleRules,
} from "../src/index.ts"
import { passkeyOf } from "../test/authenticator.ts"
import {
  act,
  addMember,
  anchored,
  bytesFrom,
  found,
  type Organisation,
  person,
  relayEntry,
  validity,
  watchedBy,
  witness,
} from "../test/people.ts"

/** Two keepers approve each entry, and the device of who is added signs its admission. */
export const keepersToAdd = 2
const noon = 1_800_000_000

/** Approvals by Ed25519 keys. With `anchors`, witnesses cosign the log that often on the way. */
export async function withKeys(members: number, anchors = 0): Promise<Organisation> {
  const keepers = await Promise.all(["ana", "ben", "cem"].map(person))
  const witnesses = await Promise.all(["north", "south", "west"].map(witness))
  const signers = keepers.slice(0, keepersToAdd).map((who) => who.keeper)
  let org = await found(keepers, keepersToAdd, (rules) => (anchors === 0 ? rules : watchedBy(witnesses, rules)))
  const every = anchors === 0 ? Number.POSITIVE_INFINITY : Math.floor(members / anchors)
  for (let count = 1; count < members; count++) {
    org = await act(org, await addMember(org, await person(`member ${count}`)), signers)
    if (count % every === 0) org = await anchored(org, { time: noon + count * 60, by: witnesses.slice(0, 2) })
  }
  return org
}

/** The same with keepers whose keys are passkeys (ES256). */
export async function withPasskeys(members: number): Promise<Organisation> {
  const people = await Promise.all(["ana", "ben", "cem"].map(person))
  const seats = await Promise.all(
    people.map(async (who) => {
      const hand = await passkeyOf(who.name, { algorithm: "ES256" })
      const { publicKey, ...passkey } = hand.record
      const proof = await hand.prove(admissionBytes(noOrg, { keeper: who.seat }, publicKey))
      const approve = async ({ id }: Statement): Promise<Approval> => ({
        signer: who.seat,
        kind: 2,
        ...(await hand.sign(id)),
      })
      const keeper = {
        id: who.seat,
        member: undefined,
        kind: 2,
        publicKey,
        organisation: "",
        jurisdiction: "",
        proof,
        passkey,
      } as const
      return { keeper, approve }
    }),
  )
  const founder = people[0] as (typeof people)[number]
  const { statement, orgId } = genesis({
    ...validity(),
    nameCommitment: bytesFrom("org", 32),
    rules: simpleRules(
      seats.map(({ keeper }) => keeper),
      keepersToAdd,
    ),
    founder: {
      member: founder.member,
      nameCommitment: founder.nameCommitment,
      devices: [await founder.phone.admit(noOrg)],
    },
    relays: [await relayEntry()],
  })
  const founded = seal(statement, await Promise.all(seats.map(({ approve }) => approve(statement))))
  let { charter } = await append(openCharter(orgId), founded)
  const entries = [founded]
  for (let count = 1; count < members; count++) {
    const org = { orgId, founding: statement, charter, entries }
    const adding = draft(charter, { ...(await addMember(org, await person(`member ${count}`))), ...validity() })
    const entry = seal(adding, await Promise.all(seats.slice(0, keepersToAdd).map(({ approve }) => approve(adding))))
    charter = (await append(charter, entry)).charter
    entries.push(entry)
  }
  return { orgId, founding: statement, charter, entries }
}

/** All entries in one piece, each behind its length. */
export function packed(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...entries.flatMap((entry) => [u32be(entry.length), entry]))
}

// What it costs to come to the state of an organisation from nothing: every entry decoded, judged by the rules of its
// time, every signature verified.

import { verifyEd25519 } from "@holdfast/log"
import { decodeEnvelope, replay } from "../src/index.ts"
import { act, addMember, found, type Organisation, person } from "../test/people.ts"

export interface CharterFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The bare verification of as many signatures, same unit, same run. */
  readonly peer: number | null
  /** Above 1: better than the peer. */
  readonly ratio: number | null
  readonly goal: string | null
  readonly met: boolean | null
}

const rounds = 5
const maxMillis = 5_000
/** Two keepers approve each entry, and the device of who is added signs its admission. */
const keepersToAdd = 2
const signaturesPerMember = keepersToAdd + 1

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

async function millisOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** An organisation of three keepers, two of whom have added everyone, one entry a member. */
async function organisationOf(members: number): Promise<Organisation> {
  const keepers = await Promise.all(["ana", "ben", "cem"].map(person))
  const signers = keepers.slice(0, keepersToAdd).map((who) => who.keeper)
  let org = await found(keepers, keepersToAdd)
  while (org.entries.length < members) {
    const who = await person(`member ${org.entries.length}`)
    org = await act(org, await addMember(org, who), signers)
  }
  return org
}

/** As many valid signatures, over as many bytes, by the keys that signed the entries. */
async function bareVerification(org: Organisation): Promise<() => Promise<void>> {
  const signer = (await person("ana")).keeperKey
  const signed = await Promise.all(
    org.entries.map(async (entry) => {
      const { statement } = decodeEnvelope(entry)
      const message = statement.id
      return { message, signature: await signer.sign(message) }
    }),
  )
  return async () => {
    for (let at = 0; at < signed.length; at += 64) {
      const some = signed.slice(at, at + 64).flatMap((one) => Array.from({ length: signaturesPerMember }, () => one))
      const valid = await Promise.all(
        some.map(({ message, signature }) => verifyEd25519(signer.publicKey, message, signature)),
      )
      if (!valid.every(Boolean)) throw new Error("a signature does not verify")
    }
  }
}

/** Making ten thousand members takes longer than replaying them; it is not measured. */
export async function* charterFigures(options: { readonly members?: number } = {}): AsyncIterable<CharterFigure> {
  const members = options.members ?? 10_000
  const org = await organisationOf(members)
  const bare = await bareVerification(org)
  const times: { replay: number[]; bare: number[] } = { replay: [], bare: [] }
  for (let round = -1; round < rounds; round++) {
    const replayed = await millisOf(async () => {
      const charter = await replay(org.orgId, org.entries)
      const admitted = charter.state.members.size
      if (admitted !== members || charter.refused.length > 0) throw new Error(`replay admitted ${admitted} members`)
    })
    const verified = await millisOf(bare)
    if (round < 0) continue
    times.replay.push(replayed)
    times.bare.push(verified)
  }
  const value = median(times.replay)
  const peer = median(times.bare)
  yield {
    name: `charter replay, ${members.toLocaleString("en")} members (peer: their signatures alone)`,
    value,
    unit: "ms",
    peer,
    ratio: peer / value,
    goal: `<= ${maxMillis} ms`,
    met: value <= maxMillis,
  }
}

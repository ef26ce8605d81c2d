// What it costs to come to the state of an organisation from nothing: every entry decoded, judged by the rules of its
// time, every signature verified. And what one more entry costs then.

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { verifyEd25519 } from "@holdfast/log"
import { append, type Charter, decodeEnvelope, draft, replay } from "../src/index.ts"
import { addMember, type Organisation, person, sealed, validity } from "../test/people.ts"
import { keepersToAdd, withKeys, withPasskeys } from "./histories.ts"

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
const maxAppendMillis = 2
const appends = 500
const anchors = 500
const signaturesPerMember = keepersToAdd + 1

export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] as number
}

async function millisOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
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

async function replayed(org: Organisation): Promise<Charter> {
  const charter = await replay(org.orgId, org.entries)
  const admitted = charter.state.members.size
  const wanted = org.charter.state.members.size
  if (admitted !== wanted || charter.refused.length > 0) throw new Error(`replay admitted ${admitted} of ${wanted}`)
  return charter
}

/** Medians, the first round apart; each round does both, so that the load on the machine is the same. */
async function inTurns(...works: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const times = works.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, work] of works.entries()) {
      const millis = await millisOf(work)
      if (round >= 0) times[i]?.push(millis)
    }
  }
  return times.map((some) => quantile(some, 0.5))
}

export function bounded(name: string, value: number, bound: number): CharterFigure {
  return { name, value, unit: "ms", peer: null, ratio: null, goal: `<= ${bound} ms`, met: value <= bound }
}

/** Bytes on the heap that a charter holds on to, apart from the entries it was read from. */
async function heapOf(org: Organisation): Promise<number> {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  const used = () => {
    collect()
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const charter = await replayed(org)
  const after = used()
  if (charter.size === 0) throw new Error("nothing was replayed")
  return after - before
}

/** Different statements about different people, each applied on top of the same charter. */
async function appendTimes(org: Organisation): Promise<readonly number[]> {
  const keepers = await Promise.all(["ana", "ben"].map(person))
  const times: number[] = []
  for (let count = -50; count < appends; count++) {
    const adding = draft(org.charter, { ...(await addMember(org, await person(`new ${count}`))), ...validity() })
    const entry = await sealed(
      adding,
      keepers.map(({ keeper }) => keeper),
    )
    const from = performance.now()
    const { record } = await append(org.charter, entry)
    const millis = performance.now() - from
    if (record.outcome !== "applied") throw new Error("the statement was not applied")
    if (count >= 0) times.push(millis)
  }
  return times
}

/** Making ten thousand members takes longer than replaying them; it is not measured. */
export async function* charterFigures(options: { readonly members?: number } = {}): AsyncIterable<CharterFigure> {
  const members = options.members ?? 10_000
  const many = `${members.toLocaleString("en")} members`
  const org = await withKeys(members)
  const bare = await bareVerification(org)
  const [value = 0, peer = 0] = await inTurns(() => replayed(org), bare)
  yield {
    ...bounded(`charter replay, ${many} (peer: their signatures alone)`, value, maxMillis),
    peer,
    ratio: peer / value,
  }
  const bytes = await heapOf(org)
  yield {
    name: `charter in memory, ${many}`,
    value: bytes / 2 ** 20,
    unit: "MiB",
    peer: null,
    ratio: null,
    goal: null,
    met: null,
  }
  const times = await appendTimes(org)
  yield bounded(`one statement on top of ${many}, median`, quantile(times, 0.5), maxAppendMillis)
  yield bounded(`one statement on top of ${many}, 99 of 100`, quantile(times, 0.99), maxAppendMillis)

  const withPasskey = await withPasskeys(members)
  const [passkeys = 0] = await inTurns(() => replayed(withPasskey))
  yield bounded(`charter replay, ${many}, approved with passkeys (ES256)`, passkeys, maxMillis)

  const watched = await withKeys(members, anchors)
  const [anchored = 0] = await inTurns(() => replayed(watched))
  yield bounded(`charter replay, ${many} and ${anchors} anchors of two witnesses`, anchored, maxMillis)
}

import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  commitName,
  draft,
  genesis,
  noOrg,
  openCharter,
  seal,
  simpleRules,
} from "@holdfast/charter"
import {
  charterOrigin,
  type Ed25519Signer,
  formatCheckpoint,
  formatNote,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import { fromUtf8, laneIdOf, type OrgId, toKeeperId, toMemberId } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import { openCharterSync } from "../src/charter-sync.ts"

let org: OrgId
let relayKey: Ed25519Signer
/** Two histories with the same beginning. */
let entries: Uint8Array[]
let other: Uint8Array[]
let roots: Uint8Array[]
let otherRoots: Uint8Array[]

const fill = (byte: number, length = 16) => new Uint8Array(length).fill(byte)

beforeAll(async () => {
  relayKey = await signerFromSeed(fill(1, 32))
  const keeperKey = await signerFromSeed(fill(2, 32))
  const deviceKey = await signerFromSeed(fill(3, 32))
  const member = toMemberId(fill(4))
  const keeper = toKeeperId(fill(5))
  const founded = genesis({
    nameCommitment: commitName(fill(6), "Desk"),
    rules: simpleRules([await admitKeeper(noOrg, { id: keeper, member }, keeperKey)], 1),
    founder: {
      member,
      nameCommitment: commitName(fill(7), "Ana"),
      devices: [await admitDevice(noOrg, member, deviceKey)],
    },
    relays: [],
    notAfter: 2_000_000_000,
    nonce: fill(8),
  })
  org = founded.orgId
  const signer = { id: keeper, kind: 1 as const, sign: keeperKey.sign }
  const first = seal(founded.statement, [await approve(founded.statement, signer)])
  const history = async (seeds: readonly number[]) => {
    const list = [first]
    let charter = (await append(openCharter(org), first)).charter
    for (const seed of seeds) {
      const device = await admitDevice(org, toMemberId(fill(seed)), await signerFromSeed(fill(seed, 32)))
      const statement = draft(charter, {
        type: "member-add",
        body: {
          member: toMemberId(fill(seed)),
          nameCommitment: fill(seed, 32),
          devices: [device],
          requestId: fill(seed),
        },
        notAfter: 2_000_000_000,
        nonce: fill(seed),
      })
      const entry = seal(statement, [await approve(statement, signer)])
      charter = (await append(charter, entry)).charter
      list.push(entry)
    }
    return { list, roots: Array.from({ length: list.length + 1 }, (_, size) => charter.roots.at(size) as Uint8Array) }
  }
  const one = await history([10, 11, 12])
  const two = await history([10, 21, 22])
  ;[entries, roots, other, otherRoots] = [one.list, one.roots, two.list, two.roots]
})

async function note(size: number, root: Uint8Array, signer = relayKey): Promise<string> {
  const origin = charterOrigin(org)
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  const signature = await signNote(text, noteKey(origin, NOTE_SIGNATURE, signer.publicKey), signer)
  return fromUtf8(formatNote({ text, signatures: [signature] }))
}

async function frames(first: number, list: readonly Uint8Array[], size: number, from = roots) {
  return {
    lane: laneIdOf(org, "charter"),
    first,
    frames: list,
    size,
    checkpoint: await note(size, from[size] as Uint8Array),
  }
}

async function synced(size: number) {
  return openCharterSync(
    org,
    entries.slice(0, size),
    size === 0 ? undefined : await note(size, roots[size] as Uint8Array),
  )
}

describe("entries and checkpoints", () => {
  test("[E8.4] entries wait until a checkpoint of their own size is there, and are then stored at once", async () => {
    const sync = await synced(0)
    expect(await sync.receive(await frames(0, entries.slice(0, 2), 4), relayKey.publicKey)).toEqual({ kind: "waiting" })
    expect(sync.charter().size).toBe(0)
    expect(sync.next()).toBe(2)
    const step = await sync.receive(await frames(2, entries.slice(2), 4), relayKey.publicKey)
    expect(step).toMatchObject({ kind: "grown", first: 0 })
    if (step.kind !== "grown") throw new Error("not grown")
    expect(step.entries).toEqual(entries)
    sync.commit(step)
    expect(sync.charter().size).toBe(4)
  })

  test("[E8.4] a relay that sends more than any history has, and no checkpoint for it, is given up", async () => {
    const sync = await synced(1)
    const junk = new Uint8Array(65_535)
    const many = Array.from({ length: 1_024 }, () => junk)
    const steps = []
    for (let first = 1; first < 4_096; first += 1_024) {
      steps.push(await sync.receive(await frames(first, many, 4), relayKey.publicKey))
      if (steps.at(-1)?.kind === "lied") break
    }
    expect(steps.at(-1)).toMatchObject({ kind: "lied", how: "bad_checkpoint" })
    expect(sync.next()).toBe(1)
  })

  test("[E8.4] a renewed subscription may repeat what is known", async () => {
    const sync = await synced(2)
    const step = await sync.receive(await frames(0, entries, 4), relayKey.publicKey)
    expect(step).toMatchObject({ kind: "grown", first: 2 })
    if (step.kind === "grown") expect(step.entries).toEqual(entries.slice(2))
  })

  test("[E8.4] the first entry of another organisation is refused", async () => {
    const sync = await openCharterSync(fill(9, 32) as OrgId, [], undefined)
    await expect(sync.receive(await frames(0, entries, 4), relayKey.publicKey)).rejects.toMatchObject({
      code: "wrong_organisation",
    })
  })

  test("[E1.4] a stored history that does not replay is damaged", async () => {
    await expect(openCharterSync(org, [fill(1, 40)], undefined)).rejects.toMatchObject({ code: "damaged_store" })
  })
})

describe("lies", () => {
  test("[E7.3] another root for a size that is known is a fork, and both notes are kept", async () => {
    const sync = await synced(3)
    const step = await sync.check(await note(3, otherRoots[3] as Uint8Array), relayKey.publicKey, 3)
    expect(step).toMatchObject({ kind: "lied", how: "fork" })
    if (step.kind === "lied") expect(step.evidence).toHaveLength(2)
    expect(sync.charter().size).toBe(3)
  })

  test("[E7.3] a smaller size than was confirmed is a rollback; an older one that comes late is not", async () => {
    const sync = await synced(3)
    const older = await note(2, roots[2] as Uint8Array)
    expect(await sync.check(older, relayKey.publicKey, 3)).toMatchObject({ kind: "lied", how: "rollback" })
    expect(await sync.check(older, relayKey.publicKey, 2)).toEqual({ kind: "waiting" })
  })

  test.each([
    ["left out", () => [entries[3] as Uint8Array]],
    ["of another history", () => other.slice(2)],
    [
      "changed",
      () => [(entries[2] as Uint8Array).map((byte, i) => (i === 100 ? byte ^ 1 : byte)), entries[3] as Uint8Array],
    ],
    ["in another order", () => [entries[3] as Uint8Array, entries[2] as Uint8Array]],
  ])("[E7.2] entries that are %s are not used", async (_, list) => {
    const sync = await synced(2)
    const given = list()
    const size = 2 + given.length
    const step = await sync.receive(await frames(2, given, size), relayKey.publicKey)
    expect(step).toMatchObject({ kind: "lied", how: "bad_checkpoint" })
    expect(sync.next()).toBe(2)
    expect(await sync.receive(await frames(2, entries.slice(2), 4), relayKey.publicKey)).toMatchObject({
      kind: "grown",
    })
  })

  test("[E7.2] a gap, a signature by another key and text that is no note are not used", async () => {
    const sync = await synced(1)
    expect(await sync.receive(await frames(2, entries.slice(2), 4), relayKey.publicKey)).toMatchObject({ kind: "lied" })
    const stranger = await signerFromSeed(fill(77, 32))
    expect(await sync.check(await note(4, roots[4] as Uint8Array, stranger), relayKey.publicKey, 1)).toMatchObject({
      how: "bad_checkpoint",
    })
    expect(await sync.check("hello", relayKey.publicKey, 1)).toMatchObject({ how: "bad_checkpoint" })
  })
})

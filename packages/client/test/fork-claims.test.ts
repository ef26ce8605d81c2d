import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  commitName,
  draft,
  genesis,
  noOrg,
  openCharter,
  seal,
  simpleRules,
} from "@holdfast/charter"
import type { LaneEvent } from "@holdfast/lanes"
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
import { type ConversationId, deviceIdOf, fromUtf8, toKeeperId, toMemberId, toRelayId } from "@holdfast/wire"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { createInbox, type InboxDeps } from "../src/inbox.ts"

const fill = (byte: number, length = 16) => new Uint8Array(length).fill(byte)
const member = toMemberId(fill(4))
const falseRoot = fill(9, 32)
const conversation = fill(6, 32) as ConversationId

let charter: Charter
let relayKey: Ed25519Signer
let leaf: { leaf: number; member: typeof member; device: ReturnType<typeof deviceIdOf>; signatureKey: Uint8Array }

beforeAll(async () => {
  relayKey = await signerFromSeed(fill(1, 32))
  const keeperKey = await signerFromSeed(fill(2, 32))
  const deviceKey = await signerFromSeed(fill(3, 32))
  const keeper = toKeeperId(fill(5))
  const { statement, orgId } = genesis({
    nameCommitment: commitName(fill(6), "Desk"),
    rules: simpleRules([await admitKeeper(noOrg, { id: keeper, member }, keeperKey)], 1),
    founder: {
      member,
      nameCommitment: commitName(fill(7), "Ana"),
      devices: [await admitDevice(noOrg, member, deviceKey)],
    },
    relays: [
      {
        id: toRelayId(fill(8)),
        urls: ["https://relay.example"],
        logPublicKey: relayKey.publicKey,
        operator: "",
        jurisdiction: "",
      },
    ],
    notAfter: 2_000_000_000,
    nonce: fill(8),
  })
  const entry = seal(statement, [await approve(statement, { id: keeper, kind: 1, sign: keeperKey.sign })])
  charter = (await append(openCharter(orgId), entry)).charter
  leaf = { leaf: 3, member, device: deviceIdOf(deviceKey.publicKey), signatureKey: deviceKey.publicKey }
})

async function note(root: Uint8Array, signer = relayKey, size = 1): Promise<string> {
  const origin = charterOrigin(charter.orgId)
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  const signature = await signNote(text, noteKey(origin, NOTE_SIGNATURE, signer.publicKey), signer)
  return fromUtf8(formatNote({ text, signatures: [signature] }))
}

async function take(event: LaneEvent, present = charter) {
  const [stop, raise, askWitnesses] = [vi.fn(), vi.fn(), vi.fn()]
  const deps: Pick<InboxDeps, "charter" | "stop" | "leaves" | "askWitnesses"> & { people: object; alarms: object } = {
    charter: () => present,
    stop,
    leaves: () => [leaf],
    people: { nameOf: () => "Ana" },
    alarms: { raise },
    askWitnesses,
  }
  // alarms need no more of it
  const apply = await createInbox(deps as unknown as InboxDeps).prepare([event])
  apply()
  return { stop, raise, askWitnesses }
}

function fork(which: "lane" | "charter", signedNote?: string): LaneEvent {
  const claim = { charterSize: 1, charterRoot: falseRoot, laneSize: 5, laneRoot16: fill(1) }
  const sender = { ...leaf, admitted: true }
  const alarm = { kind: "fork", which, claim, ours: fill(2, 32), sender, conversation, index: 7 } as const
  return { kind: "alarm", alarm: signedNote === undefined ? alarm : { ...alarm, note: signedNote } }
}

describe("a claim that contradicts this device", () => {
  test.each(["lane", "charter"] as const)(
    "[E7.1] about the %s is an alarm with a name, and stops nothing",
    async (which) => {
      const { stop, raise } = await take(fork(which))
      expect(stop).not.toHaveBeenCalled()
      expect(raise).toHaveBeenCalledOnce()
      const [kind, , options] = raise.mock.calls[0] as [string, string, { sentence: string }]
      expect(kind).toBe("fork")
      expect(options.sentence).toMatch(/^Ana's device was shown another .* than this one, or it lies\./)
    },
  )

  test("[E10.2] about the charter, it makes this device ask whoever watches the charter", async () => {
    expect((await take(fork("charter"))).askWitnesses).toHaveBeenCalledOnce()
    expect((await take(fork("lane"))).askWitnesses).not.toHaveBeenCalled()
  })

  test("[E7.1] with a note of the relay's under another root, it is proof", async () => {
    const proof = await note(falseRoot)
    const { stop, raise } = await take(fork("charter", proof))
    expect(raise).not.toHaveBeenCalled()
    const [how, evidence] = stop.mock.calls[0] as [string, Uint8Array[]]
    expect(how).toBe("fork")
    expect(fromUtf8(evidence.at(-1) as Uint8Array)).toBe(proof)
  })

  test("[E7.1] the key of a relay that was replaced stops nobody: an alarm with the member's name", async () => {
    const next = await signerFromSeed(fill(11, 32))
    const entry = {
      id: toRelayId(fill(12)),
      urls: ["https://new.example"],
      logPublicKey: next.publicKey,
      operator: "",
      jurisdiction: "",
    }
    const moved = draft(charter, {
      type: "relays",
      body: { relays: [entry] },
      notAfter: 2_000_000_000,
      nonce: fill(13),
    })
    const keeperKey = await signerFromSeed(fill(2, 32))
    const approval = await approve(moved, { id: toKeeperId(fill(5)), kind: 1, sign: keeperKey.sign })
    const { charter: present, record } = await append(charter, seal(moved, [approval]))
    expect(record.outcome).toBe("applied")
    const { stop, raise } = await take(fork("charter", await note(falseRoot)), present)
    expect(stop).not.toHaveBeenCalled()
    expect(raise).toHaveBeenCalledOnce()
    expect(raise.mock.calls[0]?.[0]).toBe("fork")
    const proven = await take(fork("charter", await note(falseRoot, next)), present)
    expect(proven.stop).toHaveBeenCalledOnce()
  })

  test("[E7.1] a note that is not signed by a relay of the charter, or does not contradict, proves nothing", async () => {
    const stranger = await signerFromSeed(fill(77, 32))
    const notes = [
      await note(falseRoot, stranger),
      await note(charter.roots.at(1) as Uint8Array),
      await note(falseRoot, relayKey, 1_000),
      "no note",
    ]
    for (const one of notes) {
      const { stop, raise } = await take(fork("charter", one))
      expect(stop).not.toHaveBeenCalled()
      const [, , options] = raise.mock.calls[0] as [string, string, { sentence: string }]
      expect(options.sentence).toContain("or somebody in that conversation lies in its name.")
    }
  })

  test("[E7.3] junk says under whose name it stood", async () => {
    const { raise } = await take({ kind: "alarm", alarm: { kind: "junk", index: 7, conversation, leaf: 3 } })
    expect(raise).toHaveBeenCalledWith("junk", "index 7", { detail: expect.stringContaining("under Ana's name") })
    const unknown = await take({ kind: "alarm", alarm: { kind: "junk", index: 7, conversation, leaf: 4 } })
    expect(unknown.raise).toHaveBeenCalledWith("junk", "index 7", {})
  })
})

import {
  COSIGNATURE,
  formatAddCheckpoint,
  formatNote,
  noteKey,
  parseNote,
  parseSignatureLines,
  parseVkey,
  signerFromSeed,
  signNote,
  verifyCheckpoint,
  verifyNote,
} from "@holdfast/log"
import { fromHex, fromUtf8, utf8 } from "@holdfast/wire"
import { beforeEach, describe, expect, test } from "vitest"
import {
  createMemoryStore,
  createWitness,
  latestCheckpoint,
  processAddCheckpoint,
  silentWitnessLog,
  type Witness,
  type WitnessStore,
} from "../src/index.ts"
import { sha256 } from "../src/store/sha256.ts"
import { seed, testLog } from "./log-of-entries.ts"
import { readVector } from "./vector-files.ts"

const started = 1_700_000_000_000
const signer = await signerFromSeed(seed(50))
let now = started
let store: WitnessStore
let witness: Witness
const log = await testLog("log.example/a", 40)
const turned = await testLog("log.example/a", 40, 7)

function newWitness(name = "witness.example"): Witness {
  return createWitness({ store, signer, name, now: () => now, log: silentWitnessLog })
}

const submit = async (body: Uint8Array) => {
  const { status, type, body: answer } = await processAddCheckpoint(witness, body)
  return { status, type, text: fromUtf8(answer) }
}
const statusOf = async (body: Uint8Array) => (await submit(body)).status
const sizeNow = async (origin = log.origin) => (await store.logOf(origin))?.head?.size

beforeEach(async () => {
  now = started
  store = createMemoryStore()
  witness = newWitness()
  await store.trust(log.origin, log.key)
})

interface Session {
  readonly log_origin: string
  readonly log_vkey: string
  readonly witness_name?: string
  readonly witness_ed25519_seed_hex?: string
  readonly final_size: number
  readonly requests: readonly {
    readonly body: string
    readonly status: number
    readonly response_contains?: string
    readonly response_equals?: string
  }[]
}

describe("recorded with torchwood's litewitness", () => {
  test.each(["litewitness", "sumdb"])("[V3.2] %s", async (name) => {
    const session = readVector<Session>(`c2sp/witness-add-checkpoint-${name}.json`)
    const key = parseVkey(session.log_vkey)
    await store.trust(session.log_origin, key)
    const theirs = await signerFromSeed(fromHex(session.witness_ed25519_seed_hex ?? "00".repeat(32)))
    const deps = { store, signer: theirs, now: () => now, log: silentWitnessLog }
    witness = createWitness({ ...deps, name: session.witness_name ?? "example.com/witness" })
    for (const { body, status, response_contains, response_equals } of session.requests) {
      const { status: ours, type, text } = await submit(utf8(body))
      // Of these two answers the specification has changed one since, and base64 with left-over bits is no form of ours (L1.2).
      const expected =
        response_contains === "unknown log" ? 404 : response_contains === "invalid signature" ? 400 : status
      expect(ours).toBe(expected)
      if (response_equals !== undefined) expect([type, text]).toEqual(["text/x.tlog.size", response_equals])
      if (status !== 200) continue
      expect(text.startsWith(response_contains!)).toBe(true)
      const note = utf8(body.slice(body.indexOf("\n\n") + 2) + text)
      const trust = { origin: session.log_origin, logKeys: [key], witnessKeys: [witness.key] }
      expect((await verifyCheckpoint(note, trust)).cosignatures).toEqual([
        { key: witness.key, timestamp: started / 1_000 },
      ])
    }
    expect(await sizeNow(session.log_origin)).toBe(session.final_size)
  })
})

describe("a log that grows", () => {
  test("[V3.2, V3.3] is cosigned step by step, again at one size, from nothing, and through size 0", async () => {
    let size = 0
    for (const next of [0, 0, 1, 2, 2, 3, 8, 9, 31, 32, 40, 40]) {
      now += 1_000
      const body = await log.request(size, next)
      const { status, type, text } = await submit(body)
      expect([next, status, type]).toEqual([next, 200, "text/plain; charset=utf-8"])
      const [line] = parseSignatureLines(utf8(text))
      const { text: signed } = parseNote(await log.checkpoint(next))
      const [verified] = await verifyNote({ text: signed, signatures: [line!] }, [witness.key])
      expect(verified).toEqual({ key: witness.key, timestamp: now / 1_000 })
      size = next
    }
    expect(await store.evidence()).toEqual([])
  })

  test("[V3.3] the same again within one second writes nothing; a second later it does", async () => {
    let writes = 0
    const step: WitnessStore["step"] = (origin, decide) =>
      store.step(origin, (state) => {
        const decided = decide(state)
        if (decided.head !== undefined) writes++
        return decided
      })
    witness = createWitness({ ...witness.deps, store: { ...store, step } })
    const first = await submit(await log.request(0, 5))
    const again = [await submit(await log.request(5, 5)), await submit(await log.request(5, 5))]
    expect([writes, ...again]).toEqual([1, first, first])
    now += 1_000
    const later = await submit(await log.request(5, 5))
    expect([writes, later.status, later.text === first.text]).toEqual([2, 200, false])
  })

  test("[V3.2] from every size to every other", async () => {
    for (let from = 1; from < 20; from++) {
      for (let to = from; to < 20; to++) {
        store = createMemoryStore()
        witness = newWitness()
        await store.trust(log.origin, log.key)
        expect(await statusOf(await log.request(0, from))).toBe(200)
        expect(await statusOf(await turned.request(from, to))).toBe(from <= 7 ? 200 : 422)
        expect(await sizeNow()).toBe(from <= 7 ? to : from)
      }
    }
  })

  test("[V3.5] its newest checkpoint is shown with both signatures, the same at every reading", async () => {
    expect(await latestCheckpoint(witness, sha256(utf8(log.origin)))).toBeUndefined()
    await submit(await log.request(0, 5))
    now += 60_000
    const note = await latestCheckpoint(witness, sha256(utf8(log.origin)))
    const trust = { origin: log.origin, logKeys: [log.key], witnessKeys: [witness.key] }
    const shown = await verifyCheckpoint(note!, trust)
    expect([shown.size, shown.cosignatures]).toEqual([5, [{ key: witness.key, timestamp: started / 1_000 }]])
    expect(await latestCheckpoint(witness, sha256(utf8(log.origin)))).toEqual(note)
    expect(await latestCheckpoint(witness, sha256(utf8("log.example/b")))).toBeUndefined()
  })

  test("[V3.5] shows what strangers added to a note to nobody", async () => {
    const stranger = await signerFromSeed(seed(9))
    const { text, signatures } = parseNote(await log.checkpoint(3))
    const theirs = await signNote(text, noteKey("stranger", 1, stranger.publicKey), stranger)
    const note = formatNote({ text, signatures: [theirs, ...signatures, ...signatures] })
    expect(await statusOf(formatAddCheckpoint({ oldSize: 0, proof: [], note }))).toBe(200)
    const shown = parseNote((await latestCheckpoint(witness, sha256(utf8(log.origin))))!)
    expect(shown.signatures.map(({ name }) => name)).toEqual([log.origin, "witness.example"])
  })
})

describe("one broken request for each line of the table", () => {
  const size3 = async () => expect(await statusOf(await log.request(0, 3))).toBe(200)
  const broken = async (change: (text: string) => string) => utf8(change(fromUtf8(await log.request(3, 9))))

  test.each([
    ["nothing", () => ""],
    ["no old size", (text: string) => text.replace("old 3\n", "")],
    [
      "64 proof lines",
      (text: string) =>
        text.replace("old 3\n", `old 3\n${"A".repeat(43)}=\n`.concat(`${"A".repeat(43)}=\n`.repeat(63))),
    ],
    ["no signature", (text: string) => text.slice(0, text.lastIndexOf("\u2014"))],
    ["a note that is no checkpoint", (text: string) => text.replace("\n9\n", "\nnine\n")],
    ["bytes after the end", (text: string) => `${text}x`],
  ])("[V3.2] 400: %s", async (_, change) => {
    await size3()
    expect(await statusOf(await broken(change))).toBe(400)
    expect(await sizeNow()).toBe(3)
  })

  test("[V3.2] 404: an unknown log, though signed, and before its signature is looked at", async () => {
    const other = await testLog("log.example/b", 3)
    expect(await statusOf(await other.request(0, 3))).toBe(404)
  })

  test("[V3.2] 403: signed by nobody who is trusted", async () => {
    const thief = await testLog(log.origin, 40, 40, 2)
    expect(await statusOf(await thief.request(0, 3))).toBe(403)
  })

  test("[V3.2] 403: one right line and a forged one of the same key", async () => {
    const { text, signatures } = parseNote(await log.checkpoint(3))
    const forged = {
      ...signatures[0]!,
      signature: signatures[0]!.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    }
    for (const lines of [[forged], [signatures[0]!, forged], [forged, signatures[0]!]]) {
      const note = formatNote({ text, signatures: lines })
      expect(await statusOf(formatAddCheckpoint({ oldSize: 0, proof: [], note }))).toBe(403)
    }
    expect(await sizeNow()).toBeUndefined()
  })

  test("[V3.2] 403: the witness's own key does not make a log trusted", async () => {
    const note = parseNote(await log.checkpoint(3))
    const own = noteKey(log.origin, 1, signer.publicKey)
    const signed = formatNote({ text: note.text, signatures: [await signNote(note.text, own, signer)] })
    expect(await statusOf(formatAddCheckpoint({ oldSize: 0, proof: [], note: signed }))).toBe(403)
  })

  test("[V3.2] 400: old above the checkpoint's size, before it is held against what is stored", async () => {
    await size3()
    expect(await statusOf(await log.request(4, 2))).toBe(400)
    expect(await statusOf(await log.request(3, 2))).toBe(400)
  })

  test.each([0, 2, 4, 9])("[V3.2] 409: old %i where 3 was cosigned", async (oldSize) => {
    await size3()
    expect(await submit(await log.request(oldSize, 9, { proof: [] }))).toEqual({
      status: 409,
      type: "text/x.tlog.size",
      text: "3\n",
    })
  })

  test("[V3.2] 409: size 0 where nothing was cosigned, for every other old size", async () => {
    expect(await submit(await log.request(1, 9))).toMatchObject({ status: 409, text: "0\n" })
  })

  test("[V3.2] 422: an empty tree with a root of its own", async () => {
    expect(await statusOf(await log.request(0, 0, { root: log.rootAt(1) }))).toBe(422)
  })

  test("[V3.2] 422: a proof from nothing", async () => {
    expect(await statusOf(await log.request(0, 3, { proof: [log.rootAt(1)] }))).toBe(422)
    expect(await statusOf(await log.request(0, 0))).toBe(200)
    expect(await statusOf(await log.request(0, 3, { proof: [log.rootAt(1)] }))).toBe(422)
    expect(await statusOf(await log.request(0, 3))).toBe(200)
  })

  test("[V3.2] 422: no proof, a wrong one, one hash too many", async () => {
    await size3()
    const right = log.tree.proveConsistency(3, 9)
    for (const proof of [
      [],
      right.slice(1),
      [...right, right[0]!],
      right.toReversed(),
      log.tree.proveConsistency(2, 9),
    ]) {
      expect(await statusOf(await log.request(3, 9, { proof }))).toBe(422)
    }
    expect(await sizeNow()).toBe(3)
    expect(await statusOf(await log.request(3, 9))).toBe(200)
  })

  test("[V3.2] 422: the same size with another root, or with a proof", async () => {
    await size3()
    expect(await statusOf(await log.request(3, 3, { root: log.rootAt(2) }))).toBe(422)
    expect(await statusOf(await log.request(3, 3, { proof: [log.rootAt(1)] }))).toBe(422)
    expect(await statusOf(await log.request(3, 3))).toBe(200)
  })

  test("[V3.7] no answer repeats what was sent", async () => {
    const answer = await submit(utf8("old 0\n\nSECRET\n1\nSECRET\n"))
    expect(answer.text).not.toContain("SECRET")
  })
})

describe("evidence", () => {
  const kept = async () => (await store.evidence()).map(({ kind, size }) => `${kind} ${size}`)

  test("[V4.1] two roots for one size: both signed notes are kept, and verify", async () => {
    await submit(await log.request(0, 9))
    expect(await statusOf(await turned.request(9, 9))).toBe(422)
    const [fork] = await store.evidence()
    expect(fork).toMatchObject({ kind: "fork", origin: log.origin, size: 9, at: started / 1_000 })
    const trust = { origin: log.origin, logKeys: [log.key], witnessKeys: [] }
    const two = await Promise.all([fork!.note, fork!.held!].map((note) => verifyCheckpoint(note, trust)))
    expect(two.map(({ size }) => size)).toEqual([9, 9])
    expect(two[0]!.root).not.toEqual(two[1]!.root)
  })

  test("[V4.2] also when the old size was wrong", async () => {
    await submit(await log.request(0, 9))
    expect(await statusOf(await turned.request(0, 9))).toBe(409)
    expect(await kept()).toEqual(["fork 9"])
  })

  test("[V4.1] a false empty tree, with nothing before it", async () => {
    await submit(await log.request(0, 0, { root: log.rootAt(1) }))
    expect(await kept()).toEqual(["false_empty 0"])
    await submit(await log.request(0, 9))
    await submit(await log.request(0, 0, { root: log.rootAt(2) }))
    expect(await kept()).toEqual(["false_empty 0", "false_empty 0"])
  })

  test("[V4.1] a larger tree without a proof is unproven, and the log may still prove it", async () => {
    await submit(await log.request(0, 9))
    await submit(await turned.request(9, 12))
    await submit(await log.request(9, 13, { proof: [] }))
    expect(await kept()).toEqual(["unproven 12", "unproven 13"])
    expect(await statusOf(await log.request(9, 13))).toBe(200)
  })

  test("[V3.7] is told of once a minute, however often it is sent", async () => {
    const said: string[] = []
    const warn = (_: unknown, sentence: string) => void said.push(sentence)
    witness = createWitness({ ...witness.deps, log: { info: warn, warn } })
    await submit(await log.request(0, 9))
    for (let i = 0; i < 5; i++) await submit(await turned.request(9, 9))
    expect(said.length).toBe(1)
    now += 60_000
    await submit(await turned.request(9, 9))
    expect(said.length).toBe(2)
  })

  test("[V4.1] mistakes that accuse nobody are not kept", async () => {
    const thief = await testLog(log.origin, 40, 7, 2)
    await submit(await log.request(0, 9))
    for (const body of [
      await log.request(0, 9),
      await log.request(9, 9, { proof: [log.rootAt(3)] }),
      await log.request(0, 12),
      await thief.request(9, 9),
      await log.request(9, 3),
    ]) {
      expect(await statusOf(body)).not.toBe(200)
    }
    expect(await kept()).toEqual([])
  })
})

describe("requests at the same time", () => {
  test("[V2.2] never lead back: of all that ask from one size one wins, the others are told", async () => {
    await submit(await log.request(0, 1))
    const bodies = await Promise.all(Array.from({ length: 30 }, (_, i) => log.request(1, i + 2)))
    const statuses = await Promise.all(bodies.map(statusOf))
    expect(statuses.filter((status) => status === 200).length).toBe(1)
    expect(statuses.filter((status) => status === 409).length).toBe(29)
    expect(await sizeNow()).toBe(statuses.indexOf(200) + 2)
  })

  test("[V3.4] trust that ends under way counts", async () => {
    const lazy: WitnessStore = {
      ...store,
      logOf: async (origin) => {
        const state = await store.logOf(origin)
        await store.distrust(log.origin, log.key)
        return state
      },
    }
    witness = createWitness({ ...witness.deps, store: lazy })
    expect(await statusOf(await log.request(0, 3))).toBe(403)
    expect(await sizeNow()).toBeUndefined()
  })

  test("[V3.3] nothing is signed before it is stored", async () => {
    const failing: WitnessStore = { ...store, step: () => Promise.reject(new Error("disk full")) }
    let signatures = 0
    const counting = {
      ...signer,
      sign: (message: Uint8Array) => {
        signatures++
        return signer.sign(message)
      },
    }
    witness = createWitness({ ...witness.deps, store: failing, signer: counting })
    await expect(processAddCheckpoint(witness, await log.request(0, 3))).rejects.toThrow("disk full")
    expect(signatures).toBe(0)
  })
})

test("[V1.2] cosigns under type 04 and refuses a name that cannot stand in a line", () => {
  expect(witness.key.type).toBe(COSIGNATURE)
  for (const name of ["", "a b", "a+b", "a\nb"]) expect(() => newWitness(name)).toThrow("malformed")
})

import { draft, fateOf, type LaterAct, seal } from "@holdfast/charter"
import {
  COSIGNATURE,
  charterOrigin,
  cosignNote,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  formatSignatureLines,
  formatTreeSize,
  NOTE_SIGNATURE,
  noteKey,
  parseAddCheckpoint,
  parseNote,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import { dead, silent, type WitnessTurn } from "@holdfast/testkit"
import { utf8 } from "@holdfast/wire"
import { afterEach, describe, expect, test } from "vitest"
import { createRoutes } from "../src/index.ts"
import { callInProcess } from "./caller.ts"
import { bytesFrom, otherRelays, relayIdentity } from "./harbour.ts"
import { anchorsOf, heldNote, readNote, relaysDelay, type Watched, watched } from "./watched.ts"

const stages: Watched[] = []
async function stage(options: Parameters<typeof watched>[0] = {}): Promise<Watched> {
  const made = await watched(options)
  stages.push(made)
  return made
}
afterEach(async () => {
  for (const { relay } of stages.splice(0)) await relay.close()
})

const seconds = ({ timers }: Watched) => Math.floor(timers.now() / 1_000)
const lines = async (it: Watched) =>
  (await it.relay.withOrganisation(it.harbour.org, async (org) => org.witnessing.lines())) ?? []
const standings = async (it: Watched) => (await lines(it)).map(({ standing }) => standing)
const settled = (it: Watched, size: number) =>
  it.eventually(`${size} entries are cosigned by all`, async () => {
    const held = await heldNote(it)
    return held?.size === size && held.times.size === it.witnesses.entries.length
  })
describe("a charter with witnesses", () => {
  test("[R10.1 R10.6] is cosigned from its founding on; the first anchor gives it a clock, and entries alone bring no other", async () => {
    const it = await stage()
    const started = seconds(it)
    await settled(it, 2)
    expect(await anchorsOf(it)).toEqual([1])
    const { state } = await it.charter()
    expect(state.clock).toBeGreaterThanOrEqual(started)
    expect(state.clock).toBeLessThanOrEqual(seconds(it))
    for (const name of ["dan", "eve", "fay", "gus"]) await it.admit(name)
    await settled(it, 6)
    expect(await anchorsOf(it)).toEqual([1])
    expect(await standings(it)).toEqual(["cosigning", "cosigning", "cosigning"])
  })

  test("[R10.1 R10.6] is cosigned anew every hour, and anchored every day", async () => {
    const it = await stage()
    await settled(it, 2)
    const before = (await heldNote(it))?.times.get(0) as number
    await it.timers.advance(3_600_000)
    await it.eventually("newer times", async () => ((await heldNote(it))?.times.get(0) as number) >= before + 3_590)
    expect((await it.charter()).size).toBe(2)
    for (let hour = 0; hour < 24; hour++) {
      await it.timers.advance(3_600_000)
      await it.quiet()
    }
    expect(await anchorsOf(it)).toEqual([1, 2])
  })

  test("[R10.5 R10.7] other relays wait an hour, across a restart, and come into force within a minute of their time without anybody there", async () => {
    const it = await stage()
    await settled(it, 2)
    const index = await it.act(await otherRelays())
    expect(fateOf(await it.charter(), index)?.how).toBe("waiting")
    await settled(it, 4)
    const [waiting] = (await it.charter()).state.waiting
    const begins = waiting?.begins as number
    expect(begins).toBeGreaterThan(0)
    expect(await anchorsOf(it)).toEqual([1, 3])

    await it.timers.advance(600_000)
    await it.restart()
    const due = (begins + relaysDelay) * 1_000
    await it.timers.advance(due - it.timers.now() - 5_000)
    await it.quiet()
    expect((await it.charter()).state.relays).toHaveLength(1)
    await it.timers.advance(Math.max(0, due - it.timers.now()))
    await it.eventually("in force", async () => (await it.charter()).state.relays.length === 2)
    expect(it.timers.now() - due).toBeLessThan(60_000)
    expect(fateOf(await it.charter(), index)).toEqual({ how: "applied", by: 4 })
  })

  test("[R10.4] the note that is handed out outlives a restart", async () => {
    const it = await stage()
    await settled(it, 2)
    for (const index of [0, 1]) it.witnesses.turn(index, dead)
    await it.restart()
    expect((await heldNote(it))?.times.size).toBe(3)
    await it.admit("dan")
    await it.eventually("one cosigns", async () => (await lines(it)).some(({ size }) => size === 3))
    await it.quiet()
    // one alone does not take the place of a quorum
    expect((await heldNote(it))?.size).toBe(2)
  })

  test("[R10.1] after a restart nobody has to come for it to go on", async () => {
    const it = await stage()
    await settled(it, 2)
    const asked = it.witnesses.asked(0)
    await it.restart()
    await it.eventually("asked", () => it.witnesses.asked(0) > asked)
  })

  test("[R10.1] other rules: whoever is no witness any more is not asked, and has no line in the note", async () => {
    const it = await stage()
    await settled(it, 2)
    const { rules } = (await it.charter()).state
    const body = { ...rules, version: 2, witnesses: rules.witnesses.slice(1), witnessQuorum: 2 }
    await it.act({ type: "rules", body })
    const asked = it.witnesses.asked(0)
    expect([...((await heldNote(it))?.times.keys() ?? [])]).toEqual([1, 2])
    await it.eventually("cosigned", async () => (await heldNote(it))?.size === 3)
    expect([...((await heldNote(it))?.times.keys() ?? [])]).toEqual([1, 2])
    expect(it.witnesses.asked(0)).toBe(asked)
    await it.act({
      type: "rules",
      body: { ...body, version: 3, witnesses: [], witnessQuorum: 0, acts: new Map([[2, body.acts.get(2)!]]) },
    })
    expect(await heldNote(it)).toBeUndefined()
  })
})

describe("two relays on one storage", () => {
  test("[R10.6] write one anchor where one is due, and hand out the same", async () => {
    const it = await stage()
    const other = it.another()
    await settled(it, 2)
    await it.act(await otherRelays())
    await settled(it, 4)
    await it.quiet()
    expect(await anchorsOf(it)).toEqual([1, 3])
    const note = await other.withOrganisation(it.harbour.org, async (org) => org.witnessed)
    expect((await readNote(it, note as string)).size).toBe(4)
    await other.close()
  })
})

describe("a relay that the charter no longer names", () => {
  test("[R10.1] asks nobody, and hands nothing out", async () => {
    const it = await stage()
    await settled(it, 2)
    const { type, body } = (await otherRelays()) as LaterAct & { type: "relays" }
    await it.act({ type, body: { relays: body.relays.slice(1) } })
    await settled(it, 4)
    await it.timers.advance((relaysDelay + 5) * 1_000)
    await it.eventually("in force", async () => (await it.charter()).size === 5)
    const asked = it.witnesses.asked(0)
    expect(await heldNote(it)).toBeUndefined()
    await it.timers.advance(7_200_000)
    await it.quiet()
    expect(it.witnesses.asked(0)).toBe(asked)
  })
})

describe("witnesses that do not do what they should", () => {
  test("[R10.2 R10.3] one is slow, one dead: a quorum of the others is not held up, and the dead one is asked less and less", async () => {
    const it = await stage({
      count: 5,
      before: (witnesses) => {
        witnesses.turn(0, silent)
        witnesses.turn(1, dead)
      },
    })
    await it.eventually("anchored", async () => (await it.charter()).state.clock !== undefined)
    await it.eventually("cosigned", async () => (await heldNote(it))?.size === 2)
    expect([...((await heldNote(it))?.times.keys() ?? [])].sort()).toEqual([2, 3, 4])
    await it.eventually("both fail", async () => (await standings(it)).filter((one) => one === "failing").length === 2)
    expect(new Set((await lines(it)).map(({ why }) => why))).toEqual(new Set([undefined, "timeout", "unreachable"]))
    const before = it.witnesses.asked(1)
    for (let i = 0; i < 40; i++) {
      await it.timers.advance(90_000)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    // 15 minutes apart in the end; the first tries took a few more
    expect(it.witnesses.asked(1) - before).toBeLessThan(14)
    it.witnesses.turn(0)
    it.witnesses.turn(1)
    await it.timers.advance(900_000)
    await it.eventually("all of them", async () => (await heldNote(it))?.times.size === 5)
  })

  test("[R10.2] appends do not wait for witnesses", async () => {
    const it = await stage({
      before: (witnesses) => {
        for (const index of [0, 1, 2]) witnesses.turn(index, silent)
      },
    })
    await it.timers.advance(2_000)
    const started = performance.now()
    for (const name of ["dan", "eve", "fay"]) await it.admit(name)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect((await it.charter()).size).toBe(4)
    for (const index of [0, 1, 2]) expect(it.witnesses.asked(index)).toBe(1)
  })

  const cosigning =
    (how: {
      readonly seed?: Uint8Array
      readonly ahead?: number
      readonly text?: (text: string) => string
    }): WitnessTurn =>
    async (body, ask) => {
      const honest = await ask()
      if (honest.status !== 200) return honest
      const { text } = parseNote(parseAddCheckpoint(body).note)
      const [line] = parseNote(utf8(`${text}\n${await honest.text()}`)).signatures
      if (how.seed === undefined) return new Response(formatSignatureLines([line!]))
      const signer = await signerFromSeed(how.seed)
      const key = noteKey(line!.name, COSIGNATURE, signer.publicKey)
      return new Response(formatSignatureLines([await cosignNote(text, key, signer, 1_800_000_000)]))
    }

  test("[R10.3] a line by another key, over something else, or of another time never gets into the note or makes a quorum", async () => {
    let last: Response | undefined
    const it = await stage({
      before: (witnesses) => {
        witnesses.turn(0, cosigning({ seed: bytesFrom("stranger", 32) }))
        // what it said about an earlier tree, again and again
        witnesses.turn(1, async (_, ask) => {
          last ??= await ask()
          return last.clone()
        })
      },
    })
    await it.eventually("asked", () => it.witnesses.asked(0) > 0 && it.witnesses.asked(1) > 0)
    await it.eventually("anchored once", async () => (await it.charter()).size === 2)
    await it.admit("dan")
    await it.eventually("found out", async () => (await standings(it)).filter((one) => one === "failing").length === 2)
    const why = new Set((await lines(it)).map((one) => one.why))
    expect(why).toEqual(new Set([undefined, "not_cosigned", "bad_signature"]))
    // no quorum for what came after
    await it.quiet()
    expect((await heldNote(it))?.size).toBe(1)
    expect([...((await heldNote(it))?.times.keys() ?? [])].sort()).toEqual([1, 2])
    expect(await anchorsOf(it)).toEqual([1])
  })

  test("[R10.3] without a quorum there is no anchor, however many others there are", async () => {
    const it = await stage({ quorum: 3, before: (witnesses) => witnesses.turn(2, dead) })
    await it.eventually("two lines", async () => (await heldNote(it))?.times.size === 2)
    await it.quiet()
    expect((await it.charter()).size).toBe(1)
    it.witnesses.turn(2)
    await it.timers.advance(20_000)
    await it.eventually("anchored", async () => (await it.charter()).state.clock !== undefined)
  })

  test("[R10.8] one that has forgotten everything begins anew", async () => {
    const it = await stage()
    await settled(it, 2)
    it.witnesses.forget(1)
    await it.witnesses.trust(it.harbour.org, it.relay)
    await it.admit("dan")
    await settled(it, 3)
  })

  test("[R10.8] one that has seen a larger tree, or another history, is told about and changes nothing", async () => {
    const logged: string[] = []
    const note = (facts: object, sentence: string) => void logged.push(`${JSON.stringify(facts)} ${sentence}`)
    const it = await stage({ deps: { log: { info: note, warn: note, error: note } } })
    await settled(it, 2)
    const routes = createRoutes(it.relay)
    const ready = async () => (await routes.request("/readyz")).text()
    expect(await ready()).toBe("ok\n")

    // Somebody who has the log key shows witness 0 another history, and witness 1 claims a larger tree.
    const { logSigner } = await relayIdentity()
    const origin = charterOrigin(it.harbour.org)
    const key = noteKey(origin, NOTE_SIGNATURE, logSigner.publicKey)
    it.witnesses.forget(0)
    await it.witnesses.trust(it.harbour.org, it.relay)
    const text = formatCheckpoint({ origin, size: 3, root: bytesFrom("another root", 32), extensions: [] })
    const fork = formatNote({ text, signatures: [await signNote(text, key, logSigner)] })
    const told = await it.witnesses.fetch(`${it.witnesses.entries[0]?.url}/add-checkpoint`, {
      body: formatAddCheckpoint({ oldSize: 0, proof: [], note: fork }),
    })
    expect(told.status).toBe(200)
    it.witnesses.turn(1, async () => new Response(formatTreeSize(99), { status: 409 }))
    await it.admit("dan")
    await it.eventually("found out", async () => {
      const now = await standings(it)
      return now[0] === "inconsistent" && now[1] === "ahead"
    })
    await it.quiet()
    expect(await ready()).toBe("ok\nwitnesses: 3 asked, 0 failing, 1 ahead, 1 inconsistent\n")
    const asked = [it.witnesses.asked(0), it.witnesses.asked(1)]
    await it.timers.advance(600_000)
    expect([it.witnesses.asked(0), it.witnesses.asked(1)]).toEqual(asked)
    // the charter is what it was, and the quorum of before is still what is handed out
    expect((await it.charter()).size).toBe(3)
    expect((await heldNote(it))?.size).toBe(2)
    expect(logged.filter((line) => line.includes("larger charter"))).toHaveLength(1)
    expect(logged.filter((line) => line.includes("another history") || line.includes("Another history"))).toHaveLength(
      1,
    )
    expect(logged.join("\n")).not.toMatch(/w\d\.test|holdfast\/org/)
    const answer = await routes.request(`/v1/orgs/${Buffer.from(it.harbour.org).toString("hex")}/witnesses`)
    expect(await answer.json()).toMatchObject([
      { name: "w0.test/witness", standing: "inconsistent", why: "refused", size: 2 },
      { name: "w1.test/witness", standing: "ahead", why: "ahead", size: 2 },
      { name: "w2.test/witness", standing: "cosigning", size: 3 },
    ])
  })
})

describe("what is handed out", () => {
  test("[W5.14] by request, to everybody who may read the charter, and over HTTP as the log's checkpoint", async () => {
    const it = await stage()
    await settled(it, 2)
    const { caller } = callInProcess(it.relay)
    await caller.get({ kind: "helloReader", value: { org: it.harbour.org } }, "sessionOpened")
    const { note, lane } = await caller.get({ kind: "getWitnessed", value: {} }, "checkpoint")
    expect(lane).toEqual(it.harbour.charterLane)
    expect((await readNote(it, note)).times.size).toBe(3)
    const path = `/v1/orgs/${Buffer.from(it.harbour.org).toString("hex")}/charter/checkpoint`
    expect(await (await createRoutes(it.relay).request(path)).text()).toBe(note)
  })

  test("[W5.14] by itself, to whoever subscribes to the charter, until they unsubscribe", async () => {
    const it = await stage()
    await settled(it, 2)
    const { caller } = await it.open(it.ana)
    const lane = it.harbour.charterLane
    await caller.get({ kind: "subscribe", value: { lane, from: 2 } }, "subscribed")
    expect((await readNote(it, (await caller.push("checkpoint")).note)).size).toBe(2)
    await it.admit("dan")
    await settled(it, 3)
    expect((await readNote(it, (await caller.push("checkpoint")).note)).size).toBe(3)
    await caller.get({ kind: "unsubscribe", value: { lane } }, "done")
    caller.pushes.length = 0
    await it.admit("eve")
    await settled(it, 4)
    expect(caller.pushes).toEqual([])
  })

  test("[W5.14 R6.4] to whoever takes nothing, once there is room, and the newest only", async () => {
    const it = await stage({ config: { maxOutputBytes: 600 } })
    await settled(it, 2)
    const link = await it.open(it.ana)
    link.hold(true)
    const lane = it.harbour.charterLane
    void link.caller.ask({ kind: "subscribe", value: { lane, from: 1 } })
    for (const name of ["dan", "eve", "fay"]) {
      await it.admit(name)
      await it.quiet()
    }
    await settled(it, 5)
    link.hold(false)
    await it.quiet()
    const sizes = await Promise.all(
      link.caller.pushes.flatMap((push) => (push.kind === "checkpoint" ? [readNote(it, push.value.note)] : [])),
    )
    expect(sizes.map(({ size }) => size).at(-1)).toBe(5)
    expect(sizes.length).toBeLessThanOrEqual(2)
  })
})

describe("anchors of others", () => {
  test("[R10.9] a device may bring one that tells something, and so many a day", async () => {
    const it = await stage({ config: { anchorsPerDay: 2 } })
    await settled(it, 2)
    const { caller } = await it.open(it.ana)
    const bring = async () => {
      const { note } = await caller.get({ kind: "getWitnessed", value: {} }, "checkpoint")
      const validity = { notAfter: 1_900_000_000, nonce: bytesFrom(`anchor ${it.timers.now()}`, 16) }
      const statement = draft(await it.charter(), { type: "anchor", body: { note: utf8(note) }, ...validity })
      return caller.get({ kind: "appendCharter", value: { envelope: seal(statement, []) } }, "charterAppended")
    }
    expect((await bring()).index).toBe(2)
    await expect(bring()).rejects.toThrow("refused: anchor_no_news")
    await settled(it, 3)
    expect((await bring()).index).toBe(3)
    await settled(it, 4)
    await expect(bring()).rejects.toThrow("quota")
    expect((await it.charter()).size).toBe(4)
  })
})

import { charterOrigin, laneOrigin, NOTE_SIGNATURE, noteKey, signerFromSeed, verifyCheckpoint } from "@holdfast/log"
import { sessionSigningInput, toLaneId, utf8 } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { createRelay } from "../src/index.ts"
import { callInProcess } from "./caller.ts"
import { bytesFrom, envelope, follow, foundHarbour, memberAdd, person, relayIdentity } from "./harbour.ts"
import { frame, memoryDeps, messageId, stage } from "./harness.ts"

const hour = 3_600
const soon = () => Math.floor(Date.now() / 1_000) + 2 * hour

async function guestOf({ relay, harbour, open, ana }: Awaited<ReturnType<typeof stage>>, label = "guest") {
  const key = await signerFromSeed(bytesFrom(label, 32))
  const host = await open(ana)
  await host.caller.get({ kind: "putInvite", value: { guestKey: key.publicKey, expiresAt: soon() } }, "done")
  const link = callInProcess(relay)
  const challenge = await link.caller.challenge()
  const signature = await key.sign(sessionSigningInput("guest", challenge, harbour.org))
  const hello = () =>
    link.caller.get(
      { kind: "helloGuest", value: { org: harbour.org, guestKey: key.publicKey, signature } },
      "sessionOpened",
    )
  return { link, hello, host, key }
}

describe("hello", () => {
  test("[R4.5] a device of the charter opens a session and learns where its lanes stand", async () => {
    const { relay, harbour, ana } = await stage()
    const { caller } = callInProcess(relay)
    const opened = await caller.hello(harbour.org, ana)
    expect(opened.charter).toEqual({ lane: harbour.charterLane, size: 1 })
    expect(opened.lanes).toEqual([{ lane: harbour.lane, size: 0 }])
    expect(opened.token.length).toBe(32)
    expect(opened.framesPerDay).toBe(20_000)
  })

  test("[R4.5] keys that the charter does not have, and signatures by others, open nothing", async () => {
    const { relay, harbour, ana, ben } = await stage()
    const { caller } = callInProcess(relay)
    const challenge = await caller.challenge()
    const input = sessionSigningInput("device", challenge, harbour.org)
    const hello = async (device: typeof ana.device, signature: Uint8Array) =>
      caller.get({ kind: "helloDevice", value: { org: harbour.org, device, signature } }, "sessionOpened")
    await expect(hello(ben.device, await ben.key.sign(input))).rejects.toThrow("not_authenticated")
    await expect(hello(ana.device, await ben.key.sign(input))).rejects.toThrow("not_authenticated")
    const guest = await ana.key.sign(sessionSigningInput("guest", challenge, harbour.org))
    await expect(hello(ana.device, guest)).rejects.toThrow("not_authenticated")
    await hello(ana.device, await ana.key.sign(input))
  })

  test("[R4.5] a signature made for relay A opens nothing at relay B, nor on another connection", async () => {
    const a = await relayIdentity("a")
    const b = await relayIdentity("b")
    const ana = await person("ana")
    const harbour = await foundHarbour(ana, [ana], [a, b])
    const relays = [a, b].map((identity) => createRelay({ ...memoryDeps(), ...identity }))
    for (const relay of relays) {
      const found = { kind: "found", value: { hostingCode: "", genesis: harbour.genesis } } as const
      await callInProcess(relay).caller.get(found, "founded")
    }
    // A turned relay B would pass A's challenge on, so as to use the answer there.
    const [relayA, relayB] = relays as [(typeof relays)[0], (typeof relays)[0]]
    const atA = callInProcess(relayA).caller
    const atB = callInProcess(relayB).caller
    const challengeA = await atA.challenge()
    await atB.challenge()
    const signature = await ana.key.sign(sessionSigningInput("device", challengeA, harbour.org))
    const hello = { kind: "helloDevice", value: { org: harbour.org, device: ana.device, signature } } as const
    await expect(atB.get(hello, "sessionOpened")).rejects.toThrow("not_authenticated")
    await atA.get(hello, "sessionOpened")
    const later = callInProcess(relayA).caller
    await later.challenge()
    await expect(later.get(hello, "sessionOpened")).rejects.toThrow("not_authenticated")
  })

  test("[R4.6] before hello nothing can be done, and after a few tries the relay hangs up", async () => {
    const { relay, harbour } = await stage()
    const { caller } = callInProcess(relay)
    const { lane } = harbour
    await expect(caller.get({ kind: "read", value: { lane, from: 0, maxFrames: 1 } }, "frames")).rejects.toThrow(
      "not_authenticated",
    )
    await expect(caller.get({ kind: "ping", value: {} }, "done")).rejects.toThrow("not_authenticated")
    const ops = [
      { kind: "append", value: { lane, frames: [frame(1)], messageIds: [messageId(1)] } },
      { kind: "appendCharter", value: { envelope: bytesFrom("x", 9) } },
      { kind: "getDirectory", value: { since: 0 } },
      { kind: "subscribe", value: { lane, from: 0 } },
    ] as const
    for (const op of ops) void caller.ask(op)
    expect(await caller.goodbye()).toBe("not_authenticated")
  })

  test("[R4.6] only the first hello counts", async () => {
    const { harbour, ana, open } = await stage()
    const { caller } = await open(ana)
    await expect(caller.get({ kind: "helloReader", value: { org: harbour.org } }, "sessionOpened")).rejects.toThrow(
      "conflict",
    )
    await caller.get({ kind: "ping", value: {} }, "done")
  })

  test("[R7.2] whoever says nothing in time is let go", async () => {
    const { relay } = await stage({ helloMillis: 30 })
    const { caller } = callInProcess(relay)
    expect(await caller.goodbye()).toBe("not_authenticated")
    expect(relay.connectionCount()).toBe(0)
  })

  test("[R7.3] connections are limited in all and for each address", async () => {
    const { relay } = await stage({ maxConnections: 3, maxConnectionsPerAddress: 2 })
    const first = callInProcess(relay, "192.0.2.7")
    callInProcess(relay, "192.0.2.7")
    expect(await callInProcess(relay, "192.0.2.7").caller.goodbye()).toBe("too_many")
    callInProcess(relay, "192.0.2.8")
    expect(await callInProcess(relay, "192.0.2.9").caller.goodbye()).toBe("too_many")
    first.connection?.closed()
    expect(callInProcess(relay, "192.0.2.7").connection).toBeDefined()
  })

  test("[R7.4] guessing is slowed down by address", async () => {
    const { relay, harbour } = await stage({ maxFailuresPerMinute: 3, hostingCode: "right" })
    const found = (hostingCode: string, address: string) =>
      callInProcess(relay, address).caller.get(
        { kind: "found", value: { hostingCode, genesis: harbour.genesis } },
        "founded",
      )
    for (let i = 0; i < 3; i++) await expect(found("wrong", "192.0.2.1")).rejects.toThrow("not_authenticated")
    await expect(found("right", "192.0.2.1")).rejects.toThrow("too_many")
    await found("right", "192.0.2.2")
  })
})

describe("readers and guests", () => {
  test("[R4.9] a reader follows the charter and gets no further", async () => {
    const { relay, harbour, ana, open } = await stage()
    const { caller } = callInProcess(relay)
    const opened = await caller.get({ kind: "helloReader", value: { org: harbour.org } }, "sessionOpened")
    expect(opened).toMatchObject({ charter: { size: 1 }, lanes: [], framesPerDay: 0, blobBytesPerDay: 0 })
    const { frames } = await caller.get(
      { kind: "read", value: { lane: harbour.charterLane, from: 0, maxFrames: 9 } },
      "frames",
    )
    expect(frames).toEqual([harbour.genesis])
    const { lane } = harbour
    const refused = async (op: Parameters<typeof caller.ask>[0]) =>
      expect(caller.get(op, "done")).rejects.toThrow("forbidden")
    await refused({ kind: "read", value: { lane, from: 0, maxFrames: 9 } })
    await refused({ kind: "subscribe", value: { lane, from: 0 } })
    await refused({ kind: "getCheckpoint", value: { lane } })
    await refused({ kind: "append", value: { lane, frames: [frame(1)], messageIds: [messageId(1)] } })
    await refused({ kind: "appendCharter", value: { envelope: harbour.genesis } })
    await refused({ kind: "getDirectory", value: { since: 0 } })
    await refused({ kind: "putInvite", value: { guestKey: ana.key.publicKey, expiresAt: soon() } })
    const member = await open(ana)
    const { size } = await member.caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")
    expect(size).toBe(0)
  })

  test("[R4.9] organisations that are not here are unknown", async () => {
    const { relay } = await stage()
    const org = (await foundHarbour(await person("eve"), [await person("eve")], [])).org
    const { caller } = callInProcess(relay)
    await expect(caller.get({ kind: "helloReader", value: { org } }, "sessionOpened")).rejects.toThrow(
      "unknown_organisation",
    )
  })

  test("[R4.8] a guest reads the charter and sends a few frames to message lane 0", async () => {
    const scene = await stage()
    const { link, hello } = await guestOf(scene)
    const { caller } = link
    expect(await hello()).toMatchObject({ lanes: [], framesPerDay: 8 })
    const { lane, charterLane } = scene.harbour
    const append = (n: number, to = lane) =>
      caller.get({ kind: "append", value: { lane: to, frames: [frame(n)], messageIds: [messageId(n)] } }, "appended")
    for (let n = 0; n < 8; n++) expect((await append(n)).indices).toEqual([n])
    expect((await append(3)).indices).toEqual([3])
    await expect(append(8)).rejects.toThrow("quota")
    await expect(append(9, charterLane)).rejects.toThrow("forbidden")
    await expect(caller.get({ kind: "read", value: { lane, from: 0, maxFrames: 1 } }, "frames")).rejects.toThrow(
      "forbidden",
    )
    await caller.get({ kind: "subscribe", value: { lane: charterLane, from: 0 } }, "subscribed")
    expect(await caller.frames(1)).toEqual([scene.harbour.genesis])
  })

  test("[R4.8] what a guest has sent counts for the invitation, not for the connection", async () => {
    const scene = await stage({ framesPerGuest: 1 })
    const first = await guestOf(scene)
    const second = await guestOf(scene)
    const append = (caller: typeof first.link.caller, n: number) =>
      caller.get(
        { kind: "append", value: { lane: scene.harbour.lane, frames: [frame(n)], messageIds: [messageId(n)] } },
        "appended",
      )
    await first.hello()
    await second.hello()
    await append(first.link.caller, 1)
    await expect(append(second.link.caller, 2)).rejects.toThrow("quota")
  })

  test("[R4.8] unknown, revoked and expired invitations look alike", async () => {
    let now = Date.now()
    const clock = { now: () => now, after: () => () => {} }
    const scene = await stage({}, { clock })
    const revoked = await guestOf(scene, "revoked")
    const value = { guestKey: revoked.key.publicKey }
    await revoked.host.caller.get({ kind: "revokeInvite", value }, "done")
    await expect(revoked.hello()).rejects.toThrow("not_authenticated")
    const expired = await guestOf(scene, "expired")
    now += 4 * hour * 1_000
    await expect(expired.hello()).rejects.toThrow("not_authenticated")
  })

  test("[R4.8] invitations with weak keys or odd times are refused", async () => {
    const { ana, open } = await stage()
    const { caller } = await open(ana)
    const put = (guestKey: Uint8Array, expiresAt: number) =>
      caller.get({ kind: "putInvite", value: { guestKey, expiresAt } }, "done")
    await expect(put(new Uint8Array(32), soon())).rejects.toThrow("refused: weak_key")
    await expect(put(ana.key.publicKey, 5)).rejects.toThrow("refused: expired")
    await expect(put(ana.key.publicKey, soon() + 100 * 86_400)).rejects.toThrow("refused: too_far")
  })
})

describe("founding", () => {
  const found = async (genesis: Uint8Array, hostingCode = "", config = {}) => {
    const relay = createRelay({ ...memoryDeps(), ...(await relayIdentity()) }, config)
    return callInProcess(relay).caller.get({ kind: "found", value: { hostingCode, genesis } }, "founded")
  }

  test("[R4.10] needs the hosting code", async () => {
    const ana = await person("ana")
    const { genesis, org } = await foundHarbour(ana, [ana], [await relayIdentity()])
    await expect(found(genesis, "", { hostingCode: "let me in" })).rejects.toThrow("not_authenticated")
    await expect(found(genesis, "let me i", { hostingCode: "let me in" })).rejects.toThrow("not_authenticated")
    expect((await found(genesis, "let me in", { hostingCode: "let me in" })).org).toEqual(org)
  })

  test("[R4.10] needs a valid genesis that names this relay and its key", async () => {
    const ana = await person("ana")
    const [here, elsewhere] = await Promise.all([relayIdentity(), relayIdentity("elsewhere")])
    const keySwapped = { ...here, logSigner: elsewhere.logSigner }
    for (const relays of [[], [elsewhere], [keySwapped]]) {
      const { genesis } = await foundHarbour(ana, [ana], relays)
      await expect(found(genesis)).rejects.toThrow("refused: relay_not_named")
    }
    const { genesis } = await foundHarbour(ana, [ana], [here])
    const forged = genesis.slice()
    forged[forged.length - 1]! ^= 1
    await expect(found(forged)).rejects.toThrow("refused: bad_signature")
    await expect(found(genesis.subarray(0, 100))).rejects.toThrow("malformed")
    await expect(found(new Uint8Array(0))).rejects.toThrow("malformed")
  })

  test("[R4.10] the same founding again is answered alike; another statement is not a genesis", async () => {
    const { relay, harbour, ana, ben, cem } = await stage()
    const again = { kind: "found", value: { hostingCode: "", genesis: harbour.genesis } } as const
    expect((await callInProcess(relay).caller.get(again, "founded")).org).toEqual(harbour.org)
    const add = await envelope(harbour, await memberAdd(harbour, ben), [ana.keeper, cem.keeper])
    const other = { kind: "found", value: { hostingCode: "", genesis: add } } as const
    await expect(callInProcess(relay).caller.get(other, "founded")).rejects.toThrow("refused: not_a_genesis")
  })

  test("[R4.10] organisations are limited", async () => {
    const ana = await person("ana")
    const identity = await relayIdentity()
    const { createMemoryEngine } = await import("../src/index.ts")
    const relay = createRelay({ ...memoryDeps(), ...identity, engine: createMemoryEngine({ maxOrgs: 1 }) })
    const request = async () => {
      const { genesis } = await foundHarbour(ana, [ana], [identity])
      return callInProcess(relay).caller.get({ kind: "found", value: { hostingCode: "", genesis } }, "founded")
    }
    await request()
    await expect(request()).rejects.toThrow("too_many")
  })
})

describe("charter", () => {
  test("[R4.3] an envelope is stored when replay applies it, and only then", async () => {
    const { harbour, ana, ben, cem, open } = await stage()
    const { caller } = await open(ana)
    const append = (bytes: Uint8Array) =>
      caller.get({ kind: "appendCharter", value: { envelope: bytes } }, "charterAppended")
    const act = await memberAdd(harbour, ben)
    const tooFew = await envelope(harbour, act, [ana.keeper])
    await expect(append(tooFew)).rejects.toThrow("refused: too_few_keepers")
    await expect(append(bytesFrom("junk", 32))).rejects.toThrow("malformed")
    const enough = await envelope(harbour, act, [ana.keeper, cem.keeper])
    expect(await append(enough)).toEqual({ index: 1 })
    const late = await envelope(harbour, await memberAdd(harbour, ben), [ana.keeper, cem.keeper])
    await expect(append(late)).rejects.toThrow("refused: wrong_sequence")
    const { frames } = await caller.get(
      { kind: "read", value: { lane: harbour.charterLane, from: 0, maxFrames: 9 } },
      "frames",
    )
    expect(frames).toEqual([harbour.genesis, enough])
  })

  test("[R4.4] a statement that is there already answers its index, whoever else approved it", async () => {
    const { harbour, ana, ben, cem, open } = await stage()
    const { caller } = await open(ana)
    const append = (bytes: Uint8Array) =>
      caller.get({ kind: "appendCharter", value: { envelope: bytes } }, "charterAppended")
    const entry = await envelope(harbour, await memberAdd(harbour, ben), [ana.keeper, cem.keeper])
    expect(await Promise.all([append(entry), append(entry)])).toEqual([{ index: 1 }, { index: 1 }])
    expect(await append(harbour.genesis)).toEqual({ index: 0 })
  })

  test("[R4.12] a removed device is cut off at once: sessions, tokens, directory line", async () => {
    const { relay, harbour, ana, ben, cem, open } = await stage()
    const { caller } = await open(ana)
    const append = async (act: Parameters<typeof envelope>[1]) => {
      const entry = await envelope(harbour, act, [ana.keeper, cem.keeper])
      await caller.get({ kind: "appendCharter", value: { envelope: entry } }, "charterAppended")
      await follow(harbour, entry)
    }
    await append(await memberAdd(harbour, ben))
    const first = callInProcess(relay)
    const { token } = await first.caller.hello(harbour.org, ben)
    const second = await open(ben)
    await second.caller.get({ kind: "subscribe", value: { lane: harbour.lane, from: 0 } }, "subscribed")
    expect(relay.core.tokens.find(token)).toBeDefined()
    await append({ type: "member-remove", body: { member: ben.member } })
    expect(await first.caller.goodbye()).toBe("forbidden")
    expect(await second.caller.goodbye()).toBe("forbidden")
    expect(relay.core.tokens.find(token)).toBeUndefined()
    await caller.get(
      { kind: "append", value: { lane: harbour.lane, frames: [frame(1)], messageIds: [messageId(1)] } },
      "appended",
    )
    expect(second.caller.pushes.filter(({ kind }) => kind === "frames")).toEqual([])
    await expect(open(ben)).rejects.toThrow("not_authenticated")
    await caller.get({ kind: "ping", value: {} }, "done")
  })

  test("[R4.7] a token lives as long as its connection", async () => {
    const { relay, harbour, ana } = await stage()
    const link = callInProcess(relay)
    const { token } = await link.caller.hello(harbour.org, ana)
    expect(relay.core.tokens.find(token)?.kind).toBe("device")
    link.connection?.closed()
    expect(relay.core.tokens.find(token)).toBeUndefined()
  })
})

describe("checkpoints", () => {
  test("[R5.1] are signed notes of the log key, under the origin of their lane", async () => {
    const { harbour, ana, open } = await stage()
    const { logSigner } = await relayIdentity()
    const { caller } = await open(ana)
    const append = { lane: harbour.lane, frames: [frame(1), frame(2)], messageIds: [messageId(1), messageId(2)] }
    await caller.get({ kind: "append", value: append }, "appended")
    const cases = [
      { lane: harbour.lane, origin: laneOrigin(harbour.org, harbour.lane), size: 2 },
      { lane: harbour.charterLane, origin: charterOrigin(harbour.org), size: 1 },
    ]
    for (const { lane, origin, size } of cases) {
      const { note } = await caller.get({ kind: "getCheckpoint", value: { lane } }, "checkpoint")
      const logKeys = [noteKey(origin, NOTE_SIGNATURE, logSigner.publicKey)]
      const verified = await verifyCheckpoint(utf8(note), { origin, logKeys, witnessKeys: [] })
      expect(verified.size).toBe(size)
    }
    const nowhere = toLaneId(new Uint8Array(16))
    await expect(caller.get({ kind: "getCheckpoint", value: { lane: nowhere } }, "checkpoint")).rejects.toThrow(
      "unknown_lane",
    )
  })

  test("[W5.14] without witnesses there is no cosigned checkpoint, and every session may ask", async () => {
    const { relay, harbour, ana, open } = await stage()
    const ask = { kind: "getWitnessed", value: {} } as const
    const reader = callInProcess(relay).caller
    await expect(reader.get(ask, "checkpoint")).rejects.toThrow("not_authenticated")
    await reader.get({ kind: "helloReader", value: { org: harbour.org } }, "sessionOpened")
    await expect(reader.get(ask, "checkpoint")).rejects.toThrow("unavailable: not_witnessed")
    await expect((await open(ana)).caller.get(ask, "checkpoint")).rejects.toThrow("unavailable: not_witnessed")
  })
})

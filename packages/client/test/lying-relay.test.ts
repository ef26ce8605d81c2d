import { charterOrigin } from "@holdfast/log"
import { admit, copyRelay, createTestRelay, org, type Player, relayUrl, until, type World } from "@holdfast/testkit"
import {
  decodeDirectoryEntry,
  encodeDirectoryEntry,
  equalBytes,
  hex,
  laneIdOf,
  type OrgId,
  type Reply,
} from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

let world: World
let ana: Player
let ben: Player
let conversation: string

beforeEach(async () => {
  const story = await org("ana", "ben")
  world = story
  ;[ana, ben] = story.players as [Player, Player]
  conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
  await ana.say(conversation, "hello")
  await ben.hears(conversation, ["hello"])
}, 60_000)
afterEach(() => world.close())

async function alarms(player: Player): Promise<readonly string[]> {
  return (await player.client.overview()).alarms.map(({ kind }) => kind)
}

function raises(player: Player, kind: string, millis?: number): Promise<void> {
  return until(`${player.name} raises ${kind}`, async () => (await alarms(player)).includes(kind), millis)
}

async function orgId(player: Player): Promise<OrgId> {
  return Buffer.from((await player.client.overview()).organisation.id, "hex") as unknown as OrgId
}

/** Changes live batches of the message lane on their way to one client. */
async function tamperLane(
  player: Player,
  change: (frames: readonly Uint8Array[]) => readonly Uint8Array[],
): Promise<void> {
  const lane = laneIdOf(await orgId(player), 0)
  player.machine.network.tamper((reply) => {
    if (reply.op.kind !== "frames" || !equalBytes(reply.op.value.lane, lane)) return [reply]
    const { value } = reply.op
    return [{ ...reply, op: { kind: "frames", value: { ...value, frames: change(value.frames) } } }]
  })
}

describe("frames", () => {
  test.each<[string, (frames: readonly Uint8Array[]) => readonly Uint8Array[]]>([
    ["leaves one out", (frames) => frames.slice(1)],
    ["doubles one", (frames) => [...frames, ...frames.slice(-1)]],
    [
      "changes one bit",
      (frames) => frames.map((frame, i) => (i === 0 ? frame.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) : frame)),
    ],
    [
      "swaps in one of its own",
      (frames) => frames.map((frame) => crypto.getRandomValues(new Uint8Array(frame.length))),
    ],
  ])("[E7.2] a relay that %s is noticed, and nothing of it is used", async (_, change) => {
    await tamperLane(ben, change)
    await ana.say(conversation, "secret plan")
    await ana.hears(conversation, ["hello", "secret plan"])
    await ana.say(conversation, "and when")
    await until("noticed", async () =>
      (await alarms(ben)).some((kind) => kind === "reordered" || kind === "bad_checkpoint"),
    )
    expect(await ben.heard(conversation)).toEqual(["hello"])
    // an honest relay again: nothing is lost
    ben.machine.network.tamper(undefined)
    await ben.hears(conversation, ["hello", "secret plan", "and when"], 40_000)
  })

  test("[E7.2] two frames in another order are noticed", async () => {
    ben.machine.network.cut()
    await ana.say(conversation, "one")
    await ana.say(conversation, "two")
    await ana.hears(conversation, ["hello", "one", "two"])
    await tamperLane(ben, (frames) => [...frames].reverse())
    ben.machine.network.heal()
    await raises(ben, "reordered")
    expect(await ben.heard(conversation)).toEqual(["hello"])
    ben.machine.network.tamper(undefined)
    await ben.hears(conversation, ["hello", "one", "two"], 40_000)
  })
})

describe("the key directory", () => {
  function tamperDirectory(player: Player, change: (entry: Uint8Array) => Uint8Array): void {
    player.machine.network.tamper((reply: Reply) => {
      if (reply.op.kind !== "directoryEntries") return [reply]
      const { value } = reply.op
      return [{ ...reply, op: { kind: "directoryEntries", value: { ...value, entries: value.entries.map(change) } } }]
    })
  }

  test("[E7.4] another key under a device's name is noticed, named and not used", async () => {
    const attacker = crypto.getRandomValues(new Uint8Array(1_216))
    tamperDirectory(ana, (bytes) => {
      const entry = decodeDirectoryEntry(bytes)
      return encodeDirectoryEntry({ ...entry, sequence: entry.sequence + 1, sealKey: attacker })
    })
    const invite = await ana.client.createInvite({ purpose: "member", name: "cem", hours: 1 })
    const cem = await world.join("cem", invite.text as string)
    await until("asked", async () => (await ana.client.proposals()).length === 1)
    ben.machine.network.cut()
    await ana.client.approve((await ana.client.proposals())[0]?.id as string)
    await raises(ana, "substituted_key")
    const { sentence } = (await ana.client.overview()).alarms.find(({ kind }) => kind === "substituted_key") as {
      sentence: string
    }
    expect(sentence).toContain((await cem.client.overview()).me.device.slice(0, 8))
    // ana cannot add cem with a wrong key; ben, who sees the real directory, can
    expect(await cem.client.conversations()).toEqual([])
    ben.machine.network.heal()
    await until("cem is in", async () => (await cem.client.conversations()).length === 1)
  })

  test("[E7.4] an old line of a device is noticed", async () => {
    const old = new Map<string, Uint8Array>()
    tamperDirectory(ana, (bytes) => {
      const entry = decodeDirectoryEntry(bytes)
      const known = old.get(hex(entry.device))
      if (known === undefined) old.set(hex(entry.device), bytes)
      return known ?? bytes
    })
    // the version goes back too, so that all lines are handed out again
    const cem = await admit(world, ana, "cem")
    cem.machine.advance(25 * 3_600_000)
    await cem.restart()
    await until("cem has a new line", async () => {
      const seen = new Set<number>()
      ana.machine.network.tamper((reply) => {
        if (reply.op.kind !== "directoryEntries") return [reply]
        const { value } = reply.op
        for (const bytes of value.entries) seen.add(decodeDirectoryEntry(bytes).sequence)
        return [reply]
      })
      ana.machine.network.dropConnections()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return seen.size > 0
    })
    const stale = old.get((await cem.client.overview()).me.device) as Uint8Array
    ana.machine.network.tamper((reply) => {
      if (reply.op.kind !== "directoryEntries") return [reply]
      return [{ ...reply, op: { kind: "directoryEntries", value: { ...reply.op.value, entries: [stale] } } }]
    })
    ana.machine.network.dropConnections()
    await raises(ana, "substituted_key")
  }, 60_000)

  test("[E7.5] a line for a device that nobody admitted is a ghost", async () => {
    tamperDirectory(ana, (bytes) => {
      const entry = decodeDirectoryEntry(bytes)
      return encodeDirectoryEntry({ ...entry, device: crypto.getRandomValues(new Uint8Array(16)) as never })
    })
    ana.machine.network.tamper((reply) => {
      if (reply.op.kind !== "directoryEntries") return [reply]
      const ghost = encodeDirectoryEntry({
        org: new Uint8Array(32) as never,
        device: new Uint8Array(16).fill(7) as never,
        sequence: 1,
        issuedAt: 1,
        sealKey: new Uint8Array(1_216),
        keyPackages: [],
        signature: new Uint8Array(64),
      })
      return [{ ...reply, op: { kind: "directoryEntries", value: { ...reply.op.value, entries: [ghost] } } }]
    })
    ana.machine.network.dropConnections()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(await alarms(ana)).toEqual([])
    ana.machine.advance(31_000)
    await raises(ana, "ghost_device")
  })
})

describe("which relay", () => {
  test("[E8.3] a server with another key at the same address is told nothing", async () => {
    const other = await createTestRelay()
    world.network.put(relayUrl, other)
    ben.machine.network.dropConnections()
    await raises(ben, "wrong_relay")
    expect((await ben.client.overview()).connection).not.toBe("online")
    world.network.put(relayUrl, world.relay)
    await ana.say(conversation, "still here")
    await ben.hears(conversation, ["hello", "still here"], 40_000)
    await other.close()
  })

  test("[E7.1, E7.3] a relay that comes back with an older history is caught, and nothing goes on", async () => {
    const restored = await copyRelay(world.relay, await orgId(ana))
    world.network.put("http://restored.test", restored)
    await ana.say(conversation, "confirmed")
    await ben.hears(conversation, ["hello", "confirmed"])
    ana.machine.network.redirect("http://restored.test")
    ana.machine.network.dropConnections()
    await raises(ana, "rollback")
    expect((await ana.client.overview()).standing).toBe("stopped")
    await expect(ana.client.sendText(conversation, "hello?")).rejects.toMatchObject({ code: "stopped" })
    await ana.restart()
    expect((await ana.client.overview()).standing).toBe("stopped")
    const evidence = ana.machine.databases
      .inspect(ana.client.vault)
      .prepare("SELECT evidence FROM alarms WHERE kind = 'rollback'")
      .get() as { evidence: Uint8Array }
    // the relay's own signed note is kept
    expect(Buffer.from(evidence.evidence).toString()).toContain(charterOrigin(await orgId(ana)))
    await restored.close()
  })
})

describe("two histories", () => {
  let other: Awaited<ReturnType<typeof copyRelay>>

  /** From here on Ben is shown the history of another relay with the same keys. */
  async function split(): Promise<void> {
    other = await copyRelay(world.relay, await orgId(ana))
    world.network.put("http://other.test", other)
    ben.machine.network.redirect("http://other.test")
    ben.machine.network.dropConnections()
    await until("ben is over there", async () => (await ben.client.overview()).upToDate)
  }
  afterEach(() => other.close())

  test("[E7.3] one message between the two views is enough", async () => {
    await split()
    await ana.say(conversation, "seen here")
    await ana.hears(conversation, ["hello", "seen here"])
    await ben.say(conversation, "seen there")
    await until("it is there", async () => (await ben.heard(conversation)).includes("seen there"))
    await ben.say(conversation, "and a second")
    await until("it is there", async () => (await ben.heard(conversation)).includes("and a second"))
    // the turned relay carries Ben's words over, so that nobody misses anything
    const lane = laneIdOf(await orgId(ana), 0)
    const bounds = { maxEntries: 100, maxBytes: 10_000_000 }
    const { size } = await world.relay.core.deps.engine.head(lane)
    const theirs = await other.core.deps.engine.read(lane, size - 1, bounds)
    if (theirs.kind !== "entries") throw new Error("pruned")
    const entries = theirs.entries.map((bytes) => ({ messageId: crypto.getRandomValues(new Uint8Array(16)), bytes }))
    await world.relay.core.deps.engine.append(lane, entries)
    await raises(ana, "fork")
    // ben's word alone is no proof
    expect((await ana.client.overview()).standing).toBe("active")
    const { sentence } = (await ana.client.overview()).alarms.find(({ kind }) => kind === "fork") as {
      sentence: string
    }
    expect(sentence).toContain("ben's device was shown another order of messages than this one, or it lies")
  })

  test("[E7.3] a client that comes back to the other view finds out by the relay's own signature", async () => {
    await split()
    await ana.say(conversation, "one")
    await ana.say(conversation, "two")
    await ana.hears(conversation, ["hello", "one", "two"])
    await ben.say(conversation, "uno")
    await until("it is there", async () => (await ben.heard(conversation)).includes("uno"))
    ben.machine.network.redirect(undefined)
    ben.machine.network.dropConnections()
    await until("noticed", async () => {
      const raised = await alarms(ben)
      return raised.includes("fork") || raised.includes("reordered")
    })
    expect((await ben.heard(conversation)).filter((text) => text === "one" || text === "two")).toEqual([])
  })
})

describe("what is kept back", () => {
  test("[E7.3] a charter entry that a member has seen and the relay does not show is noticed", async () => {
    const charter = laneIdOf(await orgId(ana), "charter")
    // ben gets an old charter: no new entries, and an old checkpoint
    let oldNote: Reply | undefined
    ben.machine.network.tamper((reply) => {
      const { op } = reply
      if (op.kind === "frames" && equalBytes(op.value.lane, charter)) return []
      if (op.kind === "checkpoint" && equalBytes(op.value.lane, charter)) {
        oldNote ??= reply
        return [{ ...oldNote, id: reply.id }]
      }
      return [reply]
    })
    ben.machine.network.dropConnections()
    await until("ben is back", async () => oldNote !== undefined)
    await admit(world, ana, "cem")
    await ana.say(conversation, "after cem")
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await ben.heard(conversation)).toEqual(["hello"])
    ben.machine.advance(31_000)
    await raises(ben, "withheld")
    ben.machine.network.tamper(undefined)
    ben.machine.network.dropConnections()
    await ben.hears(conversation, ["hello", "after cem"], 40_000)
  }, 90_000)

  test("[E7.3] a frame that the relay has signed for and keeps back is noticed", async () => {
    await tamperLane(ben, () => [])
    await ana.say(conversation, "kept back")
    await ana.hears(conversation, ["hello", "kept back"])
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect(await alarms(ben)).toEqual([])
    ben.machine.advance(31_000)
    await raises(ben, "withheld")
    ben.machine.network.tamper(undefined)
    await ben.hears(conversation, ["hello", "kept back"], 40_000)
  })

  test("[E7.3] an act that the relay has confirmed and never shows is noticed", async () => {
    const charter = laneIdOf(await orgId(ana), "charter")
    const cem = await admit(world, ana, "cem")
    ana.machine.network.tamper((reply) =>
      reply.op.kind === "frames" && equalBytes(reply.op.value.lane, charter) ? [] : [reply],
    )
    const proposal = await ana.client.proposeRemoveMember(cem.member)
    await ana.client.approve(proposal)
    await until("removed for all others", async () =>
      (await ben.client.people()).some(({ name, active }) => name === "cem" && !active),
    )
    ana.machine.advance(31_000)
    await raises(ana, "withheld")
  })

  test("[E7.3] a message that the relay has confirmed and never shows is noticed", async () => {
    const lane = laneIdOf(await orgId(ana), 0)
    ben.machine.network.tamper((reply) =>
      reply.op.kind === "frames" && equalBytes(reply.op.value.lane, lane) ? [] : [reply],
    )
    await ben.say(conversation, "into the void")
    await ana.hears(conversation, ["hello", "into the void"])
    expect((await ben.client.messages(conversation)).at(-1)?.state).toBe("waiting")
    ben.machine.advance(31_000)
    await raises(ben, "withheld")
  })
})

test("[E8.2] bytes that are no message of the protocol end the connection and raise an alarm", async () => {
  ben.machine.network.tamper((reply) =>
    reply.op.kind === "frames"
      ? [
          {
            id: 0,
            op: {
              kind: "challenge",
              value: {
                version: 1,
                nonce: new Uint8Array(32),
                relay: new Uint8Array(16) as never,
                logPublicKey: new Uint8Array(32),
              },
            },
          },
        ]
      : [reply],
  )
  await ana.say(conversation, "x")
  await raises(ben, "junk")
  ben.machine.network.tamper(undefined)
  await ben.hears(conversation, ["hello", "x"], 40_000)
})

import { charterOrigin, formatVkey, NOTE_SIGNATURE, noteKey } from "@holdfast/log"
import { serveRelay } from "@holdfast/relay"
import { createWorld } from "@holdfast/testkit"
import { fromHex, toOrgId, utf8 } from "@holdfast/wire"
import { createMemoryStore, type WitnessStore } from "@holdfast/witness"
import { beforeEach, expect, test } from "vitest"
import { type CharterFollower, followCharter } from "../src/witness/follow-charter.ts"
import { keepFollowing } from "../src/witness/keep-following.ts"
import { relayFiles } from "../src/witness/relay-files.ts"
import { filesOf, found, moved, type Published, relayKey, signedCheckpoint, withJunk } from "./published-charter.ts"

const north = ["north", "http://north.test"] as const
const south = ["south", "http://south.test"] as const

let store: WitnessStore
let served: Map<string, Map<string, Uint8Array>>
let reads: string[]

beforeEach(() => {
  store = createMemoryStore()
  served = new Map()
  reads = []
})

async function serve([name, url]: readonly [string, string], published: Published, signedBy = name) {
  served.set(url, await filesOf(published, signedBy))
}

function follower(org: Published, maxBytes?: number, from: string = north[1]): CharterFollower {
  const deps = {
    store,
    filesOf: (url: string) => ({
      async read(file: string, most: number) {
        reads.push(`${url} ${file}`)
        const files = served.get(url)
        if (files === undefined) throw new Error("nothing listens there")
        const bytes = files.get(file)
        if (bytes !== undefined && bytes.length > most) throw new Error("too long")
        return bytes
      },
    }),
  }
  return followCharter(deps, org.org, from, maxBytes)
}

const trusted = async (org: Published) => (await store.logOf(org.origin))?.keys.map(formatVkey).sort()
const keysOf = async (org: Published, ...names: string[]) => {
  const signers = await Promise.all(names.map(relayKey))
  return signers.map(({ publicKey }) => formatVkey(noteKey(org.origin, NOTE_SIGNATURE, publicKey))).sort()
}

test("[V5.1, V5.2] trusts the relays that the charter names, and others after a RELAYS act", async () => {
  const first = await found([north])
  await serve(north, first)
  const following = follower(first)
  expect(await following.pass()).toEqual(["followed"])
  expect(await trusted(first)).toEqual(await keysOf(first, "north"))
  expect(await following.pass()).toEqual(["no_news"])

  const both = await moved(first, [north, south])
  await serve(north, both)
  expect(await following.pass()).toEqual(["followed"])
  expect(await trusted(first)).toEqual(await keysOf(first, "north", "south"))

  const gone = await moved(both, [south])
  await serve(south, gone)
  expect(await following.pass()).toEqual(["no_news", "followed"])
  expect(await trusted(first)).toEqual(await keysOf(first, "south"))
})

test("[V5.2] a relay that left the charter is not believed again, whatever it still shows", async () => {
  const first = await found([north])
  const gone = await moved(first, [south])
  await serve(south, gone)
  const following = follower(first, undefined, south[1])
  await following.pass()
  await serve(north, await withJunk(first, 5))
  const again = follower(first)
  expect(await again.pass()).toEqual(["forked"])
  expect(await trusted(first)).toEqual(await keysOf(first, "south"))
  await serve(north, first)
  expect(await follower(first).pass()).toEqual(["no_news"])
  expect(await trusted(first)).toEqual(await keysOf(first, "south"))
})

test("[V5.1] a charter that no relay in it has signed is not believed", async () => {
  const first = await found([north])
  await serve(north, first, "stranger")
  expect(await follower(first).pass()).toEqual(["unreadable"])
  expect(await trusted(first)).toBeUndefined()
})

test("[V5.1] another organisation's charter is not believed", async () => {
  const [ours, other] = [await found([north]), await found([south])]
  await serve(north, other)
  expect(await follower(ours).pass()).toEqual(["unreadable"])
  expect(await store.logs()).toEqual([])
})

test("[V5.3] another history than was cosigned is a fork", async () => {
  const first = await found([north])
  await serve(north, first)
  const following = follower(first)
  await following.pass()
  const honest = await withJunk(first, 3)
  const head = { size: 4, root: honest.charter.root, note: utf8("note"), cosignedAt: 1 }
  await store.step(first.origin, () => ({ head, result: undefined }))
  await serve(north, await withJunk(first, 5, "other"))
  expect(await following.pass()).toEqual(["forked"])
  await serve(north, await withJunk(honest, 2))
  expect(await following.pass()).toEqual(["followed"])
})

test("[V5.4] reads on across tiles, and only what it has not read", async () => {
  let org = await withJunk(await found([north]), 250)
  await serve(north, org)
  const following = follower(org)
  await following.pass()
  org = await withJunk(org, 300, "more")
  await serve(north, org)
  reads = []
  expect(await following.pass()).toEqual(["followed"])
  expect(reads.map((read) => read.split(" ")[1])).toEqual([
    "checkpoint",
    "tile/entries/000",
    "tile/entries/001",
    "tile/entries/002.p/39",
  ])
  expect(following.charter.size).toBe(551)
  org = await withJunk(org, 1, "last")
  await serve(north, org)
  reads = []
  await following.pass()
  expect(reads.map((read) => read.split(" ")[1])).toEqual(["checkpoint", "tile/entries/002.p/40"])
})

test("[V5.4] junk of every kind is survived, and the honest charter is followed after it", async () => {
  const first = await withJunk(await found([north]), 4)
  const files = await filesOf(first, "north")
  const signer = await relayKey("north")
  const bundle = files.get("tile/entries/000.p/5")!
  const junk: Record<string, (files: Map<string, Uint8Array>) => void> = {
    "no checkpoint": (all) => all.delete("checkpoint"),
    "a checkpoint of junk": (all) => all.set("checkpoint", utf8("junk")),
    "a long checkpoint": (all) => all.set("checkpoint", new Uint8Array(100_000)),
    "no entries": (all) => all.delete("tile/entries/000.p/5"),
    "entries of junk": (all) => all.set("tile/entries/000.p/5", utf8("junk")),
    "entries cut short": (all) => all.set("tile/entries/000.p/5", bundle.slice(0, -1)),
    "an entry changed": (all) =>
      all.set(
        "tile/entries/000.p/5",
        bundle.map((byte, i) => (i === bundle.length - 1 ? byte ^ 1 : byte)),
      ),
  }
  for (const [what, spoil] of Object.entries(junk)) {
    const spoiled = new Map(files)
    spoil(spoiled)
    served.set(north[1], spoiled)
    expect([what, await follower(first).pass()]).toEqual([what, ["unreadable"]])
  }
  const endless = new Map(files)
  endless.set("checkpoint", await signedCheckpoint(first.origin, 2 ** 50, first.charter.root, signer))
  served.set(north[1], endless)
  expect(await follower(first).pass()).toEqual(["unreadable"])
  served.delete(north[1])
  expect(await follower(first).pass()).toEqual(["unreadable"])
  expect(await store.logs()).toEqual([])
  served.set(north[1], files)
  expect(await follower(first).pass()).toEqual(["followed"])
})

test("[V5.1, V5.2] reads a real relay's files", async () => {
  const world = await createWorld()
  const relay = await serveRelay(world.relay, { host: "127.0.0.1", port: 0 })
  try {
    const { organisation } = await (await world.found("Ana")).client.overview()
    const org = toOrgId(fromHex(organisation.id))
    const filesOf = (url: string) => relayFiles(url, organisation.id)
    const following = followCharter({ store, filesOf }, org, relay.url)
    // Then it also asks at the address that this charter names, where nothing listens.
    expect([await following.pass(), await following.pass()]).toEqual([["followed"], ["no_news", "unreadable"]])
    const { publicKey } = world.relay.core.deps.logSigner
    const keys = (await store.logOf(charterOrigin(org)))?.keys.map(formatVkey)
    expect(keys).toEqual([formatVkey(noteKey(charterOrigin(org), NOTE_SIGNATURE, publicKey))])
  } finally {
    await relay.close()
    await world.close()
  }
})

test("[V5.4] a charter above the bound is followed no further; small entries count, and what is read twice does not", async () => {
  let org = await found([north])
  await serve(north, org)
  const following = follower(org, 200 * 1_024)
  for (let i = 0; i < 100; i++) {
    org = await withJunk(org, 1, `n ${i}`)
    await serve(north, org)
    expect(await following.pass()).toEqual(["followed"])
  }
  await serve(north, await withJunk(org, 200, "x"))
  expect(await following.pass()).toEqual(["too_large"])
  expect(following.charter.size).toBe(101)
})

test("[V5.4] goes on asking after failures, less often, and stops when told", async () => {
  const first = await found([north])
  const following = follower(first)
  const stop = new AbortController()
  const said: string[] = []
  const say = (_: unknown, sentence: string) => void said.push(sentence)
  const running = keepFollowing(following, 10, { info: say, warn: say }, stop.signal)
  await expect.poll(() => said.length).toBeGreaterThan(2)
  expect(said.every((sentence) => sentence.includes("could not be read"))).toBe(true)
  await serve(north, first)
  await expect.poll(() => said.some((sentence) => sentence.includes("keys are trusted"))).toBe(true)
  stop.abort()
  await running
})

test("[V5.4] a store that fails is said and survived", async () => {
  const first = await found([north])
  await serve(north, first)
  const whole = store
  let fails = true
  store = {
    ...whole,
    follow: (...given) => (fails ? Promise.reject(new Error("disk full")) : whole.follow(...given)),
  }
  const stop = new AbortController()
  const said: string[] = []
  const say = (_: unknown, sentence: string) => void said.push(sentence)
  const running = keepFollowing(follower(first), 10, { info: say, warn: say }, stop.signal)
  await expect.poll(() => said.some((sentence) => sentence.includes("could not be stored"))).toBe(true)
  fails = false
  await expect.poll(async () => (await whole.logs()).length).toBe(1)
  stop.abort()
  await running
})

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import path from "node:path"
import { exportFiles } from "@holdfast/client/offline"
import { type ServedRelay, serveRelay } from "@holdfast/relay"
import { createTestRelay } from "@holdfast/testkit"
import { type Answer, decode, encode, fromUtf8, hex, type LaneId, laneIdOf, Reply, Request, utf8 } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import { WebSocketServer } from "ws"
import { witnessedNote } from "../src/log/relay-notes.ts"
import {
  admission,
  bytesFrom,
  done,
  foundHarbour,
  type Harbour,
  logged,
  logKey,
  names,
  noteOf,
  relayId,
  witnessNamed,
} from "./support/harbour.ts"
import { folder, run } from "./support/program.ts"

type Witnesses = readonly Awaited<ReturnType<typeof witnessNamed>>[]

/** Eve is in, Finn waits; two of three witnesses watch. */
async function story(): Promise<{ harbour: Harbour; witnesses: Witnesses }> {
  const witnesses = await Promise.all(["Wanda", "Will", "Wes"].map((name) => witnessNamed(name, "http://127.0.0.1:9")))
  const entries = witnesses.map(({ entry }) => entry).toSorted((a, b) => Buffer.compare(a.publicKey, b.publicKey))
  const waits = { k: 2, delaySeconds: 86_400, vetoK: 2, minOrganisations: 0, minJurisdictions: 0 }
  let harbour = await foundHarbour((rules) => ({
    ...rules,
    acts: new Map([...rules.acts, [4, waits]]),
    witnesses: entries,
    witnessQuorum: 2,
  }))
  harbour = await done(harbour, await admission(harbour, "Eve"), ["Ana", "Ben"])
  harbour = await logged(harbour, utf8("junk that a turned relay wrote"))
  return { harbour, witnesses }
}

async function exported(
  harbour: Harbour,
  how: { readonly witnesses?: Witnesses; readonly witnessedSize?: number; readonly note?: string } = {},
): Promise<string> {
  const where = folder()
  const checkpoint = utf8(how.note ?? (await noteOf(harbour)))
  const size = how.witnessedSize ?? harbour.charter.size
  const witnessed =
    how.witnesses === undefined ? undefined : utf8(await noteOf(harbour, { size, witnesses: how.witnesses }))
  for (const { path: file, bytes } of exportFiles({ ...harbour, checkpoint, witnessed, names })) {
    mkdirSync(path.dirname(path.join(where, file)), { recursive: true })
    writeFileSync(path.join(where, file), bytes)
  }
  return where
}

describe("log verify", () => {
  let harbour: Harbour
  let witnesses: Witnesses

  beforeAll(async () => {
    const told = await story()
    harbour = told.harbour
    witnesses = told.witnesses
  })

  test("a whole export verifies: every entry with its fate, names, and who vouches for it", async () => {
    const where = await exported(harbour, { witnesses: witnesses.slice(0, 2) })
    const ended = await run(["log", "verify", where, "--org", hex(harbour.org)])
    expect(ended).toMatchObject({ code: 0, err: "" })
    expect(ended.out).toContain("   0  applied  Found the organisation with Ana as its first member")
    expect(ended.out).toContain("   1  waiting  Add member")
    expect(ended.out).toContain("   2  REFUSED: The bytes are not a charter entry")
    expect(ended.out).toContain("Verified: 3 entries")
    expect(ended.out).toContain("The Harbour")
    expect(ended.out).toMatch(/cosigned by {2}W\w+\.example\/w, 20\d\d-/)
    expect(ended.out).toContain("2 of 3 witnesses vouch for all of it")
    expect(ended.out).not.toContain("Compare it with the one that a member sees")
  })

  test("without an organisation it says that it took the folder's word for it", async () => {
    const where = await exported(harbour, { witnesses })
    const ended = await run(["log", "verify", where, "--quiet"])
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("Compare it with the one that a member sees") })
  })

  test("the export of another organisation does not pass for this one", async () => {
    const other = await foundHarbour((rules) => ({ ...rules, baseWindow: 512 }))
    const ended = await run(["log", "verify", await exported(other), "--org", hex(harbour.org)])
    expect(ended).toMatchObject({ code: 1, out: "" })
  })

  test("witnesses who saw a smaller size vouch for that much", async () => {
    const where = await exported(harbour, { witnesses, witnessedSize: 2 })
    const ended = await run(["log", "verify", where, "--quiet"])
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("vouch for the first 2 entries of it") })
  })

  test("one witness of three is too few, unless that is accepted", async () => {
    const where = await exported(harbour, { witnesses: witnesses.slice(0, 1) })
    const ended = await run(["log", "verify", where, "--quiet"])
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("shown to you alone") })
    expect((await run(["log", "verify", where, "--quiet", "--without-witnesses"])).code).toBe(0)
  })

  const flip = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] as number) ^ 1
    return copy
  }
  test.each<[string, string, (bytes: Buffer) => Uint8Array | string]>([
    ["an entry", "tile/entries/000.p/3", (bytes) => flip(bytes, bytes.length - 1)],
    ["[L6.4] a hash in a tile", "tile/0/000.p/3", (bytes) => flip(bytes, 40)],
    ["[L6.4] a tile of the cosigned size", "tile/0/000.p/2", (bytes) => flip(bytes, 40)],
    ["the root", "newest", (bytes) => flip(bytes, 100)],
    ["a relay's signature", "newest", (bytes) => flip(bytes, bytes.length - 9)],
    ["a witness's signature", "checkpoint", (bytes) => flip(bytes, bytes.length - 9)],
    ["the policy", "policy", (bytes) => String(bytes).replace(/group majority 2/, "group majority 1")],
    ["the organisation's id", "organisation", (bytes) => String(bytes).replace(/^./, "0")],
    ["the names' form", "names.json", (bytes) => `${String(bytes)} `],
  ])("does not verify once somebody has changed %s", async (_, file, change) => {
    const where = await exported(harbour, { witnesses, witnessedSize: 2 })
    const target = path.join(where, file)
    writeFileSync(target, change(readFileSync(target)))
    const ended = await run(["log", "verify", where])
    expect(ended).toMatchObject({ code: 1, out: "" })
    expect(ended.err.trim().split("\n")).toHaveLength(1)
  })

  test("names that do not fit are not shown", async () => {
    const where = await exported(harbour, { witnesses })
    const file = path.join(where, "names.json")
    writeFileSync(file, readFileSync(file, "utf8").replace('"Ana"', '"Eva"'))
    const ended = await run(["log", "verify", where])
    expect(ended.code).toBe(0)
    expect(ended.out).not.toContain("Eva")
  })

  test("what was not understood is told apart from what does not verify", async () => {
    for (const args of [["verify"], ["verify", "http://localhost:9"], ["verify", folder(), "no id"], ["forget"]]) {
      expect((await run(["log", ...args])).code).toBe(2)
    }
    expect(await run(["log", "verify", folder()])).toMatchObject({
      code: 1,
      err: expect.stringContaining("no charter"),
    })
    expect((await run(["log", "--help"])).code).toBe(0)
  })

  test("one entry can be looked at down to its bytes", async () => {
    const where = await exported(harbour, { witnesses })
    const ended = await run(["log", "show", where, "--entry", "1"])
    expect(ended.code).toBe(0)
    const record = harbour.charter.records.at(1)
    expect(ended.out).toContain(hex(record?.statement?.id as Uint8Array))
    expect(ended.out).toContain(hex(record?.leaf as Uint8Array))
    expect(ended.out.match(/approval {5}keeper's key [0-9a-f]{32}, counted/g)).toHaveLength(2)
    expect(ended.out).toContain("checkpoint\n")
    expect((await run(["log", "show", where, "--entry", "3"])).code).toBe(1)
    expect((await run(["log", "show", where, "--entry", "x"])).code).toBe(2)
  })

  test("[L7.1] an entry's proof is checked against a charter or a policy, and by nothing else", async () => {
    const where = await exported(harbour, { witnesses })
    const proof = path.join(folder(), "eve.tlog-proof")
    expect((await run(["log", "prove", where, "1", proof])).code).toBe(0)
    expect((await run(["log", "prove", where, "1", proof])).code).toBe(1)
    for (const trust of [
      ["--source", where],
      ["--policy", path.join(where, "policy")],
    ]) {
      const ended = await run(["log", "check-proof", proof, ...trust])
      expect(ended).toMatchObject({ code: 0, err: "" })
      expect(ended.out).toContain("Proven: entry 1 is in the log of 3 entries")
      expect(ended.out).toContain("Enough witnesses have cosigned it.")
    }
    expect((await run(["log", "check-proof", proof])).code).toBe(2)
    writeFileSync(proof, readFileSync(proof, "utf8").replace("index 1", "index 0"))
    const moved = await run(["log", "check-proof", proof, "--source", where])
    expect(moved).toMatchObject({ code: 1, out: "", err: expect.stringContaining("proves nothing") })
  })

  test("[L7.2] a proof under a checkpoint that too few witnesses cosigned is no proof", async () => {
    const where = await exported(harbour, { witnesses: witnesses.slice(0, 1) })
    const proof = path.join(folder(), "eve.tlog-proof")
    await run(["log", "prove", where, "1", proof])
    const ended = await run(["log", "check-proof", proof, "--source", where])
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("lacks witnesses") })
  })

  test("an export can be saved again from an export", async () => {
    const where = await exported(harbour, { witnesses, witnessedSize: 2 })
    const copy = path.join(folder(), "copy")
    expect((await run(["log", "export", where, hex(harbour.org), copy])).code).toBe(0)
    const files = readdirSync(where, { recursive: true }).map(String).toSorted()
    expect(readdirSync(copy, { recursive: true }).map(String).toSorted()).toEqual(files)
    for (const file of ["checkpoint", "newest", "policy", "names.json"]) {
      expect(readFileSync(path.join(copy, file))).toEqual(readFileSync(path.join(where, file)))
    }
    expect(await run(["log", "export", where, hex(harbour.org), copy])).toMatchObject({
      code: 1,
      err: expect.stringContaining("already holds an export"),
    })
  })
})

describe("log fork", () => {
  let where: string
  let harbour: Harbour
  const note = async (name: string, text: string) => {
    const file = path.join(folder(), name)
    writeFileSync(file, text)
    return file
  }

  beforeAll(async () => {
    const founded = await foundHarbour()
    harbour = await done(founded, await admission(founded, "Eve"), ["Ana", "Ben"])
    where = await exported(harbour)
  })

  test("two signed notes of one size with two roots are proof", async () => {
    const one = await note("one", await noteOf(harbour))
    const two = await note("two", await noteOf(harbour, { root: new Uint8Array(32).fill(7) }))
    const ended = await run(["log", "fork", one, two, "--source", where])
    expect(ended).toMatchObject({
      code: 0,
      out: expect.stringContaining("PROOF OF A FORK: the log has signed two histories of 2 entries"),
    })
    const unknown = await run(["log", "fork", one, two])
    expect(unknown).toMatchObject({ code: 1, out: expect.stringContaining("--source or --policy") })
  })

  test("evidence that a client saved is judged as a folder, and a witness who signed both is named", async () => {
    const wanda = await witnessNamed("Wanda")
    const watched = await foundHarbour((rules) => ({ ...rules, witnesses: [wanda.entry], witnessQuorum: 1 }))
    const evidence = folder()
    writeFileSync(path.join(evidence, "note-1"), await noteOf(watched, { witnesses: [wanda] }))
    writeFileSync(
      path.join(evidence, "note-2"),
      await noteOf(watched, { witnesses: [wanda], root: new Uint8Array(32) }),
    )
    const source = await exported(watched, { witnesses: [wanda] })
    writeFileSync(path.join(evidence, "policy"), readFileSync(path.join(source, "policy")))
    const ended = await run(["log", "fork", evidence])
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("PROOF OF A FORK") })
    expect(ended.out).toContain("the witness Wanda.example/w has cosigned both")
    expect(ended.out).toContain("taken from the evidence itself")
  })

  test("notes of two sizes are judged by the history that has one of them", async () => {
    const older = await note("older", await noteOf(harbour, { size: 1 }))
    const newer = await note("newer", await noteOf(harbour))
    const lie = await note("lie", await noteOf(harbour, { size: 1, root: new Uint8Array(32) }))
    expect(await run(["log", "fork", older, newer, "--source", where])).toMatchObject({
      code: 1,
      out: expect.stringContaining("they are of one history"),
    })
    expect(await run(["log", "fork", lie, newer, "--source", where])).toMatchObject({
      code: 0,
      out: expect.stringContaining("one of them is of the history"),
    })
    expect((await run(["log", "fork", lie, newer, "--policy", path.join(where, "policy")])).code).toBe(1)
  })

  test("a note that a stranger signed proves nothing", async () => {
    const one = await note("one", await noteOf(harbour))
    const signer = (await witnessNamed("Mallory")).key
    const two = await note("two", await noteOf(harbour, { root: new Uint8Array(32), signer }))
    const ended = await run(["log", "fork", one, two, "--source", where])
    expect(ended).toMatchObject({ code: 1, out: expect.stringContaining("note 2 is not signed") })
    const same = await run(["log", "fork", one, one, "--source", where])
    expect(same).toMatchObject({ code: 1, out: expect.stringContaining("they say the same") })
  })
})

/** A real relay of this process, with this history. */
async function relayWith({ org, entries }: Harbour, witnessed?: string): Promise<ServedRelay> {
  const relay = await createTestRelay({}, { relayId, logSigner: await logKey() })
  const { engine } = relay.core.deps
  const [first, ...rest] = entries.map((bytes, i) => ({ messageId: bytesFrom(`entry ${i}`, 16), bytes }))
  await engine.createOrg(org, first as NonNullable<typeof first>)
  if (rest.length > 0) await engine.append(laneIdOf(org, "charter"), rest)
  if (witnessed !== undefined) await engine.putWitnessed(org, utf8(witnessed))
  return serveRelay(relay, { host: "127.0.0.1", port: 0 })
}

/** Only the socket of a relay, which answers the one question with this note. */
async function socketThatSays(
  note: string,
): Promise<{ readonly url: string; readonly asked: string[]; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/v1/socket" })
  await new Promise((resolve) => server.once("listening", resolve))
  const lane = bytesFrom("lane", 16) as LaneId
  const asked: string[] = []
  server.on("connection", (socket) => {
    const say = (id: number, op: Answer) => socket.send(encode(Reply, { id, op }))
    const [nonce, logPublicKey] = [bytesFrom("nonce", 32), bytesFrom("key", 32)]
    say(0, { kind: "challenge", value: { version: 1, nonce, relay: relayId, logPublicKey } })
    socket.on("message", (data: Buffer) => {
      const { id, op } = decode(Request, new Uint8Array(data))
      asked.push(op.kind)
      if (op.kind === "getWitnessed") say(id, { kind: "checkpoint", value: { lane, note } })
      else {
        const value = { token: nonce, charter: { lane, size: 1 }, lanes: [], framesPerDay: 1, blobBytesPerDay: 1 }
        say(id, { kind: "sessionOpened", value })
      }
    })
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() }
}

describe("from a relay", () => {
  test("[W5.14] a reader of the charter is given the note that witnesses have cosigned", async () => {
    const harbour = await foundHarbour()
    const note = await noteOf(harbour)
    const relay = await socketThatSays(note)
    expect(fromUtf8((await witnessedNote(relay.url, harbour.org)) ?? new Uint8Array())).toBe(note)
    expect(relay.asked).toEqual(["helloReader", "getWitnessed"])
    relay.close()
  })

  test("[W5.14] an export has the newest checkpoint that witnesses have cosigned", async () => {
    const { harbour, witnesses } = await story()
    const served = await relayWith(harbour, await noteOf(harbour, { size: 2, witnesses }))
    const where = path.join(folder(), "export")
    try {
      const saved = await run(["log", "export", served.url, hex(harbour.org), where])
      expect(saved).toMatchObject({ code: 0, err: "", out: expect.stringContaining("3 entries saved") })
    } finally {
      await served.close()
    }
    const ended = await run(["log", "verify", where, "--quiet"])
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("vouch for the first 2 entries") })
  })

  test("[W5.14] one that has no cosigned checkpoint says so, and one that is gone is not waited for", async () => {
    const { harbour } = await story()
    const served = await relayWith(harbour)
    try {
      const saved = await run(["log", "export", served.url, hex(harbour.org), path.join(folder(), "export")])
      expect(saved).toMatchObject({
        code: 0,
        err: expect.stringContaining("no checkpoint that witnesses have cosigned"),
      })
      expect(await witnessedNote(served.url, harbour.org)).toBeNull()
    } finally {
      await served.close()
    }
    expect(await witnessedNote(served.url, harbour.org)).toBeNull()
  })
})

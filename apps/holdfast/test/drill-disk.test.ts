import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { openRelayData } from "@holdfast/relay"
import { hex, laneIdOf, toBlobId, toDeviceId, toOrgId } from "@holdfast/wire"
import { afterEach, beforeEach, expect, test } from "vitest"
import { copyDisk, type DiskCopy } from "../src/drill/disk/disk-copy.ts"
import { base64Inside, needlesOfText } from "../src/drill/disk/needles.ts"
import { searchConversations, searchFile, searchTexts } from "../src/drill/disk/search-content.ts"
import { searchIds, searchRows } from "../src/drill/disk/search-links.ts"
import { searchOrder } from "../src/drill/disk/search-order.ts"
import { searchTimes } from "../src/drill/disk/search-times.ts"
import type { Truth } from "../src/drill/truth.ts"

const bytes = (n: number) => new Uint8Array(randomBytes(n))
let folder: string
let copies = 0
let truth: Truth

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-drill-"))
  const org = bytes(32)
  truth = {
    org: hex(org),
    file: { name: "survey of the north wall.png", bytes: bytes(70_000), sha256: bytes(32) },
    texts: [{ what: "a sentence", text: "The heron stands in the reeds at dawn." }],
    conversations: [hex(bytes(32))],
    people: [
      { name: "ana", member: hex(bytes(16)), devices: [hex(bytes(16))] },
      { name: "ben", member: hex(bytes(16)), devices: [hex(bytes(16))] },
    ],
    authorOf: new Map(),
  }
  // A real relay folder with real rows; who wrote them is known here only.
  const relay = await openRelayData(path.join(folder, "relay"))
  const id = toOrgId(org)
  await relay.engine.createOrg(id, { messageId: bytes(16), bytes: bytes(900) })
  for (let i = 0; i < 8; i++) {
    await relay.engine.append(laneIdOf(id, 0), [{ messageId: bytes(16), bytes: bytes(512) }])
  }
  for (const [i, person] of truth.people.entries()) {
    const device = toDeviceId(Uint8Array.from(Buffer.from(person.devices[0] as string, "hex")))
    await relay.engine.putDirectoryLine(id, { device, sequence: i + 1, bytes: lineOf(org, device) })
  }
  async function* one() {
    yield bytes(4_000)
  }
  await relay.blobs.putChunk(id, toBlobId(bytes(32)), { index: 0, count: 1 }, one())
  await relay.engine.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As an encoded entry begins, so that a search recognises it. */
function lineOf(org: Uint8Array, device: Uint8Array): Uint8Array {
  const head = [Buffer.from([0x0a, 0x20]), org, Buffer.from([0x12, 0x10]), device, Buffer.from([0x18, 1])]
  return new Uint8Array(Buffer.concat([...head, randomBytes(2_000)]))
}

function copy(): DiskCopy {
  return copyDisk(path.join(folder, "relay"), path.join(folder, `copy-${++copies}`))
}

function plant(sql: string, ...values: (number | string | Uint8Array)[]): void {
  const db = new DatabaseSync(path.join(folder, "relay", "lanes.db"))
  const [create, insert] = sql.split(";") as [string, string | undefined]
  db.exec(create)
  if (insert !== undefined) db.prepare(insert).run(...values)
  db.close()
}

test("[D2.9] an honest relay's disk gives nothing", async () => {
  const disk = copy()
  expect(searchFile(disk, truth.file)).toMatchObject({ bytes: 0, finds: [] })
  expect(searchTexts(disk, truth.texts)).toMatchObject({ bytes: 0, finds: [] })
  expect(searchConversations(disk, truth.conversations)).toMatchObject({ bytes: 0, finds: [] })
  expect(searchIds(disk, truth)).toMatchObject({ edges: 0, finds: [] })
  expect(searchRows(disk, truth)).toMatchObject({ edges: 0, finds: [] })
  expect(await searchTimes(disk, Date.now())).toMatchObject({ edges: 0, finds: [] })
  expect(searchOrder(disk, truth)).toMatchObject({ edges: 0, finds: [] })
  expect(disk.rows.filter(({ table }) => table === "entry")).toHaveLength(9)
})

test("[D2.1] any eight bytes of the file are found, from any position, plain or as text", () => {
  const known = Buffer.from(truth.file.bytes)
  const cut = (content: Uint8Array) => writeFileSync(path.join(folder, "relay", "left-over"), content)
  cut(Buffer.concat([randomBytes(333), known.subarray(4_321, 4_329), randomBytes(77)]))
  expect(searchFile(copy(), truth.file).bytes).toBe(8)
  cut(Buffer.concat([randomBytes(333), known.subarray(4_321, 4_328), randomBytes(77)]))
  expect(searchFile(copy(), truth.file).bytes).toBe(0)
  cut(Buffer.from(known.subarray(50_001, 50_021).toString("base64")))
  expect(searchFile(copy(), truth.file).bytes).toBeGreaterThan(8)
  cut(Buffer.from(known.subarray(69_980).toString("hex")))
  expect(searchFile(copy(), truth.file).bytes).toBe(20)
  cut(truth.file.sha256)
  expect(searchFile(copy(), truth.file).bytes).toBe(32)
})

test.each([
  ["plain", (text: string) => Buffer.from(text)],
  ["UTF-16", (text: string) => Buffer.from(text, "utf16le")],
  ["UTF-16 big-endian", (text: string) => Buffer.from(text, "utf16le").swap16()],
  ["hex", (text: string) => Buffer.from(Buffer.from(text).toString("hex"))],
  ["base64", (text: string) => Buffer.from(Buffer.from(`x${text}yz`).toString("base64"))],
  ["reversed", (text: string) => Buffer.from(text).reverse()],
])("[D2.2] a sentence is found when it is %s", (_, spell) => {
  const sentence = truth.texts[0]?.text as string
  writeFileSync(path.join(folder, "relay", "notes"), Buffer.concat([randomBytes(50), spell(sentence), randomBytes(9)]))
  const found = searchTexts(copy(), truth.texts)
  expect(found.bytes).toBe(sentence.length)
  expect(found.finds[0]).toMatch(/a sentence .* in notes/)
})

test("[D2.2] a sentence is found in a row, although SQLite cuts long values into pages", () => {
  const padded = Buffer.concat([randomBytes(4_050), Buffer.from(truth.texts[0]?.text as string), randomBytes(9_000)])
  plant("CREATE TABLE more (x BLOB);INSERT INTO more VALUES (?)", padded)
  expect(searchTexts(copy(), truth.texts).finds).toContain("a sentence (plain) in table more, column x")
})

test("[D2.2] base64 at each alignment is what stands inside a longer text", () => {
  for (const shift of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(shift, 0xa5), Buffer.from("a name"), Buffer.from("…")]).toString("base64")
    expect(whole).toContain(base64Inside(Buffer.from("a name"), shift))
  }
  expect(needlesOfText("a name", "Ana").every(({ bytes }) => bytes.length >= 5)).toBe(true)
})

test("[D2.3] a conversation's id is found in a column of its own", () => {
  plant("CREATE TABLE room (id TEXT);INSERT INTO room VALUES (?)", truth.conversations[0] as string)
  expect(searchConversations(copy(), truth.conversations).bytes).toBeGreaterThan(0)
})

test("[D2.5] a relay that keeps the sender beside the frame is found out", () => {
  plant("CREATE TABLE sent (device BLOB, frame INTEGER)")
  const device = Buffer.from(truth.people[0]?.devices[0] as string, "hex")
  plant("SELECT 1;INSERT INTO sent SELECT ?, at FROM entry", device)
  const disk = copy()
  // Eight frames and not the charter's entry.
  expect(searchRows(disk, truth).edges).toBe(8 + 7)
  expect(searchIds(disk, truth).edges).toBeGreaterThan(0)
})

test("[D2.6] a relay that keeps a session's number beside the frame is found out", () => {
  plant("ALTER TABLE entry ADD COLUMN session INTEGER")
  plant("UPDATE entry SET session = at % 2")
  expect(searchRows(copy(), truth)).toMatchObject({ edges: 6 })
})

test("[D2.4] an id that was deleted but still lies in a free page is found", () => {
  const member = Buffer.from(truth.people[1]?.member as string, "hex")
  plant("PRAGMA secure_delete = OFF")
  const db = new DatabaseSync(path.join(folder, "relay", "lanes.db"))
  db.exec("PRAGMA secure_delete = OFF; CREATE TABLE gone (x BLOB)")
  db.prepare("INSERT INTO gone VALUES (?)").run(Buffer.concat([member, randomBytes(20_000)]))
  db.exec("DROP TABLE gone")
  db.close()
  expect(searchIds(copy(), truth).finds.join()).toMatch(/\(free\) names 1/)
})

test("[D2.7] a time finer than the hour is found in a row and on a blob's file", async () => {
  plant("CREATE TABLE seen (at INTEGER);INSERT INTO seen VALUES (?)", Date.now() - (Date.now() % 3_600_000) + 61_000)
  const blobs = path.join(folder, "relay", "blobs", "x")
  mkdirSync(blobs, { recursive: true })
  writeFileSync(path.join(blobs, "0"), "x")
  utimesSync(path.join(blobs, "0"), 1_700_000_123, 1_700_000_123)
  expect((await searchTimes(copy(), Date.now())).edges).toBe(2)
})

test("[D2.8] a directory line and a frame in one transaction are found", () => {
  const db = new DatabaseSync(path.join(folder, "relay", "lanes.db"))
  db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
  const org = Buffer.from(truth.org, "hex")
  const device = Buffer.from(truth.people[0]?.devices[0] as string, "hex")
  const last = (db.prepare("SELECT max(at) AS at FROM entry").get() as { at: number }).at
  db.exec("BEGIN")
  db.prepare("INSERT INTO entry VALUES (?, ?)").run(last + 1, bytes(512))
  const line = Buffer.from(lineOf(org, device))
  line[53] = 99
  db.prepare("UPDATE directory SET bytes = ? WHERE device = ?").run(line, device)
  db.exec("COMMIT")
  const disk = copy()
  db.close()
  expect(searchOrder(disk, truth).edges).toBe(1)
})

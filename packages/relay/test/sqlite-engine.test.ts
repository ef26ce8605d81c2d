import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { laneIdOf, toOrgId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { isWorthWaiting } from "../src/engine/flush-queue.ts"
import { openSqliteEngine, RelayStartError } from "../src/index.ts"

const org = toOrgId(new Uint8Array(32).fill(7))
const lane = laneIdOf(org, 0)
const entry = (n: number, length = 600) => {
  const messageId = new Uint8Array(16)
  new DataView(messageId.buffer).setUint32(0, n)
  return { messageId, bytes: new Uint8Array(length).fill(n % 251) }
}

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-sqlite-"))
  file = path.join(folder, "lanes.db")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function filled(count: number) {
  const engine = openSqliteEngine({ file })
  await engine.createOrg(org, entry(0))
  for (let n = 0; n < count; n += 64) {
    await engine.append(
      lane,
      Array.from({ length: Math.min(64, count - n) }, (_, i) => entry(n + i)),
    )
  }
  return engine
}

function startCode(): string {
  try {
    void openSqliteEngine({ file }).close()
    return "opened"
  } catch (error) {
    if (!(error instanceof RelayStartError)) throw error
    expect(error.message).toMatch(/^[A-Z].*\.$/)
    return error.code
  }
}

describe("opening", () => {
  test("[R2.7] only one process at a time", async () => {
    const engine = await filled(1)
    expect(startCode()).toBe("folder_in_use")
    await engine.close()
    expect(startCode()).toBe("opened")
  })

  test("[R2.11] refuses what a newer program wrote, and leaves it alone", async () => {
    await (await filled(1)).close()
    const db = new DatabaseSync(file)
    db.exec("PRAGMA user_version = 3")
    db.close()
    const before = readFileSync(file)
    expect(startCode()).toBe("database_newer")
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test.each([0, 1, 2])("[R2.11] refuses another program's database of version %i", (version) => {
    const db = new DatabaseSync(file)
    db.exec(`CREATE TABLE something (a); PRAGMA user_version = ${version}`)
    db.close()
    const before = readFileSync(file)
    expect(startCode()).toBe("database_damaged")
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test("[R2.11] takes over the database of the version before, with all that is in it", async () => {
    await (await filled(64)).close()
    const db = new DatabaseSync(file)
    db.exec("DROP TABLE witnessed; PRAGMA user_version = 1")
    db.close()
    const engine = openSqliteEngine({ file })
    expect((await engine.head(lane)).size).toBe(64)
    await engine.putWitnessed(org, Buffer.from("note"))
    await engine.close()
    const again = openSqliteEngine({ file })
    expect(Buffer.from((await again.witnessed(org)) ?? []).toString()).toBe("note")
    await again.close()
  })

  test("[R9.1] refuses bytes that are no database, a cut one, and one with a broken page", async () => {
    writeFileSync(file, "not a database at all, but long enough to be one".repeat(100))
    expect(startCode()).toBe("database_damaged")
    rmSync(file)
    await (await filled(500)).close()
    const whole = readFileSync(file)
    truncateSync(file, whole.length - 40_960)
    expect(startCode()).toBe("database_damaged")
    const broken = Buffer.from(whole)
    broken.fill(0xff, whole.length - 8_192)
    writeFileSync(file, broken)
    expect(startCode()).toBe("database_damaged")
    writeFileSync(file, whole)
    expect(startCode()).toBe("opened")
  })

  test("[R9.1] refuses a lane whose entries are not all there", async () => {
    await (await filled(10)).close()
    const db = new DatabaseSync(file)
    db.exec("DELETE FROM entry WHERE at = (SELECT max(at) FROM entry)")
    db.close()
    expect(startCode()).toBe("database_damaged")
  })

  test("[R9.1] refuses a folder in place of the file", () => {
    file = folder
    expect(startCode()).toBe("folder_not_writable")
  })

  test("[R3.5] the file is its owner's alone", async () => {
    await (await filled(1)).close()
    expect(statSync(file).mode & 0o077).toBe(0)
  })
})

describe("a full disk", () => {
  test("[R2.13] refuses, stores nothing half, and goes on when there is room", async () => {
    await (await filled(10)).close()
    const bound = statSync(file).size + 200_000
    const engine = openSqliteEngine({ file, maxBytes: bound })
    let size = 10
    let refused = 0
    for (let n = 100; n < 160; n++) {
      const some = Array.from({ length: 8 }, (_, i) => entry(8 * n + i, 4_096))
      try {
        size = (await engine.append(lane, some)).size
      } catch (error) {
        expect(error).toMatchObject({ code: "storage_full" })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(10)
    expect((await engine.head(lane)).size).toBe(size)
    await engine.prune(lane, size - 2)
    expect((await engine.append(lane, [entry(9_999)])).indices).toEqual([size])
    await engine.close()
    const again = openSqliteEngine({ file })
    const slice = await again.read(lane, size - 2, { maxEntries: 9, maxBytes: 1e9 })
    expect(slice).toMatchObject({ kind: "entries", size: size + 1 })
    expect(slice.kind === "entries" && slice.entries.length).toBe(3)
    await again.close()
  })
})

describe("what lies on the disk", () => {
  test("[R3.1] no table has a column for a sender, a session, an address or a time", async () => {
    const engine = await filled(1)
    await engine.close()
    const db = new DatabaseSync(file)
    const rows = db
      .prepare("SELECT m.name AS t, p.name AS c FROM sqlite_schema m JOIN pragma_table_info(m.name) p")
      .all()
    db.close()
    expect(rows.map(({ t, c }) => `${t}.${c}`).filter((name) => !String(name).startsWith("sqlite_"))).toEqual([
      "org.no",
      "org.id",
      "org.directory_version",
      "lane.no",
      "lane.org",
      "lane.number",
      "lane.id",
      "lane.first",
      "lane.size",
      "lane.tree",
      "entry.at",
      "entry.bytes",
      "known.at",
      "known.ids",
      "directory.org",
      "directory.device",
      "directory.version",
      "directory.sequence",
      "directory.bytes",
      "invite.org",
      "invite.guest",
      "invite.expires_at",
      "witnessed.org",
      "witnessed.note",
    ])
  })

  test("[R3.3] message ids are not there, and pruned entries are gone from every file", async () => {
    const engine = await filled(0)
    const messageId = Buffer.from("0123456789abcdef")
    const secret = Buffer.concat([Buffer.from("to be forgotten"), Buffer.alloc(497)])
    await engine.append(lane, [{ messageId, bytes: secret }])
    await engine.append(lane, [entry(1), entry(2)])
    const files = () => Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)])
    expect(files().includes("to be forgotten")).toBe(true)
    await engine.prune(lane, 1)
    expect(files().includes("to be forgotten")).toBe(false)
    await engine.close()
    expect(readFileSync(file).includes("0123456789abcdef")).toBe(false)
  })
})

test("[R2.6] a flush waits only for as many writes as came last time", () => {
  expect(isWorthWaiting(0, 1)).toBe(false)
  expect(isWorthWaiting(4, 1)).toBe(false)
  expect(isWorthWaiting(64, 1)).toBe(true)
  expect(isWorthWaiting(64, 64)).toBe(false)
})

test("[R2.6] writes that wait share transactions: far fewer flushes than appends", async () => {
  const engine = await filled(0)
  let flushes = 0
  engine.watch(lane, () => flushes++)
  await Promise.all(Array.from({ length: 500 }, (_, n) => engine.append(lane, [entry(n)])))
  expect((await engine.head(lane)).size).toBe(500)
  expect(flushes).toBeLessThan(20)
  await engine.close()
})

test("[R2.6] too much waiting is refused, not gathered", async () => {
  const engine = openSqliteEngine({ file, limits: { maxWaitingBytes: 100_000 } })
  await engine.createOrg(org, entry(0))
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => engine.append(lane, [entry(n, 30_000)])),
  )
  expect(results.map(({ status }) => status).filter((status) => status === "fulfilled").length).toBe(3)
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "busy" } })
  await engine.close()
})

import { randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { nodeDatabases } from "../src/node/database.ts"

let folder: string
const key = new Uint8Array(randomBytes(32))
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test("[E3.1] what is written comes back after closing, and lies encrypted in between", async () => {
  const databases = nodeDatabases(folder)
  const db = await databases.create("a", key)
  db.run("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB) STRICT")
  db.run("INSERT INTO note (text, bytes) VALUES (?, ?)", "the known sentence", Uint8Array.of(1, 2))
  db.close()
  const onDisk = Buffer.concat(readdirSync(folder).map((name) => readFileSync(path.join(folder, name))))
  expect(onDisk.includes("known sentence")).toBe(false)
  expect(onDisk.includes("SQLite format 3")).toBe(false)
  const again = await databases.open("a", key)
  const row = again.all("SELECT text, bytes FROM note")[0]
  expect(row).toEqual({ text: "the known sentence", bytes: Uint8Array.of(1, 2) })
  expect(row?.bytes?.constructor).toBe(Uint8Array)
  again.close()
})

test("[E3.2] a failed transaction leaves nothing behind", async () => {
  const db = await nodeDatabases(folder).create("a", key)
  db.run("CREATE TABLE note (id INTEGER PRIMARY KEY) STRICT")
  expect(() =>
    db.transaction(() => {
      db.run("INSERT INTO note (id) VALUES (?)", 1)
      throw new Error("stop")
    }),
  ).toThrow("stop")
  expect(db.all("SELECT * FROM note")).toEqual([])
  db.close()
})

test("[E3.3] a second opener, another key, damage and a missing file are each one clear code", async () => {
  const databases = nodeDatabases(folder)
  const db = await databases.create("a", key)
  db.run("CREATE TABLE note (id INTEGER PRIMARY KEY) STRICT")
  await expect(databases.open("a", key)).rejects.toMatchObject({ code: "store_busy" })
  await expect(databases.create("a", key)).rejects.toMatchObject({ code: "malformed" })
  db.close()
  await expect(databases.open("a", new Uint8Array(32))).rejects.toMatchObject({ code: "damaged_store" })
  truncateSync(path.join(folder, "a.db"), 1_000)
  await expect(databases.open("a", key)).rejects.toMatchObject({ code: "damaged_store" })
  await expect(databases.open("b", key)).rejects.toMatchObject({ code: "damaged_store" })
})

test("[E3.4] a full disk is a sentence, and what was there stays", async () => {
  const databases = nodeDatabases(folder)
  const db = await databases.create("a", key)
  db.run("CREATE TABLE note (bytes BLOB) STRICT")
  db.run("INSERT INTO note VALUES (?)", new Uint8Array(10))
  db.run("PRAGMA max_page_count = 8")
  expect(() => db.run("INSERT INTO note VALUES (?)", new Uint8Array(1_000_000))).toThrow(
    expect.objectContaining({ code: "disk_full", sentence: expect.stringMatching(/no room left/) }),
  )
  db.close()
  const again = await databases.open("a", key)
  expect(again.all("SELECT length(bytes) AS n FROM note")).toEqual([{ n: 10 }])
  again.close()
})

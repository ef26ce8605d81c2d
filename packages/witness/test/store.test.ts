import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { expect, onTestFinished, test } from "vitest"
import { createMemoryStore, openSqliteStore } from "../src/index.ts"
import { witnessStoreContract } from "./store-contract.ts"

const newFolder = () => mkdtempSync(path.join(os.tmpdir(), "holdfast-witness-"))

witnessStoreContract("memory", () => ({ open: createMemoryStore, keeps: false, discard: () => {} }))
witnessStoreContract("sqlite", () => {
  const folder = newFolder()
  const discard = () => rmSync(folder, { recursive: true, force: true })
  return { open: () => openSqliteStore(path.join(folder, "witness.db")), keeps: true, discard }
})

function newFile(): string {
  const folder = newFolder()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, "witness.db")
}

const codeOf = (file: string) => {
  try {
    openSqliteStore(file)
  } catch (error) {
    return (error as { code?: string }).code
  }
  return "opened"
}

test("[V2.3] the database waits for the disk and only its owner can read it", async () => {
  const file = newFile()
  const store = openSqliteStore(file)
  const beside = new DatabaseSync(file)
  expect(beside.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" })
  beside.close()
  expect(statSync(file).mode & 0o077).toBe(0)
  await store.close()
})

test("[V2.4] refuses what is not its database, and leaves it as it is", () => {
  const file = newFile()
  writeFileSync(file, "this is no database, whatever its name says".repeat(40))
  expect(codeOf(file)).toBe("database_damaged")

  const foreign = newFile()
  const db = new DatabaseSync(foreign)
  db.exec("CREATE TABLE theirs (a)")
  db.close()
  expect(codeOf(foreign)).toBe("database_damaged")

  const stranger = newFile()
  const other = new DatabaseSync(stranger)
  other.exec("CREATE TABLE theirs (a); PRAGMA user_version = 1")
  other.close()
  expect(codeOf(stranger)).toBe("database_damaged")
})

test("[V2.4] refuses one of a newer version", async () => {
  const file = newFile()
  await openSqliteStore(file).close()
  const db = new DatabaseSync(file)
  db.exec("PRAGMA user_version = 2")
  db.close()
  expect(codeOf(file)).toBe("database_newer")
})

test("[V1.3] says who may not write", () => {
  expect(codeOf(path.join(newFile(), "not", "there.db"))).toBe("folder_not_writable")
})

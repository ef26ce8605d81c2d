import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { openWitnessData, openWitnessStore } from "../src/index.ts"
import { testLog } from "./log-of-entries.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-witness-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string) => path.join(folder, name)
const codeOf = async (name?: string) =>
  openWitnessData(folder, name).then(
    async ({ store }) => {
      await store.close()
      return "opened"
    },
    (error) => error.code,
  )
const log = await testLog("log.example/a", 3)
const head = { size: 1, root: log.rootAt(1), note: new Uint8Array([1]), cosignedAt: 1 }

test("[V1.2, V1.3] makes a key that only its owner can read, and has the same one again", async () => {
  const made = await openWitnessData(folder, "w.example")
  await made.store.close()
  for (const name of ["key", "witness.db"]) expect(statSync(file(name)).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  const again = await openWitnessData(folder, undefined)
  await again.store.close()
  expect([again.name, again.signer.publicKey]).toEqual(["w.example", made.signer.publicKey])
})

test("[V1.2] one key, one name", async () => {
  expect(await codeOf()).toBe("name_invalid")
  expect(await codeOf("with space")).toBe("name_invalid")
  expect(await codeOf("w.example")).toBe("opened")
  expect(await codeOf("other.example")).toBe("key_of_another_name")
  expect(await codeOf("w.example")).toBe("opened")
})

test("[V1.3] a key without its memory is not used", async () => {
  await codeOf("w.example")
  for (const name of ["witness.db", "witness.db-wal", "witness.db-shm"]) rmSync(file(name), { force: true })
  expect(await codeOf()).toBe("memory_missing")
})

test("[V1.3] memory without a key gets no new one", async () => {
  const { store } = await openWitnessData(folder, "w.example")
  await store.trust(log.origin, log.key)
  await store.step(log.origin, () => ({ head, result: undefined }))
  await store.close()
  rmSync(file("key"))
  expect(await codeOf("w.example")).toBe("key_missing")
})

test("[V1.3] killed between the database and the key, it begins again", async () => {
  await codeOf("w.example")
  rmSync(file("key"))
  writeFileSync(file("key.new"), "half")
  expect(await codeOf("w.example")).toBe("opened")
  expect(readFileSync(file("key"), "utf8")).toMatch(/^holdfast witness key 1\nname w\.example\nkey [0-9a-f]{64}\n$/)
})

test("[V1.3] refuses a folder or key that others can reach, and a damaged key", async () => {
  await codeOf("w.example")
  chmodSync(file("key"), 0o640)
  expect(await codeOf()).toBe("key_open")
  chmodSync(file("key"), 0o600)
  writeFileSync(file("key"), "holdfast witness key 1\nname w.example\nkey 00\n")
  expect(await codeOf()).toBe("key_damaged")
  chmodSync(folder, 0o777)
  expect(await codeOf()).toBe("folder_open")
})

test("[V2.4] commands beside it need a witness that is there", async () => {
  await expect(openWitnessStore(folder)).rejects.toMatchObject({ code: "key_missing" })
  const running = await openWitnessData(folder, "w.example")
  const beside = await openWitnessStore(folder)
  await beside.trust(log.origin, log.key)
  expect((await running.store.logOf(log.origin))?.keys).toEqual([log.key])
  await beside.close()
  await running.store.close()
})

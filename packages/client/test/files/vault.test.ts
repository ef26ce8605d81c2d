import { randomBytes } from "node:crypto"
import { argon2id } from "hash-wasm"
import { expect, test } from "vitest"
import type { StretchPassphrase } from "../../src/ports.ts"
import { changePassphrase, createVault, listVaultIds, openVault, removeVaultFile } from "../../src/vault/index.ts"

const stretch: StretchPassphrase = (password, salt, cost) =>
  argon2id({
    password,
    salt,
    memorySize: 256, // the cost is the port's to spend; here only the wrapping is under test
    iterations: cost.passes,
    parallelism: cost.lanes,
    hashLength: 32,
    outputType: "binary",
  })

function ports() {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    stretch,
    randomBytes: (n: number) => new Uint8Array(randomBytes(n)),
    files: {
      list: async () => [...kept.keys()],
      read: async (name: string) => kept.get(name) ?? null,
      write: async (name: string, bytes: Uint8Array) => void kept.set(name, bytes),
      remove: async (name: string) => void kept.delete(name),
    },
  }
}

test("[E2.1] the right passphrase gives the same key again, in any Unicode form", async () => {
  const p = ports()
  const made = await createVault(p, "schöner Morgen")
  expect((await openVault(p, made.id, "schöner Morgen".normalize("NFD"))).key).toEqual(made.key)
  expect(await listVaultIds(p)).toEqual([made.id])
})

test("[E2.1] a wrong passphrase is one code and changes nothing", async () => {
  const p = ports()
  const made = await createVault(p, "correct horse")
  const before = [...p.kept.values()].map((b) => b.slice())
  await expect(openVault(p, made.id, "correct hors")).rejects.toMatchObject({ code: "wrong_passphrase" })
  expect([...p.kept.values()]).toEqual(before)
})

test("[E2.1] every damaged byte of the key file is noticed and the file is left alone", async () => {
  const p = ports()
  const made = await createVault(p, "correct horse")
  const [name, whole] = [...p.kept.entries()][0] as [string, Uint8Array]
  for (let at = 0; at < whole.length; at += 7) {
    p.kept.set(
      name,
      whole.map((b, i) => (i === at ? b ^ 0x10 : b)),
    )
    await expect(openVault(p, made.id, "correct horse")).rejects.toMatchObject({
      code: expect.stringMatching(/^(damaged_store|wrong_passphrase|newer_store)$/),
    })
  }
  p.kept.set(name, whole.subarray(0, whole.length - 1))
  await expect(openVault(p, made.id, "correct horse")).rejects.toMatchObject({ code: "damaged_store" })
})

test("[E2.1] a key file under another vault's name does not open", async () => {
  const p = ports()
  const made = await createVault(p, "correct horse")
  p.kept.set(`${"0".repeat(32)}.vault`, p.kept.get(`${made.id}.vault`) as Uint8Array)
  await expect(openVault(p, "0".repeat(32), "correct horse")).rejects.toMatchObject({ code: "wrong_passphrase" })
})

test("[E2.3] a short passphrase is refused before anything is written", async () => {
  const p = ports()
  await expect(createVault(p, "short")).rejects.toMatchObject({ code: "malformed" })
  expect(p.kept.size).toBe(0)
})

test("[E2.2] the passphrase changes, the key does not; a removed vault is gone", async () => {
  const p = ports()
  const made = await createVault(p, "correct horse")
  await changePassphrase(p, made.id, "correct horse", "battery staple")
  expect((await openVault(p, made.id, "battery staple")).key).toEqual(made.key)
  await expect(openVault(p, made.id, "correct horse")).rejects.toMatchObject({ code: "wrong_passphrase" })
  await removeVaultFile(p, made.id)
  await expect(openVault(p, made.id, "battery staple")).rejects.toMatchObject({ code: "not_found" })
})

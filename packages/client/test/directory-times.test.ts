import { readKeyPackage } from "@holdfast/mls"
import { org, until } from "@holdfast/testkit"
import { decodeDirectoryEntry, type OrgId } from "@holdfast/wire"
import { expect, test } from "vitest"

const hourMillis = 3_600_000

test("[R3.4] a device's line in the directory holds no time finer than the hour", async () => {
  const world = await org("ana", "ben")
  try {
    const { organisation } = await (world.players[0] as (typeof world.players)[0]).client.overview()
    const id = Uint8Array.from(Buffer.from(organisation.id, "hex")) as OrgId
    const { engine } = world.relay.core.deps
    const read = () => engine.directory(id, 0, { maxEntries: 10, maxBytes: 2 ** 20 })
    await until("both lines are there", async () => (await read()).entries.length === 2)
    for (const bytes of (await read()).entries) {
      const { issuedAt, sequence, keyPackages } = decodeDirectoryEntry(bytes)
      expect(issuedAt % hourMillis).toBe(0)
      // A second line within the hour counts up by one.
      expect(sequence % hourMillis).toBeLessThan(100)
      for (const one of keyPackages) {
        const { notBefore, notAfter } = await readKeyPackage(one)
        expect([(notBefore * 1_000) % hourMillis, (notAfter * 1_000) % hourMillis]).toEqual([0, 0])
      }
    }
  } finally {
    await world.close()
  }
})

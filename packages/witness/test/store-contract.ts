import { COSIGNATURE, formatVkey, type Hash, NOTE_SIGNATURE, noteKey, signerFromSeed } from "@holdfast/log"
import { utf8 } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type CosignedHead, type Evidence, type FollowedCharter, storeLimits, type WitnessStore } from "../src/index.ts"
import { sha256 } from "../src/store/sha256.ts"
import { seed } from "./log-of-entries.ts"

/** One store's place. `open` may be called again, also while the first is open, and finds what was durable. */
export interface StoreUnderTest {
  open(): WitnessStore
  /** False: `open` begins anew each time. */
  readonly keeps: boolean
  discard(): void
}

const keys = await Promise.all(
  Array.from({ length: 70 }, async (_, i) => {
    const { publicKey } = await signerFromSeed(seed(i + 1))
    return noteKey("log.example/a", NOTE_SIGNATURE, publicKey)
  }),
)
const [first, second, third] = [keys[0]!, keys[1]!, keys[2]!]
const origin = "log.example/a"
const root = (n: number): Hash => new Uint8Array(32).fill(n)
const head = (size: number): CosignedHead => ({
  size,
  root: root(size),
  note: utf8(`note ${size}`),
  cosignedAt: 1_000 + size,
})
const found = (kind: Evidence["kind"], n: number): Evidence => ({
  kind,
  origin,
  at: n,
  size: n,
  note: utf8(`note ${n}`),
  held: utf8("held"),
})
const charter = (size: number, of: FollowedCharter["keys"], rootAt = root): FollowedCharter => ({
  size,
  rootAt,
  keys: of,
})

/** What every store promises (V2). Each adapter runs it. */
export function witnessStoreContract(name: string, make: () => StoreUnderTest): void {
  describe(`witness store: ${name}`, () => {
    let place: StoreUnderTest
    let store: WitnessStore
    const vkeys = async () => (await store.logOf(origin))?.keys.map(formatVkey).sort()
    const code = (work: Promise<unknown>) =>
      work.then(
        () => "nothing thrown",
        (error) => error.code,
      )

    beforeEach(() => {
      place = make()
      store = place.open()
    })
    afterEach(async () => {
      await store.close()
      place.discard()
    })

    test("[V2.1] a log that nobody named is not there, and a step about it leaves nothing", async () => {
      expect(await store.logOf(origin)).toBeUndefined()
      const seen = await store.step(origin, (state) => ({ head: head(1), evidence: found("fork", 1), result: state }))
      expect(seen).toBeUndefined()
      expect([await store.logOf(origin), await store.logs(), await store.evidence()]).toEqual([undefined, [], []])
    })

    test("[V2.1] keeps the head, and finds it by the hash of the origin", async () => {
      await store.trust(origin, first)
      expect(await store.logOf(origin)).toEqual({ keys: [first], head: undefined })
      expect(await store.step(origin, () => ({ head: head(3), result: "done" }))).toBe("done")
      expect((await store.logOf(origin))?.head).toEqual(head(3))
      expect((await store.logByHash(sha256(utf8(origin))))?.head).toEqual(head(3))
      expect(await store.logByHash(sha256(utf8("other")))).toBeUndefined()
      expect(await store.logs()).toEqual([{ origin, keys: [first], head: head(3), followedSize: undefined }])
    })

    test("[V2.1] sizes up to 2^53-1 come back exact", async () => {
      await store.trust(origin, first)
      const most = { ...head(1), size: 2 ** 53 - 1, cosignedAt: 2 ** 53 - 1 }
      await store.step(origin, () => ({ head: most, result: undefined }))
      expect((await store.logOf(origin))?.head).toEqual(most)
    })

    test("[V2.2] steps in parallel each see what the one before wrote", async () => {
      await store.trust(origin, first)
      const stores = place.keeps ? [store, place.open(), place.open()] : [store]
      const seen = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          stores[i % stores.length]!.step(origin, (state) => {
            const size = state?.head?.size ?? 0
            return { head: head(size + 1), result: size }
          }),
        ),
      )
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
      expect((await store.logOf(origin))?.head).toEqual(head(60))
      for (const other of stores.slice(1)) await other.close()
    })

    test("[V2.2] a decision that throws leaves everything as it was", async () => {
      await store.trust(origin, first)
      await store.step(origin, () => ({ head: head(1), result: undefined }))
      const fails = store.step(origin, () => {
        throw new TypeError("no")
      })
      await expect(fails).rejects.toThrow(TypeError)
      expect((await store.logOf(origin))?.head).toEqual(head(1))
      expect(await store.step(origin, (state) => ({ result: state?.head?.size }))).toBe(1)
    })

    test("[V2.5] trust twice is trust once; taken back, the log stays and what was cosigned too", async () => {
      for (const key of [first, second, first]) await store.trust(origin, key)
      expect(await vkeys()).toEqual([first, second].map(formatVkey).sort())
      await store.step(origin, () => ({ head: head(2), result: undefined }))
      expect([await store.distrust(origin, first), await store.distrust(origin, first)]).toEqual([true, false])
      expect(await store.distrust("log.example/b", first)).toBe(false)
      await store.distrust(origin, second)
      expect(await store.logOf(origin)).toEqual({ keys: [], head: head(2) })
    })

    test("[V2.5] refuses a witness's key, and more keys than fit", async () => {
      const witnessKey = noteKey("w.example", COSIGNATURE, first.publicKey)
      expect(await code(store.trust(origin, witnessKey))).toBe("key_unfit")
      expect(await code(store.follow(origin, charter(1, [witnessKey])))).toBe("key_unfit")
      expect(await store.logOf(origin)).toBeUndefined()
      for (const key of keys.slice(0, storeLimits.keysPerLog)) await store.trust(origin, key)
      expect(await code(store.trust(origin, keys[64]!))).toBe("too_many_logs")
      expect(await code(store.follow(origin, charter(1, keys.slice(0, 65))))).toBe("too_many_logs")
      expect((await store.logOf(origin))?.keys.length).toBe(64)
    })

    test("[V4.3] the same evidence once, the first 32 proofs and the first 32 others, each log by itself", async () => {
      await store.trust(origin, first)
      const keep = (evidence: Evidence) => store.step(evidence.origin, () => ({ evidence, result: undefined }))
      for (let n = 0; n < 40; n++) {
        await keep(found("unproven", n))
        await keep({ ...found("unproven", n), at: 99 })
      }
      await keep(found("false_empty", 0))
      for (let n = 1; n < 40; n++) await keep(found("fork", n))
      const kept = await store.evidence()
      expect(kept.filter(({ kind }) => kind === "unproven")).toEqual(
        Array.from({ length: 32 }, (_, n) => found("unproven", n)),
      )
      const proofs = kept.filter(({ kind }) => kind !== "unproven")
      expect(proofs.map(({ kind, size }) => `${kind} ${size}`)).toEqual([
        "false_empty 0",
        ...Array.from({ length: 31 }, (_, n) => `fork ${n + 1}`),
      ])
      await store.trust("log.example/b", first)
      await keep({ ...found("fork", 1), origin: "log.example/b", held: undefined })
      expect((await store.evidence()).at(-1)).toEqual({ ...found("fork", 1), origin: "log.example/b", held: undefined })
    })

    test("[V5.2] following trusts exactly the charter's keys, besides the operator's", async () => {
      await store.trust(origin, third)
      expect(await store.follow(origin, charter(1, [first]))).toBe("followed")
      expect(await vkeys()).toEqual([first, third].map(formatVkey).sort())
      expect(await store.follow(origin, charter(2, [second, third]))).toBe("followed")
      expect(await vkeys()).toEqual([second, third].map(formatVkey).sort())
      await store.distrust(origin, third)
      expect(await vkeys()).toEqual([second, third].map(formatVkey).sort())
      expect((await store.logs())[0]?.followedSize).toBe(2)
    })

    test("[V5.3] a shorter charter changes nothing, nor does one with another past", async () => {
      await store.follow(origin, charter(5, [first]))
      expect(await store.follow(origin, charter(4, [second]))).toBe("older")
      const other = (size: number) => (size >= 5 ? root(200) : root(size))
      expect(await store.follow(origin, charter(5, [second], other))).toBe("forked")
      expect(await store.follow(origin, charter(9, [second], other))).toBe("forked")
      expect(await vkeys()).toEqual([formatVkey(first)])
      expect(await store.follow(origin, charter(9, [second]))).toBe("followed")
    })

    test("[V5.3] a charter that differs from what was cosigned is a fork", async () => {
      await store.follow(origin, charter(5, [first]))
      await store.step(origin, () => ({ head: head(7), result: undefined }))
      const other = (size: number) => (size >= 7 ? root(200) : root(size))
      expect(await store.follow(origin, charter(6, [second]))).toBe("followed")
      expect(await store.follow(origin, charter(8, [third], other))).toBe("forked")
      expect(await vkeys()).toEqual([formatVkey(second)])
    })

    test("[V2.3] finds everything again after it was closed", async () => {
      if (!place.keeps) return
      await store.trust(origin, first)
      await store.follow(origin, charter(2, [second]))
      await store.step(origin, () => ({ head: head(4), evidence: found("fork", 4), result: undefined }))
      const before = [await store.logs(), await store.evidence()]
      await store.close()
      store = place.open()
      expect([await store.logs(), await store.evidence()]).toEqual(before)
      expect(await store.follow(origin, charter(1, [first]))).toBe("older")
    })
  })
}

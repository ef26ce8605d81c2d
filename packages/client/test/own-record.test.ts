import { signerFromSeed } from "@holdfast/log"
import { createMemoryDatabases } from "@holdfast/testkit"
import { expect, test, vi } from "vitest"
import { createOwnRecord, type OwnRecordDeps } from "../src/own-record.ts"
import { openStore } from "../src/store/store.ts"
import { watchedCharter } from "./watched-charter.ts"

test("[E5.17] a seat for one's own offer is expected; other labels on it are told", async () => {
  const { charter, decide, seedOf, founder } = await watchedCharter([])
  const devicePublicKey = (await signerFromSeed(seedOf("ana's device"))).publicKey
  const member = charter().state.devices.get(founder)?.member
  const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
  const raise = vi.fn()
  const record = createOwnRecord({
    account: () => ({ member, devicePublicKey, keeper: undefined }),
    charter,
    people: { names: () => undefined },
    alarms: { raise, clear: () => {} },
    meta: store.meta,
    isOffered: () => true,
  } as unknown as OwnRecordDeps)
  const seat = async (labels: { readonly organisation: string }) => {
    const { rules } = charter().state
    const [first, ...others] = rules.keepers
    if (first === undefined) throw new Error("no seat")
    const keepers = [{ ...first, member, ...labels }, ...others]
    await decide({ type: "rules", body: { ...rules, version: rules.version + 1, keepers } })
    record.look()
  }
  await seat({ organisation: "" })
  expect(raise).not.toHaveBeenCalled()
  await seat({ organisation: "Harbour" })
  expect(raise).toHaveBeenCalledOnce()
  expect(raise.mock.calls[0]?.[2]).toMatchObject({ level: "danger" })
})

import { admissionBytes } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { createMemoryDatabases } from "@holdfast/testkit"
import { concatBytes, encode, hex, type MemberId, toKeeperId, utf8 } from "@holdfast/wire"
import { expect, test } from "vitest"
import { type KeeperAccept, KeeperKey } from "../src/content.ts"
import { accepterOf, createKeeperOffers, type KeeperOffersDeps, offeredKeyOf } from "../src/keeper-offers.ts"
import { openStore } from "../src/store/store.ts"
import { watchedCharter } from "./watched-charter.ts"

const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte)

test("[E5.9] what a device has offered ends with it: a stolen one gets no seat in its member's name", async () => {
  const it = await watchedCharter([])
  const device = await it.admit("ben")
  const before = it.charter()
  const ben = before.state.members.get(before.state.devices.get(device)?.member as MemberId)
  if (ben === undefined) throw new Error("nobody")
  // the key of ben's device, as the helper makes it
  const stolen = await signerFromSeed(it.seedOf("ben's device"))
  const key = await signerFromSeed(fill(9))
  const keeper = toKeeperId(fill(8, 16))
  const proof = await key.sign(admissionBytes(before.orgId, { keeper }, key.publicKey))
  const offered = { keeper, publicKey: key.publicKey, proof }
  const input = concatBytes(
    utf8("holdfast/keeper-accept/v1"),
    Uint8Array.of(0),
    before.orgId,
    device,
    encode(KeeperKey, offered),
  )
  const accept: KeeperAccept = { key: offered, device, signature: await stolen.sign(input) }
  const store = openStore(await createMemoryDatabases().create("test", fill(0)))
  const deps: Pick<KeeperOffersDeps, "charter" | "table" | "requestOf" | "changes"> = {
    charter: it.charter,
    table: store.governance,
    requestOf: () => undefined,
    changes: { mark: () => {} } as unknown as KeeperOffersDeps["changes"],
  }
  const offers = createKeeperOffers(deps as KeeperOffersDeps)
  expect(await accepterOf(it.charter(), accept)).toBe(hex(ben.id))
  offers.add(accept, hex(ben.id))
  expect(offers.of(hex(ben.id))).toEqual(offeredKeyOf(accept))

  await it.decide({ type: "device-remove", body: { member: ben.id, device } })
  expect(await accepterOf(it.charter(), accept)).toBeUndefined()
  expect(offers.of(hex(ben.id))).toBeUndefined()
})

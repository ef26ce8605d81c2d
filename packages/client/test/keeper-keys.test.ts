// Keepers whose keys are not on a device of theirs: passkeys, and files on machines that are never online.
import { approve, decodeStatement } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { until } from "@holdfast/testkit"
import { fromHex, type OrgId, toKeeperId } from "@holdfast/wire"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  decodeSigningRequest,
  encodeApprovalFile,
  formatKeeperOffer,
  keeperKeyCode,
  makeKeeperOffer,
  readSigningRequest,
} from "../src/index.ts"
import { type Desk, desk, draftOf, governed, pass } from "./desk.ts"
import { origin, softPasskey } from "./passkey.ts"

let it: Desk
beforeAll(async () => {
  it = await desk()
})
afterAll(() => it.world.close())

describe("a passkey", () => {
  test("[E9.7] is offered with its own signature, gets the seat of its member's lost key, and approves", async () => {
    const { ana, ben, cem } = it
    const passkey = await softPasskey(77)
    const { key } = passkey
    const { seat, name } = await cem.client.newSeat()
    expect(name).toBe("cem")
    const asked = await cem.client.admissionRequest(seat, key)
    expect(asked).toMatchObject({ rpId: key.rpId, origin, credentialIds: [key.credentialId] })
    await expect(
      cem.client.acceptKeeperWithPasskey(seat, key, await passkey.sign(new Uint8Array(32))),
    ).rejects.toMatchObject({ code: "not_allowed" })
    await expect(
      cem.client.acceptKeeperWithPasskey(
        seat,
        { ...key, origin: "https://relay.example" },
        await passkey.sign(asked.challenge),
      ),
    ).rejects.toMatchObject({ code: "not_allowed" })
    await cem.client.acceptKeeperWithPasskey(seat, key, await passkey.sign(asked.challenge))

    const old = (await ana.client.governance()).keepers.find(({ name }) => name === "cem")?.id as string
    const by = { member: cem.member, organisation: "Press", jurisdiction: "CH" }
    let replacement = ""
    await until("ana knows the offer", async () => {
      replacement = await ana.client.proposeReplacement(old, by).catch(() => "")
      return replacement !== ""
    })
    await pass(replacement, ana, ben)
    await governed(cem, "has a passkey's seat", ({ keepers }) =>
      keepers.some(({ you, kind, jurisdiction }) => you && kind === "passkey" && jurisdiction === "CH"),
    )

    const removal = await ben.client.proposeRemoveMember(ana.member)
    await until("cem is asked", async () => (await cem.client.proposals()).some(({ id }) => id === removal))
    expect((await cem.client.proposals()).find(({ id }) => id === removal)).toMatchObject({
      mine: "can-approve",
      approveWith: "passkey",
    })
    await expect(cem.client.approve(removal)).rejects.toMatchObject({ code: "not_allowed" })
    const request = await cem.client.approvalRequest(removal)
    expect(request).toMatchObject({ challenge: fromHex(removal), credentialIds: [key.credentialId] })
    // [E9.8] what is wrong stays here
    for (const wrong of [
      await passkey.sign(fromHex("00".repeat(32))),
      await passkey.sign(fromHex(removal), { userVerified: false }),
      await passkey.sign(fromHex(removal), { origin: "http://evil.localhost:7707" }),
    ]) {
      await expect(cem.client.approveWithPasskey(removal, wrong)).rejects.toMatchObject({ code: "not_allowed" })
    }
    expect((await cem.client.proposals()).find(({ id }) => id === removal)?.given).toBe(0)
    await cem.client.approveWithPasskey(removal, await passkey.sign(fromHex(removal)))
    await until("ben counts it", async () =>
      (await ben.client.proposals()).some(({ id, approvedBy }) => id === removal && approvedBy.join() === "cem"),
    )
    expect(await cem.client.approvalRequest(removal)).toBeUndefined()
    expect(await ben.client.approvalRequest(removal)).toBeUndefined()
  })
})

describe("a key in a file", () => {
  test("[E9.9] gets a seat without a member, signs on its own machine, and counts whoever brings it", async () => {
    const { ana, ben, cem } = it
    const org = fromHex((await ana.client.overview()).organisation.id) as OrgId
    const key = await signerFromSeed(new Uint8Array(32).fill(9))
    const seat = toKeeperId(new Uint8Array(16).fill(8))
    const offer = formatKeeperOffer(await makeKeeperOffer(org, seat, key))
    const draft = await draftOf(ana.client)
    const rules = await ana.client.proposeRules({
      ...draft,
      keepers: [...draft.keepers, { offer, organisation: "Notary", jurisdiction: "DE" }],
      acts: { rules: { ...draft.acts.rules!, k: 3 }, "member-add": { ...draft.acts.rules!, k: 2 } },
    })
    await until("ben sees it", async () => (await ben.client.proposals()).some(({ id }) => id === rules))
    const shown = (await ben.client.proposals()).find(({ id }) => id === rules)
    expect(shown?.details[0]).toContain(`key ${keeperKeyCode(key.publicKey)}, organisation Notary, jurisdiction DE`)
    await ana.client.approve(rules)
    await ben.client.approve(rules)

    // under the new rules three of four have to agree: the file's holder is the third
    const file = await ana.client.signingRequest(rules)
    expect(file.path).toMatch(/^[0-9A-Z]{8}\.holdfast-request$/)
    const read = await readSigningRequest(decodeSigningRequest(file.bytes))
    expect(read.names(fromHex(ana.member))).toBe("ana")
    const sign = (by: typeof key, id = seat) =>
      approve(decodeStatement(read.statement.bytes), { id, kind: 1, sign: by.sign })
    const bring = async (approval: Awaited<ReturnType<typeof sign>>, target = org) =>
      cem.client.importApproval(encodeApprovalFile({ org: target, statement: read.statement.id, approval }))
    const wrong = await signerFromSeed(new Uint8Array(32).fill(10))
    await expect(bring(await sign(wrong))).rejects.toMatchObject({ code: "not_allowed" })
    await expect(bring(await sign(key, toKeeperId(new Uint8Array(16))))).rejects.toMatchObject({ code: "not_allowed" })
    await expect(bring(await sign(key), new Uint8Array(32) as OrgId)).rejects.toMatchObject({ code: "not_allowed" })
    await expect(cem.client.importApproval(new Uint8Array(10))).rejects.toMatchObject({ code: "malformed" })
    expect(await bring(await sign(key))).toBe(rules)
    for (const player of [ana, ben, cem]) {
      await governed(player, "four keepers", ({ keepers }) => keepers.length === 4)
    }
    expect((await ben.client.governance()).keepers.find(({ member }) => member === undefined)).toMatchObject({
      name: "Notary, DE",
      kind: "key",
    })
    expect((await ben.client.timeline()).find(({ statement }) => statement === rules)?.approvedBy).toContain(
      "Notary, DE",
    )
  })

  test("[E9.9] of a member needs that member's own word", async () => {
    const { ana, ben, cem } = it
    const org = fromHex((await ana.client.overview()).organisation.id) as OrgId
    const key = await signerFromSeed(new Uint8Array(32).fill(11))
    const offer = formatKeeperOffer(await makeKeeperOffer(org, toKeeperId(new Uint8Array(16).fill(12)), key))
    const old = (await ana.client.governance()).keepers.find(({ name }) => name === "ben")?.id as string
    const by = { offer, forMember: ben.member, organisation: "", jurisdiction: "" }
    await expect(cem.client.proposeReplacement(old, by)).rejects.toMatchObject({
      sentence: "ben has not confirmed this key on a device of theirs.",
    })
    await ben.client.acceptKeeperWithKeyFile(offer)
    await expect(ben.client.acceptKeeperWithKeyFile("hfk1")).rejects.toMatchObject({ code: "malformed" })
    let id = ""
    await until("cem knows", async () => {
      id = await cem.client.proposeReplacement(old, by).catch(() => "")
      return id !== ""
    })
    await until("ana sees it", async () => (await ana.client.proposals()).some((one) => one.id === id))
    expect((await ana.client.proposals()).find((one) => one.id === id)?.mine).toBe("can-approve")
    await expect(ana.client.approve(id)).resolves.toBeUndefined()
  })
})

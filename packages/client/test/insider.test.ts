import {
  approve,
  type CborMap,
  commitName,
  decodeCbor,
  decodeStatement,
  draft,
  encodeApproval,
  encodeCbor,
  statementIdOf,
} from "@holdfast/charter"
import { admit, type Player, until, type World } from "@holdfast/testkit"
import { deviceIdOf, fromHex, hex, toMemberId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { approvingDevice, deviceOf, deviceSigner } from "../src/account.ts"
import { type Body, encodeContent, InviteAnnounced, KeeperKey } from "../src/content.ts"
import type { Engine } from "../src/engine.ts"
import { makeInvite, readAnnounced } from "../src/invites.ts"
import { decodeJoinRequest } from "../src/join-request.ts"
import { hostileMember } from "./support/hostile-member.ts"

// What a member whose program does what it likes could do to everybody else's.

let world: World
let ana: Player
let mallory: Player
let engine: Engine

beforeEach(async () => {
  ;({ world, ana, mallory, engine } = await hostileMember())
}, 60_000)
afterEach(async () => {
  await engine.close()
  await world.close()
})

async function post(body: Body): Promise<void> {
  await engine.turns.take(() => {
    engine.store.transaction(() => {
      engine.store.outbox.add({
        id: hex(engine.randomBytes(16)),
        conversation: engine.conversations.everyone(),
        message: undefined,
        content: encodeContent({ id: engine.randomBytes(16), sentAt: Date.now(), body }),
        ready: true,
      })
    })
  })
  engine.kick()
}

async function settled(): Promise<void> {
  const marker = `marker ${Math.random()}`
  await post({ kind: "text", value: { text: marker } })
  await until("marker", async () => (await ana.heard(await ana.everyone())).includes(marker))
}

const emptySnapshot = { names: [], labels: [], invites: [], requests: [], proposals: [], accepts: [] }

async function proposeRemoval() {
  const id = await engine.turns.take(() =>
    engine.proposals.propose({ type: "member-remove", body: { member: toMemberId(fromHex(mallory.member)) } }),
  )
  engine.kick()
  await until("shown", async () => (await ana.client.proposals()).length === 1)
  return decodeStatement(engine.store.governance.proposal(id)?.statement as Uint8Array)
}

describe("a member cannot stand in the way of decisions", () => {
  test("[E5.7] a forged approval that was passed on does not keep its signer from approving", async () => {
    const statement = await proposeRemoval()
    const keeper = engine.charter().state.rules.keepers[0] as { id: Uint8Array }
    const sign = async () => new Uint8Array(64).fill(1)
    const forged = encodeApproval(await approve(statement, { id: keeper.id, kind: 1, sign }))
    const passed = { statement: statement.bytes, proposer: toMemberId(fromHex(ana.member)), at: 1, approvals: [forged] }
    await post({ kind: "snapshot", value: { ...emptySnapshot, proposals: [passed] } })
    await settled()
    // [E4.3] nor is it kept anywhere: many of them would have to be verified again and again
    expect(engine.store.governance.approvals(hex(statement.id))).toEqual([])
    await ana.client.approve(hex(statement.id))
    await until("applied", async () => (await ana.client.timeline()).length === 3)
  })

  test("[E5.7] a member's own signature under what only keepers decide is not shown as an approval", async () => {
    const statement = await proposeRemoval()
    const approval = encodeApproval(await approve(statement, await approvingDevice(engine.account())))
    await post({ kind: "approval", value: { statement: statement.id, approval } })
    await settled()
    expect((await ana.client.proposals())[0]?.approvedBy).toEqual([])
  })

  test("[E5.2] an invitation announced again under another name does not swallow its requests", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    await until("mallory knows it", async () => engine.store.governance.invite(invite.id) !== undefined)
    const { requestKey } = readAnnounced(engine.store.governance.invite(invite.id) as never)
    const own = await makeInvite(engine.account(), engine.randomBytes(32), {
      purpose: "member",
      name: "x",
      expiresAt: 2_000_000_000,
    })
    const { signature: _, ...unsigned } = { ...own.announced, requestKey }
    const { concatBytes, utf8, encode } = await import("@holdfast/wire")
    const input = concatBytes(
      utf8("holdfast/invite/v1"),
      Uint8Array.of(0),
      engine.account().org,
      encode(InviteAnnounced, { ...unsigned, signature: new Uint8Array(64) }),
    )
    const signature = await (await deviceSigner(engine.account())).sign(input)
    await post({ kind: "inviteAnnounced", value: { ...unsigned, signature } })
    await settled()
    expect((await ana.client.invites()).length).toBe(3)
    await world.join("ben", invite.text as string)
    await until("ana sees the request", async () => (await ana.client.proposals()).length === 1)
  })

  test("[E5.6] a proposal from a history that does not exist does not keep the right one from being drafted", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    await until("mallory knows it", async () => engine.store.governance.invite(invite.id) !== undefined)
    ana.machine.network.cut()
    await world.join("ben", invite.text as string)
    await until("mallory sees the request", async () =>
      engine.store.governance.requests().some(({ guestKey }) => guestKey === invite.id),
    )
    const stored = engine.store.governance.requests().find(({ guestKey }) => guestKey === invite.id) as {
      id: string
      request: Uint8Array
    }
    const request = decodeJoinRequest(stored.request)
    const right = draft(engine.charter(), {
      type: "member-add",
      body: {
        member: request.member,
        nameCommitment: commitName(request.salt, request.name),
        devices: [
          { id: deviceIdOf(request.devicePublicKey), publicKey: request.devicePublicKey, proof: request.deviceProof },
        ],
        requestId: fromHex(stored.id),
      },
      notAfter: 2 ** 52,
      nonce: engine.randomBytes(16),
    })
    const fields = new Map(decodeCbor(right.bytes) as CborMap)
    fields.set(8, [1_000_000, new Uint8Array(32)])
    const bytes = encodeCbor(fields)
    const ahead = { id: statementIdOf(bytes) }
    await post({ kind: "proposal", value: { statement: bytes } })
    await until("sent", async () => engine.store.outbox.list().length === 0)
    ana.machine.network.heal()
    await until(
      "the right one",
      async () => (await ana.client.proposals()).some(({ id }) => id !== hex(ahead.id)),
      40_000,
    )
    const [shown] = (await ana.client.proposals()).filter(({ id }) => id !== hex(ahead.id))
    await ana.client.approve(shown?.id as string)
    await until("ben is in", async () => (await ana.client.people()).length === 3)
  })

  test("[E5.10] a keeper's key that cannot be taken does not stop the planner's program", async () => {
    const carl = await admit(world, ana, "carl")
    await ana.client.planKeepers({ members: [mallory.member, carl.member], needed: 2 })
    await until("asked", async () => engine.plans.view() !== undefined)
    await until("carl asked", async () => (await carl.client.overview()).keeperPlan?.asksMe === true)
    await carl.client.acceptKeeper()
    const account = engine.account()
    const signer = await deviceSigner(account)
    const { keeperKeyFrom } = await import("../src/keeper-plan.ts")
    const key = await keeperKeyFrom(account.org, engine.randomBytes(16), account.deviceSeed)
    const { concatBytes, utf8, encode } = await import("@holdfast/wire")
    const device = deviceOf(account)
    const input = concatBytes(
      utf8("holdfast/keeper-accept/v1"),
      Uint8Array.of(0),
      account.org,
      device,
      encode(KeeperKey, key),
    )
    await post({ kind: "keeperAccept", value: { key, device, signature: await signer.sign(input) } })
    await settled()
    const everyone = await ana.everyone()
    await ana.client.sendText(everyone, "still here")
    await until("heard", async () => (await carl.heard(await carl.everyone())).includes("still here"))
  })
})

describe("a member cannot take the conversation of everybody away", () => {
  test("[N5.8] nobody is removed from it whom the charter has", async () => {
    const carl = await admit(world, ana, "carl")
    await until("mallory has carl", async () => engine.conversations.list()[0]?.members.length === 3)
    const everyone = engine.conversations.everyone()
    await engine.turns.take(() => {
      for (const member of [ana.member, carl.member]) engine.store.outbox.wish(everyone, member, "out")
      // so that mallory's program does not bring them back
      engine.store.db.run("DELETE FROM directory")
    })
    engine.kick()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect((await ana.client.conversations())[0]?.state).toBe("open")
    expect((await carl.client.conversations())[0]?.state).toBe("open")
    await ana.client.sendText(everyone, "still here")
    await until("heard", async () => (await carl.heard(everyone)).includes("still here"))
  })
})

describe("a member cannot stop the organisation by a lie", () => {
  test("[E7.1] a false root of the charter names the liar, and everybody goes on, also after a restart", async () => {
    const { roots } = engine.charter()
    const real = roots.at.bind(roots)
    const { size } = engine.charter()
    Object.defineProperty(roots, "at", { value: (at: number) => (at === size ? new Uint8Array(32).fill(7) : real(at)) })
    await post({ kind: "text", value: { text: "look at what I have seen" } })
    const fork = async () => (await ana.client.overview()).alarms.find(({ kind }) => kind === "fork")
    await until("alarm", async () => (await fork()) !== undefined)
    expect(await fork()).toMatchObject({ level: "danger" })
    expect((await fork())?.sentence).toMatch(
      /^mallory's device was shown another charter than this one, or it lies\. Compare/,
    )
    await post({ kind: "text", value: { text: "and again" } })
    await settled()
    expect((await ana.client.overview()).alarms.filter(({ kind }) => kind === "fork")).toHaveLength(1)
    await ana.restart()
    expect((await ana.client.overview()).standing).toBe("active")
    await ana.say(await ana.everyone(), "still here")
  })
})

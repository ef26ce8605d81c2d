import {
  admitKeeper,
  approve,
  commitName,
  decodeStatement,
  draft,
  encodeApproval,
  type Statement,
  simpleRules,
} from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { type Player, until, type World } from "@holdfast/testkit"
import { deviceIdOf, fromHex, hex, toKeeperId, toMemberId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Body, encodeContent } from "../src/content.ts"
import type { Engine } from "../src/engine.ts"
import { decodeJoinRequest } from "../src/join-request.ts"
import { hostileMember } from "./support/hostile-member.ts"

let world: World
let ana: Player
let mallory: Player
/** Mallory is a member whose program does what it likes. */
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

/** Everything that was posted before has arrived and been dealt with. */
async function settled(): Promise<void> {
  const marker = `marker ${Math.random()}`
  await post({ kind: "text", value: { text: marker } })
  await until("marker", async () => (await ana.heard(await ana.everyone())).includes(marker))
}

async function kinds(): Promise<readonly string[]> {
  return (await ana.client.overview()).alarms.map(({ kind }) => kind)
}

describe("proposals", () => {
  test("[E5.6] one that puts another key under a known request is an alarm, and cannot be approved", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    // mallory is faster than ana's own program
    ana.machine.network.cut()
    await world.join("ben", invite.text as string)
    await until("mallory sees the request", async () => engine.store.governance.requests().length > 0)
    const stored = engine.store.governance.requests().at(-1) as { id: string; request: Uint8Array }
    const request = decodeJoinRequest(stored.request)
    const own = await signerFromSeed(new Uint8Array(32).fill(5))
    const statement = draft(engine.charter(), {
      type: "member-add",
      body: {
        member: request.member,
        nameCommitment: commitName(request.salt, request.name),
        devices: [{ id: deviceIdOf(own.publicKey), publicKey: own.publicKey, proof: new Uint8Array(64) }],
        requestId: fromHex(stored.id),
      },
      notAfter: Math.floor(Date.now() / 1_000) + 3_600,
      nonce: engine.randomBytes(16),
    })
    await post({ kind: "proposal", value: { statement: statement.bytes } })
    await until("sent", async () => engine.store.outbox.list().length === 0)
    ana.machine.network.heal()
    await until("alarm", async () => (await kinds()).includes("bad_proposal"), 40_000)
    await expect(ana.client.approve(hex(statement.id))).rejects.toMatchObject({ code: "not_allowed" })
    // the right one is drafted all the same
    await until("drafted", async () => (await ana.client.proposals()).length === 1)
    expect((await ana.client.proposals())[0]?.id).not.toBe(hex(statement.id))
  })

  test("[E5.9] RULES with a keeper's key that its member never offered cannot be approved", async () => {
    const { orgId, state } = engine.charter()
    const { rules } = state
    const member = toMemberId(fromHex(mallory.member))
    const [first, second] = await Promise.all([
      admitKeeper(
        orgId,
        { id: toKeeperId(new Uint8Array(16).fill(1)), member },
        await signerFromSeed(new Uint8Array(32).fill(6)),
      ),
      admitKeeper(
        orgId,
        { id: toKeeperId(new Uint8Array(16).fill(9)) },
        await signerFromSeed(new Uint8Array(32).fill(7)),
      ),
    ])
    const statement = draft(engine.charter(), {
      type: "rules",
      body: simpleRules([...rules.keepers, first, second], 2, 2),
      notAfter: Math.floor(Date.now() / 1_000) + 3_600,
      nonce: engine.randomBytes(16),
    })
    await post({ kind: "proposal", value: { statement: statement.bytes } })
    await until("shown", async () => (await ana.client.proposals()).length === 1)
    const [shown] = await ana.client.proposals()
    expect(shown?.details).toEqual([
      "mallory has not offered this keeper's key, as far as this device knows.",
      expect.stringMatching(/^A key in a file gets a seat: key [0-9a-f ]{19}, organisation none, jurisdiction none\./),
      expect.stringMatching(/^Compared with now: gains a seat: mallory \(key [0-9a-f ]{19}\)\.$/),
      expect.stringMatching(/^Compared with now: gains a seat: keeper 0909 0909 0909 0909 \(key [0-9a-f ]{19}\)\.$/),
      "Compared with now: every act: 1 of 1 keepers → 2 of 3 keepers.",
    ])
    await expect(ana.client.approve(shown?.id as string)).rejects.toMatchObject({ code: "not_allowed" })
    expect((await ana.client.overview()).keepers.total).toBe(1)
  })

  test("[E5.7] an approval in somebody else's name does not count, and does not stand in the way of the real one", async () => {
    const proposal = await engine.turns.take(() =>
      engine.proposals.propose({ type: "member-remove", body: { member: toMemberId(fromHex(mallory.member)) } }),
    )
    engine.kick()
    await until("shown", async () => (await ana.client.proposals()).length === 1)
    const keeper = engine.charter().state.rules.keepers[0] as { id: Uint8Array }
    const forged = await approve(statementOf(proposal), {
      id: keeper.id,
      kind: 1,
      sign: async () => new Uint8Array(64).fill(1),
    })
    await post({ kind: "approval", value: { statement: fromHex(proposal), approval: encodeApproval(forged) } })
    await settled()
    expect((await ana.client.proposals())[0]?.approvedBy).toEqual([])
    await ana.client.approve(proposal)
    await until("applied", async () => (await ana.client.timeline()).length === 3)
  })

  function statementOf(id: string): Statement {
    return decodeStatement(engine.store.governance.proposal(id)?.statement as Uint8Array)
  }
})

describe("what only some may say", () => {
  test("[E5.10] a plan for keepers by somebody who is none is ignored", async () => {
    await post({
      kind: "keeperAsk",
      value: { needed: 2, people: [{ name: "", member: toMemberId(fromHex(mallory.member)) }] },
    })
    await settled()
    expect((await ana.client.overview()).keeperPlan).toBeUndefined()
  })

  test("[E5.2] an invitation in another device's name is ignored, and so is taking back another's", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    await until("mallory knows it", async () => engine.store.governance.invites().length === 2)
    const announced = engine.store.governance.invite(invite.id) as { announced: Uint8Array }
    expect(announced.announced.length).toBeGreaterThan(100)
    await post({ kind: "inviteRevoked", value: { guestKey: fromHex(invite.id) } })
    const anas = fromHex((await ana.client.overview()).me.device)
    await post({
      kind: "inviteAnnounced",
      value: {
        guestKey: new Uint8Array(32).fill(1),
        requestKey: new Uint8Array(32).fill(2),
        name: "eve",
        purpose: 0,
        expiresAt: 2_000_000_000,
        device: anas,
        signature: new Uint8Array(64).fill(3),
      },
    })
    await settled()
    const invites = await ana.client.invites()
    expect(invites.map(({ name, state }) => ({ name, state })).at(-1)).toEqual({ name: "ben", state: "open" })
    expect(invites.some(({ name }) => name === "eve")).toBe(false)
  })

  test("[E4.1, E4.3] names that do not fit, labels of others' devices and other pieces of a false snapshot change nothing", async () => {
    const member = toMemberId(fromHex(ana.member))
    const device = fromHex((await ana.client.overview()).me.device)
    await post({ kind: "name", value: { member, name: "Boss", salt: new Uint8Array(16) } })
    await post({ kind: "deviceLabel", value: { device, label: "trusted" } })
    await post({
      kind: "snapshot",
      value: {
        names: [
          { member, name: "Boss", salt: new Uint8Array(16) },
          { name: "Other Org", salt: new Uint8Array(16) },
        ],
        labels: [{ device, label: "trusted" }],
        invites: [],
        requests: [{ guestKey: new Uint8Array(32), request: new Uint8Array(100) }],
        proposals: [{ statement: new Uint8Array(100), proposer: member, at: 1, approvals: [] }],
        accepts: [
          {
            key: { keeper: new Uint8Array(16), publicKey: new Uint8Array(32), proof: new Uint8Array(64) },
            device,
            signature: new Uint8Array(64),
          },
        ],
      },
    })
    await settled()
    const overview = await ana.client.overview()
    expect(overview.me.name).toBe("ana")
    expect(overview.organisation.name).toBe("Newsroom")
    const [self] = await ana.client.people()
    expect(self?.devices[0]?.label).toBe("ana's laptop")
    expect(await ana.client.proposals()).toEqual([])
    expect([...new Set(await kinds())].sort()).toEqual(["bad_name", "junk"])
  })

  test("[E3.1] a kind of message that this release does not know is shown as unknown", async () => {
    await post({ kind: "unknown", number: 77, bytes: Uint8Array.of(1, 2, 3) })
    await settled()
    const messages = await ana.client.messages(await ana.everyone())
    expect(messages.filter(({ body }) => body.kind === "unknown")).toHaveLength(1)
    expect(await kinds()).toEqual([])
  })

  test("[E7.7] bytes that are no content are junk with a name, and the rest goes on", async () => {
    await engine.turns.take(() => {
      engine.store.transaction(() => {
        engine.store.outbox.add({
          id: hex(engine.randomBytes(16)),
          conversation: engine.conversations.everyone(),
          message: undefined,
          content: Uint8Array.of(8, 1, 255, 255),
          ready: true,
        })
      })
    })
    engine.kick()
    await settled()
    const [alarm] = (await ana.client.overview()).alarms
    expect(alarm).toMatchObject({ kind: "junk" })
    expect(alarm?.sentence).toContain("mallory")
  })
})

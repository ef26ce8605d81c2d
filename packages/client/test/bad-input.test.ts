import { ClientError, joinOrganisation, listVaults, removeVault, unlockVault } from "@holdfast/client"
import {
  admit,
  createMachine,
  createWorld,
  org,
  type Player,
  passphrase,
  relayUrl,
  until,
  type World,
} from "@holdfast/testkit"
import { formatInvitation, parseInvitation } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

let world: World
let ana: Player
beforeEach(async () => {
  world = await createWorld()
  ana = await world.found("ana")
})
afterEach(() => world.close())

async function refused(work: Promise<unknown>, code: string): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ClientError)
  expect((error as ClientError).code).toBe(code)
  // a sentence that a person understands, with an end
  expect((error as ClientError).sentence).toMatch(/^[A-Z].*[.?!]$/)
  return (error as ClientError).sentence
}

function join(invitation: string, name = "ben") {
  const machine = createMachine(world.network)
  const options = { invitation, name, passphrase, deviceLabel: "laptop" }
  return { machine, done: joinOrganisation(machine.ports, options) }
}

async function leavesNothing(machine: Player["machine"]): Promise<void> {
  expect(await listVaults(machine.ports)).toEqual([])
}

describe("unlocking", () => {
  test("[E1.1] a wrong passphrase opens nothing and changes nothing", async () => {
    const { vault } = ana.client
    await ana.client.close()
    await refused(unlockVault(ana.machine.ports, vault, "not the passphrase"), "wrong_passphrase")
    await ana.startAgain()
    expect((await ana.client.overview()).standing).toBe("active")
  })

  test("[E1.3] a store of a newer version is left alone", async () => {
    const { vault } = ana.client
    await ana.client.close()
    const db = ana.machine.databases.inspect(vault)
    db.exec("PRAGMA user_version = 999")
    await refused(unlockVault(ana.machine.ports, vault, passphrase), "newer_store")
    expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: 999 })
  })

  test("[E1.4] a damaged charter on this device is said to be damaged", async () => {
    const { vault } = ana.client
    await ana.client.close()
    ana.machine.databases.inspect(vault).exec("UPDATE charter SET entry = x'00' WHERE idx = 0")
    await refused(unlockVault(ana.machine.ports, vault, passphrase), "damaged_store")
  })

  test("[E1.1] the same organisation is not opened twice", async () => {
    await refused(unlockVault(ana.machine.ports, ana.client.vault, passphrase), "store_busy")
  })

  test("[E1.5] a removed organisation is gone", async () => {
    const { vault } = ana.client
    await ana.client.close()
    await removeVault(ana.machine.ports, vault)
    await leavesNothing(ana.machine)
    await refused(unlockVault(ana.machine.ports, vault, passphrase), "not_found")
  })

  test("nothing works after closing", async () => {
    const { client } = ana
    await client.close()
    await refused(client.createInvite({ purpose: "member", name: "x", hours: 1 }), "stopped")
    await client.close()
  })
})

describe("founding", () => {
  test.each([
    ["", "ana"],
    ["Desk", "  "],
    ["x".repeat(300), "ana"],
  ])("[E1.6] refuses the names %j and %j", async (organisation, name) => {
    const error = await world.found(name, { organisation }).catch((reason: unknown) => reason)
    expect((error as ClientError).code).toMatch(/malformed|too_large/)
  })

  test("[E1.6] a wrong hosting code and an unreachable relay leave nothing behind", async () => {
    const { foundOrganisation } = await import("@holdfast/client")
    const machine = createMachine(world.network)
    const options = {
      relay: relayUrl,
      hostingCode: "wrong",
      organisation: "Desk",
      name: "eve",
      passphrase,
      deviceLabel: "",
      keepers: [],
      needed: 1,
    }
    await refused(foundOrganisation(machine.ports, options), "not_allowed")
    await refused(foundOrganisation(machine.ports, { ...options, relay: "http://nowhere.test" }), "relay_unreachable")
    await refused(foundOrganisation(machine.ports, { ...options, relay: "nowhere" }), "malformed")
    await refused(foundOrganisation(machine.ports, { ...options, relay: "file:///etc/passwd" }), "malformed")
    await refused(foundOrganisation(machine.ports, { ...options, passphrase: "short" }), "malformed")
    await leavesNothing(machine)
  })
})

describe("joining", () => {
  test.each(["", "hello", "hf1", "hf1AAAA", "https://relay.test/#hf1!!!"])(
    "[E5.3] %j is no invitation",
    async (text) => {
      const { machine, done } = join(text)
      await refused(done, "bad_invitation")
      await leavesNothing(machine)
    },
  )

  test("[E5.3] an invitation that has expired, was taken back, or never was", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    const parsed = parseInvitation(invite.text as string)
    const expired = join(formatInvitation({ ...parsed, expiresAt: 1_000 }))
    await refused(expired.done, "invitation_expired")
    await leavesNothing(expired.machine)

    const unknown = join(formatInvitation({ ...parsed, secret: new Uint8Array(32).fill(9) }))
    await refused(unknown.done, "invitation_expired")

    await ana.client.revokeInvite(invite.id)
    expect((await ana.client.invites())[0]?.state).toBe("revoked")
    const revoked = join(invite.text as string)
    await refused(revoked.done, "invitation_expired")
    await leavesNothing(revoked.machine)
  })

  test("[E5.3] an invitation into another organisation than the relay has", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    const parsed = parseInvitation(invite.text as string)
    const other = join(formatInvitation({ ...parsed, org: new Uint8Array(32).fill(3) as never }))
    await refused(other.done, "wrong_organisation")
    await leavesNothing(other.machine)
  })

  test("[E8.4] a relay that answers with another organisation's charter", async () => {
    const bob = await world.found("bob", { organisation: "Other" })
    const [theirs] = await bob.client.exportCharter()
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    const machine = createMachine(world.network)
    machine.network.tamper((reply) =>
      reply.op.kind === "frames"
        ? [{ ...reply, op: { kind: "frames", value: { ...reply.op.value, frames: [theirs as Uint8Array] } } }]
        : [reply],
    )
    const done = joinOrganisation(machine.ports, {
      invitation: invite.text as string,
      name: "ben",
      passphrase,
      deviceLabel: "",
    })
    await refused(done, "wrong_organisation")
    await leavesNothing(machine)
  })

  test("[E5.5] two people who use one invitation are told apart by their codes, and only the right one gets in", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    const thief = await world.join("ben", invite.text as string)
    const ben = await world.join("ben", invite.text as string)
    await until("both ask", async () => (await ana.client.proposals()).length === 2)
    const codes = await Promise.all([thief, ben].map(async ({ client }) => (await client.overview()).joinCode))
    expect(new Set(codes).size).toBe(2)
    const shown = await ana.client.proposals()
    expect(shown.map(({ joinCode }) => joinCode).sort()).toEqual([...codes].sort())
    expect(shown[0]?.details.join(" ")).toContain("used more than once")
    const right = shown.find(({ joinCode }) => joinCode === codes[1])
    await ana.client.approve(right?.id as string)
    await until("ben is in", async () => (await ben.client.conversations()).length === 1)
    expect((await thief.client.overview()).standing).toBe("waiting")
    await until("the other is no longer shown", async () => (await ana.client.proposals()).length === 0)
    const wrong = shown.find(({ joinCode }) => joinCode === codes[0])
    await refused(ana.client.approve(wrong?.id as string), "not_allowed")
  })
})

describe("asking for what cannot be", () => {
  test("[E3.3] messages that cannot be sent", async () => {
    const everyone = await ana.everyone()
    await refused(ana.client.sendText(everyone, "   "), "malformed")
    await refused(ana.client.sendText(everyone, "x".repeat(40_000)), "too_large")
    await refused(ana.client.sendText(everyone, "\ud800"), "malformed")
    await refused(ana.client.sendText("00", "hello"), "not_found")
    await refused(ana.client.messages("00"), "not_found")
    await refused(ana.client.readFile("00", 0, 1), "not_found")
    const huge = { name: "x", type: "", size: 3_000_000_000, read: async () => new Uint8Array() }
    await refused(ana.client.sendFile(everyone, huge), "too_large")
    expect(await ana.client.messages(everyone)).toEqual([])
  })

  test("[E3.2] conversations that cannot be", async () => {
    const ben = await admit(world, ana, "ben")
    await refused(ana.client.startConversation({ kind: "direct", title: "", members: [] }), "malformed")
    await refused(ana.client.startConversation({ kind: "direct", title: "", members: [ana.member] }), "malformed")
    await refused(ana.client.startConversation({ kind: "group", title: " ", members: [ben.member] }), "malformed")
    await refused(ana.client.startConversation({ kind: "group", title: "x", members: ["00".repeat(16)] }), "not_found")
    await refused(ana.client.startConversation({ kind: "group", title: "x", members: ["zz"] }), "malformed")
    const direct = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    await refused(ana.client.addToConversation(direct, [ben.member]), "not_allowed")
    await refused(ana.client.renameConversation(direct, "title"), "not_allowed")
  })

  test("[E5.7] proposals that cannot be", async () => {
    const ben = await admit(world, ana, "ben")
    await refused(ana.client.approve("00".repeat(32)), "not_found")
    await refused(ana.client.proposeRemoveMember(ana.member), "not_allowed")
    await refused(ana.client.proposeRemoveMember("00".repeat(16)), "not_allowed")
    await refused(ana.client.proposeRemoveDevice("00".repeat(16)), "not_found")
    const { device } = (await ana.client.overview()).me
    // the last device of a keeper-member can be taken by the keepers only, and ana is the only one: she may
    const proposal = await ben.client.proposeRemoveMember(ana.member)
    await refused(ben.client.approve(proposal), "not_allowed")
    await refused(ben.client.decline(proposal), "not_allowed")
    expect(device).toHaveLength(32)
    await refused(ben.client.createInvite({ purpose: "member", name: "x", hours: 0 }), "malformed")
    await refused(ben.client.createInvite({ purpose: "member", name: "x", hours: 1e9 }), "malformed")
    await refused(ben.client.revokeInvite("00".repeat(32)), "not_found")
    await refused(ben.client.dismissAlarm("00"), "not_found")
    await refused(ben.client.acceptKeeper(), "not_allowed")
  })

  test("[E5.4] somebody who waits can look, and do nothing", async () => {
    const invite = await ana.client.createInvite({ purpose: "member", name: "ben", hours: 1 })
    const ben = await world.join("ben", invite.text as string)
    expect(await ben.client.conversations()).toEqual([])
    expect((await ben.client.overview()).joinCode).toMatch(/^[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}$/)
    await refused(ben.client.startConversation({ kind: "group", title: "x", members: [] }), "not_allowed")
    await refused(ben.client.createInvite({ purpose: "member", name: "x", hours: 1 }), "not_allowed")
  })
})

test("a full disk is said, and nothing is half done", async () => {
  const story = await org("eva", "finn")
  const [eva, finn] = story.players as [Player, Player]
  const conversation = await eva.client.startConversation({ kind: "direct", title: "", members: [finn.member] })
  await eva.say(conversation, "before")
  await finn.hears(conversation, ["before"])
  eva.machine.databases.fill()
  await refused(eva.client.sendText(conversation, "lost?"), "disk_full")
  await finn.say(conversation, "while full")
  await new Promise((resolve) => setTimeout(resolve, 500))
  eva.machine.databases.free()
  await eva.hears(conversation, ["before", "while full"], 40_000)
  await eva.say(conversation, "after")
  await finn.hears(conversation, ["before", "while full", "after"])
  await story.close()
}, 60_000)

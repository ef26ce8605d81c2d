import { foundOrganisation, joinOrganisation, listVaults, type OpenClient, unlockVault } from "@holdfast/client"
import {
  approveNext,
  createMachine,
  createWorld,
  hostingCode,
  passphrase,
  relayUrl,
  until,
  type World,
} from "@holdfast/testkit"
import { afterEach, expect, test } from "vitest"

let world: World
const open: OpenClient[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close().catch(() => undefined)))
  await world.close()
})

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** What the first attempt gave: a client, or nothing because the program ended before. */
async function attempt(work: Promise<OpenClient>, killed: Promise<void>): Promise<OpenClient | undefined> {
  const done = work.catch(() => undefined)
  const dead = killed.then(() => pause(20)).then(() => undefined)
  return Promise.race([done, dead])
}

test("[E1.2] founding that is killed at any point either left nothing or goes on when it is unlocked", async () => {
  world = await createWorld()
  const outcomes: string[] = []
  for (let n = 1; n <= 14; n++) {
    const machine = createMachine(world.network)
    const options = {
      relay: relayUrl,
      hostingCode,
      organisation: `Desk ${n}`,
      name: "ana",
      passphrase,
      deviceLabel: "laptop",
      keepers: ["ben", "cem"],
      needed: 2,
    }
    let isKilled = false
    const killed = machine.killBefore(n).then(() => {
      isKilled = true
    })
    let client = await attempt(foundOrganisation(machine.ports, options), killed)
    if (isKilled || client === undefined) {
      machine.kill()
      await pause(5)
      const [vault] = await listVaults(machine.ports)
      client =
        vault === undefined ? undefined : await unlockVault(machine.ports, vault, passphrase).catch(() => undefined)
      outcomes.push(client === undefined ? "again" : "goes on")
      client ??= await foundOrganisation(machine.ports, options)
    } else {
      outcomes.push("done")
    }
    open.push(client)
    const own = client
    await until(`founded ${n}`, async () => (await own.invites()).length === 2)
    const overview = await own.overview()
    expect(overview).toMatchObject({ standing: "active", organisation: { name: `Desk ${n}` }, alarms: [] })
    expect((await own.conversations()).map(({ kind }) => kind)).toEqual(["everyone"])
    await until("one plan", async () => (await own.overview()).keeperPlan?.people.length === 3)
    await own.close()
  }
  expect(new Set(outcomes).has("goes on")).toBe(true)
}, 120_000)

test("[E5.3] joining that is killed at any point gets in all the same, once", async () => {
  world = await createWorld()
  const ana = await world.found("ana")
  const outcomes: string[] = []
  for (let n = 1; n <= 12; n++) {
    const name = `ben ${n}`
    const invite = await ana.client.createInvite({ purpose: "member", name, hours: 1 })
    const machine = createMachine(world.network)
    const options = { invitation: invite.text as string, name, passphrase, deviceLabel: "laptop" }
    let isKilled = false
    const killed = machine.killBefore(n).then(() => {
      isKilled = true
    })
    let client = await attempt(joinOrganisation(machine.ports, options), killed)
    if (client !== undefined) {
      // the program ends somewhere between asking and being in
      await approveNext(ana.client)
      await Promise.race([killed, pause(2_500)])
    }
    if (isKilled || client === undefined) {
      machine.kill()
      await pause(5)
      const [vault] = await listVaults(machine.ports)
      const before =
        vault === undefined ? undefined : await unlockVault(machine.ports, vault, passphrase).catch(() => undefined)
      outcomes.push(before === undefined ? "again" : client === undefined ? "asks on" : "goes in")
      client = before ?? (await joinOrganisation(machine.ports, options))
    } else {
      outcomes.push("done")
    }
    open.push(client)
    const own = client
    if (!(await own.conversations()).some(({ kind }) => kind === "everyone")) {
      const stillAsked = async () => (await ana.client.proposals()).some(({ mine }) => mine === "can-approve")
      await until(`asked or in ${n}`, async () => (await stillAsked()) || (await own.overview()).standing === "active")
      if (await stillAsked()) await approveNext(ana.client)
    }
    await until(`in ${n}`, async () => (await own.conversations()).some(({ kind }) => kind === "everyone"), 40_000)
    await until(`knows names ${n}`, async () => (await own.people()).some(({ name: known }) => known === "ana"), 40_000)
    const people = (await ana.client.people()).filter((person) => person.name === name)
    expect(people.map(({ active, devices }) => [active, devices.length])).toEqual([[true, 1]])
    await own.close()
  }
  expect(new Set(outcomes).size).toBeGreaterThan(1)
  expect(ana.reports).toEqual([])
}, 240_000)

// Acts as people mean them, of every type, on the charter as it stands.
import { compareBytes, hex, type MemberId } from "@holdfast/wire"
import {
  activeDevicesOf,
  type BatchedAct,
  isActiveMember,
  type LaterAct,
  type Member,
  maxDevices,
  type Waiting,
} from "../../src/index.ts"
import type { Approver } from "./cast.ts"
import type { Dice } from "./dice.ts"
import { rulesFor } from "./rules-maker.ts"
import type { Chain, World } from "./world.ts"

/** An act, and whose devices go with it. */
export interface Meant {
  readonly act: LaterAct
  readonly devices: readonly Approver[]
}

export type MeantType = Exclude<LaterAct["type"], "anchor">

const often: readonly MeantType[] = [
  "member-add",
  "member-add",
  "member-add",
  "member-remove",
  "device-add",
  "device-add",
  "device-remove",
  "relays",
  "recover",
  "recover",
  "canary",
  "suspend-keeper",
  "suspend-keeper",
  "rules",
  "rules",
  "batch",
  "veto",
]

export async function someAct(world: World, chain: Chain, dice: Dice): Promise<Meant | undefined> {
  return actOf(dice.pick(often) as MeantType, world, chain, dice)
}

/** `undefined` where the act has nothing to be about. */
export async function actOf(type: MeantType, world: World, chain: Chain, dice: Dice): Promise<Meant | undefined> {
  const { state } = chain.charter
  const of = (act: LaterAct, devices: readonly Approver[] = []): Meant => ({ act, devices })
  const member = dice.pick(membersOf(chain))
  switch (type) {
    case "member-add":
      return of(await memberAdd(world, dice))
    case "member-remove":
      return member && of({ type, body: { member: member.id } })
    case "device-add": {
      if (member === undefined) return undefined
      const device = await world.newDevice(member.id)
      const entry = await device.admit(world.orgId)
      return of(
        { type, body: { member: member.id, device: entry } },
        dice.chance(90) ? phonesOf(world, chain, member.id).slice(0, 1) : [],
      )
    }
    case "device-remove": {
      if (member === undefined) return undefined
      const phones = phonesOf(world, chain, member.id)
      const device = dice.pick(activeDevicesOf(state, member.id))
      if (device === undefined) return undefined
      return of({ type, body: { member: member.id, device: device.id } }, dice.some(phones, 50))
    }
    case "relays": {
      const relays = dice.chance(70) ? [world.cast.relays[0]] : dice.shuffled(world.cast.relays)
      return of({ type, body: { relays: relays.map(({ entry }) => entry) } })
    }
    case "recover": {
      if (member === undefined) return undefined
      const device = await (await world.newDevice(member.id)).admit(world.orgId)
      return of({ type, body: { member: member.id, device, requestId: dice.bytes(16) } })
    }
    case "canary":
      return of({ type, body: { until: world.now + 90 * 86_400 } })
    case "suspend-keeper": {
      const keeper = dice.pick(state.rules.keepers)
      return keeper && of({ type, body: { keeper: keeper.id, seconds: dice.one([3_600, 86_400, 30 * 86_400]) } })
    }
    case "rules":
      return of({ type, body: await nextRules(world, chain, dice) })
    case "batch":
      return batch(world, chain, dice)
    case "veto": {
      const waiting = dice.pick(state.waiting)
      if (waiting === undefined) return undefined
      const { id } = waiting.statement
      return of({ type, body: { statement: id } }, dice.chance(50) ? ownersOf(world, chain, waiting) : [])
    }
  }
}

export function nextRules(world: World, chain: Chain, dice: Dice) {
  const { rules } = chain.charter.state
  return rulesFor(world, dice, {
    org: world.orgId,
    version: rules.version + 1,
    isEvaluation: false,
    seated: rules.keepers,
    chain,
  })
}

export function membersOf({ charter: { state } }: Chain): readonly Member[] {
  return [...state.members.values()].filter(({ id }) => isActiveMember(state, id))
}

/** The active devices of a member, as those who can sign. */
export function phonesOf(world: World, { charter: { state } }: Chain, member: MemberId): readonly Approver[] {
  return activeDevicesOf(state, member).flatMap(({ id }) => world.devices.get(hex(id)) ?? [])
}

function ownersOf(world: World, chain: Chain, { statement }: Waiting): readonly Approver[] {
  return statement.type === "recover" ? phonesOf(world, chain, statement.body.member).slice(0, 1) : []
}

export async function memberAdd(world: World, dice: Dice): Promise<BatchedAct & { type: "member-add" }> {
  const member = world.newMember(dice)
  const count = dice.chance(4) ? maxDevices : 1 + dice.below(2)
  const phones = await Promise.all(Array.from({ length: count }, () => world.newDevice(member)))
  const devices = await Promise.all(phones.map((phone) => phone.admit(world.orgId)))
  const body = {
    member,
    nameCommitment: dice.bytes(32),
    devices: devices.sort((a, b) => compareBytes(a.id, b.id)),
    requestId: dice.bytes(16),
  }
  return { type: "member-add", body }
}

async function batch(world: World, chain: Chain, dice: Dice): Promise<Meant> {
  const acts: BatchedAct[] = [await memberAdd(world, dice)]
  const devices: Approver[] = []
  const people = dice.shuffled(membersOf(chain)).slice(0, 2)
  for (const { id } of people) {
    if (dice.chance(40)) acts.push({ type: "member-remove", body: { member: id } })
    else {
      acts.push({
        type: "device-add",
        body: { member: id, device: await (await world.newDevice(id)).admit(world.orgId) },
      })
      devices.push(...phonesOf(world, chain, id).slice(0, 1))
    }
  }
  if (acts.length < 2) acts.push(await memberAdd(world, dice))
  return { act: { type: "batch", body: { acts } }, devices }
}

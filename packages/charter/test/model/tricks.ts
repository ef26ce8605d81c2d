// What somebody tries who writes the log and holds a few keys: one way for each reason to refuse.

import { deviceIdOf, hex, type OrgId, toDeviceId, toKeeperId, toMemberId } from "@holdfast/wire"
import {
  type Approval,
  activeDevicesOf,
  admissionBytes,
  type DeviceEntry,
  isSuspended,
  type LaterAct,
  type Refusal,
  type Rules,
  type Statement,
  seal,
} from "../../src/index.ts"
import { type Header, makeStatement } from "../../src/statement.ts"
import { actOf, memberAdd, membersOf, nextRules, phonesOf } from "./acts.ts"
import type { Approver } from "./cast.ts"
import type { Dice } from "./dice.ts"
import { isBearable } from "./rules-maker.ts"
import type { Chain, World } from "./world.ts"

/** Bytes to log, or `undefined` where this trick cannot be tried now. */
type Trick = (world: World, chain: Chain, dice: Dice) => Promise<Uint8Array | undefined>

const day = 86_400

function act(
  make: (world: World, chain: Chain, dice: Dice) => Promise<LaterAct | undefined> | LaterAct | undefined,
): Trick {
  return async (world, chain, dice) => {
    const made = await make(world, chain, dice)
    if (made === undefined) return undefined
    return sealedBy(world, world.draft(chain, made, dice), badKeepers(world, chain))
  }
}

/** What honest keepers sign too, because they do not see what is wrong with it. */
function agreed(
  make: (world: World, chain: Chain, dice: Dice) => Promise<readonly [LaterAct, readonly Approver[]] | undefined>,
): Trick {
  return async (world, chain, dice) => {
    const made = await make(world, chain, dice)
    if (made === undefined) return undefined
    const [what, devices] = made
    return sealedBy(world, world.draft(chain, what, dice), [...world.seatsOf(chain.charter.state.rules), ...devices])
  }
}

/** A right draft with something else in its head. */
function head(change: (header: Header, world: World, chain: Chain, dice: Dice) => Partial<Header> | undefined): Trick {
  return async (world, chain, dice) => {
    const good = world.draft(chain, await memberAdd(world, dice), dice)
    const changed = change(good, world, chain, dice)
    if (changed === undefined || good.type === "unknown") return undefined
    return sealedBy(world, world.note(makeStatement({ ...good, ...changed }, good), chain), badKeepers(world, chain))
  }
}

/** Rules that break a floor. Honest keepers sign these too, as far as they could bear them: a floor holds against everybody. */
function rules(change: (rules: Rules, dice: Dice) => Rules | undefined): Trick {
  return async (world, chain, dice) => {
    const changed = change(await nextRules(world, chain, dice), dice)
    if (changed === undefined) return undefined
    const statement = world.draft(chain, { type: "rules", body: changed }, dice)
    const seats = new Set([...world.seatsOf(chain.charter.state.rules), ...world.seatsOf(changed)])
    const isSigned = isBearable(world, changed)
    return sealedBy(
      world,
      statement,
      [...seats].filter(({ id }) => isSigned || world.isTurned(hex(id))),
    )
  }
}

function badKeepers(world: World, { charter }: Chain): readonly Approver[] {
  return world.seatsOf(charter.state.rules).filter(({ id }) => world.isTurned(hex(id)))
}

async function sealedBy(world: World, statement: Statement, by: readonly Approver[]): Promise<Uint8Array> {
  return seal(statement, await world.approvals(statement, by))
}

function withRule(rules: Rules, type: number, change: object): Rules {
  const base = rules.acts.get(type) ?? rules.acts.get(2)
  return { ...rules, acts: new Map([...rules.acts, [type, { ...base, ...change } as never]]) }
}

async function freshDevice(world: World, chain: Chain, dice: Dice, change: (entry: DeviceEntry) => DeviceEntry) {
  const member = dice.pick(membersOf(chain))
  if (member === undefined) return undefined
  const entry = await (await world.newDevice(member.id)).admit(world.orgId)
  return { type: "device-add", body: { member: member.id, device: change(entry) } } as const
}

const weakKey = new Uint8Array(32)

export const tricks: Readonly<Partial<Record<Refusal, readonly Trick[]>>> = {
  malformed: [
    async (_, __, dice) => dice.bytes(dice.below(300)),
    async (_, chain) => chain.entries.at(-1)?.subarray(1),
  ],
  too_large: [async () => new Uint8Array(60_001)],
  wrong_organisation: [
    head((_, __, ___, dice) => ({ orgId: dice.bytes(32) as OrgId })),
    async (_, chain) => chain.entries[0],
  ],
  replayed: [async (_, chain, dice) => dice.pick(chain.entries.slice(1))],
  second_genesis: [
    async (world, chain, dice) => {
      const body = chain.charter.records.at(0)?.statement
      const header = world.draft(chain, { type: "canary", body: { until: 1 } }, dice)
      if (body?.type !== "genesis") return undefined
      return sealedBy(world, world.note(makeStatement(header, body), chain), badKeepers(world, chain))
    },
  ],
  unknown_type: [
    async (world, chain, dice) => {
      const header = world.draft(chain, { type: "canary", body: { until: 1 } }, dice)
      const number = dice.one([9, 15, 40_000])
      const statement = makeStatement(header, { type: "unknown", body: { number, value: new Map() } })
      return sealedBy(world, world.note(statement, chain), badKeepers(world, chain))
    },
  ],
  wrong_subject: [head((_, __, ___, dice) => ({ subject: dice.bytes(9) }))],
  wrong_rules_version: [head(({ rulesVersion }) => ({ rulesVersion: rulesVersion + 1 }))],
  wrong_sequence: [head(({ seq }) => ({ seq: seq + 1 })), head((_, __, ___, dice) => ({ prev: dice.bytes(32) }))],
  wrong_base: [
    head(({ base }, _, __, dice) => ({ base: { ...base, root: dice.bytes(32) } })),
    head(({ base }) => ({ base: { ...base, size: base.size + 1 } })),
    head(({ base }) => ({ base: { ...base, size: 0 } })),
  ],
  base_too_old: [
    head((_, __, { charter }) => {
      const size = charter.size - charter.state.rules.baseWindow - 1
      return size < 1 ? undefined : { base: { size, root: charter.roots.at(size) as Uint8Array } }
    }),
  ],
  expired: [
    head((_, __, { charter: { state } }) =>
      (state.clock ?? 0) > 0 ? { notAfter: (state.clock ?? 0) - 1 } : undefined,
    ),
  ],
  member_known: [
    agreed(async (world, { charter }, dice) => {
      const known = dice.pick([...charter.state.members.values()])
      if (known === undefined) return undefined
      const made = await memberAdd(world, dice)
      const device = await (await world.newDevice(known.id)).admit(world.orgId)
      return [{ ...made, body: { ...made.body, member: known.id, devices: [device] } }, []]
    }),
  ],
  member_unknown: [act((_, __, dice) => ({ type: "member-remove", body: { member: toMemberId(dice.bytes(16)) } }))],
  member_removed: [
    act((_, { charter }, dice) => {
      const gone = dice.pick([...charter.state.members.values()].filter(({ removed }) => removed !== undefined))
      return gone && { type: "member-remove", body: { member: gone.id } }
    }),
  ],
  device_known: [
    agreed(async (world, chain, dice) => {
      const { devices, members } = chain.charter.state
      const known = dice.pick([...devices.values()].filter(({ member }) => members.get(member)?.removed === undefined))
      const actor = known && world.devices.get(hex(known.id))
      if (actor === undefined) return undefined
      const body = { member: actor.member, device: await actor.admit(world.orgId) }
      return [{ type: "device-add", body }, phonesOf(world, chain, actor.member).slice(0, 1)]
    }),
  ],
  device_unknown: [
    act((_, chain, dice) => {
      const member = dice.pick(membersOf(chain))
      return member && { type: "device-remove", body: { member: member.id, device: toDeviceId(dice.bytes(16)) } }
    }),
  ],
  device_removed: [
    act((_, chain, dice) => {
      const { devices, members } = chain.charter.state
      const gone = [...devices.values()].filter(
        (it) => it.removed !== undefined && members.get(it.member)?.removed === undefined,
      )
      const device = dice.pick(gone)
      return device && { type: "device-remove", body: { member: device.member, device: device.id } }
    }),
  ],
  device_of_another: [
    act((_, chain, dice) => {
      const [one, other] = dice.shuffled(membersOf(chain))
      const device = other && dice.pick(activeDevicesOf(chain.charter.state, other.id))
      return one && device && { type: "device-remove", body: { member: one.id, device: device.id } }
    }),
  ],
  id_reused: [
    agreed(async (world, { charter }, dice) => {
      const made = await memberAdd(world, dice)
      const member = toMemberId(dice.pick(charter.state.rules.keepers)?.id ?? dice.bytes(16))
      const device = await (await world.newDevice(member)).admit(world.orgId)
      return [{ ...made, body: { ...made.body, member, devices: [device] } }, []]
    }),
  ],
  wrong_device_id: [
    act((world, chain, dice) => freshDevice(world, chain, dice, (it) => ({ ...it, id: toDeviceId(dice.bytes(16)) }))),
  ],
  bad_key: [
    act((world, chain, dice) =>
      freshDevice(world, chain, dice, (it) => ({ ...it, publicKey: weakKey, id: deviceIdOf(weakKey) })),
    ),
    act((world) => ({ type: "relays", body: { relays: [{ ...world.relay.entry, logPublicKey: weakKey }] } })),
  ],
  key_reused: [
    act((world, chain, dice) => {
      const { keepers, witnesses } = chain.charter.state.rules
      const publicKey = dice.pick(
        [...keepers, ...witnesses].map((it) => it.publicKey).filter(({ length }) => length === 32),
      )
      if (publicKey === undefined) return undefined
      return freshDevice(world, chain, dice, (it) => ({ ...it, publicKey, id: deviceIdOf(publicKey) }))
    }),
  ],
  bad_proof: [
    act(async (world, chain, dice) => {
      const other = await world.newDevice(toMemberId(dice.bytes(16)))
      const { proof } = await other.admit(world.orgId)
      return freshDevice(world, chain, dice, (it) => ({ ...it, proof }))
    }),
  ],
  too_many_devices: [
    act(async (world, chain, dice) => {
      const full = dice.pick(membersOf(chain).filter(({ id }) => activeDevicesOf(chain.charter.state, id).length >= 16))
      if (full === undefined) return undefined
      const device = await (await world.newDevice(full.id)).admit(world.orgId)
      return { type: "device-add", body: { member: full.id, device } }
    }),
  ],
  wrong_version: [rules((it, dice) => ({ ...it, version: it.version + dice.one([-1, 1, 7]) }))],
  passkey_not_local: [
    rules((it) => {
      const at = it.keepers.findIndex(({ passkey }) => passkey !== undefined)
      const passkey = { rpId: "relay.example", origin: "https://relay.example", backupEligible: false }
      return at < 0
        ? undefined
        : { ...it, keepers: it.keepers.map((seat, i) => (i === at ? { ...seat, passkey } : seat)) }
    }),
  ],
  keeper_changed: [
    async (world, chain, dice) => {
      const next = await nextRules(world, chain, dice)
      const seat = next.keepers.find(({ id, kind }) => kind === 1 && chain.charter.state.keyByKeeper.has(id))
      if (seat === undefined) return undefined
      const key = await world.keys.signer(`stolen seat ${dice.below(1000)}`)
      const proof = await key.sign(admissionBytes(world.orgId, { keeper: seat.id }, key.publicKey))
      const keepers = next.keepers.map((it) => (it === seat ? { ...it, publicKey: key.publicKey, proof } : it))
      const statement = world.draft(chain, { type: "rules", body: { ...next, keepers } }, dice)
      return sealedBy(world, statement, badKeepers(world, chain))
    },
  ],
  keeper_twice: [
    async (world, chain, dice) => {
      const next = await nextRules(world, chain, dice)
      const member = membersOf(chain)[0]
      if (member === undefined) return undefined
      const keepers = next.keepers.map((it) => ({ ...it, member: member.id }))
      return sealedBy(
        world,
        world.draft(chain, { type: "rules", body: { ...next, keepers } }, dice),
        badKeepers(world, chain),
      )
    },
  ],
  keeper_member_unknown: [
    rules((it, dice) => ({
      ...it,
      keepers: it.keepers.map((seat, i) => (i === 0 ? { ...seat, member: toMemberId(dice.bytes(16)) } : seat)),
    })),
  ],
  keeper_unknown: [
    act((_, __, dice) => ({ type: "suspend-keeper", body: { keeper: toKeeperId(dice.bytes(16)), seconds: 3_600 } })),
  ],
  no_clock: [
    act((_, { charter: { state } }) => {
      const keeper = state.rules.keepers[0]
      return state.clock === undefined && keeper
        ? { type: "suspend-keeper", body: { keeper: keeper.id, seconds: 3_600 } }
        : undefined
    }),
  ],
  suspension_would_stop: [
    act((_, { charter: { state } }, dice) => {
      const keeper = dice.pick(state.rules.keepers.filter(({ id }) => !isSuspended(state, id)))
      return keeper && { type: "suspend-keeper", body: { keeper: keeper.id, seconds: 3_600 } }
    }),
  ],
  recover_without_delay: [
    act(async (world, chain, dice) => {
      const meant = await actOf("recover", world, chain, dice)
      return meant?.act
    }),
  ],
  nothing_to_veto: [act((_, __, dice) => ({ type: "veto", body: { statement: dice.bytes(32) } }))],
  veto_not_allowed: [
    act((_, { charter: { state } }) => {
      const it = state.waiting.find(({ vetoK, statement }) => vetoK === 0 && statement.type !== "recover")
      return it && { type: "veto", body: { statement: it.statement.id } }
    }),
  ],
  act_waiting: [
    act(async (world, chain, dice) => {
      const waiting = dice.pick(chain.charter.state.waiting)
      if (waiting === undefined) return undefined
      const { statement } = waiting
      if (statement.type === "rules") return { type: "rules", body: await nextRules(world, chain, dice) }
      return statement.type === "genesis" ? undefined : statement
    }),
  ],
  floor_k: [rules((it) => withRule(it, 4, { k: 1 })), rules((it) => withRule(it, 8, { k: 0 }))],
  floor_loss: [rules((it) => withRule(it, 5, { k: it.keepers.length }))],
  floor_majority: [
    rules((it) =>
      it.keepers.length < 4 ? undefined : withRule(it, 2, { k: 2, minOrganisations: 0, minJurisdictions: 0 }),
    ),
  ],
  floor_evaluation: [
    rules((it) => ({
      ...it,
      keepers: it.keepers.slice(0, 1),
      acts: new Map([[2, { k: 1, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }]]),
    })),
  ],
  floor_diversity: [
    rules((it) => withRule(it, 4, { minJurisdictions: it.keepers.length - 1, k: it.keepers.length - 1 })),
    rules((it) => withRule(it, 4, { k: 2, minOrganisations: 3 })),
  ],
  floor_window: [rules((it, dice) => ({ ...it, baseWindow: dice.one([0, 15, 65_537]) }))],
  floor_delay: [
    rules((it) => withRule(it, 4, { delaySeconds: 31 * day, vetoK: it.keepers.length - 1 })),
    rules((it) => withRule(it, 3, { delaySeconds: 1, vetoK: 2 })),
  ],
  delay_without_witnesses: [
    rules((it) => ({
      ...withRule(it, 8, { delaySeconds: 60, vetoK: it.keepers.length - 1 }),
      witnesses: [],
      witnessQuorum: 0,
    })),
  ],
  floor_veto: [
    rules((it) => withRule(it, 4, { vetoK: 1 })),
    rules((it) => withRule(it, 4, { k: it.keepers.length - 1, vetoK: it.keepers.length - 2 })),
    rules((it) => withRule(it, 4, { vetoK: it.keepers.length })),
    rules((it) => (it.witnesses.length === 0 ? undefined : withRule(it, 4, { delaySeconds: 60, vetoK: 0 }))),
  ],
  floor_witnesses: [
    rules((it) =>
      it.witnesses.length < 2 ? undefined : { ...it, witnessQuorum: Math.floor(it.witnesses.length / 2) },
    ),
    rules((it) => (it.witnesses.length < 1 ? undefined : { ...it, witnessQuorum: it.witnesses.length + 1 })),
  ],
  anchor_without_witnesses: [
    async (world, chain, dice) => {
      if (chain.charter.state.rules.witnesses.length > 0) return undefined
      return anchorOf(world, chain, dice, await world.noteOf(world.checkpointText(chain, chain.charter.size), []))
    },
  ],
  bad_anchor: [
    async (world, chain, dice) =>
      anchorOf(world, chain, dice, await world.noteOf(world.checkpointText(chain, chain.charter.size), [])),
    async (world, chain, dice) => anchorOf(world, chain, dice, dice.bytes(200)),
    // Lines of another text, and a relay that is not in the charter.
    async (world, chain, dice) => {
      const lines = dice.pick([...world.lines.values()]) ?? []
      return anchorOf(world, chain, dice, await world.noteOf(world.checkpointText(chain, chain.charter.size), lines))
    },
    async (world, chain, dice) => {
      const text = world.checkpointText(chain, Math.max(1, chain.charter.size - 1))
      return anchorOf(
        world,
        chain,
        dice,
        await world.noteOf(text, world.lines.get(text) ?? [], world.cast.relays.at(-1)),
      )
    },
    // A checkpoint of another history.
    async (world, chain, dice) => {
      const [text, lines] = dice.pick([...world.lines]) ?? []
      return text === undefined ? undefined : anchorOf(world, chain, dice, await world.noteOf(text, lines ?? []))
    },
  ],
  anchor_no_news: [
    async (world, chain, dice) => {
      const before = chain.charter.records
      const anchor = [...before].findLast(
        ({ statement, outcome }) => statement?.type === "anchor" && outcome === "applied",
      )
      return anchor?.statement?.type === "anchor" ? anchorOf(world, chain, dice, anchor.statement.body.note) : undefined
    },
  ],
  bad_signature: [
    // Approvals of another statement.
    async (world, chain, dice) => {
      const held = dice.pick(world.held)
      const meant = await actOf("member-add", world, chain, dice)
      if (held === undefined || meant === undefined) return undefined
      return seal(world.draft(chain, meant.act, dice), held.approvals)
    },
    // An honest keeper's or a passkey's name over junk.
    async (world, chain, dice) => {
      const seat = dice.pick(chain.charter.state.rules.keepers)
      const meant = await actOf("relays", world, chain, dice)
      if (seat === undefined || meant === undefined) return undefined
      const forged: Approval = { signer: seat.id, kind: 1, signature: dice.bytes(64) }
      return seal(world.draft(chain, meant.act, dice), [forged])
    },
  ],
  last_device: [
    async (world, chain, dice) => {
      const alone = dice.pick(
        membersOf(chain).filter(({ id }) => activeDevicesOf(chain.charter.state, id).length === 1),
      )
      const [phone] = alone ? phonesOf(world, chain, alone.id) : []
      if (alone === undefined || phone === undefined) return undefined
      const statement = world.draft(
        chain,
        { type: "device-remove", body: { member: alone.id, device: toDeviceId(phone.id) } },
        dice,
      )
      return sealedBy(world, statement, [phone])
    },
  ],
}

export async function anchorOf(world: World, chain: Chain, dice: Dice, note: Uint8Array): Promise<Uint8Array> {
  return seal(world.draft(chain, { type: "anchor", body: { note } }, dice), [])
}

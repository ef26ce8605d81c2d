import { fateOf, isSuspended, type LaterAct, type RelayEntry } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { fromHex, hex, toKeeperId, toMemberId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { type Ghost, makeGhost, random } from "../attacker.ts"
import { daySeconds, keySeat, newKeeper, recoverDelay, relaysDelay, turnedKeepers } from "../council/council.ts"
import type { Desk } from "../council/desk.ts"
import { isSame, sorted, withActs } from "../council/forgery.ts"
import { believed, deskOf, shownAs } from "../council/victims.ts"
import { alarmsOf, type Person, say } from "../person.ts"
import type { Scene } from "../scene.ts"
import { until } from "../wait.ts"

/** Two keepers are the attacker's, and a third honest one was deceived: everything has its quorum. */
const deceived = ["ines", ...turnedKeepers] as const

async function clockOf(desk: Desk): Promise<number> {
  return (await desk.charter()).state.clock as number
}

/** A recovery that gives somebody's place to a key of the attacker's. */
async function recovery(scene: Scene, of: Person): Promise<{ readonly ghost: Ghost; readonly act: LaterAct }> {
  const member = toMemberId(fromHex(of.member))
  const ghost = await makeGhost(scene.org, member)
  return { ghost, act: { type: "recover", body: { member, device: ghost.entry, requestId: random(16) } } }
}

async function changedRelay(desk: Desk, change: (relay: RelayEntry) => Partial<RelayEntry>): Promise<LaterAct> {
  const [relay] = (await desk.charter()).state.relays
  if (relay === undefined) throw new Error("the charter names no relay")
  return { type: "relays", body: { relays: [{ ...relay, ...change(relay) }] } }
}

/** Throws unless it would have taken effect by then, had nobody done anything: an act that fails by itself proves nothing. */
async function wouldHaveCome(desk: Desk, index: number, seconds: number): Promise<void> {
  const how = fateOf(await desk.foresee(seconds), index)?.how
  if (how !== "applied") throw new Error(`without a veto it would be ${JSON.stringify(how)}`)
}

export const waitingAttacks: readonly Attack[] = [
  {
    name: "deceived third: another relay, and everybody is sent there",
    level: "T4",
    promise: "P3",
    tries: "RELAYS with its whole quorum, by a trick. It waits two days, in which the honest keepers stop it.",
    expected: { kind: "alarm", kinds: ["act_waiting"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const compare = await believed([ana, ben])
      const { publicKey } = await signerFromSeed(random(32))
      const now = await clockOf(desk)
      await scene.lie()
      const act = await changedRelay(desk, () => ({ logPublicKey: publicKey }))
      const { index, statement } = await desk.decide(act, deceived)
      await scene.alarmed([ana, ben], ["act_waiting"])
      await desk.anchor(now + 60)
      await wouldHaveCome(desk, index, now + 60 + relaysDelay)
      await desk.decide({ type: "veto", body: { statement: statement.id } })
      await desk.anchor(now + 60 + relaysDelay)
      await shownAs([ana, ben], index, "vetoed")
      scene.measure("the deceived keeper and the two honest ones vetoed it; two days later nothing had changed")
      await compare(scene)
    },
  },
  {
    name: "deceived third: recovery of a member who still has a device",
    level: "T4",
    promise: "P6",
    tries: "RECOVER with its whole quorum gives a member's place to a key of theirs. The member's own device stops it.",
    expected: { kind: "alarm", kinds: ["own_record_changed"] },
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const desk = await deskOf(scene)
      const compare = await believed([ana, dan])
      const now = await clockOf(desk)
      const { ghost, act } = await recovery(scene, dan)
      await scene.lie()
      const { index, statement } = await desk.decide(act, deceived)
      await scene.alarmed([dan], ["own_record_changed"])
      await until("everybody else is told too", 10_000, async () =>
        (await alarmsOf(ana)).some(({ kind }) => kind === "act_waiting"),
      )
      await desk.anchor(now + 60)
      await wouldHaveCome(desk, index, now + 60 + recoverDelay)
      await dan.client.veto(hex(statement.id))
      await shownAs([ana, dan], index, "vetoed")
      await desk.anchor(now + 60 + recoverDelay)
      const device = (await desk.charter()).state.devices.get(ghost.device)
      scene.measure("the member and everybody else saw it at once; one device of the member vetoed it alone")
      if (device !== undefined) scene.gain("a member's place")
      await compare(scene)
    },
  },
  {
    name: "deceived third: recovery that is kept from the member",
    level: "T4",
    promise: "P6",
    tries: "The same, and the relay shows that member no charter any more. Others talk, and days pass.",
    expected: { kind: "alarm", kinds: ["withheld"] },
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const desk = await deskOf(scene)
      const compare = await believed([ana, dan])
      const now = await clockOf(desk)
      const view = scene.relay.view(scene.org, "charter", dan.device)
      await view.sync()
      view.freeze()
      const { act } = await recovery(scene, dan)
      await scene.lie()
      const { index, statement } = await desk.decide(act, deceived)
      await desk.anchor(now + 60)
      await shownAs([ana], index, "waiting")
      await say(ana, [], scene.stage.everyone, "Did you see what is waiting?")
      await scene.alarmed([dan], ["withheld"], { hurry: true })
      dan.clock.advance(25 * 3_600_000)
      await until("dan is told that nobody vouches any more", 15_000, async () =>
        (await alarmsOf(dan)).some(({ kind }) => kind === "stale"),
      )
      scene.measure(
        'without anybody\'s message it is "stale" after 24 hours, two days before the recovery would take effect',
      )
      await view.thaw()
      await until("dan has it", 15_000, async () => (await dan.client.timeline()).some((one) => one.index === index))
      await dan.client.veto(hex(statement.id))
      await shownAs([ana, dan], index, "vetoed")
      await desk.anchor(now + 60 + recoverDelay)
      await compare(scene)
    },
  },
  {
    name: "deceived third: a wait that a false time would cut short",
    level: "T4",
    promise: "P6",
    tries:
      "The relay has logged no anchor for a month. Now RECOVER comes, and their witness says that it had been there all the time.",
    expected: { kind: "alarm", kinds: ["own_record_changed"] },
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const desk = await deskOf(scene)
      const compare = await believed([ana, dan])
      const month = (await clockOf(desk)) + 30 * daySeconds
      for (const one of [ana, dan]) one.clock.advance(30 * daySeconds * 1_000)
      const { ghost, act } = await recovery(scene, dan)
      await scene.lie()
      const { index, statement } = await desk.decide(act, deceived)
      await desk.anchor(month, { by: ["pier"], lie: month - 40 * daySeconds })
      await desk.anchor(month + 60)
      await scene.alarmed([dan], ["own_record_changed"])
      await shownAs([ana, dan], index, "waiting")
      const { state } = await desk.charter()
      const left = (state.waiting[0]?.begins ?? 0) + recoverDelay - (month + 60)
      scene.measure(`it still has ${left} of ${recoverDelay} seconds to wait`)
      if (state.devices.has(ghost.device) || left < recoverDelay - 120) scene.gain("a wait that was cut short")
      await dan.client.veto(hex(statement.id))
      await shownAs([ana, dan], index, "vetoed")
      await compare(scene)
    },
  },
  {
    name: "two keepers: a veto against the honest keepers' relays",
    level: "T4",
    promise: "P9",
    tries: "The honest keepers change something about the relays; the two try to stop it while it waits.",
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      const act = await changedRelay(desk, ({ urls }) => ({ urls: [...urls, "http://second.relay.example"] }))
      const { index, statement } = await desk.decide(act)
      await desk.anchor(now + 60)
      await shownAs([ana, ben], index, "waiting")
      await scene.lie()
      await vetoByTwo(desk, statement.id, [ana, ben])
      await scene.alarmed([ana, ben], ["refused_entry"])
      await desk.anchor(now + 60 + relaysDelay)
      await shownAs([ana, ben], index, "applied")
      scene.measure("delayed by nothing: it took effect when its two days were over")
    },
  },
  {
    name: "two keepers: a veto against losing their seats",
    level: "T4",
    promise: "P9",
    tries: "The honest keepers give both seats to others; the two try to stop it, and to act on when it is done.",
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      const { index, statement } = await desk.decide(await withoutTheTwo(scene, desk))
      await desk.anchor(now + 60)
      await shownAs([ana, ben], index, "waiting")
      await scene.lie()
      await vetoByTwo(desk, statement.id, [ana, ben])
      await scene.alarmed([ana, ben], ["refused_entry"])
      await desk.anchor(now + 60 + relaysDelay)
      await shownAs([ana, ben], index, "applied")
      const late = await desk.draft({ type: "member-remove", body: { member: toMemberId(fromHex(ben.member)) } })
      const last = await desk.log(await desk.sealed(late, [...turnedKeepers, "ines"]))
      await shownAs([ana, ben], last, "refused", "too_few_keepers")
      const { keepers } = (await desk.charter()).state.rules
      const left = turnedKeepers.filter((name) => keepers.some(({ id }) => isSame(id, desk.council.seats[name].id)))
      scene.measure(`${left.length} of the two keep a seat after two days; their signatures count for nothing then`)
      if (left.length > 0) scene.gain(`${left.length} seat(s) that the keepers have given to others`)
    },
  },
  {
    name: "two keepers: suspending honest ones, where two may suspend",
    level: "T4",
    promise: "P9",
    tries: "The rules let two of five suspend a keeper. The two suspend honest ones, one after the other, for a month.",
    expected: { kind: "alarm", kinds: ["own_record_changed"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const { rules } = (await desk.charter()).state
      const body = { ...rules, ...withActs(rules, [3], { k: 2, minJurisdictions: 2 }), version: rules.version + 1 }
      await desk.decide({ type: "rules", body }, ["ana", "ben", "ines", "jost"])
      const now = await clockOf(desk)
      await scene.lie()
      const month = 30 * daySeconds
      const suspension = (keeper: "ana" | "ben"): LaterAct => {
        return { type: "suspend-keeper", body: { keeper: desk.council.seats[keeper].id, seconds: month } }
      }
      await desk.decide(suspension("ana"), turnedKeepers)
      await desk.decide(suspension("ben"), turnedKeepers)
      await scene.alarmed([ana, ben], ["own_record_changed"])
      const alone = await desk.draft({ type: "canary", body: { until: now + 62 * daySeconds } })
      const meanwhile = await desk.log(await desk.sealed(alone, ["ana", "ben", "ines"]))
      await shownAs([ana], meanwhile, "refused", "too_few_keepers")
      const removal = await desk.draft({ type: "member-remove", body: { member: toMemberId(fromHex(ben.member)) } })
      const outvoted = await desk.log(await desk.sealed(removal, turnedKeepers))
      await shownAs([ana, ben], outvoted, "refused", "too_few_keepers")
      await desk.anchor(now + 60)
      await desk.anchor(now + 60 + month)
      const { state } = await desk.charter()
      if (isSuspended(state, desk.council.seats.ana.id)) scene.gain("a suspension that does not end")
      const again = await desk.log(await desk.sealed(await desk.draft(suspension("ana")), turnedKeepers))
      await shownAs([ana], again, "refused", "too_few_keepers")
      const { index } = await desk.decide({ type: "canary", body: { until: now + 93 * daySeconds } })
      await shownAs([ana, ben], index, "applied")
      scene.measure(
        "for 30 days of the log's clock the honest keepers could decide nothing without the two; then they decided again, and could not be suspended a second time",
      )
    },
  },
]

async function vetoByTwo(desk: Desk, statement: Uint8Array, victims: readonly Person[]): Promise<void> {
  const veto = await desk.draft({ type: "veto", body: { statement } })
  const index = await desk.log(await desk.sealed(veto, turnedKeepers))
  await shownAs(victims, index, "refused", "too_few_keepers")
}

/** Rules in which two new keepers have the seats of the turned ones, with the labels that these had. */
async function withoutTheTwo(scene: Scene, desk: Desk): Promise<LaterAct> {
  const { rules } = (await desk.charter()).state
  const isTurned = (id: Uint8Array) => turnedKeepers.some((name) => isSame(id, desk.council.seats[name].id))
  const heirs = await Promise.all(
    rules.keepers
      .filter(({ id }) => isTurned(id))
      .map(async ({ organisation, jurisdiction }) => {
        const seat = keySeat(toKeeperId(random(16)), await signerFromSeed(random(32)))
        return { ...(await newKeeper(scene.org, seat)), organisation, jurisdiction }
      }),
  )
  const keepers = sorted([...rules.keepers.filter(({ id }) => !isTurned(id)), ...heirs])
  return { type: "rules", body: { ...rules, keepers, version: rules.version + 1 } }
}

import {
  type Approval,
  commitName,
  type Keeper,
  type LaterAct,
  type Refusal,
  type Rules,
  type Statement,
} from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { compareBytes, fromHex, hex, toKeeperId, toMemberId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { makeGhost, random } from "../attacker.ts"
import type { PromiseId } from "../finding.ts"
import type { Scene } from "../scene.ts"
import { keySeat, newKeeper, turnedKeepers } from "./council.ts"
import type { Desk } from "./desk.ts"
import { altered } from "./forge.ts"
import { believed, deskOf, goesOn, haveAll, shownAs } from "./victims.ts"

export interface Ground {
  readonly scene: Scene
  readonly desk: Desk
}

export interface Forgery {
  readonly name: string
  readonly promise: PromiseId
  readonly tries: string
  /** What every client has to say about it. */
  readonly refusal: Refusal
  /** Alarms that count as the notice; the refused entry by default. */
  readonly kinds?: readonly string[]
  /** The keepers who are left cannot act for a while, and that is not the forgery's doing. */
  readonly staysPut?: boolean
  make(ground: Ground): Promise<Uint8Array>
}

/** One entry that two of the three keepers it takes have really signed. It lies in the charter that everybody is shown. */
export function forgery({ name, promise, tries, refusal, kinds = ["refused_entry"], staysPut, make }: Forgery): Attack {
  return {
    name: `two keepers: ${name}`,
    level: "T4",
    promise,
    tries,
    expected: { kind: "alarm", kinds },
    sharesScene: staysPut !== true,
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const victims = [ana, ben]
      const desk = await deskOf(scene)
      const entry = await make({ scene, desk })
      await shownAs(victims, (await desk.charter()).size - 1, "applied")
      const compare = await believed(victims)
      await scene.lie()
      const index = await desk.log(entry)
      await scene.alarmed(victims, kinds)
      await haveAll(victims, index)
      await compare(scene)
      await shownAs(victims, index, "refused", refusal)
      scene.measure(`${victims.length} timelines show it as refused: ${refusal}`)
      if (staysPut !== true) await goesOn(scene, desk, victims)
    },
  }
}

/** Signed by the turned keepers, and whatever else is at hand. */
export async function signed(
  { desk }: Ground,
  act: LaterAct,
  also: (statement: Statement) => Promise<readonly Approval[]> = async () => [],
): Promise<Uint8Array> {
  const statement = await desk.draft(act)
  return desk.sealed(statement, turnedKeepers, await also(statement))
}

/** A statement with something wrong in it, signed by the turned keepers. */
export async function signedWrong(
  ground: Ground,
  act: LaterAct,
  change: (statement: Statement) => Parameters<typeof altered>[1],
): Promise<Uint8Array> {
  const statement = await ground.desk.draft(act)
  return ground.desk.sealed(altered(statement, change(statement)), turnedKeepers)
}

export async function newRules({ desk }: Ground, change: (rules: Rules) => Partial<Rules>): Promise<LaterAct> {
  const { rules } = (await desk.charter()).state
  return { type: "rules", body: { ...rules, ...change(rules), version: rules.version + 1 } }
}

/** The rule of each of these acts, changed. */
export function withActs(rules: Rules, types: readonly number[], change: object): Pick<Rules, "acts"> {
  const acts = new Map(rules.acts)
  for (const [type, rule] of rules.acts) if (types.includes(type)) acts.set(type, { ...rule, ...change })
  return { acts }
}

export const memberCalled = ({ scene }: Ground, name: string) => {
  const found = scene.stage.truth.people.find((one) => one.name.startsWith(name))
  return toMemberId(fromHex(found?.member as string))
}

export async function ghostMember({ scene }: Ground): Promise<LaterAct> {
  const ghost = await makeGhost(scene.org)
  const nameCommitment = commitName(random(16), "Cousin of a keeper")
  return {
    type: "member-add",
    body: { member: ghost.member, nameCommitment, devices: [ghost.entry], requestId: random(16) },
  }
}

export async function ghostDevice(ground: Ground): Promise<LaterAct> {
  const member = memberCalled(ground, "Dan")
  const ghost = await makeGhost(ground.scene.org, member)
  return { type: "device-add", body: { member, device: ghost.entry } }
}

export const removal = (ground: Ground): LaterAct => {
  return { type: "member-remove", body: { member: memberCalled(ground, "Cem") } }
}

/** Seats for keys that nobody knows, each of which has signed its own admission. */
export async function ownSeats({ scene }: Ground, count: number) {
  const seats = await Promise.all(
    Array.from({ length: count }, async () => keySeat(toKeeperId(random(16)), await signerFromSeed(random(32)))),
  )
  return { seats, keepers: await Promise.all(seats.map((seat) => newKeeper(scene.org, seat))) }
}

export const sorted = (keepers: readonly Keeper[]) => keepers.toSorted((a, b) => compareBytes(a.id, b.id))

export const isSame = (a: Uint8Array, b: Uint8Array) => hex(a) === hex(b)

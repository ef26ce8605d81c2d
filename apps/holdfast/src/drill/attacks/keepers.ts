import {
  type Approval,
  type CborValue,
  checkBeforeSigning,
  commitName,
  encodeCbor,
  type Keeper,
  type LaterAct,
  type Refusal,
  type Rules,
  type SignatureApproval,
  type Statement,
} from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { compareBytes, fromHex, hex, toKeeperId, toMemberId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { approvalsGivenBefore, entriesOf, falseApproval, makeGhost, random } from "../attacker.ts"
import { daySeconds, keySeat, newKeeper, turnedKeepers } from "../council/council.ts"
import type { Desk } from "../council/desk.ts"
import { altered, inSecondForm, sealedBlindly } from "../council/forge.ts"
import { believed, deskOf, goesOn, shownAs } from "../council/victims.ts"
import type { PromiseId } from "../finding.ts"
import type { Scene } from "../scene.ts"
import { stealDevice } from "../stolen-device.ts"

interface Ground {
  readonly scene: Scene
  readonly desk: Desk
}

interface Forgery {
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
function forgery({ name, promise, tries, refusal, kinds = ["refused_entry"], staysPut, make }: Forgery): Attack {
  return {
    name: `two keepers: ${name}`,
    level: "T4",
    promise,
    tries,
    expected: { kind: "alarm", kinds },
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
      await shownAs(victims, index, "refused", refusal)
      scene.measure(`${victims.length} timelines show it as refused: ${refusal}`)
      if (staysPut !== true) await goesOn(scene, desk, victims)
      await compare(scene)
    },
  }
}

/** Signed by the turned keepers, and whatever else is at hand. */
async function signed(
  { desk }: Ground,
  act: LaterAct,
  also: (statement: Statement) => Promise<readonly Approval[]> = async () => [],
): Promise<Uint8Array> {
  const statement = await desk.draft(act)
  return desk.sealed(statement, turnedKeepers, await also(statement))
}

/** A statement with something wrong in it, signed by the turned keepers. */
async function signedWrong(
  ground: Ground,
  act: LaterAct,
  change: (statement: Statement) => Parameters<typeof altered>[1],
): Promise<Uint8Array> {
  const statement = await ground.desk.draft(act)
  return ground.desk.sealed(altered(statement, change(statement)), turnedKeepers)
}

async function newRules({ desk }: Ground, change: (rules: Rules) => Partial<Rules>): Promise<LaterAct> {
  const { rules } = (await desk.charter()).state
  return { type: "rules", body: { ...rules, ...change(rules), version: rules.version + 1 } }
}

/** The rule of each of these acts, changed. */
function withActs(rules: Rules, types: readonly number[], change: object): Pick<Rules, "acts"> {
  const acts = new Map(rules.acts)
  for (const [type, rule] of rules.acts) if (types.includes(type)) acts.set(type, { ...rule, ...change })
  return { acts }
}

const memberCalled = ({ scene }: Ground, name: string) => {
  const found = scene.stage.truth.people.find((one) => one.name.startsWith(name))
  return toMemberId(fromHex(found?.member as string))
}

async function ghostMember({ scene }: Ground): Promise<LaterAct> {
  const ghost = await makeGhost(scene.org)
  const nameCommitment = commitName(random(16), "Cousin of a keeper")
  return {
    type: "member-add",
    body: { member: ghost.member, nameCommitment, devices: [ghost.entry], requestId: random(16) },
  }
}

async function ghostDevice(ground: Ground): Promise<LaterAct> {
  const member = memberCalled(ground, "Dan")
  const ghost = await makeGhost(ground.scene.org, member)
  return { type: "device-add", body: { member, device: ghost.entry } }
}

const removal = (ground: Ground): LaterAct => {
  return { type: "member-remove", body: { member: memberCalled(ground, "Cem") } }
}

/** Seats for keys that nobody knows, each of which has signed its own admission. */
async function ownSeats({ scene }: Ground, count: number) {
  const seats = await Promise.all(
    Array.from({ length: count }, async () => keySeat(toKeeperId(random(16)), await signerFromSeed(random(32)))),
  )
  return { seats, keepers: await Promise.all(seats.map((seat) => newKeeper(scene.org, seat))) }
}

const sorted = (keepers: readonly Keeper[]) => keepers.toSorted((a, b) => compareBytes(a.id, b.id))

/** Bytes, order and time: what has to be right before anybody asks who has signed. */
const malformedAndMisplaced: readonly Forgery[] = [
  {
    name: "an entry in a second form",
    promise: "P2",
    tries: "The same values in other bytes: a strict encoding has one form only.",
    refusal: "malformed",
    make: async (ground) => inSecondForm(await signed(ground, removal(ground))),
  },
  {
    name: "a statement in a second form",
    promise: "P2",
    tries: "A statement whose bytes are not the one encoding of what it says, signed as it is.",
    refusal: "malformed",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const approvals = await Promise.all(
        turnedKeepers.map((name) => ground.desk.council.seats[name].approve(statement)),
      )
      return sealedBlindly(inSecondForm(statement.bytes), approvals)
    },
  },
  {
    name: "one keeper three times",
    promise: "P2",
    tries: "One keeper's right approval stands in the entry three times, to be counted as three keepers.",
    refusal: "malformed",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const one = await ground.desk.council.seats.jost.approve(statement)
      return sealedBlindly(statement.bytes, [one, one, one])
    },
  },
  {
    name: "an entry that is too large",
    promise: "P2",
    tries: "An entry of more than 60,000 bytes, to see whether anybody chokes on it.",
    refusal: "too_large",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const body = new Map<number, CborValue>([[0, random(60_000)]])
      const approvals = await Promise.all(
        turnedKeepers.map((name) => ground.desk.council.seats[name].approve(statement)),
      )
      return sealedBlindly(encodeCbor(body), approvals)
    },
  },
  {
    name: "an act of an unknown type",
    promise: "P2",
    tries: "An act that no version knows, which an unwary client might take for permission.",
    refusal: "unknown_type",
    kinds: ["update_needed", "refused_entry"],
    make: (ground) => signedWrong(ground, removal(ground), () => ({ type: 4_711 })),
  },
  {
    name: "an applied act again, with more approvals",
    promise: "P2",
    tries: "The admission of a member, which was decided once, comes again under two more signatures.",
    refusal: "replayed",
    async make({ desk }) {
      const { records } = await desk.charter()
      const admitted = [...records].find(({ statement }) => statement?.type === "member-add")?.statement as Statement
      return desk.sealed(admitted, turnedKeepers)
    },
  },
  {
    name: "a place in the sequence left out",
    promise: "P2",
    tries: "An act about a member claims a place in its sequence that is not the next.",
    refusal: "wrong_sequence",
    make: (ground) => signedWrong(ground, removal(ground), ({ seq }) => ({ seq: seq + 1 })),
  },
  {
    name: "a place in the sequence used again",
    promise: "P2",
    tries: "An act claims the first place in its sequence, where another stands already.",
    refusal: "wrong_sequence",
    make: (ground) => signedWrong(ground, removal(ground), () => ({ seq: 0, prev: new Uint8Array(32) })),
  },
  {
    name: "drafted on a fork",
    promise: "P2",
    tries: "An act whose base is a root that this history never had.",
    refusal: "wrong_base",
    make: (ground) => signedWrong(ground, removal(ground), ({ base }) => ({ base: [base.size, random(32)] })),
  },
  {
    name: "drafted on a history that is yet to come",
    promise: "P2",
    tries: "An act whose base is larger than the log.",
    refusal: "wrong_base",
    make: (ground) => signedWrong(ground, removal(ground), ({ base }) => ({ base: [base.size + 5, base.root] })),
  },
  {
    name: "under rules that are yet to come",
    promise: "P2",
    tries: "An act that names the rules after the next.",
    refusal: "wrong_rules_version",
    make: (ground) => signedWrong(ground, removal(ground), ({ rulesVersion }) => ({ rulesVersion: rulesVersion + 1 })),
  },
  {
    name: "an act whose time is over",
    promise: "P2",
    tries: "An act that could be approved until a minute before the log's clock.",
    refusal: "expired",
    async make(ground) {
      const { clock } = (await ground.desk.charter()).state
      return signedWrong(ground, removal(ground), () => ({ notAfter: (clock as number) - 60 }))
    },
  },
  {
    name: "an act that stays valid for a hundred years",
    promise: "P2",
    tries: "A statement to be held back until somebody else can be made to sign; an honest keeper is asked to.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { desk, scene } = ground
      const now = Math.floor(Date.now() / 1_000)
      const statement = altered(await desk.draft(removal(ground)), { notAfter: now + 36_500 * daySeconds })
      const reasons = await checkBeforeSigning(await desk.charter(), statement, now)
      scene.measure(`an honest keeper's program would not sign it: ${reasons.join(", ")}`)
      if (reasons.length === 0) scene.gain("a keeper's program signs for a hundred years ahead")
      return desk.sealed(statement, turnedKeepers)
    },
  },
]

/** Two right signatures and something that passes for a third. */
const thirdSignatures: readonly Forgery[] = [
  {
    name: "and approvals that others gave for something else",
    promise: "P2",
    tries: "Two right signatures, and those of honest keepers from an act that was decided before.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async () => {
        const { scene, desk } = ground
        const given = approvalsGivenBefore(
          await desk.charter(),
          await entriesOf(scene.relay.folder.engine, scene.org, "charter"),
        )
        return given.filter(({ signer }) => turnedKeepers.every((name) => !isSame(signer, desk.council.seats[name].id)))
      }),
  },
  {
    name: "and the log key in an honest keeper's name",
    promise: "P2",
    tries: "Two right signatures, and the relay's log key signs under an honest keeper's id.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [
        await falseApproval(statement, ground.desk.council.seats.ana.id, ground.scene.relay.folder.logSigner),
      ]),
  },
  {
    name: "and the log key in its own name",
    promise: "P2",
    tries: "Two right signatures, and the relay's log key as if it were a keeper.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [
        await falseApproval(statement, random(16), ground.scene.relay.folder.logSigner),
      ]),
  },
  {
    name: "and a suspended keeper",
    promise: "P2",
    tries: "The keepers have suspended somebody whose key was stolen; it signs with the two.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { desk } = ground
      const { ben } = desk.council.seats
      await desk.decide({ type: "suspend-keeper", body: { keeper: ben.id, seconds: 7 * daySeconds } }, [
        "ana",
        "ines",
        "jost",
      ])
      return signed(ground, removal(ground), async (statement) => [await ben.approve(statement)])
    },
    staysPut: true,
  },
  {
    name: "and a keeper who has lost the seat",
    promise: "P2",
    tries: "Two right signatures, and that of somebody who was a keeper until the rules changed.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [await ground.desk.council.removed.approve(statement)]),
  },
  {
    name: "and a member's device",
    promise: "P2",
    tries: "Two right signatures, and that of a member's stolen device, as itself.",
    refusal: "too_few_keepers",
    make: (ground) => signed(ground, removal(ground), async (statement) => [await byDevice(ground, statement)]),
  },
  {
    name: "and a second key of one of them",
    promise: "P2",
    tries: "One of the two signs twice: with the key of the seat, and with a key of its own that has none.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => {
        const { seats } = await ownSeats(ground, 1)
        return Promise.all(seats.map((seat) => seat.approve(statement)))
      }),
  },
  {
    name: "and a passkey that another page asked",
    promise: "P2",
    tries: "A page at the relay's address has a keeper's passkey sign this very statement.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), (id) => harvested(ground, id, { origin: ground.scene.stage.named })),
  },
  {
    name: "and a passkey asked from inside another page",
    promise: "P2",
    tries: "The right page, inside of another one, has a keeper's passkey sign this very statement.",
    refusal: "bad_signature",
    make: (ground) => signed(ground, removal(ground), (id) => harvested(ground, id, { crossOrigin: true })),
  },
  {
    name: "and a passkey whose owner was not verified",
    promise: "P2",
    tries: "A security key that was left in a computer signs this very statement at a touch by anybody.",
    refusal: "bad_signature",
    make: (ground) => signed(ground, removal(ground), (id) => harvested(ground, id, { userVerified: false })),
  },
  {
    name: "and a passkey's signature for something else",
    promise: "P2",
    tries: "What a keeper's passkey has signed for another statement, put under this one.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async () => {
        const other = await ground.desk.draft(await ghostMember(ground))
        return harvested(ground, other, {})
      }),
  },
]

/** What a keeper's passkey gave away. */
async function harvested(
  { desk }: Ground,
  { id }: Statement,
  circumstances: Parameters<Desk["council"]["passkey"]["assert"]>[1],
): Promise<readonly Approval[]> {
  const { council } = desk
  return [{ signer: council.seats.ines.id, kind: 2, ...(await council.passkey.assert(id, circumstances)) }]
}

async function byDevice({ scene }: Ground, statement: Statement): Promise<SignatureApproval> {
  const { dan } = await scene.wake("dan")
  const stolen = await stealDevice(dan)
  const approval = await falseApproval(statement, stolen.device, await signerFromSeed(stolen.seed))
  return { ...approval, kind: 3 }
}

const isSame = (a: Uint8Array, b: Uint8Array) => hex(a) === hex(b)

/** Acts with nothing wrong in them but that a third keeper is missing. */
const plainActs: readonly Forgery[] = [
  {
    name: "a new member",
    promise: "P2",
    tries: "MEMBER-ADD for somebody of theirs.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await ghostMember(ground)),
  },
  {
    name: "a new device of a member",
    promise: "P2",
    tries: "DEVICE-ADD for a key of theirs, as a member's device.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await ghostDevice(ground)),
  },
  {
    name: "with a deceived third: a new device without the member's own",
    promise: "P2",
    tries: "DEVICE-ADD with a whole quorum; the member's own device was never asked.",
    refusal: "no_device_approval",
    make: async (ground) =>
      signed(ground, await ghostDevice(ground), async (statement) => [
        await ground.desk.council.seats.ines.approve(statement),
      ]),
  },
  {
    name: "members exchanged in one batch",
    promise: "P2",
    tries: "BATCH that removes an honest member and admits one of theirs.",
    refusal: "too_few_keepers",
    async make(ground) {
      const acts = [removal(ground), await ghostMember(ground)] as Extract<LaterAct, { type: "batch" }>["body"]["acts"]
      return signed(ground, { type: "batch", body: { acts } })
    },
  },
  {
    name: "another relay",
    promise: "P3",
    tries: "RELAYS that names a server of theirs alone.",
    refusal: "too_few_keepers",
    async make(ground) {
      const [relay] = (await ground.desk.charter()).state.relays
      if (relay === undefined) throw new Error("the charter names no relay")
      const { publicKey } = await signerFromSeed(random(32))
      return signed(ground, { type: "relays", body: { relays: [{ ...relay, logPublicKey: publicKey }] } })
    },
  },
  {
    name: "a recovery",
    promise: "P6",
    tries: "RECOVER that gives a member's place to a key of theirs.",
    refusal: "too_few_keepers",
    async make(ground) {
      const member = memberCalled(ground, "Dan")
      const { entry } = await makeGhost(ground.scene.org, member)
      return signed(ground, { type: "recover", body: { member, device: entry, requestId: random(16) } })
    },
  },
  {
    name: "a canary",
    promise: "P9",
    tries: "CANARY that says for the keepers what they do not say.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, { type: "canary", body: { until: Math.floor(Date.now() / 1_000) + 31 * daySeconds } }),
  },
  {
    name: "suspending an honest keeper",
    promise: "P9",
    tries: "SUSPEND-KEEPER for a month, so that those who are left could be outvoted.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, {
        type: "suspend-keeper",
        body: { keeper: ground.desk.council.seats.ana.id, seconds: 30 * daySeconds },
      }),
  },
]

/** Rules for themselves, and rules that would lock everybody out. */
const rulesOfTheirs: readonly Forgery[] = [
  {
    name: "rules: two of five change the rules",
    promise: "P2",
    tries: "RULES by which they alone could do everything.",
    refusal: "floor_majority",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { k: 2 }))),
  },
  {
    name: "rules: two of five admit members",
    promise: "P2",
    tries: "RULES that ask for two keepers where three were asked for, within what the floors allow.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [4, 6], { k: 2 }))),
  },
  {
    name: "rules: three more seats, for keys of theirs",
    promise: "P2",
    tries: "RULES with three new keepers, who have signed too: five signatures, two of which count now.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { seats, keepers } = await ownSeats(ground, 3)
      const act = await newRules(ground, (rules) => ({
        keepers: sorted([...rules.keepers, ...keepers]),
        ...withActs(rules, [2], { k: 5 }),
      }))
      return signed(ground, act, (statement) => Promise.all(seats.map((seat) => seat.approve(statement))))
    },
  },
  {
    name: "rules: an honest keeper's seat under another key",
    promise: "P2",
    tries: "RULES in which a keeper's id stays and its key is the attacker's.",
    refusal: "keeper_changed",
    async make(ground) {
      const { ana } = ground.desk.council.seats
      const stand = keySeat(ana.id, await signerFromSeed(random(32)))
      const keeper = await newKeeper(ground.scene.org, stand)
      const act = await newRules(ground, (rules) => ({
        keepers: rules.keepers.map((one) => (isSame(one.id, ana.id) ? { ...one, ...keeper, member: one.member } : one)),
      }))
      return signed(ground, act)
    },
  },
  {
    name: "rules: one person in two seats",
    promise: "P2",
    tries: "RULES that give one member a second seat, under a second key.",
    refusal: "keeper_twice",
    async make(ground) {
      const { seats, keepers } = await ownSeats(ground, 1)
      const member = memberCalled(ground, "Ana")
      const act = await newRules(ground, (rules) => ({
        keepers: sorted([...rules.keepers, ...keepers.map((keeper) => ({ ...keeper, member }))]),
        ...withActs(rules, [2], { k: 4 }),
      }))
      return signed(ground, act, (statement) => Promise.all(seats.map((seat) => seat.approve(statement))))
    },
  },
  {
    name: "rules: no witnesses and no waiting",
    promise: "P4",
    tries: "RULES that dismiss the witnesses, and with them everything that waits.",
    refusal: "too_few_keepers",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => ({
          ...withActs(rules, [...rules.acts.keys()], { delaySeconds: 0, vetoK: 0 }),
          witnesses: [],
          witnessQuorum: 0,
        })),
      ),
  },
  {
    name: "rules: their witness alone",
    promise: "P4",
    tries: "RULES that keep of the witnesses only the attacker's.",
    refusal: "too_few_keepers",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => ({
          witnesses: rules.witnesses.filter(({ name }) => name.startsWith("reef")),
          witnessQuorum: 1,
        })),
      ),
  },
  {
    name: "rules: one witness of three is believed",
    promise: "P4",
    tries: "RULES by which one witness would be enough to tell the time.",
    refusal: "floor_witnesses",
    make: async (ground) => signed(ground, await newRules(ground, () => ({ witnessQuorum: 1 }))),
  },
  {
    name: "lock-out: all five have to agree",
    promise: "P9",
    tries: "RULES under which the loss of any one keeper would stop the organisation for good.",
    refusal: "floor_loss",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => withActs(rules, [...rules.acts.keys()], { k: 5, vetoK: 0, delaySeconds: 0 })),
      ),
  },
  {
    name: "lock-out: a label that one keeper alone brings",
    promise: "P9",
    tries: "RULES that ask for three jurisdictions, one of which only one keeper is from.",
    refusal: "floor_diversity",
    make: async (ground) =>
      signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { minJurisdictions: 3 }))),
  },
  {
    name: "lock-out: any one can stop everything",
    promise: "P9",
    tries: "RULES under which one keeper alone can veto.",
    refusal: "floor_veto",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [2, 8], { vetoK: 1 }))),
  },
  {
    name: "lock-out: waiting for ten years",
    promise: "P9",
    tries: "RULES under which every change would wait for ten years.",
    refusal: "floor_delay",
    make: async (ground) =>
      signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { delaySeconds: 3_650 * daySeconds }))),
  },
]

export const keeperAttacks: readonly Attack[] = [
  ...malformedAndMisplaced,
  ...thirdSignatures,
  ...plainActs,
  ...rulesOfTheirs,
].map(forgery)

import {
  admitKeeper,
  type Charter,
  commitName,
  decodeEnvelope,
  type Keeper,
  type LaterAct,
  type SignatureApproval,
  type Statement,
  seal,
  simpleRules,
} from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { fromHex, hex, laneIdOf, toKeeperId, toMemberId, toOrgId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import {
  approvalsGivenBefore,
  charterOf,
  draftStatement,
  entriesOf,
  falseApproval,
  type Ghost,
  lettersOpened,
  lineOfGhost,
  makeGhost,
  random,
} from "../attacker.ts"
import type { Level } from "../finding.ts"
import { type Person, say } from "../person.ts"
import type { Scene } from "../scene.ts"
import { pause } from "../wait.ts"

type Approvals = (
  charter: Charter,
  statement: Statement,
  scene: Scene,
  ghost: Ghost,
) => Promise<readonly SignatureApproval[]>

/** Every way to have signatures without the people. */
const approvals: Readonly<Record<"none" | "falselySigned" | "logKey" | "replayed" | "unknownKeepers", Approvals>> = {
  none: async () => [],
  falselySigned: async (charter, statement, _scene, ghost) =>
    Promise.all(charter.state.rules.keepers.map(({ id }) => falseApproval(statement, id, ghost.signer))),
  logKey: async (charter, statement, scene) =>
    Promise.all(
      charter.state.rules.keepers.map(({ id }) => falseApproval(statement, id, scene.relay.folder.logSigner)),
    ),
  replayed: async (charter, _statement, scene) =>
    approvalsGivenBefore(charter, await entriesOf(scene.relay.folder.engine, scene.org, "charter")),
  unknownKeepers: async (_charter, statement) => {
    const strangers = await Promise.all([0, 1, 2].map(() => makeGhost(statement.orgId)))
    return Promise.all(strangers.map(({ signer }) => falseApproval(statement, random(16), signer)))
  },
}

/** Shows one more entry to everybody, the same to all, under a checkpoint with the relay's real signature. */
async function slipIn(scene: Scene, victims: readonly Person[], entry: Uint8Array): Promise<void> {
  for (const victim of victims) {
    const view = scene.relay.view(scene.org, "charter", victim.device)
    await view.sync()
    view.inject(entry)
  }
}

/** What the victims' own timelines say about the entry. */
async function measureReason(scene: Scene, victims: readonly Person[]): Promise<void> {
  const reasons = await Promise.all(
    victims.map(
      async ({ client }) => (await client.timeline()).findLast(({ outcome }) => outcome === "refused")?.reason,
    ),
  )
  const told = [...new Set(reasons.filter((reason) => reason !== undefined))]
  scene.measure(`${reasons.length} timelines show it as refused: ${told.join(", ")}`)
}

/** How many honest clients show the ghost as somebody. */
async function countBelievers(scene: Scene, victims: readonly Person[], ghost: Ghost): Promise<void> {
  let believers = 0
  for (const victim of victims) {
    const people = await victim.client.people()
    const isMember = people.some(({ member, active }) => active && member === hex(ghost.member))
    const isDevice = people.some(({ devices }) => devices.some(({ id, active }) => active && id === hex(ghost.device)))
    const isNew = isMember && !(await isOld(scene, ghost))
    if (isNew || isDevice) believers += 1
  }
  scene.measure(`${believers} of ${victims.length} honest clients believe in the ghost`)
  if (believers > 0) scene.gain(`${believers} honest client(s) accepted a ghost`)
}

async function isOld(scene: Scene, ghost: Ghost): Promise<boolean> {
  const charter = await charterOf(scene.relay.folder.engine, scene.org)
  return charter.state.members.has(ghost.member)
}

/** After the lie people go on talking; the ghost, with the relay's help, tries every frame. */
async function listenIn(scene: Scene, victims: readonly Person[], ghost: Ghost): Promise<void> {
  const { engine } = scene.relay.folder
  const before = (await entriesOf(engine, scene.org, 0)).length
  const [from, ...to] = victims as [Person, ...Person[]]
  await say(from, to, scene.stage.everyone, `The boats are counted. ${hex(random(4))}`)
  await pause(3_000)
  const frames = (await entriesOf(engine, scene.org, 0)).slice(before)
  const opened = await lettersOpened(laneIdOf(scene.org, 0), frames, ghost.seal)
  scene.measure(`${frames.length} later frames tried with the ghost's keys, ${opened} opened`)
  if (opened > 0) scene.gain(`${opened} letter(s) that let the ghost into a group`)
}

function ghostAttack(
  name: string,
  level: Level,
  tries: string,
  act: (scene: Scene, charter: Charter) => Promise<{ readonly ghost: Ghost; readonly act: LaterAct }>,
  sign: Approvals,
): Attack {
  return {
    name,
    level,
    promise: "P2",
    tries,
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const woken = await scene.wake("ana", "ben", "cem")
      const victims = [woken.ana, woken.ben, woken.cem]
      const { engine } = scene.relay.folder
      const charter = await charterOf(engine, scene.org)
      const { ghost, act: wanted } = await act(scene, charter)
      const statement = draftStatement(charter, wanted)
      const entry = seal(statement, await sign(charter, statement, scene, ghost))
      const line = await lineOfGhost(scene.org, ghost)
      scene.relay.rules = { directory: (lines) => [...lines, line] }
      await scene.lie()
      await slipIn(scene, victims, entry)
      await scene.alarmed(victims, ["refused_entry"])
      await measureReason(scene, victims)
      await listenIn(scene, victims, ghost)
      await countBelievers(scene, victims, ghost)
    },
  }
}

async function ghostDevice(scene: Scene): Promise<{ ghost: Ghost; act: LaterAct }> {
  const [, ben] = scene.stage.truth.people
  const member = toMemberId(fromHex(ben?.member as string))
  const ghost = await makeGhost(scene.org, member)
  return { ghost, act: { type: "device-add", body: { member, device: ghost.entry } } }
}

async function ghostMember(scene: Scene): Promise<{ ghost: Ghost; act: LaterAct }> {
  const ghost = await makeGhost(scene.org)
  const nameCommitment = commitName(random(16), "Sister of the founder")
  const body = { member: ghost.member, nameCommitment, devices: [ghost.entry], requestId: random(16) }
  return { ghost, act: { type: "member-add", body } }
}

/** Statements that would take something away or over, rather than add somebody. */
function forgedStatement(
  name: string,
  tries: string,
  make: (scene: Scene, charter: Charter) => Promise<Uint8Array>,
): Attack {
  return {
    name,
    level: "T2",
    promise: "P2",
    tries,
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const woken = await scene.wake("ana", "ben", "dan")
      const victims = [woken.ana, woken.ben, woken.dan]
      const charter = await charterOf(scene.relay.folder.engine, scene.org)
      const entry = await make(scene, charter)
      const before = await standingOf(victims)
      await scene.lie()
      await slipIn(scene, victims, entry)
      await scene.alarmed(victims, ["refused_entry"])
      await measureReason(scene, victims)
      await say(woken.ben, [woken.ana, woken.dan], scene.stage.everyone, "Is everybody still here?")
      const after = await standingOf(victims)
      const changed = before.filter((state, i) => state !== after[i]).length
      scene.measure(`${changed} of ${victims.length} honest clients changed who belongs or who decides`)
      if (changed > 0) scene.gain(`${changed} honest client(s) followed a forged statement`)
    },
  }
}

/** Who belongs and who decides, as each of them sees it. */
async function standingOf(victims: readonly Person[]): Promise<readonly string[]> {
  return Promise.all(
    victims.map(async ({ client }) => {
      const { standing, keepers } = await client.overview()
      const active = (await client.people()).filter(({ active }) => active).map(({ member }) => member)
      return JSON.stringify([standing, keepers, active.sort()])
    }),
  )
}

export const charterAttacks: readonly Attack[] = [
  ghostAttack(
    "ghost device: no approvals",
    "T2",
    "A DEVICE-ADD that nobody approved is put into the charter and the checkpoint signed again.",
    ghostDevice,
    approvals.none,
  ),
  ghostAttack(
    "ghost device: false signatures",
    "T2",
    "The same with every keeper's id under signatures by the attacker's key.",
    ghostDevice,
    approvals.falselySigned,
  ),
  ghostAttack(
    "ghost device: replayed approvals",
    "T2",
    "The same with real signatures that keepers gave for something else.",
    ghostDevice,
    approvals.replayed,
  ),
  ghostAttack(
    "ghost member: no approvals",
    "T2",
    "A MEMBER-ADD that nobody approved is put into the charter and the checkpoint signed again.",
    ghostMember,
    approvals.none,
  ),
  ghostAttack(
    "ghost member: approved by keepers that do not exist",
    "T2",
    "The same with right signatures by keys that have no seat.",
    ghostMember,
    approvals.unknownKeepers,
  ),
  ghostAttack(
    "ghost member: approvals by the operator's log key",
    "T3",
    "The same with every keeper's id under signatures by the relay's own log key.",
    ghostMember,
    approvals.logKey,
  ),
  forgedStatement(
    "forged statement: removing a member with false signatures",
    "A MEMBER-REMOVE under every keeper's id, signed by the attacker.",
    async (scene, charter) => {
      const target = scene.stage.truth.people[2]?.member as string
      const act: LaterAct = { type: "member-remove", body: { member: toMemberId(fromHex(target)) } }
      const statement = draftStatement(charter, act)
      return seal(statement, await approvals.falselySigned(charter, statement, scene, await makeGhost(scene.org)))
    },
  ),
  forgedStatement(
    "forged statement: the attacker's keys as the only keepers",
    "RULES that give every seat to a key of the attacker, approved by those keys; each signs its own admission.",
    async (scene, charter) => {
      const signers = await Promise.all([0, 1, 2].map(() => signerFromSeed(random(32))))
      const own = await Promise.all(
        signers.map((signer) => admitKeeper(scene.org, { id: toKeeperId(random(16)) }, signer)),
      )
      const rules = simpleRules(own, 2, charter.state.rules.version + 1)
      const statement = draftStatement(charter, { type: "rules", body: rules })
      const byThemselves = await Promise.all(
        signers.map((signer, i) => falseApproval(statement, (own[i] as Keeper).id, signer)),
      )
      return seal(statement, byThemselves)
    },
  ),
  forgedStatement(
    "forged statement: for another organisation",
    "A statement whose bytes name another organisation.",
    async (scene, charter) => {
      const target = scene.stage.truth.people[2]?.member as string
      const act: LaterAct = { type: "member-remove", body: { member: toMemberId(fromHex(target)) } }
      const statement = draftStatement({ ...charter, orgId: toOrgId(random(32)) }, act)
      return seal(statement, await approvals.replayed(charter, statement, scene, await makeGhost(scene.org)))
    },
  ),
  forgedStatement(
    "forged statement: an old one again",
    "An entry that was applied once is put into the charter a second time.",
    async (scene) => {
      const entries = await entriesOf(scene.relay.folder.engine, scene.org, "charter")
      const admitted = entries.find((entry) => decodeEnvelope(entry).statement.type === "member-add")
      return admitted as Uint8Array
    },
  ),
]

import { ClientError } from "@holdfast/client"
import { charterOrigin, NOTE_SIGNATURE, noteKey, verifyCheckpoint } from "@holdfast/log"
import { fromHex, hex, laneIdOf, toMemberId, utf8 } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { entriesOf, lettersOpened, lineOfGhost, makeGhost, random } from "../attacker.ts"
import { honestWitnesses, withLines } from "../council/bench.ts"
import { daySeconds, honestKeepers, turnedKeepers } from "../council/council.ts"
import type { Desk } from "../council/desk.ts"
import { believed, deskOf, goesOn, shownAs } from "../council/victims.ts"
import { firstName, type Person, say } from "../person.ts"
import type { Scene } from "../scene.ts"

const hourMillis = 3_600_000

async function clockOf(desk: Desk): Promise<number> {
  return (await desk.charter()).state.clock as number
}

/** What the relay gives one victim, or everybody, who asks for a checkpoint with witnesses' lines. */
function handOut(scene: Scene, note: () => string | undefined, to?: Person): void {
  const lane = laneIdOf(scene.org, "charter")
  scene.relay.rules = {
    ...scene.relay.rules,
    request(op, from) {
      if (op.kind !== "getWitnessed" || (to !== undefined && from !== to.device)) return "pass"
      const given = note()
      return given === undefined ? "pass" : { kind: "checkpoint", value: { lane, note: given } }
    },
  }
}

/** Nothing new of charter and messages is shown to this person any more. */
async function keepInThePast(scene: Scene, victim: Person): Promise<void> {
  for (const lane of ["charter", 0] as const) {
    const view = scene.relay.view(scene.org, lane, victim.device)
    await view.sync()
    view.freeze()
  }
}

/** The checkpoint that a victim's own view of the charter leads to, with the line of the attacker's witness. */
async function falseNote(scene: Scene, desk: Desk, victim: Person, seconds: number): Promise<string> {
  const { note } = await scene.relay.view(scene.org, "charter", victim.device).head()
  return withLines(note, [await desk.bench.lie(note, seconds)])
}

/** Two honest acts in the other order for one victim: two histories, each of which is right by itself. */
async function splitView(scene: Scene, desk: Desk, victim: Person): Promise<void> {
  const view = scene.relay.view(scene.org, "charter", victim.device)
  await view.sync()
  view.freeze()
  const [relay] = (await desk.charter()).state.relays
  if (relay === undefined) throw new Error("the charter names no relay")
  const seconds = (await clockOf(desk)) + 31 * daySeconds
  const statements = [
    await desk.draft({ type: "canary", body: { until: seconds } }),
    await desk.draft({ type: "relays", body: { relays: [{ ...relay, operator: "Weir Hosting" }] } }),
  ]
  const entries = await Promise.all(statements.map((statement) => desk.sealed(statement, honestKeepers)))
  for (const entry of entries) await desk.log(entry)
  for (const entry of entries.toReversed()) view.inject(entry)
}

/** Exports what is known of a fork, of each of them, and holds it to what it has to prove: two roots for one size under the relay's own key. */
async function proveFork(scene: Scene, by: readonly Person[]): Promise<void> {
  const origin = charterOrigin(scene.org)
  const logKeys = [noteKey(origin, NOTE_SIGNATURE, scene.relay.folder.logSigner.publicKey)]
  const files = await Promise.all(by.map(exportedNotes))
  const heads = await Promise.all(
    files.flat().map((bytes) => verifyCheckpoint(bytes, { origin, logKeys, witnessKeys: [] })),
  )
  const isProof = heads.some((one) => heads.some(({ size, root }) => size === one.size && hex(root) !== hex(one.root)))
  const whose = by.map(({ name }) => firstName(name)).join(" and ")
  scene.measure(`${heads.length} notes exported by ${whose} verify; two roots for one size: ${isProof ? "yes" : "no"}`)
  if (!isProof) throw new Error("what was exported proves nothing")
}

/** The signed notes behind a fork, and the newest one that this client has of its own history. */
async function exportedNotes({ client }: Person): Promise<readonly Uint8Array[]> {
  const alarm = (await client.overview()).alarms.find(({ kind }) => kind === "fork")
  const evidence = alarm === undefined ? [] : await client.evidence(alarm.id)
  const whole = await client.exportOrganisation()
  return [
    ...evidence.filter(({ path }) => path.startsWith("note-")),
    ...whole.filter(({ path }) => path === "checkpoint" || path === "newest"),
  ].map(({ bytes }) => bytes)
}

export const witnessAttacks: readonly Attack[] = [
  {
    name: "clock: their witness is ten years ahead",
    level: "T4",
    promise: "P9",
    tries: "ANCHOR with a cosignature from the future, alone and beside an honest one, to end a wait at once.",
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const compare = await believed([ana, ben])
      const now = await clockOf(desk)
      const future = now + 3_650 * daySeconds
      const [relay] = (await desk.charter()).state.relays
      if (relay === undefined) throw new Error("the charter names no relay")
      const relays = [{ ...relay, urls: [...relay.urls, "http://second.relay.example"] }]
      const tricked = await desk.draft({ type: "relays", body: { relays } })
      const waiting = await desk.log(await desk.sealed(tricked, ["ines", ...turnedKeepers]))
      await desk.anchor(now + 60)
      await scene.lie()
      const alone = await desk.anchor(future, { by: [], lie: future })
      await scene.alarmed([ana, ben], ["refused_entry"])
      await shownAs([ana, ben], alone, "refused", "bad_anchor")
      await desk.anchor(now + 120, { by: ["pier"], lie: future })
      const clock = await clockOf(desk)
      scene.measure(`the log's clock went on by ${clock - now} s, and not by ten years`)
      if (clock > now + 120) scene.gain(`${clock - now - 120} seconds that never passed`)
      await shownAs([ana, ben], waiting, "waiting")
      await desk.decide({ type: "veto", body: { statement: tricked.id } })
      await shownAs([ana, ben], waiting, "vetoed")
      await compare(scene)
    },
  },
  {
    name: "clock: an anchor with another root",
    level: "T4",
    promise: "P4",
    tries:
      "ANCHOR with the relay's signature and their witness's under a root that this log never had; the honest witnesses are asked too.",
    expected: { kind: "alarm", kinds: ["refused_entry"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const compare = await believed([ana, ben])
      const now = await clockOf(desk)
      await desk.anchor(now + 60)
      const entries = await entriesOf(scene.relay.folder.engine, scene.org, "charter")
      // The honest ones have cosigned the true root of this size first.
      await desk.note(now + 90)
      const fork = [...entries.slice(0, -1), random(200)]
      const view = scene.relay.view(scene.org, "charter", "nobody")
      await view.sync()
      view.rollBack(entries.length - 1)
      view.inject(fork.at(-1) as Uint8Array)
      const { note } = await view.head()
      await scene.lie()
      const answers = await Promise.all(honestWitnesses.map((name) => desk.bench.ask(name, note, fork, now + 120)))
      const kept = (await desk.bench.evidence("pier")).filter(({ kind }) => kind === "fork").length
      scene.measure(
        `the honest witnesses: ${answers.map((answer) => (typeof answer === "string" ? answer : "cosigned")).join(", ")}; ${kept} proof(s) kept`,
      )
      if (answers.some((answer) => typeof answer !== "string")) scene.gain("an honest witness's line under a fork")
      const forged = withLines(note, [await desk.bench.lie(note, now + 120)])
      const statement = await desk.draft({ type: "anchor", body: { note: utf8(forged) } })
      const index = await desk.log(await desk.sealed(statement, turnedKeepers))
      await scene.alarmed([ana, ben], ["refused_entry"])
      await shownAs([ana, ben], index, "refused", "bad_anchor")
      await goesOn(scene, desk, [ana, ben])
      await compare(scene)
    },
  },
  {
    name: "clock: stopped, by an anchor that is never logged",
    level: "T4",
    promise: "P4",
    tries: "The relay logs no anchor and hands out no witness's word any more; everything else goes on.",
    expected: { kind: "alarm", kinds: ["stale"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      await scene.lie()
      await say(ana, [ben], scene.stage.everyone, "A day like any other.")
      for (const one of [ana, ben]) one.clock.advance(25 * hourMillis)
      await scene.alarmed([ana, ben], ["stale"], { hurry: true })
      scene.measure("noticed 25 hours after the last anchor, by one's own clock")
    },
  },
  {
    name: "clock: one honest witness is never heard",
    level: "T4",
    promise: "P4",
    tries: "The relay leaves out one honest witness's lines; with theirs and the other's there are still enough.",
    expected: { kind: "alarm", kinds: ["witness_missing"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const later = (await clockOf(desk)) + 25 * 3_600
      await scene.lie()
      const note = await desk.note(later, { by: ["quay"], lie: later })
      handOut(scene, () => note)
      for (const one of [ana, ben]) one.clock.advance(25 * hourMillis)
      await scene.alarmed([ana, ben], ["witness_missing"], { hurry: true })
      const { watch } = await ana.client.governance()
      const missing = watch.witnesses.filter(({ state }) => state === "missing").map(({ name }) => name)
      scene.measure(`for ana the history is "${watch.state}", and ${missing.join(", ") || "nobody"} is missing`)
    },
  },
  {
    name: "split view: two orders of the same acts, and one message",
    level: "T4",
    promise: "P4",
    tries:
      "Two clients are shown two histories, each of them right by itself. One of them says something to the other.",
    expected: { kind: "alarm", kinds: ["fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      await scene.lie()
      await splitView(scene, desk, ben)
      const size = (await desk.charter()).size
      await shownAs([ana], size - 1, "waiting")
      await shownAs([ben], size - 1, "applied")
      await say(ana, [], scene.stage.everyone, "How many entries do you see?")
      await scene.alarmed([ben, ana], ["fork"], { hurry: true })
      scene.measure("a member's word alone proves nothing, so nothing stops and both are asked to compare")
      await proveFork(scene, [ana, ben])
    },
  },
  {
    name: "split view: two orders of the same acts, and one word of the witnesses",
    level: "T4",
    promise: "P4",
    tries: "The same between two clients that do not talk. One of them gets what the honest witnesses have cosigned.",
    expected: { kind: "alarm", kinds: ["fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      await scene.lie()
      await splitView(scene, desk, ben)
      const size = (await desk.charter()).size
      await shownAs([ana], size - 1, "waiting")
      const cosigned = await desk.note(now + 60)
      const { note } = await scene.relay.view(scene.org, "charter", ben.device).head()
      const answers = await Promise.all(honestWitnesses.map((name) => desk.bench.ask(name, note, [], now + 90)))
      if (answers.some((answer) => typeof answer !== "string")) scene.gain("an honest witness's line under a fork")
      handOut(scene, () => cosigned, ben)
      scene.relay.cut(ben.device)
      await scene.alarmed([ben], ["fork"], { hurry: true })
      await proveFork(scene, [ben])
      const { standing } = await ben.client.overview()
      scene.measure(`ben's client is "${standing}" from then on`)
      if (standing !== "stopped") scene.gain("a client that goes on with a relay that was caught")
    },
  },
  {
    name: "split view: their witness vouches for the false one",
    level: "T4",
    promise: "P4",
    tries:
      "One client is shown another history, with their witness's fresh line under it. The other two witnesses have signed the true one.",
    expected: { kind: "alarm", kinds: ["stale"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      await scene.lie()
      await splitView(scene, desk, ben)
      await shownAs([ana], (await desk.charter()).size - 1, "waiting")
      const fresh = await falseNote(scene, desk, ben, now + 25 * 3_600)
      handOut(scene, () => fresh, ben)
      ben.clock.advance(25 * hourMillis)
      await scene.alarmed([ben], ["stale"], { hurry: true })
      const { watch } = await ben.client.governance()
      scene.measure(
        `for ben ${watch.witnesses.filter(({ state }) => state === "fresh").length} of 3 witnesses are fresh, and the history is "${watch.state}"`,
      )
    },
  },
  {
    name: "charter: an old prefix that their witness vouches for",
    level: "T4",
    promise: "P4",
    tries:
      "A program starts again and is served the charter as it was before witnesses had cosigned more, with their witness's line.",
    expected: { kind: "alarm", kinds: ["rollback", "fork"] },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      const view = scene.relay.view(scene.org, "charter", ben.device)
      await view.sync()
      await scene.lie()
      view.rollBack(view.size - 2)
      const old = await falseNote(scene, desk, ben, now + 3_600)
      handOut(scene, () => old, ben)
      await ben.restart()
      await scene.alarmed([ben], ["rollback", "fork"])
    },
  },
  {
    name: "freeze: one client is kept in the past and hears nobody",
    level: "T4",
    promise: "P4",
    tries:
      "Charter and messages stand still for one client, their witness says that all is fresh. A removal is decided meanwhile.",
    expected: { kind: "alarm", kinds: ["stale"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      await keepInThePast(scene, ben)
      await scene.lie()
      const cem = scene.stage.truth.people.find(({ name }) => name.startsWith("Cem"))?.member as string
      const { index } = await desk.decide({ type: "member-remove", body: { member: toMemberId(fromHex(cem)) } })
      await shownAs([ana], index, "applied")
      const fresh = await falseNote(scene, desk, ben, now + 8 * daySeconds)
      handOut(scene, () => fresh, ben)
      ben.clock.advance(25 * hourMillis)
      await scene.alarmed([ben], ["stale"], { hurry: true })
      scene.measure("noticed 25 hours after the last word of two witnesses, by ben's own clock")
    },
  },
  {
    name: "freeze: the honest witnesses renew the old",
    level: "T4",
    promise: "P4",
    tries:
      "One client is kept in the past, and the honest witnesses too: they are shown nothing new and asked for a fresh line under the old.",
    expected: { kind: "alarm", kinds: ["stale"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const desk = await deskOf(scene)
      const now = await clockOf(desk)
      const { size } = await desk.charter()
      let given = await desk.note(now + 60, { size })
      handOut(scene, () => given)
      await keepInThePast(scene, ben)
      await scene.lie()
      const cem = scene.stage.truth.people.find(({ name }) => name.startsWith("Cem"))?.member as string
      const { index } = await desk.decide({ type: "member-remove", body: { member: toMemberId(fromHex(cem)) } })
      await shownAs([ana], index, "applied")
      given = await desk.note(now + 25 * 3_600, { size })
      for (const one of [ana, ben]) one.clock.advance(25 * hourMillis)
      await scene.alarmed([ana], ["stale"], { hurry: true })
      const frozen = (await ben.client.governance()).watch.state
      scene.measure(
        `ana, who was shown more than the witnesses, is told; to ben, who was not, the history is "${frozen}"`,
      )
    },
  },
  {
    name: "freeze: new keys after a week in the past",
    level: "T4",
    promise: "P4",
    tries:
      "After eight days of that, the frozen client is shown an admission that a deceived quorum made, and a removal to approve.",
    expected: { kind: "alarm", kinds: ["frozen"] },
    async run(scene) {
      const { ana } = await scene.wake("ana")
      const desk = await deskOf(scene)
      const { engine } = scene.relay.folder
      const lane = laneIdOf(scene.org, 0)
      const view = scene.relay.view(scene.org, "charter", ana.device)
      await view.sync()
      view.freeze()
      await scene.lie()
      ana.clock.advance(8 * daySeconds * 1_000)
      await scene.alarmed([ana], ["frozen"], { hurry: true })
      const before = (await entriesOf(engine, scene.org, 0)).length
      const ghost = await makeGhost(scene.org)
      const line = await lineOfGhost(scene.org, ghost)
      scene.relay.rules = { ...scene.relay.rules, directory: (lines) => [...lines, line] }
      const body = { member: ghost.member, nameCommitment: random(32), devices: [ghost.entry], requestId: random(16) }
      const statement = await desk.draft({ type: "member-add", body })
      view.inject(await desk.sealed(statement, ["ines", ...turnedKeepers]))
      await shownAs([ana], view.size - 1, "applied")
      for (let i = 0; i < 40; i++) {
        ana.clock.advance(1_000)
        await new Promise((done) => setTimeout(done, 50))
      }
      const frames = (await entriesOf(engine, scene.org, 0)).slice(before)
      const opened = await lettersOpened(lane, frames, ghost.seal)
      const readers = await ana.client.readers(scene.stage.everyone)
      const isIn = readers.some(({ device }) => device.id === hex(ghost.device))
      scene.measure(
        `${frames.length} frame(s) since, ${opened} opened with the new key, which is ${isIn ? "" : "not "}among the readers`,
      )
      if (opened > 0 || isIn) scene.gain("a key that was let in behind a freeze")
      const cem = scene.stage.truth.people.find(({ name }) => name.startsWith("Cem"))?.member as string
      const proposal = await ana.client.proposeRemoveMember(cem)
      const refusal = await ana.client.approve(proposal).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (!(refusal instanceof ClientError)) scene.gain("an approval from somebody who is kept in the past")
      else scene.measure(`approving is refused: ${refusal.message}`)
    },
  },
]

// Five keepers in three jurisdictions, three with passkeys and two with keys that are never online, and everything that the
// charter is for: rules, a lost key, a recovery that is stopped, a relay that forks, and a history that others can check.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { charterOrigin, parseCheckpoint, parseNote } from "@holdfast/log"
import { openRelayData } from "@holdfast/relay"
import { fromHex, hex, toOrgId } from "@holdfast/wire"
import { unzipSync } from "fflate"
import { afterAll, beforeAll, expect, test } from "vitest"
import { charterOf } from "../../apps/holdfast/src/drill/attacker.ts"
import { startTurnedRelay, type TurnedRelay } from "../../apps/holdfast/src/drill/turned-relay.ts"
import { buildGoPrograms } from "../../tools/interop/go-programs.ts"
import {
  acceptWithPasskey,
  addOffer,
  addWitness,
  giveSecurityKey,
  isDecided,
  KeyFile,
  label,
  openRules,
  openTool,
  proposeRules,
  ruleOf,
} from "./stage/keeper-desk.ts"
import { tellOneStory } from "./stage/one-story.ts"
import type { Person } from "./stage/person.ts"
import { holdfastEnds } from "./stage/relay-process.ts"
import { createStage, letIn, type Stage } from "./stage/stage.ts"
import { until } from "./stage/until.ts"
import { WitnessProcess } from "./stage/witness-process.ts"

tellOneStory()

const day = 86_400
let stage: Stage
let ana: Person
let ben: Person
let cem: Person
let dan: Person
let mallory: Person
let organisation = ""
let files: string
let first: KeyFile
let second: KeyFile
let third: KeyFile
let witnesses: readonly WitnessProcess[] = []
let turned: TurnedRelay | undefined

function unpack(archive: string, into: string): void {
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(archive)))) {
    if (name.endsWith("/")) continue
    const target = path.join(into, name)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, bytes)
  }
}

/** Archives hold one folder; this is the one with that file in it. */
function folderOf(unpacked: string, file: string): string {
  return existsSync(path.join(unpacked, file)) ? unpacked : path.join(unpacked, readdirSync(unpacked)[0] ?? "")
}

beforeAll(async () => {
  stage = await createStage()
  files = path.join(stage.folder, "usb stick")
  mkdirSync(files)
  ;[ana, ben, cem, dan, mallory] = ["Ana", "Ben", "Cem", "Dan", "Ana again"].map((name) => stage.person(name)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ]
  await ana.found(stage.relay.foundAddress, "Harbour Watch")
  for (const person of [ben, cem, dan]) {
    await letIn(person, await ana.invite(person.name), [ana])
    await giveSecurityKey(person)
  }
  await ana.go("settings")
  organisation = (await ana.at("organisation-id").innerText()).trim()
})
afterAll(async () => {
  await turned?.close()
  await Promise.all(witnesses.map((witness) => witness.kill()))
  await stage?.close()
})

test("[C9] three members become keepers, each with a passkey that is bound to a name on their own computer", async () => {
  await ana.at("raise").first().click()
  for (const name of ["Ben", "Cem", "Dan"]) {
    await ana.at("raise-popup").getByTestId("pick-person").filter({ hasText: name }).click()
  }
  await ana.at("raise-popup").getByTestId("needed-3").click()
  await ana.at("raise-submit").click()
  for (const person of [ben, cem, dan]) await acceptWithPasskey(person)
  await ana.approve("Change the rules")
  for (const person of [ben, cem]) await person.approve("Change the rules")
  for (const person of [ana, ben, cem, dan]) await person.at("evaluation").waitFor({ state: "detached" })
  await ben.go("decisions")
  await ben.at("open-rules").click()
  await ben.at("seat").first().waitFor()
  expect(await ben.at("seat").count()).toBe(4)
})

test("[C3] new rules: key files for two, three jurisdictions, witnesses, and waits that can be vetoed", async () => {
  first = new KeyFile(files, "harbour")
  second = new KeyFile(files, "pier")
  await first.make(organisation)
  await second.make(organisation)
  witnesses = ["pier.example", "quay.example", "reef.example"].map(
    (name) => new WitnessProcess(name, path.join(stage.folder, name)),
  )
  const relay = `http://127.0.0.1:${stage.relay.port}`
  await Promise.all(witnesses.map((witness) => witness.start(relay, organisation)))

  await openRules(ben)
  await addOffer(ben, first.offer, "Harbour Law", "CH")
  await addOffer(ben, second.offer, "Pier Press", "IS")
  await label(ben, "Ben", "Harbour Law", "NL")
  await label(ben, "Cem", "Pier Press", "CH")
  await label(ben, "Dan", "Quay Clinic", "IS")
  // the founder hands over: five keepers, none of whom runs the relay
  await ben.page.locator('[data-testid=seat][data-name="Ana"]').getByTestId("remove-seat").click()
  for (const witness of witnesses) await addWitness(ben, witness)
  await ben.at("witness-quorum").selectOption("2")
  await ruleOf(ben, "rules", { k: "3", jurisdictions: "2" })
  // one alone cannot do this, and the editor says which floor it breaks
  await ruleOf(ben, "recover", { k: "5" })
  await ben.page.locator("[data-testid=rules-problem][data-floor=floor_loss]").waitFor()
  await ruleOf(ben, "recover", { k: "3", delay: String(3 * day) })
  await ruleOf(ben, "relays", { delay: String(2 * day), veto: "3" })
  await proposeRules(ben)
  for (const person of [ben, cem, dan]) await person.approve("Change the rules")
  await isDecided(ben, "Change the rules")
  await until("a majority of witnesses has cosigned", async () => {
    await ben.go("settings")
    return (await ben.at("watch-words").first().innerText()).includes("of 3")
  })
})

test("[C6.10] a passkey and two keys that are never online are three of five", async () => {
  await openRules(cem)
  await ruleOf(cem, "canary", { k: "4" })
  await proposeRules(cem)
  await ben.go("decisions")
  await ben.proposal("Change the rules").waitFor()
  const said = await first.approve(ben, "Change the rules", files)
  expect(said).toContain("Change the rules")
  await second.approve(ben, "Change the rules", files)
  await ben.approve("Change the rules")
  await isDecided(dan, "Change the rules")
  expect((await dan.acts()).filter((act) => act.includes("rules")).length).toBeGreaterThanOrEqual(3)
})

test("[C3.3] a lost key's seat goes to another key", async () => {
  third = new KeyFile(files, "pier new")
  await third.make(organisation)
  await openTool(dan, "replace")
  const lost = dan.at("replace-lost")
  const options = await lost.locator("option").allInnerTexts()
  await lost.selectOption({ label: options.find((each) => each.includes("Pier Press") && !each.includes("Cem")) ?? "" })
  await dan.at("seat-by-offer").click()
  await dan.at("seat-offer").fill(third.offer)
  await dan.at("seat-organisation").fill("Pier Press")
  await dan.at("seat-jurisdiction").fill("IS")
  await dan.at("tool-submit").click()
  await dan.at("tool-window").waitFor({ state: "detached" })
  for (const person of [ben, cem, dan]) await person.approve("Change the rules")
  await isDecided(dan, "Change the rules")
  // the new key counts from now on
  await openTool(ben, "canary")
  await ben.at("tool-submit").click()
  await ben.at("tool-window").waitFor({ state: "detached" })
  await ben.proposal("no one has compelled").waitFor()
  await third.approve(ben, "no one has compelled", files)
  for (const person of [ben, cem, dan]) await person.approve("no one has compelled")
  await isDecided(ben, "no one has compelled")
  await until("the canary is shown to everybody", async () => {
    await ana.go("settings")
    return (await ana.at("canary").first().getAttribute("data-standing")) === "good"
  })
})

test("[C10.5] a recovery with a quorum waits, and the member's own device stops it", async () => {
  await openTool(ben, "recover")
  await ben.at("recover-who").selectOption({ label: "Ana" })
  await ben.at("tool-submit").click()
  const link = await ben.at("invite-made").getByTestId("invite-link").inputValue()
  await ben.page.keyboard.press("Escape")
  await mallory.openLink(link)
  await mallory.ask()
  const code = await mallory.joinCode()
  for (const person of [ben, cem, dan]) await person.approve("Recover", code)
  await ana.page.locator("[data-testid=alarm][data-kind=own_record_changed]").first().waitFor()
  await ana.go("decisions")
  await ana.at("waiting-act").filter({ hasText: "Recover" }).getByTestId("veto").click()
  await ana.at("confirm-yes").click()
  await ana.at("waiting-act").waitFor({ state: "detached" })
  for (const person of [ben, dan]) {
    await person.go("decisions")
    await person.at("waiting-act").waitFor({ state: "detached" })
  }
  expect((await dan.acts()).some((act) => /recover/i.test(act) && /vetoed/i.test(act))).toBe(true)
})

test("[L6 E9.6] the history is exported, and checked offline by this program and by one that is not ours", async () => {
  await ben.go("settings")
  const [download] = await Promise.all([
    ben.page.waitForEvent("download"),
    ben.at("organisation-export").first().click(),
  ])
  const archive = path.join(files, download.suggestedFilename())
  await download.saveAs(archive)
  unpack(archive, path.join(files, "export"))
  const exported = folderOf(path.join(files, "export"), "checkpoint")
  const { text } = parseNote(readFileSync(path.join(exported, "checkpoint")))
  expect(parseCheckpoint(text).origin).toBe(charterOrigin(toOrgId(fromHex(organisation))))
  const fine = await holdfastEnds("log", "verify", exported, "--org", organisation)
  expect(fine.code, fine.out + fine.err).toBe(0)
  const other = await holdfastEnds("log", "verify", exported, "--org", "00".repeat(32))
  expect(other.code).toBe(1)
  const programs = path.join(stage.folder, "go")
  mkdirSync(programs)
  const built = buildGoPrograms(programs, ["./verify-export"])
  if (built.kind !== "built") {
    console.log(`SKIPPED: the export was not held against a program that is not ours. ${built.sentence}`)
    return expect(built.kind).toBe("missing")
  }
  const judged = spawnSync(path.join(programs, "verify-export"), [exported], { encoding: "utf8" })
  expect(judged.status, judged.stdout + judged.stderr).toBe(0)
  console.log(judged.stdout.trim())
})

test("[E7.1 P4] a relay that forks the history is caught, and both signed notes are kept as proof", async () => {
  const data = path.join(stage.folder, "relay")
  await stage.relay.kill()
  const relayFolder = await openRelayData(data)
  const org = toOrgId(fromHex(organisation))
  const { state } = await charterOf(relayFolder.engine, org)
  const [, , victims] = [...state.members.values()].toSorted((a, b) => a.added.index - b.added.index)
  const victim = hex(victims?.devices[0] as Uint8Array)
  turned = await startTurnedRelay(relayFolder, { hostingCode: "none", port: stage.relay.port })
  const view = turned.view(org, "charter", victim)
  await view.sync()
  // Cem alone is shown an entry that nobody else has.
  view.inject(new Uint8Array(40).fill(7))
  await Promise.all([ben, dan].map((person) => person.isOnline()))
  await openTool(ben, "canary")
  await ben.at("tool-submit").click()
  await ben.at("tool-window").waitFor({ state: "detached" })
  await ben.proposal("no one has compelled").waitFor()
  for (const key of [first, third]) await key.approve(ben, "no one has compelled", files)
  for (const person of [ben, dan]) await person.approve("no one has compelled")
  const declared = (act: string) => act.includes("no one has compelled")
  await until("Ben's device has the new entry", async () => (await ben.acts()).filter(declared).length === 2)
  // one message between two members is enough, and whoever watches the charter has the proof
  await ben.openConversation("Everyone")
  await ben.say("Is everybody on entry eleven?")
  await cem.page.locator("[data-testid=alarm][data-kind=fork]").filter({ hasText: "Ben's device" }).waitFor()
  const proven = cem.page.locator("[data-testid=alarm][data-kind=fork]").filter({ hasText: "different people" })
  await proven.waitFor({ timeout: 90_000 })
  const [download] = await Promise.all([
    cem.page.waitForEvent("download"),
    proven.getByTestId("alarm-evidence").click(),
  ])
  const proof = path.join(files, download.suggestedFilename())
  await download.saveAs(proof)
  const evidence = path.join(files, "evidence")
  unpack(proof, evidence)
  const judged = await holdfastEnds("log", "fork", folderOf(evidence, "note-1"), "--org", organisation)
  expect(judged.code, judged.out + judged.err).toBe(0)
  console.log(judged.out)
  // everybody else goes on
  await ben.say("Cem was lied to")
  await ana.openConversation("Everyone")
  await ana.hears("Cem was lied to")
})

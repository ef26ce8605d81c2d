import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import type { OpenClient } from "@holdfast/client"
import { expect, test } from "vitest"
import type { Attack } from "../src/drill/attack.ts"
import { attacks, choose } from "../src/drill/catalogue.ts"
import { withActs } from "../src/drill/council/forgery.ts"
import { exitCodeOf, type Tried } from "../src/drill/finding.ts"
import { alarmsOf, say } from "../src/drill/person.ts"
import { judge } from "../src/drill/run-attack.ts"
import { runDrill } from "../src/drill/run-drill.ts"
import type { LiveStage } from "../src/drill/stage.ts"
import { pause } from "../src/drill/wait.ts"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..")

function named(name: string): Attack {
  const found = attacks.find((attack) => attack.name === name)
  if (found === undefined) throw new Error(name)
  return found
}

/** A relay that keeps beside each frame who wrote it, and a file that somebody forgot. */
function weakenRelay(stage: LiveStage): void {
  const device = Buffer.from(stage.people.ben.device, "hex")
  const sentence = stage.truth.texts.find(({ what }) => what.startsWith("the sentence"))?.text as string
  // The relay holds its database alone, so what its weaker sister would have written lies beside it.
  const db = new DatabaseSync(path.join(stage.relayFolder, "senders.db"))
  db.exec("CREATE TABLE sent (device BLOB, frame INTEGER)")
  for (const index of stage.truth.authorOf.keys())
    db.prepare("INSERT INTO sent VALUES (?, ?)").run(device, 2 * 2 ** 40 + index)
  db.close()
  writeFileSync(path.join(stage.relayFolder, "debug.log"), `a log line with ${sentence}`)
}

/** A client that keeps quiet about what it notices. */
function silenced(client: OpenClient): OpenClient {
  return Object.assign(Object.create(client) as OpenClient, {
    overview: async () => ({ ...(await client.overview()), alarms: [] }),
  })
}

/** The turned relay with no rule set: whatever alarms there are in an attack come from the lie and not from the means. */
const noLie: Attack = {
  name: "nothing at all",
  level: "T2",
  promise: "P2",
  tries: "",
  expected: { kind: "alarm", kinds: [] },
  async run(scene) {
    const { ana, ben, dan } = await scene.wake("ana", "ben", "dan")
    await scene.lie()
    await say(ana, [ben, dan], scene.stage.everyone, "A quiet day.")
    await say(dan, [ana, ben], scene.stage.group, "Nothing moved at the weir.")
    scene.relay.cut()
    await say(ben, [ana, dan], scene.stage.group, "And nothing after the line was back.")
    await pause(1_000)
    for (const one of [ana, ben, dan]) {
      for (const { kind } of await alarmsOf(one)) scene.measure(`${one.name}: ${kind}`)
    }
  },
}

test("[D7.3] a relay that keeps the sender, a forgotten file and a silent client make the drill fail", async () => {
  const loud = { ...named("wrong log key"), name: "loud" }
  const all = await runDrill({
    searches: choose("T1").searches,
    attacks: [named("ghost device: no approvals"), noLie, loud],
    afterTalk: weakenRelay,
    weaken: (client, name) => (name.startsWith("Ana") || name.startsWith("Cem") ? silenced(client) : client),
  })
  const verdictOf = (name: string) => all.find(({ finding }) => finding.attack === name)?.verdict
  expect(exitCodeOf(all)).toBe(1)
  expect(verdictOf("disk: sentences, names and titles")).toBe("gained")
  expect(verdictOf("disk: who wrote what")).toBe("gained")
  expect(verdictOf("disk: people outside of charter and directory")).toBe("gained")
  expect(verdictOf("disk: the known file")).toBe("held")
  const found = all.find(({ finding }) => finding.attack === "disk: sentences, names and titles")
  expect(found?.finding.gained).toMatch(/^\d+ bytes: the sentence said to everyone \(plain\) in debug.log/)
  // Ben still speaks up where Ana and Cem do not.
  expect(all.find(({ finding }) => finding.attack === "ghost device: no approvals")?.finding.noticedBy).toBe(
    "ben: refused_entry",
  )
  expect(verdictOf("loud")).toBe("held")
  // [D3.3] Without a lie there is nothing to notice, and nobody does.
  expect(all.find(({ finding }) => finding.attack === "nothing at all")).toMatchObject({
    verdict: "unnoticed",
    measured: [],
    finding: { gained: 0, noticedBy: null, afterMs: null },
  })
}, 120_000)

test("[D7.3, D3.6] when nobody says anything the drill fails, and when two keepers are enough they gain something", async () => {
  const all = await runDrill({
    searches: [],
    attacks: [
      named("wrong relay id"),
      named("two keepers: a new member"),
      named("two keepers: a new device of a member"),
    ],
    weaken: silenced,
    weakenRules: (rules) => ({ ...rules, ...withActs(rules, [4], { k: 2 }) }),
    noticeMillis: 3_000,
  })
  expect(all.map(({ verdict, finding }) => [verdict, finding.noticedBy])).toEqual([
    ["unnoticed", null],
    ["gained", null],
    ["unnoticed", null],
  ])
  expect(all[1]?.finding.gained).toBe("2 honest client(s) followed what had no quorum")
  // A scene in which something went wrong is not used for the next.
  expect(all[2]?.measured).toContain("0 of 2 honest clients changed who belongs, who decides or whom to talk to")
  expect(exitCodeOf(all)).toBe(1)
}, 120_000)

test("[D7.1, D7.2, D7.3] the command exits 0 when all held, and writes exactly the six fields", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-drill-test-"))
  try {
    const [json, html] = [path.join(folder, "drill.json"), path.join(folder, "drill.html")]
    const args = [
      "tools/run.mjs",
      "apps/holdfast/src/main.ts",
      "drill",
      "--only",
      "blob: ",
      "--json",
      json,
      "--html",
      html,
    ]
    const { code, out } = await run(args)
    expect(out).toMatch(/5 attacks tried .* 5 held, 0 gained something, 0 went unnoticed/)
    expect(code).toBe(0)
    const findings = JSON.parse(readFileSync(json, "utf8")) as Record<string, unknown>[]
    expect(findings).toHaveLength(5)
    for (const finding of findings) {
      expect(Object.keys(finding)).toEqual(["attack", "level", "promise", "gained", "noticedBy", "afterMs"])
      expect(finding).toMatchObject({ level: "T2", promise: "P1", gained: 0, noticedBy: "ben: refused (file_damaged)" })
      expect(finding.afterMs).toBeGreaterThan(0)
    }
    const page = readFileSync(html, "utf8")
    expect(page).toContain("blob: a bit turned over")
    expect(page).not.toMatch(/<script|https?:|url\(/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 120_000)

test("[D7.4] a level or name that does not exist is a sentence and no run", async () => {
  const drill = ["tools/run.mjs", "apps/holdfast/src/main.ts", "drill"]
  expect(await run([...drill, "--level", "T9"])).toMatchObject({
    code: 1,
    out: expect.stringContaining(`"T9" is no level`),
  })
  expect(await run([...drill, "--only", "zzz"])).toMatchObject({ code: 1 })
})

test("[D4.1, D4.2, D4.4] gains outweigh notices, and what could not be tried does not count as held", () => {
  const attack = named("wrong log key")
  const notice = { by: "ben: wrong_relay", afterMs: 5 }
  const sheet = { gains: [], measured: [], notice }
  expect(judge(attack, sheet, 0)).toMatchObject({ verdict: "held", finding: { gained: 0, noticedBy: notice.by } })
  expect(judge(attack, { ...sheet, notice: undefined }, 0).verdict).toBe("unnoticed")
  const gained = judge(attack, { ...sheet, gains: ["3 bytes", "1 edge"] }, 0)
  expect(gained).toMatchObject({ verdict: "gained", finding: { gained: "3 bytes; 1 edge", noticedBy: notice.by } })
  const broken = judge(attack, sheet, 0, new Error("no victim"))
  expect(broken).toMatchObject({ verdict: "not tried", finding: { gained: "not known: no victim" } })
  const silent = { ...attack, expected: { kind: "nothing" } } as const
  expect(judge(silent, { ...sheet, notice: undefined }, 0).verdict).toBe("held")
  const of = (...verdicts: Tried["verdict"][]) => exitCodeOf(verdicts.map((verdict) => ({ ...gained, verdict })))
  expect([of("held"), of("held", "unnoticed"), of("gained"), of("held", "not tried"), of()]).toEqual([0, 1, 1, 1, 1])
})

test("[D5] each attack has a name of its own, and every level has some", () => {
  const { searches, attacks: all } = choose("T4")
  const names = [...searches, ...all].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(choose("T1").attacks).toEqual([])
  expect(choose("T2").attacks.some(({ level }) => level === "T3")).toBe(false)
  expect(all.filter(({ level }) => level === "T2").length).toBeGreaterThan(30)
  expect(all.filter(({ level }) => level === "T3").length).toBeGreaterThan(2)
  expect(all.filter(({ level }) => level === "T4").length).toBeGreaterThan(40)
  expect(choose("T3").attacks.some(({ level }) => level === "T4")).toBe(false)
})

function run(args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: out + err })
    })
  })
}

import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { decodeStatement, type Statement, seal, shortCode } from "@holdfast/charter"
import { decodeApprovalFile, encodeApprovalFile, parseKeeperOffer } from "@holdfast/client/offline"
import { hex, utf8 } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import {
  admission,
  approvalBy,
  done,
  drafted,
  foundHarbour,
  type Harbour,
  inDays,
  logged,
  memberOf,
  names,
  noteOf,
  ofUnknownType,
  requestFor,
  seatFor,
  witnessNamed,
} from "./support/harbour.ts"
import { canCutNetwork, folder, type RunOptions, run } from "./support/program.ts"

const withPassphrase: RunOptions = { env: { HOLDFAST_PASSPHRASE: "correct horse" } }
const keyIn = (where: string) => path.join(where, "dora.holdfast-key")

async function newKey(where = folder()): Promise<string> {
  expect((await run(["keeper", "new", keyIn(where)], withPassphrase)).code).toBe(0)
  return where
}

const firstGroup = (statement: Statement) => shortCode(statement.id).slice(0, 4)

/** Runs `keeper sign` on a request that lies beside the key. */
async function signing(where: string, request: Uint8Array, code: string, extra: readonly string[] = []) {
  const file = path.join(where, "act.holdfast-request")
  writeFileSync(file, request)
  return run(["keeper", "sign", file, "--yes-code", code, ...extra], withPassphrase)
}

const approvalsIn = (where: string) => readdirSync(where).filter((name) => name.endsWith(".holdfast-approval"))

describe("a key file", () => {
  test("[K1.1] is for its owner's eyes only, and is never written over", async () => {
    const where = await newKey()
    expect(statSync(keyIn(where)).mode & 0o777).toBe(0o600)
    const before = readFileSync(keyIn(where))
    const again = await run(["keeper", "new", keyIn(where)], withPassphrase)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining("is there already") })
    expect(readFileSync(keyIn(where))).toEqual(before)
  })

  test("[K1.1] a short passphrase is refused, and without one it says so loudly", async () => {
    const where = folder()
    const short = await run(["keeper", "new", keyIn(where)], { env: { HOLDFAST_PASSPHRASE: "seven77" } })
    expect(short).toMatchObject({ code: 1, err: expect.stringContaining("at least 8 characters") })
    expect(readdirSync(where)).toEqual([])
    const open = await run(["keeper", "new", keyIn(where), "--no-passphrase"])
    expect(open).toMatchObject({ code: 0, err: expect.stringContaining("WARNING: this key has no passphrase") })
    expect((await run(["keeper", "show", keyIn(where)])).out).toContain("NONE")
  })

  test("[K1.2] the first offer binds it to an organisation, and it offers itself to no other", async () => {
    const where = await newKey()
    const [first, second] = ["ab".repeat(32), "cd".repeat(32)]
    const offered = await run(["keeper", "offer", keyIn(where), first], withPassphrase)
    const offer = parseKeeperOffer(offered.out)
    expect(hex(offer.org)).toBe(first)
    const other = await run(["keeper", "offer", keyIn(where), second], withPassphrase)
    expect(other).toMatchObject({ code: 1, out: "", err: expect.stringContaining("signs for no other") })
    const shown = (await run(["keeper", "show", keyIn(where)])).out
    expect(shown).toContain(first)
    expect(shown).toContain(hex(offer.keeper))
  })

  test("[K1.3] a wrong passphrase opens nothing, and neither does the right one once the organisation in it was changed", async () => {
    const where = await newKey()
    await run(["keeper", "offer", keyIn(where), "ab".repeat(32)], withPassphrase)
    const wrong = await run(["keeper", "offer", keyIn(where), "ab".repeat(32)], {
      env: { HOLDFAST_PASSPHRASE: "another one" },
    })
    expect(wrong).toMatchObject({ code: 1, out: "", err: expect.stringContaining("does not open") })
    writeFileSync(keyIn(where), readFileSync(keyIn(where), "utf8").replace("ab".repeat(32), "cd".repeat(32)))
    const changed = await run(["keeper", "offer", keyIn(where), "cd".repeat(32)], withPassphrase)
    expect(changed).toMatchObject({ code: 1, out: "", err: expect.stringContaining("the file was changed") })
  })

  test.each([
    ["one byte more", (text: string) => `${text} `],
    ["a field twice", (text: string) => text.replace("{", '{"keeper":"00",')],
    ["no JSON", () => "PRIVATE KEY"],
    ["a cost that would take all memory", (text: string) => text.replace(/"memoryKiB":\d+/, '"memoryKiB":99999999')],
  ])("[K1.1] damaged: %s", async (_, damage) => {
    const where = await newKey()
    writeFileSync(keyIn(where), damage(readFileSync(keyIn(where), "utf8")))
    expect(await run(["keeper", "show", keyIn(where)])).toMatchObject({
      code: 1,
      err: "That is no key file made by holdfast keeper new, or it is damaged.\n",
    })
  })
})

describe("signing on a machine that is never online", () => {
  let where: string
  let harbour: Harbour
  let eve: Statement

  beforeAll(async () => {
    where = await newKey()
    const founded = await foundHarbour()
    const offered = await run(["keeper", "offer", keyIn(where), hex(founded.org)], withPassphrase)
    harbour = await done(founded, seatFor(founded, offered.out), ["Ana", "Ben", "Cleo"])
    eve = drafted(harbour, await admission(harbour, "Eve"))
  }, 60_000)

  test("Dora's approval counts, and what she signed stood there in plain words", async () => {
    const ended = await signing(where, await requestFor(harbour, eve), firstGroup(eve))
    expect(ended).toMatchObject({ code: 0, err: "" })
    expect(ended.out).toContain("Organisation   The Harbour")
    expect(ended.out).toContain("History        2 entries, replayed from the first one")
    expect(ended.out).toContain("signed by the organisation's relay")
    expect(ended.out).toMatch(/Add Eve as a member with one device \(key [0-9a-f ]{19}\)\./)
    expect(ended.out).toContain("Needed         3 of 4 keepers")
    expect(ended.out).toContain(`Code           ${shortCode(eve.id)}`)
    const [file] = approvalsIn(where)
    const { approval, statement } = decodeApprovalFile(readFileSync(path.join(where, file as string)))
    expect(statement).toEqual(eve.id)
    const others = await Promise.all(["Ana", "Ben"].map((name) => approvalBy(name, eve)))
    const after = await logged(harbour, seal(eve, [approval, ...others]))
    expect(after.charter.records.at(2)?.outcome).toBe("applied")
  })

  test("[K2.7] it needs no network at all", { skip: !canCutNetwork() }, async () => {
    const file = path.join(where, "act.holdfast-request")
    writeFileSync(file, await requestFor(harbour, eve))
    const args = ["keeper", "sign", file, "--yes-code", firstGroup(eve)]
    const ended = await run(args, { ...withPassphrase, inside: ["unshare", "-rn"] })
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("Signed: ") })
  })

  test("[K2.7] it loads nothing that opens connections", async () => {
    const file = path.join(where, "act.holdfast-request")
    writeFileSync(file, await requestFor(harbour, eve))
    const preload = path.join(where, "preload.mjs")
    writeFileSync(
      preload,
      `import { registerHooks } from "node:module"
       import { writeFileSync, appendFileSync } from "node:fs"
       const list = ${JSON.stringify(path.join(where, "loaded"))}
       writeFileSync(list, "")
       registerHooks({ resolve(specifier, about, next) {
         const found = next(specifier, about)
         appendFileSync(list, found.url + "\\n")
         return found
       } })
       for (const name of ["fetch", "WebSocket", "EventSource"]) {
         Object.defineProperty(globalThis, name, { get() { appendFileSync(list, "used:" + name + "\\n") } })
       }`,
    )
    const node = ["--import", pathToFileURL(preload).href]
    const ended = await run(["keeper", "sign", file, "--yes-code", firstGroup(eve)], { ...withPassphrase, node })
    expect(ended.code).toBe(0)
    const loaded = readFileSync(path.join(where, "loaded"), "utf8").split("\n")
    expect(loaded.some((url) => url.endsWith("/packages/charter/src/replay.ts"))).toBe(true)
    const forbidden =
      /^node:(net|http2?|https|tls|dgram|dns|inspector|quic)|^used:|node_modules\/(ws|undici|hono)|packages\/(relay|lanes|mls)\//
    expect(loaded.filter((url) => forbidden.test(url))).toEqual([])
  })

  test("[K2.3] names are believed only if they fit, and two of one name are told apart", async () => {
    const lie = names.map((it) => (it.name === "Eve" ? { ...it, name: "Ana's trusted colleague" } : it))
    const ended = await signing(where, await requestFor(harbour, eve, { names: lie }), firstGroup(eve))
    expect(ended.out).toContain("Add member ")
    expect(ended.out).not.toContain("trusted colleague")
  })

  test("[K2.6] another code signs nothing", async () => {
    const fresh = path.join(folder())
    const ended = await signing(where, await requestFor(harbour, eve), "0000", ["--out", fresh])
    expect(ended).toMatchObject({ code: 1, err: "That is not the code of this act. Nothing was signed.\n" })
    expect(approvalsIn(fresh)).toEqual([])
  })

  test("[K2.4] what rules would change is listed: seats gained and lost, and every number", async () => {
    const { rules } = harbour.charter.state
    const [ana, ...rest] = rules.keepers
    const watch = await witnessNamed("Wanda")
    const other = drafted(harbour, {
      type: "rules",
      body: {
        ...rules,
        version: rules.version + 1,
        keepers: rest,
        acts: new Map([[2, { k: 2, delaySeconds: 86_400, vetoK: 2, minOrganisations: 2, minJurisdictions: 0 }]]),
        witnesses: [watch.entry],
        witnessQuorum: 1,
      },
    })
    const ended = await signing(where, await requestFor(harbour, other), firstGroup(other))
    expect(ended).toMatchObject({ code: 0, err: "" })
    expect(ana).toBeDefined()
    expect(ended.out).toMatch(/· loses the seat: .* of (Ana|Ben|Cleo|Dora) Ltd in (CH|IS) \(key [0-9a-f ]{19}\)/)
    expect(ended.out).toContain(
      "· changing the rules, adding members, removing members, adding devices, removing devices, changing relays, releasing client code, recovering a member: 3 of 4 keepers → 2 of 3 keepers, from 2 organisations, waits one day, 2 can veto",
    )
    expect(ended.out).toContain(
      "· suspending a keeper, the canary: 3 of 4 keepers → 2 of 3 keepers, from 2 organisations\n",
    )
    expect(ended.out).toContain("· becomes a witness: “Wanda.example/w”")
    expect(ended.out).toContain("· witnesses that must agree: 0 → 1")
    expect(ended.out).toContain("under the new rules")
  })

  test("[K2.4] approvals that lie beside the request are checked and named", async () => {
    const here = await sameKeyElsewhere(where)
    const bens = await approvalBy("Ben", eve)
    const forged = { ...(await approvalBy("Cleo", eve)), signature: bens.signature }
    for (const [name, approval] of [
      ["ben", bens],
      ["cleo", forged],
    ] as const) {
      const file = encodeApprovalFile({ org: harbour.org, statement: eve.id, approval })
      writeFileSync(path.join(here, `${name}.holdfast-approval`), file)
    }
    const ended = await signing(here, await requestFor(harbour, eve), firstGroup(eve))
    expect(ended.out).toMatch(/Approved by {4}keeper .* of Ben Ltd in CH \(key [0-9a-f ]{19}\)\n/)
  })

  test("[K2.1] a request that names another organisation is refused, whatever it holds", async () => {
    const another = await foundHarbour((rules) => ({ ...rules, baseWindow: 512 }))
    const statement = drafted(another, await admission(another, "Eve"))
    const ended = await signing(where, await requestFor(another, statement), firstGroup(statement))
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("for another organisation") })
    const dressed = await requestFor(another, statement, { org: harbour.org })
    expect(await signing(where, dressed, firstGroup(statement))).toMatchObject({ code: 1, out: "" })
  })

  test("[K2.2] a history that is shorter than one seen before is refused", async () => {
    const here = await sameKeyElsewhere(where)
    const longer = await done(harbour, await admission(harbour, "Finn"), ["Ana", "Ben", "Cleo"])
    const next = drafted(longer, await admission(longer, "Eve"))
    expect((await signing(here, await requestFor(longer, next), "0000")).err).toContain("not the code")
    const ended = await signing(here, await requestFor(harbour, eve), firstGroup(eve))
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("Something was left out") })
    expect((await signing(here, await requestFor(longer, next), firstGroup(next))).code).toBe(0)
  })

  test("[K2.2] another history than one seen before is refused, also when the relay has signed both", async () => {
    const here = await sameKeyElsewhere(where)
    const one = await done(harbour, await admission(harbour, "Finn"), ["Ana", "Ben", "Cleo"])
    const forked = await done(harbour, { type: "canary", body: { until: inDays(30) } }, ["Ana", "Ben", "Cleo"])
    const first = drafted(one, await admission(one, "Eve"))
    expect((await signing(here, await requestFor(one, first), firstGroup(first))).code).toBe(0)
    const second = drafted(forked, await admission(forked, "Eve"))
    const ended = await signing(here, await requestFor(forked, second), firstGroup(second))
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("somebody shows two histories") })
    expect(approvalsIn(here)).toHaveLength(1)
  })

  test("[K2.1] a checkpoint that is not of this history, or that nobody of the charter signed, is refused", async () => {
    const wrongRoot = await noteOf(harbour, { root: new Uint8Array(32) })
    const stranger = await noteOf(harbour, { signer: (await witnessNamed("Mallory")).key })
    for (const note of [wrongRoot, stranger]) {
      const ended = await signing(where, await requestFor(harbour, eve, { note }), firstGroup(eve))
      expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("checkpoint") })
    }
  })

  test("[C8.1] an act that breaks a rule is refused with the reason", async () => {
    const cases: readonly (readonly [Statement, string])[] = [
      [drafted(harbour, { type: "member-remove", body: { member: memberOf("Eve") } }), "there is no such member"],
      [drafted(harbour, await admission(harbour, "Eve"), -1), "By the clock of this machine"],
      [drafted(harbour, await admission(harbour, "Eve"), 200), "it would stay valid for too long"],
      [drafted(harbour, { type: "canary", body: { until: inDays(200) } }), "longer than 100 days"],
    ]
    for (const [statement, reason] of cases) {
      const ended = await signing(where, await requestFor(harbour, statement), firstGroup(statement))
      expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining(reason) })
    }
  })

  test("[K2.1] a key without a seat signs nothing", async () => {
    const here = await newKey()
    await run(["keeper", "offer", keyIn(here), hex(harbour.org)], withPassphrase)
    const ended = await signing(here, await requestFor(harbour, eve), firstGroup(eve))
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("no seat") })
  })

  test("[K2.1] a suspended keeper is not asked to sign what would only raise an alarm", async () => {
    const here = await newKey()
    const wanda = await witnessNamed("Wanda")
    let watched = await foundHarbour((rules) => ({ ...rules, witnesses: [wanda.entry], witnessQuorum: 1 }))
    const offered = await run(["keeper", "offer", keyIn(here), hex(watched.org)], withPassphrase)
    watched = await done(watched, seatFor(watched, offered.out), ["Ana", "Ben", "Cleo"])
    const note = utf8(await noteOf(watched, { witnesses: [wanda] }))
    watched = await done(watched, { type: "anchor", body: { note } }, [])
    const body = { keeper: parseKeeperOffer(offered.out).keeper, seconds: 86_400 }
    watched = await done(watched, { type: "suspend-keeper", body }, ["Ana", "Ben", "Cleo"])
    expect(watched.charter.records.at(3)?.outcome).toBe("applied")
    const statement = drafted(watched, await admission(watched, "Eve"))
    const ended = await signing(here, await requestFor(watched, statement), firstGroup(statement))
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("suspended") })
  })

  test("[K2.1] a history with an act that only a newer version knows is not signed on", async () => {
    const here = await sameKeyElsewhere(where)
    const unknown = ofUnknownType(drafted(harbour, await admission(harbour, "Finn")))
    const newer = await logged(harbour, seal(unknown, [await approvalBy("Ana", unknown)]))
    expect(newer.charter.updateNeededAt).toBe(2)
    const statement = drafted(newer, await admission(newer, "Eve"))
    const ended = await signing(here, await requestFor(newer, statement), firstGroup(statement))
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("Update Holdfast here first") })
  })

  test("what lies on a stick is not read when it cannot be one of our files", async () => {
    const here = await sameKeyElsewhere(where)
    const huge = path.join(here, "huge.holdfast-approval")
    writeFileSync(huge, "")
    truncateSync(huge, 3_000_000_000)
    mkdirSync(path.join(here, "folder.holdfast-approval"))
    expect((await signing(here, await requestFor(harbour, eve), firstGroup(eve))).code).toBe(0)
    const ended = await run(["keeper", "sign", huge, "--yes-code", "0000"], withPassphrase)
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("too large") })
  })

  test("[K2.5] two keys beside the request: it asks which", async () => {
    const here = await sameKeyElsewhere(where)
    writeFileSync(path.join(here, "second.holdfast-key"), readFileSync(keyIn(here)))
    const ended = await signing(here, await requestFor(harbour, eve), firstGroup(eve))
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("--key FILE") })
    expect((await signing(here, await requestFor(harbour, eve), firstGroup(eve), ["--key", keyIn(here)])).code).toBe(0)
  })

  test("files that are something else are refused in one sentence", async () => {
    const request = await requestFor(harbour, eve)
    expect(decodeStatement(eve.bytes).id).toEqual(eve.id)
    for (const bytes of [new Uint8Array(), request.slice(0, -9), new TextEncoder().encode("{}\n")]) {
      const ended = await signing(where, bytes, "0000")
      expect(ended).toMatchObject({ code: 1, out: "" })
      expect(ended.err.trim().split("\n")).toHaveLength(1)
    }
  })
})

async function sameKeyElsewhere(where: string): Promise<string> {
  const here = folder()
  writeFileSync(keyIn(here), readFileSync(keyIn(where)), { mode: 0o600 })
  return here
}

import { formatTilePath, parseCheckpoint, parseNote, parsePolicy, parseTlogProof, verifyTiles } from "@holdfast/log"
import { until } from "@holdfast/testkit"
import { fromUtf8, hex } from "@holdfast/wire"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { act, alarmKinds, type Desk, desk, draftOf, governed, pass, rule, watch } from "./desk.ts"

describe("rules", () => {
  let it: Desk
  beforeAll(async () => {
    it = await desk()
  })
  afterAll(() => it.world.close())

  test("[E5.12] everybody sees seats, rules and what waits", async () => {
    for (const player of [it.ana, it.ben, it.cem]) {
      const shown = await player.client.governance()
      expect(shown.keepers.map(({ name }) => name).sort()).toEqual(["ana", "ben", "cem"])
      expect(shown.keepers.filter(({ you }) => you).map(({ name }) => name)).toEqual([player.name])
      expect(shown.acts["member-add"]).toEqual({ ...rule(2), own: false })
      expect(shown.acts.rules.own).toBe(true)
      expect(shown.watch.state).toBe("unwatched")
      expect(shown).toMatchObject({ version: 2, evaluation: false, waiting: [] })
    }
  })

  test.each<[string, (draft: Awaited<ReturnType<typeof draftOf>>) => object]>([
    ["floor_k", (draft) => ({ acts: { ...draft.acts, canary: rule(1) } })],
    ["floor_loss", (draft) => ({ acts: { ...draft.acts, relays: rule(3) } })],
    ["floor_majority", () => ({ acts: { rules: rule(1) } })],
    ["floor_diversity", (draft) => ({ acts: { ...draft.acts, relays: rule(2, { minJurisdictions: 2 }) } })],
    ["delay_without_witnesses", (draft) => ({ acts: { ...draft.acts, recover: rule(2, { delaySeconds: 86_400 }) } })],
    ["rules", () => ({ acts: {} })],
    ["witness", () => ({ witnesses: [{ vkey: "nonsense", url: "", organisation: "", jurisdiction: "" }] })],
    ["offer", (draft) => ({ keepers: [...draft.keepers, { offer: "hfk1", organisation: "", jurisdiction: "" }] })],
    [
      "seat",
      (draft) => ({ keepers: [...draft.keepers, { seat: "00".repeat(16), organisation: "", jurisdiction: "" }] }),
    ],
    ["label", (draft) => ({ keepers: draft.keepers.map((seat) => ({ ...seat, organisation: "x".repeat(65) })) })],
  ])("[E5.11] a draft under a floor is told so, by its name: %s", async (floor, change) => {
    const draft = await draftOf(it.ana.client)
    const wanted = { ...draft, ...change(draft) }
    const problems = await it.ana.client.checkRules(wanted)
    expect(problems.map((one) => one.floor)).toContain(floor)
    for (const { sentence } of problems) expect(sentence).toMatch(/^[A-Z].*\.$/)
    await expect(it.ana.client.proposeRules(wanted)).rejects.toMatchObject({ code: "not_allowed" })
  })

  test("[E5.11] several floors are named at once, and good rules have none", async () => {
    const draft = await draftOf(it.ana.client)
    const bad = { ...draft, acts: { rules: rule(1, { delaySeconds: 60 }) } }
    const floors = (await it.ana.client.checkRules(bad)).map((one) => one.floor)
    expect(floors).toEqual(expect.arrayContaining(["floor_k", "floor_majority", "delay_without_witnesses"]))
    expect(await it.ana.client.checkRules(draft)).toEqual([])
  })

  test("[E5.11] a draft survives on its device, and can be thrown away", async () => {
    const draft = await draftOf(it.ana.client)
    await it.ana.client.keepRulesDraft(draft)
    await it.ana.restart()
    expect(await it.ana.client.rulesDraft()).toEqual(draft)
    expect(await it.ben.client.rulesDraft()).toBeUndefined()
    await it.ana.client.keepRulesDraft(undefined)
    expect(await it.ana.client.rulesDraft()).toBeUndefined()
  })

  test("[E5.13] labels that are asked for count, and what is missing is shown", async () => {
    const draft = await draftOf(it.ana.client)
    const labelled = draft.keepers.map((seat, i) => ({ ...seat, organisation: `House ${i + 1}`, jurisdiction: "CH" }))
    const id = await it.ana.client.proposeRules({
      ...draft,
      keepers: labelled,
      acts: { ...draft.acts, "member-remove": rule(2, { minOrganisations: 2 }) },
    })
    await until("shown", async () => (await it.ben.client.proposals()).some((one) => one.id === id))
    const [shown] = await it.ben.client.proposals()
    expect(shown).toMatchObject({ type: "rules", given: 0, needed: 2, waitsSeconds: 0, approveWith: "device" })
    expect([...(shown?.missing?.keepers ?? [])].sort()).toEqual(["ana", "ben", "cem"])
    await pass(id, it.ana, it.ben)
    const removal = await it.ana.client.proposeRemoveMember(it.cem.member)
    const [asked] = await it.ana.client.proposals()
    expect(asked).toMatchObject({ labels: { organisations: 2, jurisdictions: 0 }, missing: { organisations: 2 } })
    await it.ana.client.approve(removal)
    expect((await it.ana.client.proposals())[0]).toMatchObject({ given: 1, missing: { organisations: 1 } })
    await it.ana.client.decline(removal).catch(() => undefined)
  })

  test("[E5.13] a device's own agreement is not counted among the keepers", async () => {
    const invite = await it.ben.client.createInvite({ purpose: "device", name: "", hours: 1 })
    const phone = await it.world.join("ben", invite.text as string, { label: "phone" })
    await until("asked", async () => (await it.ben.client.proposals()).some(({ type }) => type === "device-add"))
    const id = (await it.ben.client.proposals()).find(({ type }) => type === "device-add")?.id as string
    await it.ben.client.approve(id)
    await until("seen", async () => (await it.ana.client.proposals()).some((one) => one.id === id && one.given === 1))
    const shown = (await it.ana.client.proposals()).find((one) => one.id === id)
    expect(shown).toMatchObject({ approvedBy: ["ben"], agreedBy: ["ben"], given: 1, needed: 2 })
    await pass(id, it.ana)
    await until("ben's phone is in", async () => (await phone.client.overview()).standing === "active")
  })

  test("[E5.14] what is not open any more stays as history", async () => {
    const history = await it.ana.client.history()
    expect(history.map(({ type }) => type)).toContain("rules")
    expect(history.filter(({ type }) => type === "rules")[0]).toMatchObject({ state: "approved", mine: "not-a-keeper" })
    for (const { approvedBy, type } of history) if (type === "rules") expect(approvedBy.length).toBeGreaterThan(0)
  })

  test("[E5.12] relays are changed by an act, and only what reads as a relay is proposed", async () => {
    const [relay] = (await it.ana.client.governance()).relays
    if (relay === undefined) throw new Error("no relay")
    const { id, urls, logPublicKey } = relay
    const next = { id, urls, logPublicKey, operator: "Example Hosting", jurisdiction: "CH" }
    const act = await it.ana.client.proposeRelays([next])
    expect((await it.ana.client.proposals()).find((one) => one.id === act)?.sentence).toContain(
      "Example Hosting, CH, key",
    )
    await pass(act, it.ana, it.ben)
    await governed(it.cem, "the label", ({ relays }) => relays[0]?.operator === "Example Hosting")
    await expect(it.ana.client.proposeRelays([{ ...next, logPublicKey: "00" }])).rejects.toMatchObject({
      code: "malformed",
    })
    await expect(it.ana.client.proposeRelays([])).rejects.toMatchObject({ code: "malformed" })
    await expect(it.ana.client.proposeSuspension("00".repeat(16), 1)).rejects.toMatchObject({ code: "malformed" })
  })

  test("[E9.6] what is exported holds together: entries, tiles, checkpoint, policy and names", async () => {
    const files = new Map((await it.ben.client.exportOrganisation()).map(({ path, bytes }) => [path, bytes]))
    const overview = await it.ben.client.overview()
    expect(fromUtf8(files.get("organisation") as Uint8Array)).toBe(`${overview.organisation.id}\n`)
    const { size, root } = parseCheckpoint(parseNote(files.get("checkpoint") as Uint8Array).text)
    expect(size).toBe((await it.ben.client.timeline()).length)
    const tileAt = (level: number, index: number, width: number) => files.get(formatTilePath({ level, index, width }))
    expect(() => verifyTiles(size, root, tileAt)).not.toThrow()
    expect(parsePolicy(files.get("policy") as Uint8Array).quorum).toBe("none")
    expect(fromUtf8(files.get("names.json") as Uint8Array)).toContain('"name":"cem"')
  })

  test("[E5.18] an act can be followed to its bytes, and its proof holds", async () => {
    const detail = await it.ben.client.act(0)
    expect(detail).toMatchObject({ index: 0, type: "genesis", outcome: "applied", decidedBy: 0 })
    expect(detail.approvals[0]).toMatchObject({ name: "ana", kind: "key", counted: true })
    expect(detail.inclusion?.size).toBe((await it.ben.client.timeline()).length)
    const proof = parseTlogProof(detail.proof as Uint8Array)
    expect(proof.index).toBe(0)
    expect(hex(proof.extra as Uint8Array)).toBe(hex(detail.entry))
    expect(detail.fields.find(({ name }) => name === "Subject")?.value).toBe("genesis")
    await expect(it.ben.client.act(10_000)).rejects.toMatchObject({ code: "not_found" })
  })
})

describe("acts that wait", () => {
  let it: Desk
  afterEach(() => it.world.close())

  test("[E5.15] an act waits, keepers veto it together, and it never takes effect", async () => {
    it = await desk({ witnesses: 3 })
    await watch(it, { "member-remove": rule(2, { delaySeconds: 7_200, vetoK: 2 }) })
    const { ana, ben, cem } = it
    const id = await ana.client.proposeRemoveMember(cem.member)
    await until("details", async () => (await ben.client.proposals()).length === 1)
    const [shown] = await ben.client.proposals()
    expect(shown).toMatchObject({ waitsSeconds: 7_200, vetoK: 2 })
    expect(shown?.details.join(" ")).toContain("it waits 2 hours before it takes effect")
    await pass(id, ana, ben)
    await governed(cem, "it has begun", ({ waiting }) => waiting[0]?.effectAt !== undefined)
    expect((await cem.client.governance()).waiting[0]).toMatchObject({
      aboutMe: true,
      canVeto: "with-others",
      vetoK: 2,
    })
    expect(await act(cem, id)).toMatchObject({ outcome: "waiting" })
    await until("cem is told", async () => (await alarmKinds(cem)).includes("own_record_changed"))
    const veto = await cem.client.veto(id)
    expect((await cem.client.proposals())[0]?.details[0]).toContain("Remove cem")
    await pass(veto, cem, ana)
    expect(await act(ana, id)).toMatchObject({ outcome: "vetoed" })
    it.world.clock.advance(3 * 3_600_000)
    await governed(ana, "nothing waits", ({ waiting }) => waiting.length === 0)
    expect((await cem.client.overview()).standing).toBe("active")
    await expect(ana.client.veto(id)).rejects.toMatchObject({ code: "not_found" })
  })

  test("[E5.15] an act that nobody vetoes takes effect when the witnesses' time has come", async () => {
    it = await desk({ witnesses: 3 })
    await watch(it, { "member-remove": rule(2, { delaySeconds: 7_200, vetoK: 2 }) })
    const { ana, ben, cem } = it
    await pass(await ana.client.proposeRemoveMember(cem.member), ana, ben)
    await governed(ana, "it has begun", ({ waiting }) => waiting[0]?.effectAt !== undefined)
    expect((await cem.client.overview()).standing).toBe("active")
    it.world.clock.advance(7_300_000)
    await until("cem is out", async () => (await cem.client.overview()).standing === "removed")
  })
})

import type { Act, Governance, KeeperView, OpenRequest, Proposal, RulesDraft, WaitingAct } from "@holdfast/client"
import { hex } from "@holdfast/wire"
import { unzipSync } from "fflate"
import { describe, expect, test } from "vitest"
import { ruleInShort, ruleMeaning, rulePartsInWords, spanOf } from "../src/desk-words.ts"
import { archiveOf } from "../src/downloads/save-archive.ts"
import { agoOf, untilIn } from "../src/messages.ts"
import { actAsTold, timelineRows } from "../src/state/act-words.ts"
import {
  canaryStanding,
  decidedActs,
  deskSections,
  labelsOf,
  missingFor,
  reminderOf,
  unproposed,
  waitingInOrder,
  withoutResult,
} from "../src/state/desk.ts"
import { hexRows } from "../src/state/hex-rows.ts"
import { importable, invitationList, readPeopleList } from "../src/state/people-list.ts"
import { linkTo, parseRoute } from "../src/state/route.ts"
import {
  changesOf,
  draftOf,
  membersWithoutSeat,
  pastedWitness,
  ruleFor,
  seatKey,
  withRule,
  withSeats,
  withWitnesses,
} from "../src/state/rules-edit.ts"
import { isOffer, noSeat, seatOf } from "../src/ui/desk/new-seat.tsx"

const hour = 3_600_000
const day = 24 * hour
const now = new Date(2026, 10, 26, 12).getTime()

const proposal = (id: string, rest: Partial<Proposal> = {}): Proposal => ({
  id,
  sentence: "Remove Frank",
  details: [],
  code: "",
  proposedBy: "Ada",
  at: now - hour,
  needed: 3,
  approvedBy: [],
  declinedBy: [],
  mine: "can-approve",
  expiresAt: now + 5 * day,
  ...rest,
})
const act = (index: number, type: string, rest: Partial<Act> = {}): Act => ({
  index,
  statement: `s${index}`,
  type,
  sentence: "Add Grace as a member",
  approvedBy: [],
  outcome: "applied",
  code: "",
  ...rest,
})
const keeper = (name: string, rest: Partial<KeeperView> = {}): KeeperView => ({
  id: name,
  member: `m-${name}`,
  name,
  kind: "key",
  keyCode: "",
  organisation: "",
  jurisdiction: "",
  you: false,
  withoutMember: false,
  ...rest,
})

describe("the desk", () => {
  test("what waits for me comes first and the most urgent of it before the rest; what is recorded is not open any more", () => {
    const sections = deskSections(
      [
        proposal("later", { expiresAt: now + 6 * day }),
        proposal("soon", { expiresAt: now + day }),
        proposal("theirs", { mine: "approved" }),
        proposal("over", { expiresAt: now - 1 }),
        proposal("s7"),
      ],
      [act(7, "member-remove")],
      now,
    )
    expect(sections.mine.map(({ id }) => id)).toEqual(["soon", "later"])
    expect(sections.others.map(({ id }) => id)).toEqual(["theirs"])
  })
  test("who came by a list is waited for until a decision names their code", () => {
    const requests = ["A1", "B2", "C3"].map((joinCode) => ({ joinCode }) as OpenRequest)
    const open = [proposal("one", { joinCode: "A1" }), proposal("many", { details: ["Ben, joining code B2"] })]
    expect(unproposed(requests, open).map(({ joinCode }) => joinCode)).toEqual(["C3"])
  })
  test("of what is over, only what came to nothing is shown: the rest is in the timeline", () =>
    expect(
      withoutResult([
        proposal("a", { state: "approved" }),
        proposal("b", { state: "expired" }),
        proposal("c", { state: "overtaken" }),
      ]).map(({ id }) => id),
    ).toEqual(["b", "c"]))
  test.each([
    [0, 23 * hour, "expires-today"],
    [0, 30 * hour, "expires-tomorrow"],
    [3 * day, 30 * hour, "expires-tomorrow"],
    [2 * day, 5 * day, "undecided"],
    [day, 5 * day, undefined],
  ])("proposed %d ms ago and open for %d ms: %s", (ago, left, kind) =>
    expect(reminderOf({ at: now - ago, expiresAt: now + left }, now)?.kind).toBe(kind),
  )
  test("who is missing is what the engine says, and by names where it says nothing", () => {
    const keepers = [keeper("Ada"), keeper("Ben"), keeper("Cem", { suspended: {} }), keeper("Dan")]
    expect(missingFor(proposal("p", { approvedBy: ["Ada"], declinedBy: ["Dan"] }), keepers)).toEqual({
      keepers: ["Ben"],
      approvals: 2,
      organisations: 0,
      jurisdictions: 0,
    })
    const said = { keepers: ["Cem"], organisations: 1, jurisdictions: 2 }
    // old rules and new rules: two names, of whom one counts in both
    expect(missingFor(proposal("p", { given: 1, approvedBy: ["Ada", "Ben"] }), keepers).approvals).toBe(2)
    expect(missingFor(proposal("p", { missing: said, approvedBy: ["Ada", "Ben"] }), keepers)).toEqual({
      ...said,
      approvals: 1,
    })
  })
  test("what takes effect next comes first, and what has not begun to run comes last", () => {
    const waiting = [{ index: 1 }, { index: 2, effectAt: 9 }, { index: 3, effectAt: 4 }] as unknown as WaitingAct[]
    expect(waitingInOrder(waiting).map(({ index }) => index)).toEqual([3, 2, 1])
  })
  test.each([
    [undefined, "none"],
    [{ until: now + 20 * day, lapsed: false, index: 0 }, "good"],
    [{ until: now + 2 * day, lapsed: false, index: 0 }, "soon"],
    [{ until: now - 1, lapsed: false, index: 0 }, "lapsed"],
    [{ until: now + 20 * day, lapsed: true, index: 0 }, "lapsed"],
  ])("a canary %j: %s", (canary, standing) => expect(canaryStanding(canary, now)).toBe(standing))
  test("labels count once, and no label is none", () =>
    expect(
      labelsOf([keeper("a", { jurisdiction: "NO" }), keeper("b", { jurisdiction: "NO" }), keeper("c")], "jurisdiction"),
    ).toEqual(["NO"]))
})

describe("the timeline", () => {
  test.each([
    ["member-add", "Add Grace as a member", "Added Grace as a member"],
    ["relays", "Let clients talk to one relay only: https://a", "Clients talk to one relay only: https://a"],
    ["rules", "Change the rules to version 2", "Changed the rules to version 2"],
    ["anchor", "Set the log's clock", "Set the log's clock"],
    ["unknown", "An act of type 77", "An act of type 77"],
    // a name that begins like an act stays as it is
    ["member-remove", "Remove Add Remove", "Removed Add Remove"],
    // words that do not begin as expected are never changed
    ["member-add", "Remove Frank", "Remove Frank"],
  ])("%s that took effect: %s", (type, signed, told) =>
    expect(actAsTold({ type, sentence: signed, outcome: "applied" })).toBe(told),
  )
  test.each(["waiting", "vetoed", "lapsed", "refused"] as const)("what is %s keeps the signed words", (outcome) =>
    expect(actAsTold({ type: "member-add", sentence: "Add Grace", outcome })).toBe("Add Grace"),
  )
  test("readings of the clock that follow each other are one row; a refused one is shown by itself", () => {
    const rows = timelineRows([
      act(0, "genesis"),
      act(1, "anchor"),
      act(2, "anchor"),
      act(3, "anchor", { outcome: "refused" }),
      act(4, "rules"),
      act(5, "anchor"),
    ])
    expect(rows.map((row) => (row.kind === "act" ? row.act.index : row.acts.map(({ index }) => index)))).toEqual([
      [5],
      4,
      3,
      [2, 1],
      0,
    ])
    expect(decidedActs([act(0, "genesis"), act(1, "anchor"), act(2, "rules")]).map(({ index }) => index)).toEqual([2])
  })
  test.each(["#/timeline", "#/timeline/0", "#/timeline/4711", "#/decisions", "#/decisions/rules"])(
    "%s leads to itself",
    (link) => expect(linkTo(parseRoute(link))).toBe(link),
  )
  test.each(["#/timeline/x", "#/timeline/-1", "#/timeline/99999999999"])("%s is the whole list", (link) =>
    expect(parseRoute(link)).toEqual({ at: "timeline" }),
  )
  test("bytes are shown whole, sixteen a row", () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, at) => at + 60)
    const rows = hexRows(bytes)
    expect(rows.map(({ offset }) => offset)).toEqual(["000000", "000010"])
    expect(
      rows
        .map((row) => row.bytes)
        .join(" ")
        .replaceAll(" ", ""),
    ).toBe(hex(bytes))
    expect(rows[1]?.characters).toBe("LM")
    expect(hexRows(new Uint8Array())).toEqual([])
  })
})

describe("words about time", () => {
  test.each([
    [30 * 60_000, "in 30 minutes"],
    [60 * 60_000, "in 1 hour"],
    [11 * hour + 20 * 60_000, "in 11 hours and 20 minutes"],
    [2 * day + 3 * hour, "in 2 days and 3 hours"],
    [-1, "with the next reading of the clock"],
  ])("%d ms from now", (left, words) => expect(untilIn(now + left, now)).toBe(words))
  test.each([
    [20_000, "just now"],
    [40 * 60_000, "40 minutes ago"],
    [3 * hour, "3 hours ago"],
    [3 * day, "3 days ago"],
  ])("%d ms ago", (ago, words) => expect(agoOf(now - ago, now)).toBe(words))
  test("spans in their largest whole unit", () =>
    expect([86_400, 43_200, 90_000, 60].map(spanOf)).toEqual(["1 day", "12 hours", "25 hours", "1 minute"]))
})

describe("rules", () => {
  const main = { k: 3, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
  const draft: RulesDraft = {
    keepers: ["a", "b", "c", "d", "e"].map((seat) => ({ seat, organisation: "", jurisdiction: "" })),
    acts: { rules: main, recover: { ...main, delaySeconds: 86_400, vetoK: 2 } },
    witnesses: [],
    witnessQuorum: 0,
  }
  const governance = {
    keepers: draft.keepers.map((_, at) => keeper(["a", "b", "c", "d", "e"][at] ?? "")),
    acts: Object.fromEntries(
      (["rules", "recover", "canary"] as const).map((one) => [
        one,
        { ...(draft.acts[one] ?? main), own: draft.acts[one] !== undefined },
      ]),
    ),
    watch: { state: "unwatched", needed: 0, witnesses: [], sentence: "" },
  } as unknown as Governance

  test("the rules in force are a draft without changes", () => {
    expect(draftOf(governance)).toEqual(draft)
    expect(changesOf(draft, draftOf(governance))).toEqual([])
  })
  test("what follows the rule for rules follows it, but what has to be quick never waits", () => {
    const slow = withRule(draft, "rules", { ...main, delaySeconds: 86_400, vetoK: 2 })
    expect(ruleFor(slow, "member-add").delaySeconds).toBe(86_400)
    expect([ruleFor(slow, "canary"), ruleFor(slow, "suspend-keeper")].map((rule) => rule.delaySeconds)).toEqual([0, 0])
    expect(changesOf(draft, slow).map((change) => change.kind === "act" && change.act)).toEqual(["rules"])
  })
  test("an act that gets a rule of its own, and one that loses it, are said so even with the same numbers", () => {
    const own = withRule(draft, "member-add", ruleFor(draft, "member-add"))
    expect(changesOf(draft, own)).toMatchObject([{ kind: "act", act: "member-add", own: true }])
    expect(changesOf(own, draft)).toMatchObject([{ kind: "act", act: "member-add", own: false }])
    expect(withRule(own, "member-add", undefined)).toEqual(draft)
  })
  test("numbers stay within the seats that are left", () => {
    const fewer = withSeats(draft, draft.keepers.slice(0, 2))
    expect(Object.values(fewer.acts).map(({ k }) => k)).toEqual([2, 2])
    expect(changesOf(draft, fewer).filter(({ kind }) => kind === "seat-removed").length).toBe(3)
  })
  test("labels, seats and witnesses that change are each one line", () => {
    const witness = { vkey: "w1.example+00112233+BAAA", url: "", organisation: "", jurisdiction: "" }
    const watched = withWitnesses(draft, [witness])
    expect(watched.witnessQuorum).toBe(1)
    const more = withSeats(watched, [
      { ...(draft.keepers[0] as (typeof draft.keepers)[number]), jurisdiction: "NO" },
      ...draft.keepers.slice(1),
      { member: "m-Zoe", organisation: "", jurisdiction: "" },
    ])
    expect(changesOf(draft, more).map(({ kind }) => kind)).toEqual([
      "labels",
      "seat-added",
      "witness-added",
      "witness-quorum",
    ])
    const moved = withWitnesses(watched, [{ ...witness, url: "https://w1.example" }])
    expect(changesOf(watched, moved)).toEqual([{ kind: "witness-changed", vkey: witness.vkey }])
    expect(withWitnesses(watched, []).witnessQuorum).toBe(0)
  })
  test("most of the witnesses have to agree, whatever is taken out or put in", () => {
    const witnesses = Array.from({ length: 16 }, (_, at) => ({
      vkey: `w${at}+00000000+B`,
      url: "",
      organisation: "",
      jurisdiction: "",
    }))
    for (let n = 1; n <= 16; n += 1) {
      const { witnessQuorum } = withWitnesses(draft, witnesses.slice(0, n))
      expect(2 * witnessQuorum).toBeGreaterThan(n)
      expect(witnessQuorum).toBeLessThanOrEqual(n)
    }
  })
  test("who has a seat is not offered another", () => {
    const people = ["a", "b", "z"].map((name) => ({ member: `m-${name}`, active: true }))
    expect(membersWithoutSeat([...people, { member: "m-gone", active: false }], draft, governance)).toEqual([people[2]])
    const withZoe = withSeats(draft, [...draft.keepers, { member: "m-z", organisation: "", jurisdiction: "" }])
    expect(membersWithoutSeat(people, withZoe, governance)).toEqual([])
  })
  test("a witness is pasted as its key or as the line that it prints", () => {
    const vkey = "w.example+0a1b2c3d+BEBK"
    expect(pastedWitness(` ${vkey}\n`)).toEqual({ vkey })
    expect(pastedWitness(`    witness w.example ${vkey} https://w.example`)).toEqual({ vkey, url: "https://w.example" })
    expect(pastedWitness(`witness w.example ${vkey}`)).toEqual({ vkey })
    expect(pastedWitness("witness")).toEqual({ vkey: "witness" })
  })

  test("in words: how many, from where, how long, and who can stop it", () => {
    const rule = { k: 3, delaySeconds: 172_800, vetoK: 2, minOrganisations: 2, minJurisdictions: 0 }
    expect(ruleInShort(rule, 5)).toBe("3 of 5, from 2 different organisations, after 2 days, 2 can veto")
    expect(ruleMeaning(rule, 5, "relays")).toBe(
      "Any 3 of the 5 keepers decide together, and they must come from at least 2 different organisations. Up to 2 of them can be away or lose a key, and it still works, as long as the others still come from that many. 2 of them together can decide nothing. It then waits 2 days, seen by everybody, and in that time 2 keepers can stop it.",
    )
    expect(ruleMeaning({ ...main, k: 2 }, 3, "canary")).toBe(
      "Any 2 of the 3 keepers decide together. One of them can be away or lose a key, and it still works. One of them alone can decide nothing. It happens at once.",
    )
    expect(ruleMeaning({ ...rule, vetoK: 0 }, 5, "recover")).toContain(
      "any device that the member still has can stop it alone.",
    )
    expect(rulePartsInWords(main, 5, { ...main, k: 4 }, 6)).toEqual(["keepers who must agree, 3 of 5 becomes 4 of 6"])
  })
  test("a seat is complete with a member, or with an offer that is whole", () => {
    const offer = `hfk1${"Ab0_-".repeat(20)}`
    expect([offer, ` ${offer}\n`].map(isOffer)).toEqual([true, true])
    expect(["", "hfk1", `hfk2${"a".repeat(60)}`, `${offer} x`].map(isOffer)).toEqual([false, false, false, false])
    expect([noSeat, { ...noSeat, kind: "offer" as const, offer: "hfk1" }].map(seatOf)).toEqual([undefined, undefined])
    expect(seatOf({ ...noSeat, kind: "offer", offer, organisation: " Desk " })).toEqual({
      offer,
      organisation: "Desk",
      jurisdiction: "",
    })
    expect(seatKey({ member: "x", organisation: "", jurisdiction: "" })).not.toBe(
      seatKey({ seat: "x", organisation: "", jurisdiction: "" }),
    )
  })
})

describe("lists of people", () => {
  test("a heading, empty lines, quotes, semicolons and the byte order mark of spreadsheets", () => {
    const list = readPeopleList('\uFEFFName,Label\r\n"Doe, Jane",photo\r\n\r\nMüller;desk\n"say ""hi"""\n')
    expect(list.map(({ line, name, label }) => [line, name, label])).toEqual([
      [2, "Doe, Jane", "photo"],
      [4, "Müller", "desk"],
      [5, 'say "hi"', ""],
    ])
    expect(importable(list)).toBe('"Doe, Jane",photo\nMüller,desk\n"say ""hi"""')
  })
  test.each([
    ["no-name", ",label"],
    ["too-long", "x".repeat(81)],
    ["twice", "ADA"],
  ])("%s is said beside its line and left out", (problem, line) => {
    const list = readPeopleList(`Ada\n${line}\nBen`)
    expect(list.map((each) => each.problem)).toEqual([undefined, problem, undefined])
    expect(importable(list)).toBe("Ada\nBen")
  })
  test("500 and no more", () => {
    const list = readPeopleList(Array.from({ length: 502 }, (_, at) => `Person ${at}`).join("\n"))
    expect(list.filter(({ problem }) => problem === "too-many").length).toBe(2)
    expect(importable(list).split("\n").length).toBe(500)
  })
  test("the result holds links, and no cell that a spreadsheet would run", () => {
    const csv = invitationList(
      [
        { line: 1, name: "=HYPERLINK(1)", invite: "i", text: "hf1x" },
        { line: 2, name: "Ben", problem: "Not sent, no connection." },
      ],
      (text) => `https://desk/#/join/${text}`,
    )
    expect(csv).toBe(
      'name,invitation,problem\r\n\'=HYPERLINK(1),https://desk/#/join/hf1x,\r\nBen,,"Not sent, no connection."\r\n',
    )
  })
})

test("an archive holds every file under one folder, byte for byte", async () => {
  const files = [
    { path: "tile/entries/000", bytes: Uint8Array.from({ length: 5_000 }, (_, at) => at % 251) },
    { path: "checkpoint", bytes: new TextEncoder().encode("origin\n1\n") },
  ]
  const unpacked = unzipSync(await archiveOf(files, "organisation-7b7b"))
  expect(Object.keys(unpacked)).toEqual(["organisation-7b7b/tile/entries/000", "organisation-7b7b/checkpoint"])
  for (const { path, bytes } of files) expect(unpacked[`organisation-7b7b/${path}`]).toEqual(bytes)
})

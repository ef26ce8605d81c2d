// The keepers' desk of the invented organisations: rules, witnesses, what waits, and acts that become proposals.
import type {
  Act,
  ActDetail,
  ActRuleView,
  Change,
  Governance,
  GovernanceApi,
  Id,
  Invite,
  KeeperView,
  OpenRequest,
  Person,
  Proposal,
  RuledAct,
  RulesDraft,
  RulesProblem,
  WaitingAct,
  WitnessView,
} from "@holdfast/client"
import { hex } from "@holdfast/wire"
import { formerProposals, recoverSentence, relaysSentence } from "./fixture-desk.ts"
import { FixtureError } from "./fixture-error.ts"
import { day, type FixtureOptions, hour, id, isEvaluation, isLarge, minute, print } from "./fixture-world.ts"

export interface FixtureGovernanceDeps {
  readonly options: FixtureOptions
  readonly people: () => readonly Person[]
  readonly timeline: () => readonly Act[]
  readonly proposals: () => readonly Proposal[]
  readonly say: (...changes: Change[]) => void
  readonly propose: (sentence: string, type: string) => Id
  readonly approve: (proposal: Id) => Promise<void>
  readonly createInvite: (made: Pick<Invite, "purpose" | "name"> & { hours: number }) => Promise<Invite>
}

const places = [
  ["Harbour Desk", "Netherlands"],
  ["Nordic Press Fund", "Norway"],
  ["Harbour Desk", "Netherlands"],
  ["Lex Pro Bono", "Germany"],
  ["Nordic Press Fund", "Norway"],
] as const

export function fixtureGovernance(deps: FixtureGovernanceDeps): GovernanceApi {
  const { scene } = deps.options
  const large = isLarge(scene)
  let draft: RulesDraft | undefined
  let vetoed = new Set<Id>()
  let requests: readonly OpenRequest[] = ["Grace Lindqvist", "Hugo Weiss", "Ines Duarte", "Jonas Bakker"].map(
    (name, at) => ({
      id: id(0x80 + at),
      purpose: at === 3 ? "device" : "member",
      name,
      invitedBy: at % 2 === 0 ? "Bjørn Halvorsen" : "Ada Okafor",
      joinCode: ["4F0K 77QD", "A83M 0ZXC", "PQ21 9HTE", "6N5B W4RY"][at] ?? "",
      keyCode: print(0x70 + at),
      at: Date.now() - (at + 1) * hour,
    }),
  )

  const keepers = (): readonly KeeperView[] =>
    deps
      .people()
      .filter(({ keeper, active }) => keeper && active)
      .map((person, at) => {
        const [organisation, jurisdiction] = large ? (places[at] ?? ["", ""]) : ["", ""]
        return {
          id: person.member.replace(/^../, "5e"),
          member: person.member,
          name: person.name,
          kind: large && at % 2 === 0 ? "passkey" : "key",
          keyCode: print(0x40 + at),
          organisation,
          jurisdiction,
          you: person.you,
          withoutMember: false,
          ...(large && at === 4 ? { suspended: { until: Date.now() + 4 * day } } : {}),
        }
      })

  const witness = (
    n: number,
    name: string,
    place: readonly [string, string],
    rest: Partial<WitnessView>,
  ): WitnessView => ({
    name,
    vkey: `${name}+${print(n).replaceAll(" ", "").slice(0, 8)}+BB${"kFzY2Rlc2tmaXh0dXJlLW9mLWEtd2l0bmVzcw".slice(n % 5)}`,
    url: `https://${name.replace("/", ".")}/submit`,
    organisation: place[0],
    jurisdiction: place[1],
    state: "unknown",
    ...rest,
  })
  function witnesses(): readonly WitnessView[] {
    if (!large) return []
    const now = Date.now()
    const back = scene === "frozen" ? 8 * day : 0
    return [
      witness(1, "witness.pressfund.example", ["Nordic Press Fund", "Norway"], {
        cosignedAt: now - back - 40 * minute,
        state: scene === "frozen" ? "missing" : "fresh",
      }),
      witness(2, "w1.openlog.example", ["Open Log Society", "Switzerland"], {
        cosignedAt: now - back - 41 * minute,
        state: scene === "frozen" ? "missing" : "fresh",
      }),
      witness(3, "watch.uni-ghent.example", ["Ghent University", "Belgium"], {
        cosignedAt: now - back - 3 * day,
        state: "missing",
      }),
    ]
  }

  function waiting(): readonly WaitingAct[] {
    if (!large) return []
    const now = Date.now()
    const acts: WaitingAct[] = [
      {
        statement: id(0x60 + 20),
        index: 20,
        sentence: relaysSentence,
        code: "EK71 M3ZS",
        effectAt: now + 28 * hour,
        delaySeconds: 172_800,
        vetoK: 2,
        canVeto: "with-others",
        aboutMe: false,
      },
      {
        statement: id(0x60 + 19),
        index: 19,
        sentence: recoverSentence,
        code: "2H5X CC2B",
        effectAt: now + 11 * hour + 20 * minute,
        delaySeconds: 259_200,
        vetoK: 2,
        canVeto: "alone",
        aboutMe: true,
      },
    ]
    return acts.filter(({ statement }) => !vetoed.has(statement))
  }

  function governance(): Governance {
    const seats = keepers()
    const main: ActRuleView = isEvaluation(scene)
      ? { k: 1, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
      : large
        ? { k: 3, delaySeconds: 172_800, vetoK: 2, minOrganisations: 2, minJurisdictions: 2 }
        : { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
    const own: Partial<Record<RuledAct, ActRuleView>> = large
      ? {
          rules: main,
          "member-add": { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 2, minJurisdictions: 0 },
          "suspend-keeper": { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 },
          recover: { ...main, delaySeconds: 259_200 },
        }
      : { rules: main }
    const names: readonly RuledAct[] = [
      "rules",
      "suspend-keeper",
      "member-add",
      "member-remove",
      "device-add",
      "device-remove",
      "relays",
      "release",
      "recover",
      "canary",
    ]
    const now = Date.now()
    const watchers = witnesses()
    const frozen = scene === "frozen"
    return {
      version: large ? 3 : 2,
      evaluation: isEvaluation(scene),
      keepers: seats,
      acts: Object.fromEntries(
        names.map((act) => [
          act,
          {
            ...(own[act] ?? (act === "canary" ? { ...main, delaySeconds: 0, vetoK: 0 } : main)),
            own: own[act] !== undefined,
          },
        ]),
      ) as Governance["acts"],
      watch: large
        ? {
            state: frozen ? "frozen" : "fresh",
            at: now - (frozen ? 8 * day : 0) - 40 * minute,
            size: 22,
            needed: 2,
            witnesses: watchers,
            sentence: frozen
              ? "No majority of witnesses has signed this history for 8 days. New keys are not accepted until they have. Ask a keeper, not through this server, whether the witnesses are down."
              : "2 of 3 witnesses have seen this history.",
          }
        : { state: "unwatched", needed: 0, witnesses: [], sentence: "The rules name no witnesses." },
      waiting: waiting(),
      ...(large
        ? { canary: { until: now + (scene === "lapsed" ? -6 : 5) * day, lapsed: scene === "lapsed", index: 14 } }
        : {}),
      relays: [
        {
          id: id(0x31),
          urls: ["https://desk.example.org"],
          keyCode: "4f2a 91c0 77aa 01de",
          logPublicKey: "4f2a91c077aa01de".repeat(4),
          operator: "Lindqvist Hosting",
          jurisdiction: "Netherlands",
        },
      ],
      ...(large ? { clock: now - 40 * minute } : {}),
    }
  }

  const nameOf = (keeper: Id) => keepers().find((each) => each.id === keeper)?.name ?? "a keeper"
  const personOf = (member: Id) => deps.people().find((each) => each.member === member)?.name ?? "somebody"

  return {
    governance: async () => governance(),
    checkRules: async (rules) => problemsOf(rules),
    async proposeRules(rules) {
      const [problem] = problemsOf(rules)
      if (problem !== undefined) throw new FixtureError("not_allowed", problem.sentence)
      const main = rules.acts.rules
      return deps.propose(
        `Change the rules to version ${governance().version + 1}: ${main?.k} of ${rules.keepers.length} keepers`,
        "rules",
      )
    },
    proposeSuspension: async (keeper, seconds) =>
      deps.propose(
        `Suspend ${nameOf(keeper)} for ${seconds / 86_400} days: until then their approvals do not count`,
        "suspend-keeper",
      ),
    proposeReplacement: async (lost) =>
      deps.propose(`Change the rules to version ${governance().version + 1}: without ${nameOf(lost)}`, "rules"),
    proposeRelays: async (relays) =>
      deps.propose(
        `Let clients talk to ${relays.length} relays only: ${relays.map(({ urls }) => urls.join(" or ")).join("; ")}`,
        "relays",
      ),
    proposeCanary: async (days) =>
      deps.propose(
        `Declare, until ${new Date(Date.now() + days * day).toISOString().slice(0, 10)}, that no one has compelled the keepers to act against this organisation`,
        "canary",
      ),
    async veto(statement) {
      const act = waiting().find((each) => each.statement === statement)
      if (act?.canVeto !== "alone")
        return deps.propose(`Veto the act with the code ${act?.code}, so that it never takes effect`, "veto")
      vetoed = new Set([...vetoed, statement])
      deps.say({ topic: "governance" }, { topic: "timeline" })
      return statement
    },
    history: async () => (large ? formerProposals(Date.now()) : []),
    requests: async () => (isEvaluation(scene) ? [] : requests),
    async proposeAdmissions(chosen) {
      const who = requests.filter((request) => chosen.includes(request.id)).map(({ name }) => name)
      requests = requests.filter((request) => !chosen.includes(request.id))
      return [
        deps.propose(
          `Do ${who.length} things together or not at all: ${who.map((name) => `add ${name} as a member with one device`).join("; ")}`,
          "batch",
        ),
      ]
    },
    proposeRemovals: async (members) => [
      deps.propose(
        `Do ${members.length} things together or not at all: ${members.map((member) => `remove ${personOf(member)} and every device of theirs`).join("; ")}`,
        "batch",
      ),
    ],
    inviteToRecover: (member, hours) => deps.createInvite({ purpose: "recovery", name: personOf(member), hours }),
    rulesDraft: async () => draft,
    async keepRulesDraft(kept) {
      draft = kept
    },
    newSeat: async () => ({ seat: id(0x5f), organisation: id(0x7b).repeat(2), name: "Ada Okafor" }),
    admissionRequest: async (_seat, key) => ({
      challenge: new Uint8Array(32).fill(7),
      rpId: key.rpId,
      origin: key.origin,
      credentialIds: [key.credentialId],
    }),
    acceptKeeperWithPasskey: async () => undefined,
    acceptKeeperWithKeyFile: async () => undefined,
    approvalRequest: async () => undefined,
    approveWithPasskey: (proposal) => deps.approve(proposal),
    async signingRequest(proposal) {
      const code =
        deps
          .proposals()
          .find((each) => each.id === proposal)
          ?.code.replace(" ", "-") ?? "request"
      const request = { holdfast: "signing-request/v1", organisation: id(0x7b).repeat(2), statement: proposal }
      return { path: `${code}.holdfast-request`, bytes: new TextEncoder().encode(JSON.stringify(request)) }
    },
    async importApproval(bytes) {
      const words = new TextDecoder().decode(bytes)
      const proposal = deps.proposals().find(({ id: each }) => words.includes(each))
      if (!words.includes("approval/v1") || proposal === undefined)
        throw new FixtureError("malformed", "That is not an approval of anything that is open here.")
      await deps.approve(proposal.id)
      return proposal.id
    },
    async act(index) {
      const act = deps.timeline().find((each) => each.index === index)
      if (act === undefined) throw new FixtureError("not_found", "There is no such entry in the timeline.")
      return detailOf(act, large ? witnesses().slice(0, 2) : [])
    },
    exportOrganisation: async () => [
      { path: "checkpoint", bytes: new TextEncoder().encode(noteOf(23)) },
      { path: "organisation", bytes: new TextEncoder().encode(`${id(0x7b).repeat(2)}\n`) },
      { path: "tile/entries/000.p/23", bytes: new Uint8Array(2_000).fill(3) },
    ],
    evidence: async () => [
      { path: "note-1", bytes: new TextEncoder().encode(noteOf(23)) },
      { path: "note-2", bytes: new TextEncoder().encode(noteOf(23).replace("k2", "q9")) },
      { path: "README", bytes: new TextEncoder().encode("Two signed notes of one size with two roots.\n") },
    ],
    async importPeople(csv, { hours }) {
      const made = csv.split("\n").map(async (line, at) => {
        const [name = ""] = line.split(",")
        if (name.startsWith("Wrong")) return { line: at + 1, name, problem: "The relay did not take this invitation." }
        const invite = await deps.createInvite({ purpose: "member", name, hours })
        return { line: at + 1, name, invite: invite.id, text: invite.text ?? "" }
      })
      return Promise.all(made)
    },
  }
}

/** The floors that people meet most; the engine has all of them. */
function problemsOf(rules: RulesDraft): readonly RulesProblem[] {
  const problems: RulesProblem[] = []
  const n = rules.keepers.length
  const say = (floor: string, sentence: string) => {
    if (!problems.some((each) => each.floor === floor)) problems.push({ floor, sentence })
  }
  for (const rule of Object.values(rules.acts)) {
    if (rule.k < 2) say("floor_k", "At least two keepers must agree to every act.")
    if (n - rule.k < 1) say("floor_loss", "After the loss of one keeper nobody could act any more.")
    if (rule.delaySeconds > 0 && rules.witnesses.length === 0)
      say("delay_without_witnesses", "An act can only wait where witnesses keep the time.")
    if (rule.delaySeconds > 0 && rule.vetoK === 0)
      say("floor_veto", "What waits must be stoppable: say how many keepers can veto it.")
  }
  if (2 * (rules.acts.rules?.k ?? 0) <= n)
    say("floor_majority", "More than half of the keepers must agree to new rules.")
  if (rules.witnesses.length > 0 && 2 * rules.witnessQuorum <= rules.witnesses.length)
    say("floor_witnesses", "More than half of the witnesses must agree.")
  return problems
}

const bytesOf = (seed: number, length: number) =>
  new Uint8Array(length).map((_, at) => ((at + 1) * (seed * 2 + 13) * 2_654_435_761) >>> 21)
const hash = (seed: number) => hex(bytesOf(seed, 32))
const noteOf = (size: number) =>
  `holdfast/charter/${id(0x7b).slice(0, 16)}\n${size}\nk2${"VnXz9mQe0LrT4yUi7oPa1sDf6gHj3kLc8vBn5m".slice(0, 41)}=\n\n— holdfast/charter/${id(0x7b).slice(0, 16)} Bq1kZ0v${"d2l0bmVzc2VkLWJ5LW1hbnktcGVvcGxl".repeat(2)}==\n`

function detailOf(act: Act, watchers: readonly WitnessView[]): ActDetail {
  const { index } = act
  const statement = bytesOf(index, 240)
  statement.set(new TextEncoder().encode(`${act.type}/`), 24)
  return {
    index,
    type: act.type,
    sentence: act.sentence,
    code: act.code,
    outcome: act.outcome,
    ...(act.reason === undefined ? {} : { reason: act.reason }),
    decidedBy: act.outcome === "vetoed" ? index + 1 : act.outcome === "lapsed" ? 21 : index,
    fields: [
      { name: "Type", value: act.type },
      { name: "Subject", value: `${act.type}/${act.statement.slice(0, 16)}` },
      { name: "Sequence", value: "1" },
      { name: "Rules", value: "version 3" },
      { name: "Based on", value: `${index} entries, root ${hash(index).slice(0, 16)}…` },
      { name: "Valid until", value: "2026-12-03 12:00:00 UTC" },
    ],
    approvals: act.approvedBy.map((name, at) => ({
      name,
      kind: at === 0 ? "passkey" : "key",
      keyCode: print(0x40 + at),
      counted: act.outcome !== "refused" || at > 0,
      ...(at === 0 ? { note: "asked for a finger, a face or a PIN" } : {}),
      signature: hex(bytesOf(index + at, 64)),
    })),
    statement: { id: act.statement.repeat(2), bytes: statement },
    entry: bytesOf(index + 1, 610),
    leafHash: hash(index + 2),
    inclusion: {
      size: 23,
      root: hash(91),
      path: [hash(3), hash(4), hash(5), hash(6), hash(7)],
      note: noteOf(23),
      cosignedBy: watchers.map(({ name, cosignedAt }) => ({ name, at: cosignedAt ?? Date.now() })),
    },
    proof: new TextEncoder().encode("c2sp.org/tlog-proof@v1\n"),
  }
}

// What the keepers' desk says. Apart from the other words because it is loaded when somebody opens the desk.
import type { ActRuleView, RuledAct } from "@holdfast/client"
import { count, names } from "./messages.ts"
import type { LineProblem } from "./state/people-list.ts"

/** "2 days", "12 hours": spans that people choose, in their largest whole unit. */
export function spanOf(seconds: number): string {
  if (seconds % 86_400 === 0 && seconds > 0) return count(seconds / 86_400, "day")
  if (seconds % 3_600 === 0 && seconds > 0) return count(seconds / 3_600, "hour")
  return count(Math.ceil(seconds / 60), "minute")
}

const from = (rule: ActRuleView) =>
  [
    rule.minOrganisations > 1 ? `${rule.minOrganisations} different organisations` : "",
    rule.minJurisdictions > 1 ? `${rule.minJurisdictions} different jurisdictions` : "",
  ].filter((part) => part !== "")

/** "3 of 5, from 2 different organisations, after 2 days, 2 can veto" */
export function ruleInShort(rule: ActRuleView, seats: number): string {
  const parts = [`${rule.k} of ${seats}`, ...(from(rule).length === 0 ? [] : [`from ${names(from(rule))}`])]
  if (rule.delaySeconds > 0) parts.push(`after ${spanOf(rule.delaySeconds)}`)
  if (rule.delaySeconds > 0 && rule.vetoK > 0) parts.push(`${rule.vetoK} can veto`)
  return parts.join(", ")
}

/** Only the numbers that differ, each with what it was and what it becomes. */
export function rulePartsInWords(was: ActRuleView, wasOf: number, is: ActRuleView, isOf: number): readonly string[] {
  const { rules } = desk
  const least = (n: number) => (n > 1 ? rules.atLeast(n) : rules.any)
  const wait = (seconds: number) => (seconds === 0 ? rules.atOnce : spanOf(seconds))
  const vetoers = (n: number) => (n === 0 ? rules.vetoNobody : String(n))
  const parts: readonly (readonly [what: string, was: string, is: string])[] = [
    [rules.k, rules.kOption(was.k, wasOf), rules.kOption(is.k, isOf)],
    [rules.minOrganisations, least(was.minOrganisations), least(is.minOrganisations)],
    [rules.minJurisdictions, least(was.minJurisdictions), least(is.minJurisdictions)],
    [rules.delay, wait(was.delaySeconds), wait(is.delaySeconds)],
    [rules.vetoK, vetoers(was.vetoK), vetoers(is.vetoK)],
  ]
  return parts
    .filter(([, before, after]) => before !== after)
    .map(([what, before, after]) =>
      rules.changed.part(`${what.charAt(0).toLowerCase()}${what.slice(1)}`, before, after),
    )
}

/** What these numbers mean for the people whom they bind. */
export function ruleMeaning(rule: ActRuleView, seats: number, act: RuledAct): string {
  const spare = seats - rule.k
  const places = from(rule).length === 0 ? "" : ", as long as the others still come from that many"
  const sentences = [
    `Any ${rule.k} of the ${seats} keepers decide together${from(rule).length === 0 ? "" : `, and they must come from at least ${names(from(rule))}`}.`,
  ]
  if (spare > 0)
    sentences.push(
      `${spare === 1 ? "One of them" : `Up to ${spare} of them`} can be away or lose a key, and it still works${places}.`,
    )
  if (rule.k > 1)
    sentences.push(`${rule.k === 2 ? "One of them alone" : `${rule.k - 1} of them together`} can decide nothing.`)
  if (rule.delaySeconds > 0) {
    const veto =
      act === "recover"
        ? `any device that the member still has can stop it alone${rule.vetoK > 0 ? `, and so can ${rule.vetoK} keepers` : ""}`
        : rule.vetoK === 0
          ? "nobody can stop it"
          : `${rule.vetoK} keepers can stop it`
    sentences.push(`It then waits ${spanOf(rule.delaySeconds)}, seen by everybody, and in that time ${veto}.`)
  } else sentences.push("It happens at once.")
  return sentences.join(" ")
}

/** About one decision. */
export const decisions = {
  progress: (have: number, needed: number) => `${have} of ${needed}`,
  progressWords: (have: number, needed: number) =>
    have >= needed ? "Enough have agreed." : `${needed - have} more must agree.`,
  approved: (who: readonly string[]) => `Approved by ${names(who)}`,
  declined: (who: readonly string[]) => `Declined by ${names(who)}`,
  nobody: "Nobody has approved yet",
  by: (name: string, when: string) => `Proposed by ${name}, ${when}`,
  joinCode: "Joining code",
  joinCodeHint: "Ask the person to read you theirs. Approve only if it is the same.",
  approve: "Approve",
  decline: "Decline",
  approving: "Signing…",
  youApproved: "You have approved.",
  youDeclined: "You have declined.",
  confirmTitle: "Have you compared the joining code?",
  confirmBody: (code: string) =>
    `Ask the person to read you their code over the phone or in person. It must be ${code}. If you approve a different one, a stranger is let in.`,
  confirm: "It is the same: approve",
  confirmManyTitle: "Have you read every line of it?",
  confirmManyBody:
    "One signature does all of it. Whoever is let in has a joining code in the list: each person has to read you theirs. One that differs lets a stranger in.",
  confirmMany: "I have read it, and every code is the same: approve",
} as const

export const desk = {
  title: "Keepers",
  intro: "Nothing here happens before enough people agree. Read each one as if nobody else did.",
  notKeeper: "You see what is proposed. The keepers decide.",
  propose: "Propose…",
  tools: {
    rules: "Change the rules",
    suspend: "Suspend a keeper",
    replace: "Replace a lost keeper",
    relays: "Change the servers",
    canary: "Renew the canary",
    recover: "Recover a member",
    removals: "Remove several members",
    admissions: "Admit many at once",
    import: "Invite from a list",
    become: "Offer another key of mine",
    key: "Import an approval file",
  },
  proposed: "Proposed. Read the exact sentence below, and approve it if it is right.",

  mine: "Waits for you",
  none: "Nothing waits for a decision.",
  others: "Under way",
  waiting: "Decided, and waits for its time",
  keepers: "Who decides",
  drafts: "Drafts",
  history: "Before",
  seeTimeline: "All of it is in the timeline.",
  ranOut: "Ran out of time",
  overtaken: "Something else was decided first",
  thenWaits: (span: string, vetoK: number) =>
    `Once decided it waits ${span} before it takes effect${vetoK > 0 ? `; ${vetoK} keepers can veto it in that time` : ""}.`,
  deviceAgreed: (who: readonly string[]) => `Agreed to on their own device by ${names(who)}.`,
  labelsNeeded: (organisations: number, jurisdictions: number) =>
    `Those who agree must come from ${names([
      ...(organisations > 1 ? [`${organisations} organisations`] : []),
      ...(jurisdictions > 1 ? [`${jurisdictions} jurisdictions`] : []),
    ])}.`,

  reminder: {
    "expires-today": "Expires within a day",
    "expires-tomorrow": "Expires tomorrow",
    undecided: (days: number) => `Not decided for ${count(days, "day")}`,
  },
  code: "Code of this decision",
  codeHint: "The same code must show on your other device, and with everybody who decides about this.",
  missing: {
    who: (who: readonly string[]) => `Not heard yet: ${names(who)}.`,
    organisations: (n: number) =>
      `Needs ${n === 1 ? "one more organisation" : `${n} more organisations`} among those who agree.`,
    jurisdictions: (n: number) =>
      `Needs ${n === 1 ? "one more jurisdiction" : `${n} more jurisdictions`} among those who agree.`,
  },
  approvePasskey: "Approve with passkey",
  approveKeyFile: "Approve with your key file…",
  keyFile: "With a key file…",
  keyFileOfOthers: "For somebody's key file…",

  keyFilePopup: {
    title: "Approve with a key file",
    intro: "For a key that lives on a machine which is never online.",
    one: "Save the signing request and carry it to that machine.",
    save: "Save the signing request",
    two: "There, read the sentence, compare the code, and sign:",
    command: (file: string) => `holdfast keeper sign ${file}`,
    three: "Bring the approval file back and choose it here.",
    importTitle: "Import an approval file",
    importIntro: "The file that “holdfast keeper sign” wrote. It names the decision that it belongs to.",
    choose: "Choose the approval file",
    drop: "or drop it here",
    done: "The approval is counted.",
    tooLarge: "That is not an approval file: it is far too large.",
  },

  wait: {
    at: (when: string, moment: string) => `Takes effect ${when} (${moment}).`,
    notBegun: (span: string) =>
      `Takes effect ${span} after witnesses have seen it. They have not yet, so its time has not begun.`,
    veto: "Veto…",
    vetoAlone: "Stop it now…",
    aboutMe: "This is about you.",
    canVeto: (n: number) => `${n} keepers together can veto it until then.`,
    nobody: "Nobody can veto it.",
    memberCan: "Any device that the member still has can stop it alone.",
    vetoTitle: "Stop this for good?",
    vetoBody: (n: number) =>
      `A veto is a proposal of its own: ${n} keepers must agree to it before the time is over. Then it never takes effect.`,
    vetoBodyAlone:
      "It is about your own account, so this device decides alone. It never takes effect, and everybody sees that it was stopped.",
    confirm: "Propose the veto",
    confirmAlone: "Stop it",
    vetoed: "Veto proposed. It needs approvals now.",
  },

  canary: {
    none: "The keepers have given no canary.",
    good: (until: string) => `The keepers declare that no one has compelled them. It holds until ${until}.`,
    soon: (until: string) => `The canary lapses on ${until}. The keepers should renew it.`,
    lapsed: (until: string) =>
      `The canary lapsed on ${until}. The keepers no longer declare that no one has compelled them. Ask one of them in person.`,
    title: "Canary",
    what: "A canary says: no one has compelled us to act against this organisation. It says so for a while only. If the keepers cannot or will not renew it, it lapses, and everybody sees that.",
    honest: "Approve it only if it is true. Nobody can be made to renew it by a server or by software.",
    monthly: "For a month",
    quarterly: "For three months",
    submit: "Propose the canary",
  },

  seat: {
    key: "key",
    passkey: "passkey",
    you: "you",
    suspended: "suspended",
    suspendedUntil: (when: string) => `suspended until ${when}`,
    suspendedOpen: "suspended; the time begins when witnesses have seen it",
    gone: "no longer a member",
    noLabels: "no labels",
  },

  become: {
    title: "Become a keeper",
    open: "Offer a key…",
    intro:
      "A keeper's key signs what you agree to. You offer one; the keepers then give it a seat by changing the rules.",
    how: "Where the key is",
    device: "On this device",
    deviceHint: "Made here and sealed with your passphrase. Whoever has this device unlocked could use it.",
    passkey: "Passkey or security key",
    passkeyHint: "Asks for your finger, face or PIN each time. A security key can be kept apart from this computer.",
    file: "Key file on another machine",
    fileHint: "For a machine that is never online. You carry small files between the two.",
    noPasskey: (relay: string) =>
      `A keeper's passkey is bound to this computer, so that no server can ever ask for it, and this page comes from a server's address. On this computer run “holdfast desk --relay ${relay}”, open the address that it shows, join there as another device of yours, and make the passkey there. Or choose another kind of key.`,
    noPasskeyLocal: (link: string) =>
      `A keeper's passkey works only at an address of this computer that ends in .localhost. Open ${link} instead, join there as another device of yours, and make the passkey there; or choose another kind of key.`,
    noPasskeyBrowser: "This browser cannot make passkeys. Use a current one, or choose another kind of key.",
    twice:
      "You will be asked twice: once to make the passkey, and once to sign that you agree to become a keeper with it.",
    fileSteps: "On that machine, make a key once, then an offer for this organisation:",
    fileCommand: (organisation: string) =>
      `holdfast keeper new keeper.holdfast-key\nholdfast keeper offer keeper.holdfast-key ${organisation}`,
    offer: "The offer that it printed",
    offerHint: "It begins with hfk1. It holds no secret.",
    badOffer: "An offer begins with hfk1 and is copied whole, from its beginning to its end.",
    submit: "Offer this key",
    submitPasskey: "Make the passkey",
    done: "Your key is offered. The keepers can give it a seat now.",
  },

  rules: {
    title: "The rules",
    back: "Keepers",
    intro:
      "Who decides, and how many of them it takes. New rules need enough approvals under the old rules and under the new ones.",
    seats: "Seats",
    seatsHint:
      "One seat for each keeper. Labels say where somebody stands; rules can ask for keepers from different organisations and jurisdictions, so that nobody can lean on all of them at once.",
    organisation: "Organisation",
    jurisdiction: "Jurisdiction",
    removeSeat: (name: string) => `Take ${name} out`,
    addSeat: "Add a seat",
    newSeat: "new",
    addMember: "A member",
    addOffer: "A key file's offer",
    member: "Member",
    memberHint: "They offer a key of their own first, under Keepers. The check below says who has not.",
    offer: "Offer",
    forMember: "Whose key it is",
    nobody: "Nobody who is a member",
    add: "Add",
    offerSeat: (code: string) => `Key file ${code}`,
    numbers: "What it takes",
    k: "Keepers who must agree",
    kOption: (k: number, n: number) => `${k} of ${n}`,
    minOrganisations: "From how many organisations",
    minJurisdictions: "From how many jurisdictions",
    any: "any",
    atLeast: (n: number) => `at least ${n}`,
    delay: "Waits",
    atOnce: "not at all",
    vetoK: "Keepers who can veto meanwhile",
    vetoNobody: "none",
    own: "Treat this in its own way",
    follows: "as a change of the rules",
    neverWaits: "This has to be quick, so it never waits.",
    acts: {
      rules: "Change the rules",
      "suspend-keeper": "Suspend a keeper",
      "member-add": "Add a member",
      "member-remove": "Remove a member",
      "device-add": "Add a device",
      "device-remove": "Remove a device",
      relays: "Change the servers",
      release: "Release client code",
      recover: "Recover a member",
      canary: "Give the canary",
    } satisfies Record<RuledAct, string>,
    witnesses: "Witnesses",
    witnessesHint:
      "Programs run by others that sign what they have seen of the history. With more than half of them honest, nobody can show two people two different histories. Waiting times are measured by their clocks.",
    noWitnesses:
      "No witnesses: nothing can wait, and a server that lies about the history is noticed only when two members talk.",
    vkey: "Key of the witness",
    vkeyHint: "name+id+base64, or the whole line that “holdfast witness” prints.",
    url: "Address",
    urlHint: "Where servers ask it to sign. Leave it empty if you do not know.",
    addWitness: "Add a witness",
    removeWitness: (name: string) => `Take the witness ${name} out`,
    newWitness: "New witness",
    quorum: "Witnesses who must agree",
    quorumMeaning: (w: number, n: number) =>
      `${w} of the ${n} witnesses must have signed before anything counts as seen. ${n - w === 0 ? "None of them may be away." : `${n - w === 1 ? "One of them" : `${n - w} of them`} can be away.`}`,
    checking: "Checking…",
    fine: "These rules can be.",
    problems: "These rules cannot be:",
    changes: "What changes",
    noChanges: "Nothing is different from the rules in force.",
    kept: "Kept as a draft on this device.",
    discard: "Discard the draft",
    review: "Look at the changes",
    submit: "Propose these rules",
    confirmTitle: "Propose these rules?",
    confirmBody: "What waits under the rules in force lapses when new rules take effect.",
    draft: "New rules",
    draftHint: "Begun on this device and not proposed yet.",
    goOn: "Go on",
    changed: {
      "seat-added": (name: string) => `${name} gets a seat`,
      "seat-removed": (name: string) => `${name} loses the seat`,
      labels: (name: string, was: string, is: string) => `${name}: ${was} becomes ${is}`,
      act: (act: string, parts: readonly string[]) => `${act}: ${parts.join("; ")}`,
      rules: "Change the rules, and what follows it",
      part: (what: string, was: string, is: string) => `${what}, ${was} becomes ${is}`,
      own: "now in its own way",
      follows: "now as a change of the rules",
      "witness-added": (name: string) => `${name} becomes a witness`,
      "witness-removed": (name: string) => `${name} is no longer a witness`,
      "witness-changed": (name: string) => `${name}: address or labels change`,
      "witness-quorum": (was: number, is: number) => `Witnesses who must agree: ${was} becomes ${is}`,
    },
    onlyKeepers: "Only keepers can propose rules. You can look at them.",
  },

  suspend: {
    title: "Suspend a keeper",
    body: "From then on their approvals do not count, until the time is over. It counts at once and is seen by everybody. It is for a keeper who may be under pressure or whose key may be in other hands.",
    who: "Whom",
    long: "For how long",
    submit: "Propose the suspension",
    nobody: "There is no other keeper who could be suspended.",
    noClock:
      "A suspension ends by the clocks of witnesses, and the rules name none that have signed yet. Name witnesses in the rules first.",
  },
  replace: {
    title: "Replace a lost keeper",
    body: "The seat goes to another key, with the same labels unless you change them. It is a change of the rules, so it needs as many approvals as one.",
    lost: "Whose key is lost",
    by: "Whose key takes the seat",
    byMember: "A member who has offered a key",
    byOffer: "A key file's offer",
    submit: "Propose the replacement",
  },
  relays: {
    title: "Change the servers",
    body: "Members' devices talk to these servers and to no others, in this order.",
    url: "Addresses, one a line",
    key: "Log key (64 hexadecimal digits)",
    operator: "Who runs it",
    jurisdiction: "Where it stands",
    add: "Add a server",
    one: (n: number) => `Server ${n}`,
    remove: (n: number) => `Take server ${n} out`,
    badUrl: "Each address begins with https:// (or http:// on this computer) and stands on its own line.",
    badKey: "The log key has exactly 64 hexadecimal digits. The server prints it when it starts.",
    submit: "Propose these servers",
    none: "At least one server has to stay.",
  },
  recover: {
    title: "Recover a member",
    body: "For somebody who has lost every device. They join on a new device with this invitation; the keepers then decide, and the old devices end when the waiting time is over. Until then any old device can stop it.",
    who: "Whom",
    hours: "The invitation holds for",
    submit: "Make the invitation",
    noDelay:
      "Under these rules a recovery waits for less than a day, so it cannot be done: give “Recover a member” a waiting time of at least one day in the rules first.",
  },
  removals: {
    title: "Remove several members",
    body: "They and all of their devices are cut off together, or none of them. What they have received stays with them.",
    who: "Whom",
    submit: (n: number) => (n === 0 ? "Propose the removal" : `Propose to remove ${count(n, "member")}`),
    nobody: "There is nobody else here.",
  },
  admissions: {
    title: "Admit many at once",
    waiting: (n: number) =>
      n === 1
        ? "One person has asked to join, and nobody has proposed it yet."
        : `${n} people have asked to join, and nobody has proposed it yet.`,
    open: "Admit together…",
    body: "One decision for all of these. Compare each joining code with its person first: whoever is in the list is let in together with the others.",
    none: "Nobody waits to be let in.",
    who: "Who has asked",
    submit: (n: number) => (n === 0 ? "Propose to admit them" : `Propose to admit ${n}`),
    invitedBy: (name: string) => `invited by ${name}`,
    compared: "I have compared these codes with the people themselves.",
  },
  import: {
    title: "Invite from a list",
    body: "A text file with one person a line: a name, and a label after a comma if you like. Each gets an invitation of their own, as a member whatever the label says, at most 500 at once.",
    choose: "Choose a CSV file",
    drop: "or drop it here",
    preview: (good: number, bad: number) =>
      bad === 0
        ? `${count(good, "person", "people")} in the list`
        : `${count(good, "person", "people")} in the list, ${count(bad, "line")} left out`,
    line: "Line",
    name: "Name",
    label: "Label",
    problem: {
      "no-name": "no name",
      "too-long": "longer than 80 characters",
      twice: "the same name as an earlier line",
      "too-many": "more than 500",
    } satisfies Record<LineProblem, string>,
    fine: "ready",
    tooLarge: "That file is too large for a list of people.",
    empty: "There is nobody in that file.",
    submit: (n: number) => `Make ${count(n, "invitation")}`,
    busy: "Making invitations…",
    done: (made: number, failed: number) =>
      failed === 0 ? `${count(made, "invitation")} made.` : `${count(made, "invitation")} made, ${failed} failed.`,
    save: "Save the links as CSV",
    secret:
      "Each link lets somebody ask to join in that person's place. Hand each to its person only, and delete the file afterwards.",
    made: "made",
  },

  detail: {
    back: "Timeline",
    title: (n: number) => `Entry ${n}`,
    signed: "The sentence that was signed",
    outcome: {
      applied: "Took effect",
      waiting: "Waits",
      vetoed: "Vetoed",
      lapsed: "Lapsed",
      refused: "Refused",
    },
    decidedBy: (n: number) => `decided by entry ${n}`,
    fields: "Fields",
    approvals: "Approvals",
    noApprovals: "None. Entries of this kind need none.",
    kind: { key: "key", passkey: "passkey", device: "device" },
    counted: "counted",
    notCounted: "did not count",
    signature: "Signature",
    bytes: "Bytes",
    statement: "Statement",
    statementHint: "What the keepers signed.",
    entry: "Entry in the log",
    entryHint: "The statement with its approvals, as the log holds it.",
    size: (n: number) => count(n, "byte"),
    copyHex: "Copy as hexadecimal",
    download: "Save the bytes",
    inclusion: "Proof that it is in the log",
    noInclusion: "This device holds no signed checkpoint that covers it yet.",
    leaf: "Leaf hash",
    tree: (n: number) => `Log of ${count(n, "entry", "entries")}`,
    root: "Root",
    path: "Path",
    note: "The signed checkpoint",
    cosigned: "Seen by witnesses",
    nobodyCosigned: "No witness has signed this checkpoint.",
    saveProof: "Save as .tlog-proof",
    proofHint: "A file that other tools can check without Holdfast (C2SP tlog-proof).",
    notFound: "There is no such entry.",
  },

  watch: {
    title: "Who watches the history",
    needed: (w: number, n: number) => `${w} of ${n} must agree`,
    state: { fresh: "signed", missing: "missing", unknown: "not heard of yet" },
    seen: (ago: string) => `signed ${ago}`,
    missingSince: (ago: string) => `last signed ${ago}`,
    address: "Address",
    export: "Save the whole history",
    exportHint:
      "One archive with every entry, all signatures and the names. After unpacking, “holdfast log verify” and tools that are not ours can check it.",
  },
} as const

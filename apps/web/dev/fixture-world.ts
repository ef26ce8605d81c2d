// The invented organisation of each scene, as it is when somebody unlocks it.

import type {
  Act,
  Alarm,
  Conversation,
  Device,
  FoundOptions,
  Id,
  Invite,
  KeeperPlan,
  Overview,
  Person,
  Proposal,
} from "@holdfast/client"
import { largeProposals, laterActs } from "./fixture-desk.ts"

export interface FixtureOptions {
  /** What somebody typed as passphrase: main, evaluation, alarm, ghost, removed, offline, plan, long, waiting, recovering, founded, desk, frozen, lapsed. */
  readonly scene: string
  readonly found?: FoundOptions
  readonly name?: string
}

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
export const id = (n: number): Id => n.toString(16).padStart(2, "0").repeat(16)
export const print = (n: number) =>
  [n, n * 7, n * 31, n * 101]
    .map((x) => ((x * 2_654_435_761) >>> 16).toString(16).slice(0, 4).padStart(4, "0"))
    .join(" ")

export const device = (n: number, label: string, admittedAt: number, rest: Partial<Device> = {}): Device => ({
  id: id(n),
  label,
  fingerprint: print(n),
  active: true,
  you: false,
  admittedAt,
  ...rest,
})

/** Five keepers in three jurisdictions, with witnesses: everything that a keepers' desk can show. */
export const isLarge = (scene: string) => scene === "desk" || scene === "frozen" || scene === "lapsed"
export const isEvaluation = (scene: string) => scene === "evaluation" || scene === "plan" || scene === "founded"

export interface World {
  readonly myName: string
  readonly evaluation: boolean
  readonly needed: number
  readonly people: Person[]
  readonly conversations: Conversation[]
  readonly timeline: Act[]
  readonly proposals: Proposal[]
  readonly invites: Invite[]
  readonly invitationText: string
  readonly keeperPlan: KeeperPlan | undefined
  readonly alarms: Alarm[]
  readonly standing: Overview["standing"]
}

export function worldOf({ scene, found, name }: FixtureOptions): World {
  const now = Date.now()
  const evaluation = isEvaluation(scene)
  const myName = found?.name ?? name ?? "Ada Okafor"
  const people: Person[] = [
    {
      member: id(1),
      name: myName,
      keeper: true,
      active: true,
      you: true,
      admittedAt: 0,
      devices: [
        device(11, found?.deviceLabel ?? "Chromium on Linux", 0, { you: true }),
        ...(scene === "founded" ? [] : [device(12, "Pixel phone", 9)]),
      ],
    },
  ]
  if (scene !== "founded")
    people.push(
      {
        member: id(2),
        name: "Bjørn Halvorsen",
        keeper: !evaluation,
        active: true,
        you: false,
        admittedAt: 1,
        devices: [device(21, "Firefox on Windows", 1), device(22, "Old laptop", 4, { active: false, removedAt: 8 })],
      },
      {
        member: id(3),
        name: "Chloé Martin",
        keeper: !evaluation,
        active: true,
        you: false,
        admittedAt: 2,
        devices: [device(31, "Safari on Mac", 2)],
      },
      {
        member: id(4),
        name: "Dev Patel",
        keeper: false,
        active: true,
        you: false,
        admittedAt: 5,
        devices: [device(41, "Chromium on Windows", 5), device(42, "iPhone", 6)],
      },
      {
        member: id(5),
        name: "Esi Mensah",
        keeper: false,
        active: true,
        you: false,
        admittedAt: 7,
        devices: [device(51, "holdfast chat on lab-3", 7)],
      },
      {
        member: id(6),
        name: "Frank Brandt",
        keeper: false,
        active: false,
        you: false,
        admittedAt: 3,
        removedAt: 10,
        devices: [device(61, "Edge on Windows", 3, { active: false, removedAt: 10 })],
      },
    )

  let conversations: Conversation[] = [
    {
      id: id(0xa0),
      kind: "everyone",
      title: "Everyone",
      members: people.filter((p) => p.active).map((p) => p.member),
      state: "open",
      unread: 0,
      epoch: 12,
    },
  ]
  if (scene !== "founded")
    conversations = [
      {
        id: id(0xa1),
        kind: "group",
        title: "Harbour contracts",
        members: [id(1), id(2), id(3), id(4)],
        state: "open",
        unread: 0,
        epoch: 6,
      },
      {
        id: id(0xa2),
        kind: "direct",
        title: "Chloé Martin",
        members: [id(1), id(3)],
        state: "open",
        unread: 2,
        epoch: 2,
      },
      ...conversations,
      {
        id: id(0xa3),
        kind: "group",
        title: "Source handling",
        members: [id(1), id(2), id(5)],
        state: "healing",
        unread: 0,
        epoch: 4,
      },
      {
        id: id(0xa4),
        kind: "direct",
        title: "Esi Mensah",
        members: [id(1), id(5)],
        state: "open",
        unread: 0,
        epoch: 2,
      },
    ]

  if (isLarge(scene))
    people.forEach((person, at) => {
      people[at] = { ...person, keeper: person.active }
    })

  let timeline: Act[] = [
    {
      index: 0,
      statement: id(0xf0),
      type: "genesis",
      sentence:
        "Found the organisation with Ada Okafor as its first member, ruled by 1 of 1 keeper (Ada Okafor) (evaluation: a single keeper decides everything), on one relay: https://desk.example.org",
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "7K2M 9QXA",
    },
    {
      index: 1,
      statement: id(0xf1),
      type: "member-add",
      sentence: `Add Bjørn Halvorsen as a member with one device (key ${print(21)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "3VWT 0C5E",
    },
    {
      index: 2,
      statement: id(0xf2),
      type: "member-add",
      sentence: `Add Chloé Martin as a member with one device (key ${print(31)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "Z81N R4GH",
    },
    {
      index: 3,
      statement: id(0xf3),
      type: "member-add",
      sentence: `Add Frank Brandt as a member with one device (key ${print(61)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "M0QK 22DV",
    },
    {
      index: 4,
      statement: id(0xf4),
      type: "rules",
      sentence: "Change the rules to version 2: 2 of 3 keepers (Ada Okafor; Bjørn Halvorsen; Chloé Martin)",
      approvedBy: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"],
      outcome: "applied",
      code: "QF6Y 8TJ1",
    },
    {
      index: 5,
      statement: id(0xf5),
      type: "member-add",
      sentence: `Add Dev Patel as a member with one device (key ${print(41)})`,
      approvedBy: ["Bjørn Halvorsen", "Chloé Martin"],
      outcome: "applied",
      code: "A9D3 77WP",
    },
    {
      index: 6,
      statement: id(0xf6),
      type: "member-add",
      sentence: "Add member 90c1 44ab 0e7f 2d10 as a member with one device (key 5be1 0c20 99fa 7714)",
      approvedBy: ["Bjørn Halvorsen"],
      outcome: "refused",
      reason: "Fewer keepers have approved than the rules ask for.",
      code: "0H5X CC2B",
    },
    {
      index: 7,
      statement: id(0xf7),
      type: "member-add",
      sentence: `Add Esi Mensah as a member with one device (key ${print(51)})`,
      approvedBy: ["Ada Okafor", "Chloé Martin"],
      outcome: "applied",
      code: "EK71 M3ZS",
    },
    {
      index: 8,
      statement: id(0xf8),
      type: "device-remove",
      sentence: `Remove the device Old laptop (key ${print(22)}) of Bjørn Halvorsen`,
      approvedBy: ["Bjørn Halvorsen"],
      outcome: "applied",
      code: "W2N8 QA60",
    },
    {
      index: 9,
      statement: id(0xf9),
      type: "device-add",
      sentence: `Add the device Pixel phone (key ${print(12)}) to Ada Okafor`,
      approvedBy: ["Ada Okafor", "Bjørn Halvorsen"],
      outcome: "applied",
      code: "5RVC H4T9",
    },
    {
      index: 10,
      statement: id(0xfa),
      type: "member-remove",
      sentence: "Remove Frank Brandt and every device of theirs",
      approvedBy: ["Ada Okafor", "Chloé Martin"],
      outcome: "applied",
      code: "1JY0 6ZKD",
    },
  ]
  if (scene === "founded")
    timeline = timeline.slice(0, 1).map((act) => ({
      ...act,
      sentence: `Found the organisation with ${myName} as its first member, ruled by 1 of 1 keeper (${myName}) (evaluation: a single keeper decides everything)`,
      approvedBy: [myName],
    }))

  if (isLarge(scene)) timeline = [...timeline, ...laterActs(now)]

  const needed = evaluation ? 1 : isLarge(scene) ? 3 : 2
  const proposals: Proposal[] =
    scene === "founded" || scene === "evaluation"
      ? []
      : [
          {
            id: id(0xe1),
            sentence: "Add Grace Lindqvist as a member with one device",
            type: "member-add",
            details: ["Invited by Bjørn Halvorsen, for “Grace (photo desk)”", `Key of the device: ${print(71)}`],
            code: "T6PB 2W0N",
            proposedBy: "Bjørn Halvorsen",
            at: now - 14 * minute,
            needed,
            approvedBy: ["Bjørn Halvorsen"],
            declinedBy: [],
            mine: "can-approve",
            expiresAt: now + 3 * day,
            joinCode: "4F0K 77QD",
          },
          {
            id: id(0xe2),
            sentence: "Remove the device iPhone of Dev Patel",
            details: [`Key of the device: ${print(42)}`, "Dev wrote that it was lost on the train."],
            code: "9XM1 C5VA",
            proposedBy: "Ada Okafor",
            at: now - 50 * minute,
            needed,
            approvedBy: ["Ada Okafor"],
            declinedBy: [],
            mine: "approved",
            expiresAt: now + 6 * day,
          },
          {
            id: id(0xfa),
            sentence: "Remove Frank Brandt and every device of theirs",
            details: [],
            code: "1JY0 6ZKD",
            proposedBy: "Chloé Martin",
            at: now - 2 * day,
            needed,
            approvedBy: ["Ada Okafor", "Chloé Martin"],
            declinedBy: [],
            mine: "approved",
            expiresAt: now + 5 * day,
          },
        ]
  if (isLarge(scene)) proposals.unshift(...largeProposals(now))
  const invitationText = `hf1${"CAESIHseDESQ0qPxAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGiBdZ0Z3c2V0dGxlZC1zZWNyZXQtZm9yLXRoZS1maXh0dXJl".slice(0, 96)}IhZodHRwOi8vbG9jYWxob3N0OjcxMDAo`
  const invites: Invite[] =
    scene === "founded"
      ? (found?.keepers ?? []).map((keeper, at) => ({
          id: id(0xd0 + at),
          purpose: "keeper",
          name: keeper,
          invitedBy: myName,
          expiresAt: now + 7 * day,
          state: "open",
          text: `${invitationText}${at}`,
        }))
      : scene === "evaluation"
        ? []
        : [
            {
              id: id(0xd1),
              purpose: "member",
              name: "Grace (photo desk)",
              invitedBy: "Bjørn Halvorsen",
              expiresAt: now + 2 * day,
              state: "asked",
            },
            {
              id: id(0xd2),
              purpose: "device",
              name: "My tablet",
              invitedBy: "Ada Okafor",
              expiresAt: now + 5 * hour,
              state: "open",
              text: invitationText,
            },
          ]
  const keeperPlan: KeeperPlan | undefined =
    scene === "plan"
      ? {
          needed: 2,
          asksMe: true,
          people: [
            { name: "Bjørn Halvorsen", member: id(2), state: "accepted" },
            { name: myName, member: id(1), state: "you" },
            { name: "Hana Sato", state: "invited" },
          ],
        }
      : scene === "founded" && found !== undefined && found.keepers.length > 0
        ? {
            needed: found.needed,
            asksMe: false,
            people: [
              { name: myName, member: id(1), state: "you" },
              ...found.keepers.map((keeper) => ({ name: keeper, state: "invited" as const })),
            ],
          }
        : undefined
  let alarms: Alarm[] =
    scene === "founded"
      ? []
      : [
          {
            id: id(0xc1),
            at: now - 6 * hour,
            level: "notice",
            kind: "junk",
            sentence: "Two frames in the lane could not be read by anybody. They were ignored.",
          },
          ...(isLarge(scene)
            ? [
                {
                  id: id(0xc4),
                  at: now - 2 * hour,
                  level: "notice" as const,
                  kind: "decision_due",
                  sentence: "A proposal has waited for your decision for a day, or its time is nearly over.",
                },
              ]
            : []),
        ]
  if (scene === "alarm")
    alarms = [
      {
        id: id(0xc2),
        at: now - 3 * minute,
        level: "danger",
        kind: "fork",
        sentence:
          "The server showed two different histories of your organisation. Holdfast has stopped and kept both as proof.",
      },
      ...alarms,
    ]
  const standing: Overview["standing"] =
    scene === "waiting" || scene === "recovering"
      ? "waiting"
      : scene === "removed"
        ? "removed"
        : scene === "alarm"
          ? "stopped"
          : "active"
  return {
    myName,
    evaluation,
    needed,
    people,
    conversations,
    timeline,
    proposals,
    invites,
    invitationText,
    keeperPlan,
    alarms,
    standing,
  }
}

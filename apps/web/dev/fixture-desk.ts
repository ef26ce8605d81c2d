// What the larger invented organisation has decided and is deciding. Times are relative, so that the desk always looks alive.
import type { Act, Proposal } from "@holdfast/client"

const hour = 3_600_000
const day = 24 * hour
const id = (n: number) => n.toString(16).padStart(2, "0").repeat(16)

export const relaysSentence =
  "Let clients talk to 2 relays only: https://desk.example.org (Lindqvist Hosting, Netherlands, key 4f2a 91c0 77aa 01de) or https://desk2.example.net (Nordic Press Fund, Norway, key 0b17 cc40 5e92 ad31)"
export const recoverSentence =
  "Recover Ada Okafor: give them the device with key 90c1 44ab 0e7f 2d10 and end every other device of theirs"
export const suspendSentence = "Suspend Esi Mensah for 7 days: until then their approvals do not count"

export function laterActs(now: number): readonly Act[] {
  const act = (index: number, type: string, sentence: string, rest: Partial<Act> = {}): Act => ({
    index,
    statement: id(0x60 + index),
    type,
    sentence,
    approvedBy: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"],
    outcome: "applied",
    code: ["8C2M 4QXA", "J71N R4GH", "M9QK 22DV", "0F6Y 8TJ1", "B9D3 77WP", "2H5X CC2B", "EK71 M3ZS"][index % 7] ?? "",
    at: now - (24 - index) * 2 * day,
    ...rest,
  })
  const anchor = (index: number, at: number) =>
    act(index, "anchor", "Set the log's clock by a checkpoint that witnesses have cosigned", { approvedBy: [], at })
  return [
    act(
      11,
      "rules",
      "Change the rules to version 3: 3 of 5 keepers from at least 2 organisations and 2 jurisdictions after 2 days, in which 2 keepers can veto (Ada Okafor of Harbour Desk, Netherlands; Bjørn Halvorsen of Nordic Press Fund, Norway; Chloé Martin of Harbour Desk, Netherlands; Dev Patel of Lex Pro Bono, Germany; Esi Mensah of Nordic Press Fund, Norway), watched by 3 witnesses of whom 2 must agree",
    ),
    anchor(12, now - 20 * day),
    anchor(13, now - 13 * day),
    act(
      14,
      "canary",
      "Declare, until 2026-11-20, that no one has compelled the keepers to act against this organisation",
    ),
    act(15, "member-remove", "Remove Chloé Martin and every device of theirs", {
      approvedBy: ["Bjørn Halvorsen", "Dev Patel", "Esi Mensah"],
      outcome: "vetoed",
      reason: "Vetoed by Ada Okafor and Chloé Martin.",
    }),
    act(16, "veto", "Veto the act with the code J71N R4GH, so that it never takes effect", {
      approvedBy: ["Ada Okafor", "Chloé Martin"],
    }),
    act(17, "device-add", "Add the device with key 5be1 0c20 99fa 7714 to Dev Patel", {
      outcome: "lapsed",
      reason: "The rules changed while it waited.",
    }),
    act(18, "suspend-keeper", suspendSentence, { approvedBy: ["Ada Okafor", "Dev Patel"], at: now - 3 * day }),
    act(19, "recover", recoverSentence, {
      outcome: "waiting",
      approvedBy: ["Bjørn Halvorsen", "Chloé Martin", "Dev Patel"],
      at: now - 2 * day,
    }),
    act(20, "relays", relaysSentence, { outcome: "waiting", at: now - 20 * hour }),
    anchor(21, now - 20 * hour),
    anchor(22, now - 40 * 60_000),
  ]
}

export function largeProposals(now: number): readonly Proposal[] {
  return [
    {
      id: id(0xe5),
      type: "rules",
      sentence:
        "Change the rules to version 4: 3 of 5 keepers from at least 2 organisations and 2 jurisdictions after 3 days, in which 2 keepers can veto (Ada Okafor of Harbour Desk, Netherlands; Bjørn Halvorsen of Nordic Press Fund, Norway; Chloé Martin of Harbour Desk, Netherlands; Dev Patel of Lex Pro Bono, Germany; Hana Sato of Asahi Legal, Japan)",
      details: ["Esi Mensah loses the seat", "Hana Sato gets one: key file, key 77aa 01de 4f2a 91c0"],
      code: "V4ZB 9K2N",
      proposedBy: "Dev Patel",
      at: now - 2.4 * day,
      needed: 3,
      approvedBy: ["Dev Patel"],
      declinedBy: [],
      mine: "can-approve",
      expiresAt: now + 1.6 * day,
      missing: { keepers: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"], organisations: 1, jurisdictions: 1 },
      given: 1,
      labels: { organisations: 2, jurisdictions: 2 },
      waitsSeconds: 172_800,
      vetoK: 2,
      approveWith: "device",
    },
    {
      id: id(0xe6),
      type: "canary",
      sentence: `Declare, until ${new Date(now + 31 * day).toISOString().slice(0, 10)}, that no one has compelled the keepers to act against this organisation`,
      details: [],
      code: "6RTD 0PXW",
      proposedBy: "Chloé Martin",
      at: now - 5 * hour,
      needed: 3,
      approvedBy: ["Chloé Martin", "Ada Okafor"],
      declinedBy: ["Bjørn Halvorsen"],
      mine: "approved",
      expiresAt: now + 6.8 * day,
      missing: { keepers: ["Dev Patel"], organisations: 0, jurisdictions: 0 },
    },
  ]
}

export function formerProposals(now: number): readonly Proposal[] {
  return [
    {
      id: id(0xe7),
      type: "member-remove",
      sentence: "Remove Frank Brandt and every device of theirs",
      details: [],
      code: "3MMA 81QC",
      proposedBy: "Bjørn Halvorsen",
      at: now - 12 * day,
      needed: 3,
      approvedBy: ["Bjørn Halvorsen"],
      declinedBy: ["Chloé Martin"],
      mine: "declined",
      state: "expired",
      expiresAt: now - 5 * day,
    },
  ]
}

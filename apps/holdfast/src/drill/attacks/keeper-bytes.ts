import { type CborValue, checkBeforeSigning, encodeCbor, type Statement } from "@holdfast/charter"
import type { Attack } from "../attack.ts"
import { random } from "../attacker.ts"
import { daySeconds, turnedKeepers } from "../council/council.ts"
import { altered, inSecondForm, sealedBlindly } from "../council/forge.ts"
import { type Forgery, forgery, removal, signed, signedWrong } from "../council/forgery.ts"

/** Bytes, order and time: what has to be right before anybody asks who has signed. */
const malformedAndMisplaced: readonly Forgery[] = [
  {
    name: "an entry in a second form",
    promise: "P2",
    tries: "The same values in other bytes: a strict encoding has one form only.",
    refusal: "malformed",
    make: async (ground) => inSecondForm(await signed(ground, removal(ground))),
  },
  {
    name: "a statement in a second form",
    promise: "P2",
    tries: "A statement whose bytes are not the one encoding of what it says, signed as it is.",
    refusal: "malformed",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const approvals = await Promise.all(
        turnedKeepers.map((name) => ground.desk.council.seats[name].approve(statement)),
      )
      return sealedBlindly(inSecondForm(statement.bytes), approvals)
    },
  },
  {
    name: "one keeper three times",
    promise: "P2",
    tries: "One keeper's right approval stands in the entry three times, to be counted as three keepers.",
    refusal: "malformed",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const one = await ground.desk.council.seats.jost.approve(statement)
      return sealedBlindly(statement.bytes, [one, one, one])
    },
  },
  {
    name: "an entry that is too large",
    promise: "P2",
    tries: "An entry of more than 60,000 bytes, to see whether anybody chokes on it.",
    refusal: "too_large",
    async make(ground) {
      const statement = await ground.desk.draft(removal(ground))
      const body = new Map<number, CborValue>([[0, random(60_000)]])
      const approvals = await Promise.all(
        turnedKeepers.map((name) => ground.desk.council.seats[name].approve(statement)),
      )
      return sealedBlindly(encodeCbor(body), approvals)
    },
  },
  {
    name: "an act of an unknown type",
    promise: "P2",
    tries: "An act that no version knows, which an unwary client might take for permission.",
    refusal: "unknown_type",
    kinds: ["update_needed", "refused_entry"],
    make: (ground) => signedWrong(ground, removal(ground), () => ({ type: 4_711 })),
  },
  {
    name: "an applied act again, with more approvals",
    promise: "P2",
    tries: "The admission of a member, which was decided once, comes again under two more signatures.",
    refusal: "replayed",
    async make({ desk }) {
      const { records } = await desk.charter()
      const admitted = [...records].find(({ statement }) => statement?.type === "member-add")?.statement as Statement
      return desk.sealed(admitted, turnedKeepers)
    },
  },
  {
    name: "a place in the sequence left out",
    promise: "P2",
    tries: "An act about a member claims a place in its sequence that is not the next.",
    refusal: "wrong_sequence",
    make: (ground) => signedWrong(ground, removal(ground), ({ seq }) => ({ seq: seq + 1 })),
  },
  {
    name: "a place in the sequence used again",
    promise: "P2",
    tries: "An act claims the first place in its sequence, where another stands already.",
    refusal: "wrong_sequence",
    make: (ground) => signedWrong(ground, removal(ground), () => ({ seq: 0, prev: new Uint8Array(32) })),
  },
  {
    name: "drafted on a fork",
    promise: "P2",
    tries: "An act whose base is a root that this history never had.",
    refusal: "wrong_base",
    make: (ground) => signedWrong(ground, removal(ground), ({ base }) => ({ base: [base.size, random(32)] })),
  },
  {
    name: "drafted on a history that is yet to come",
    promise: "P2",
    tries: "An act whose base is larger than the log.",
    refusal: "wrong_base",
    make: (ground) => signedWrong(ground, removal(ground), ({ base }) => ({ base: [base.size + 5, base.root] })),
  },
  {
    name: "under rules that are yet to come",
    promise: "P2",
    tries: "An act that names the rules after the next.",
    refusal: "wrong_rules_version",
    make: (ground) => signedWrong(ground, removal(ground), ({ rulesVersion }) => ({ rulesVersion: rulesVersion + 1 })),
  },
  {
    name: "an act whose time is over",
    promise: "P2",
    tries: "An act that could be approved until a minute before the log's clock.",
    refusal: "expired",
    async make(ground) {
      const { clock } = (await ground.desk.charter()).state
      return signedWrong(ground, removal(ground), () => ({ notAfter: (clock as number) - 60 }))
    },
  },
  {
    name: "an act that stays valid for a hundred years",
    promise: "P2",
    tries: "A statement to be held back until somebody else can be made to sign; an honest keeper is asked to.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { desk, scene } = ground
      const now = Math.floor(Date.now() / 1_000)
      const statement = altered(await desk.draft(removal(ground)), { notAfter: now + 36_500 * daySeconds })
      const reasons = await checkBeforeSigning(await desk.charter(), statement, now)
      scene.measure(`an honest keeper's program would not sign it: ${reasons.join(", ")}`)
      if (reasons.length === 0) scene.gain("a keeper's program signs for a hundred years ahead")
      return desk.sealed(statement, turnedKeepers)
    },
  },
]

export const keeperByteAttacks: readonly Attack[] = malformedAndMisplaced.map(forgery)

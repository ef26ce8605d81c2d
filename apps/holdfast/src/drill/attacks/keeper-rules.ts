import { signerFromSeed } from "@holdfast/log"
import type { Attack } from "../attack.ts"
import { random } from "../attacker.ts"
import { daySeconds, keySeat, newKeeper } from "../council/council.ts"
import {
  type Forgery,
  forgery,
  isSame,
  memberCalled,
  newRules,
  ownSeats,
  signed,
  sorted,
  withActs,
} from "../council/forgery.ts"

/** Rules for themselves, and rules that would lock everybody out. */
const rulesOfTheirs: readonly Forgery[] = [
  {
    name: "rules: two of five change the rules",
    promise: "P2",
    tries: "RULES by which they alone could do everything.",
    refusal: "floor_majority",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { k: 2 }))),
  },
  {
    name: "rules: two of five admit members",
    promise: "P2",
    tries: "RULES that ask for two keepers where three were asked for, within what the floors allow.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [4, 6], { k: 2 }))),
  },
  {
    name: "rules: three more seats, for keys of theirs",
    promise: "P2",
    tries: "RULES with three new keepers, who have signed too: five signatures, two of which count now.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { seats, keepers } = await ownSeats(ground, 3)
      const act = await newRules(ground, (rules) => ({
        keepers: sorted([...rules.keepers, ...keepers]),
        ...withActs(rules, [2], { k: 5, vetoK: 5 }),
      }))
      return signed(ground, act, (statement) => Promise.all(seats.map((seat) => seat.approve(statement))))
    },
  },
  {
    name: "rules: an honest keeper's seat under another key",
    promise: "P2",
    tries: "RULES in which a keeper's id stays and its key is the attacker's.",
    refusal: "keeper_changed",
    async make(ground) {
      const { ana } = ground.desk.council.seats
      const stand = keySeat(ana.id, await signerFromSeed(random(32)))
      const keeper = await newKeeper(ground.scene.org, stand)
      const act = await newRules(ground, (rules) => ({
        keepers: rules.keepers.map((one) => (isSame(one.id, ana.id) ? { ...one, ...keeper, member: one.member } : one)),
      }))
      return signed(ground, act)
    },
  },
  {
    name: "rules: one person in two seats",
    promise: "P2",
    tries: "RULES that give one member a second seat, under a second key.",
    refusal: "keeper_twice",
    async make(ground) {
      const { seats, keepers } = await ownSeats(ground, 1)
      const member = memberCalled(ground, "Ana")
      const act = await newRules(ground, (rules) => ({
        keepers: sorted([...rules.keepers, ...keepers.map((keeper) => ({ ...keeper, member }))]),
        ...withActs(rules, [2], { k: 4 }),
      }))
      return signed(ground, act, (statement) => Promise.all(seats.map((seat) => seat.approve(statement))))
    },
  },
  {
    name: "rules: no witnesses and no waiting",
    promise: "P4",
    tries: "RULES that dismiss the witnesses, and with them everything that waits.",
    refusal: "too_few_keepers",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => ({
          ...withActs(rules, [...rules.acts.keys()], { delaySeconds: 0, vetoK: 0 }),
          witnesses: [],
          witnessQuorum: 0,
        })),
      ),
  },
  {
    name: "rules: their witness alone",
    promise: "P4",
    tries: "RULES that keep of the witnesses only the attacker's.",
    refusal: "too_few_keepers",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => ({
          witnesses: rules.witnesses.filter(({ name }) => name.startsWith("reef")),
          witnessQuorum: 1,
        })),
      ),
  },
  {
    name: "rules: one witness of three is believed",
    promise: "P4",
    tries: "RULES by which one witness would be enough to tell the time.",
    refusal: "floor_witnesses",
    make: async (ground) => signed(ground, await newRules(ground, () => ({ witnessQuorum: 1 }))),
  },
  {
    name: "lock-out: all five have to agree",
    promise: "P9",
    tries: "RULES under which the loss of any one keeper would stop the organisation for good.",
    refusal: "floor_loss",
    make: async (ground) =>
      signed(
        ground,
        await newRules(ground, (rules) => withActs(rules, [...rules.acts.keys()], { k: 5, vetoK: 0, delaySeconds: 0 })),
      ),
  },
  {
    name: "lock-out: a label that one keeper alone brings",
    promise: "P9",
    tries: "RULES that ask for three jurisdictions, one of which only one keeper is from.",
    refusal: "floor_diversity",
    make: async (ground) =>
      signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { minJurisdictions: 3 }))),
  },
  {
    name: "lock-out: any one can stop everything",
    promise: "P9",
    tries: "RULES under which one keeper alone can veto.",
    refusal: "floor_veto",
    make: async (ground) => signed(ground, await newRules(ground, (rules) => withActs(rules, [2, 8], { vetoK: 1 }))),
  },
  {
    name: "lock-out: waiting for ten years",
    promise: "P9",
    tries: "RULES under which every change would wait for ten years.",
    refusal: "floor_delay",
    make: async (ground) =>
      signed(ground, await newRules(ground, (rules) => withActs(rules, [2], { delaySeconds: 3_650 * daySeconds }))),
  },
]

export const keeperRulesAttacks: readonly Attack[] = rulesOfTheirs.map(forgery)

// What random histories found beside the stories, as short as it can be told. Each failed before it was put right.
import { beforeAll, expect, test } from "vitest"
import { type ActRule, fateOf, type Rules } from "../../src/index.ts"
import {
  act,
  anchored,
  found,
  type Organisation,
  type Person,
  person,
  type WitnessPerson,
  watchedBy,
  witness,
} from "../people.ts"

const day = 86_400
const noon = 1_800_000_000
let people: readonly Person[]
let witnesses: readonly WitnessPerson[]

beforeAll(async () => {
  people = await Promise.all(["ana", "ben", "cem", "dan", "eva"].map(person))
  witnesses = await Promise.all(["north", "south", "west"].map(witness))
})

const by = (...names: readonly string[]) =>
  people.filter(({ name }) => names.includes(name)).map(({ keeper }) => keeper)

function withRule(rules: Rules, type: number, rule: Partial<ActRule>): Rules {
  return { ...rules, acts: new Map([...rules.acts, [type, { ...(rules.acts.get(2) as ActRule), ...rule }]]) }
}

function newRules(org: Organisation, change: (rules: Rules) => Rules) {
  const { rules } = org.charter.state
  return { type: "rules", body: { ...change(rules), version: rules.version + 1 } } as const
}

async function suspend(org: Organisation, name: string) {
  const { seat } = people.find((who) => who.name === name) as Person
  const body = { keeper: seat, seconds: 30 * day }
  return act(org, { type: "suspend-keeper", body }, by("ana", "ben", "cem"))
}

test("[C5.6] rules that the keepers who are left could not meet are refused while others are suspended", async () => {
  let org = await found(people, 3, (rules) => watchedBy(witnesses, rules))
  org = await anchored(org, { time: noon, by: witnesses })
  org = await suspend(await suspend(org, "dan"), "eva")
  const left = by("ana", "ben", "cem")
  const raised = newRules(org, (rules) => withRule(rules, 4, { k: 4 }))
  expect((await act(org, raised, left)).record.outcome).toEqual({ refused: "suspension_would_stop" })
  const lowered = newRules(org, (rules) => withRule(rules, 4, { k: 2 }))
  expect((await act(org, lowered, left)).record.outcome).toBe("applied")
})

test("[C5.6] going on with a suspension is never easier than beginning it", async () => {
  let org = await found(people, 3, (rules) => withRule(watchedBy(witnesses, rules), 3, { k: 4 }))
  org = await anchored(org, { time: noon, by: witnesses })
  const { seat } = people[4] as Person
  const longer = { type: "suspend-keeper", body: { keeper: seat, seconds: 30 * day } } as const
  org = await act(org, longer, by("ana", "ben", "cem", "dan"))
  expect((await act(org, longer, by("ana", "ben", "cem"))).record.outcome).toEqual({ refused: "too_few_keepers" })
  expect((await act(org, longer, by("ana", "ben", "cem", "dan"))).record.outcome).toBe("applied")
})

test("[C5.6 C10.4] rules that waited lapse where those not suspended by then could not meet them", async () => {
  const slow = (rules: Rules) =>
    withRule(withRule(watchedBy(witnesses, rules), 2, { delaySeconds: day, vetoK: 4 }), 3, { k: 3, delaySeconds: 0 })
  let org = await found([...people, await person("fay")], 4, slow)
  org = await anchored(org, { time: noon, by: witnesses })
  const index = org.charter.size
  // With one approval more it would not wait.
  const raised = newRules(org, (rules) => withRule(rules, 4, { k: 5, delaySeconds: 0, vetoK: 0 }))
  org = await act(org, raised, by("ana", "ben", "cem", "dan"))
  expect(fateOf(org.charter, index)?.how).toBe("waiting")
  org = await suspend(await suspend(org, "dan"), "eva")
  org = await anchored(org, { time: noon + 10, by: witnesses })
  org = await anchored(org, { time: noon + 10 + day, by: witnesses })
  expect(fateOf(org.charter, index)?.how).toEqual({ lapsed: "suspension_would_stop" })
})

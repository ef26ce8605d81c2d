// Names beside ids that whoever asks to join may have chosen.
import { actInWords, append, commitName, draft, seal } from "@holdfast/charter"
import { createManualTimers, createMemoryDatabases } from "@holdfast/testkit"
import { hex, toMemberId } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { createAlarms } from "../src/alarms.ts"
import { createChanges } from "../src/changes.ts"
import { fittingNames } from "../src/offline/fitting-names.ts"
import { createPeople, type PeopleDeps } from "../src/people.ts"
import { seatsEver } from "../src/seat-names.ts"
import { openStore } from "../src/store/store.ts"
import { watchedCharter } from "./watched-charter.ts"

const salt = new Uint8Array(16)

/** `asked`: who asks to join, by the id that they chose. */
async function stage(asked: Readonly<Record<string, string>> = {}) {
  const it = await watchedCharter([])
  const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
  const people = createPeople({
    account: (() => {
      throw new Error("not needed")
    }) satisfies PeopleDeps["account"],
    charter: it.charter,
    table: store.people,
    alarms: createAlarms({ table: store.alarms, timers: createManualTimers(), changes: createChanges() }),
    askedName: (member) => asked[member],
  })
  return { ...it, people, table: store.people }
}

describe("in the words of an act", () => {
  test("[E4.4] nobody names a keeper's seat or a device by asking to join under its id", async () => {
    const { charter, founder } = await stage()
    const [seat] = charter().state.rules.keepers
    if (seat === undefined) throw new Error("no seat")
    const { people, table } = await stage({ [hex(seat.id)]: "Ben", [hex(founder)]: "Ben's phone" })
    const suspension = draft(charter(), {
      type: "suspend-keeper",
      body: { keeper: seat.id, seconds: 86_400 },
      notAfter: 1_900_000_000,
      nonce: salt,
    })
    expect(actInWords(suspension, people.names)).toMatch(/^Suspend keeper [0-9a-f ]{19} for one day/)
    expect(people.names(founder)).toBeUndefined()
    table.putLabel(hex(founder), "Ana's laptop", true)
    expect(people.names(founder)).toBe("Ana's laptop")
  })

  test("[E4.4] two of one name have their codes", async () => {
    const newcomer = toMemberId(new Uint8Array(16).fill(7))
    const { people, table, charter } = await stage({ [hex(newcomer)]: "Ana" })
    expect(people.names(newcomer)).toBe("Ana")
    const [ana] = [...charter().state.members.values()]
    if (ana === undefined) throw new Error("nobody")
    table.putName({ id: hex(ana.id), name: "Ana", salt })
    expect(people.names(newcomer)).toBe("Ana (0707 0707 0707 0707)")
    expect(people.names(ana.id)).toBe("Ana")
    table.putName({ id: hex(newcomer), name: "Ana", salt })
    expect(people.names(ana.id)).toMatch(/^Ana \([0-9a-f ]{19}\)$/)
  })

  test("[E9.4] a seat without a member has no name, also where somebody is admitted under its id", async () => {
    const { charter } = await stage()
    const [seat] = charter().state.rules.keepers
    if (seat === undefined) throw new Error("no seat")
    const statement = draft(charter(), {
      type: "member-add",
      body: {
        member: toMemberId(seat.id),
        nameCommitment: commitName(salt, "Ben"),
        devices: [{ id: new Uint8Array(16) as never, publicKey: new Uint8Array(32), proof: new Uint8Array(64) }],
        requestId: salt,
      },
      notAfter: 1_900_000_000,
      nonce: salt,
    })
    const { names } = fittingNames(charter(), [{ id: seat.id, name: "Ben", salt }], statement)
    expect(names(seat.id)).toBeUndefined()
  })

  test("[E4.4] refused rules do not give a seat to somebody else, not even in the history", async () => {
    const { charter } = await stage()
    const { rules } = charter().state
    const member = toMemberId(new Uint8Array(16).fill(8))
    const statement = draft(charter(), {
      type: "rules",
      body: { ...rules, version: 2, keepers: rules.keepers.map((keeper) => ({ ...keeper, member })) },
      notAfter: 1_900_000_000,
      nonce: salt,
    })
    const forged = await append(charter(), seal(statement, []))
    expect(forged.record.outcome).toMatchObject({ refused: expect.anything() })
    for (const { id } of rules.keepers) expect(seatsEver(forged.charter).get(hex(id))?.member).toBeUndefined()
  })
})

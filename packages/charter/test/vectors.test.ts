import { readFileSync, writeFileSync } from "node:fs"
import { fromHex, hex, toOrgId } from "@holdfast/wire"
import { expect, test } from "vitest"
import { decodeEnvelope, decodeStatement, replay, shortCode } from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import { harbour } from "./harbour.ts"
import { snapshot } from "./snapshot.ts"

const file = new URL("./vectors/harbour.json", import.meta.url)

interface Vectors {
  readonly comment: string
  readonly orgId: string
  readonly statements: readonly {
    readonly type: string
    readonly statement: string
    readonly id: string
    readonly shortCode: string
    readonly entry: string
    readonly outcome: string
  }[]
  readonly charter: unknown
}

async function vectorsNow(): Promise<Vectors> {
  const org = await harbour()
  const charter = await replay(org.orgId, org.entries)
  return {
    comment:
      'From ours. Seeds, ids and nonces are SHA-256("holdfast/test/v1" 00 label), cut to length: see people.ts. These bytes stay valid for ever.',
    orgId: hex(org.orgId),
    statements: org.entries.map((entry, i) => {
      const record = charter.records.at(i)
      const statement = record?.statement
      return {
        type: statement?.type ?? "none",
        statement: statement === undefined ? "" : hex(statement.bytes),
        id: statement === undefined ? "" : hex(statement.id),
        shortCode: statement === undefined ? "" : shortCode(statement.id),
        entry: hex(entry),
        outcome: typeof record?.outcome === "object" ? record.outcome.refused : (record?.outcome ?? ""),
      }
    }),
    charter: snapshot(charter),
  }
}

// Written by hand once, with HOLDFAST_WRITE_VECTORS=1, when a format is new. Never to make a failing test pass.
if (process.env.HOLDFAST_WRITE_VECTORS === "1") {
  writeFileSync(file, `${JSON.stringify(await vectorsNow(), null, 2)}\n`)
}

const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors

test("[C1 C4] the same acts by the same keys are the same bytes and ids", async () => {
  expect(await vectorsNow()).toEqual(vectors)
})

test("[C7.3] the recorded bytes replay to the recorded state", async () => {
  const charter = await replay(
    toOrgId(fromHex(vectors.orgId)),
    vectors.statements.map(({ entry }) => fromHex(entry)),
  )
  expect(snapshot(charter)).toEqual(vectors.charter)
})

test.each(vectors.statements.filter(({ statement }) => statement !== ""))("[C1.6] $type $shortCode", (vector) => {
  const statement = decodeStatement(fromHex(vector.statement))
  expect(hex(statement.id)).toBe(vector.id)
  expect(statement.type).toBe(vector.type)
  expect(hex(makeStatement(statement, statement).bytes)).toBe(vector.statement)
  expect(hex(decodeEnvelope(fromHex(vector.entry)).statement.bytes)).toBe(vector.statement)
})

test("the history has every act of this release, applied", () => {
  const applied = new Set(vectors.statements.filter(({ outcome }) => outcome === "applied").map(({ type }) => type))
  expect([...applied].sort()).toEqual(
    ["device-add", "device-remove", "genesis", "member-add", "member-remove", "relays", "rules"].sort(),
  )
})

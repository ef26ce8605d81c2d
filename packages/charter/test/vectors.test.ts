import { readFileSync, writeFileSync } from "node:fs"
import { fromHex, hex, toOrgId } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { actNumbers, decodeEnvelope, decodeStatement, fateOf, replay, shortCode } from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import { estuary } from "./estuary.ts"
import { harbour } from "./harbour.ts"
import type { Organisation } from "./people.ts"
import { snapshot } from "./snapshot.ts"

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
    /** For what waited: what became of it, and by which entry. */
    readonly fate?: string
  }[]
  readonly charter: unknown
}

async function vectorsOf(org: Organisation): Promise<Vectors> {
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
        ...(record?.outcome === "waiting" ? { fate: fateInWords(fateOf(charter, i)) } : {}),
      }
    }),
    charter: snapshot(charter),
  }
}

function fateInWords(fate: ReturnType<typeof fateOf>): string {
  if (fate === undefined) return ""
  const how = typeof fate.how === "object" ? `lapsed ${"lapsed" in fate.how ? fate.how.lapsed : ""}` : fate.how
  return `${how} by ${fate.by}`
}

const histories = [
  ["harbour", harbour],
  ["estuary", estuary],
] as const

// Written by hand once, with HOLDFAST_WRITE_VECTORS=<name>, when a format is new. Never to make a failing test pass.
for (const [name, make] of histories) {
  if (process.env.HOLDFAST_WRITE_VECTORS !== name) continue
  const text = JSON.stringify(await vectorsOf(await make()), null, 2)
  writeFileSync(new URL(`./vectors/${name}.json`, import.meta.url), `${text}\n`)
}

describe.each(histories)("%s", (name, make) => {
  const file = new URL(`./vectors/${name}.json`, import.meta.url)
  const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors

  test("[C1 C4] the same acts by the same keys are the same bytes and ids", async () => {
    expect(await vectorsOf(await make())).toEqual(vectors)
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
})

test("[C4.1] the recorded histories have every act of this release, in force, waiting and stopped", () => {
  const all = histories.flatMap(([name]) => {
    const file = new URL(`./vectors/${name}.json`, import.meta.url)
    return (JSON.parse(readFileSync(file, "utf8")) as Vectors).statements
  })
  const taken = all.filter(({ outcome }) => outcome === "applied" || outcome === "waiting").map(({ type }) => type)
  expect([...new Set(taken)].sort()).toEqual(
    Object.keys(actNumbers)
      .filter((type) => type !== "release")
      .sort(),
  )
  const fates = all.flatMap(({ fate }) => (fate === undefined ? [] : [fate.split(" ")[0]]))
  expect([...new Set(fates)].sort()).toEqual(["applied", "lapsed", "vetoed"])
})

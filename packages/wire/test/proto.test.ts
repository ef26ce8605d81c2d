import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decode, encode } from "../src/schema.ts"
import { decodeWithProtobufjs, encodeWithProtobufjs, valuesOf } from "./contract.ts"
import { contracts, everyMessage } from "./schemas.ts"

const numRuns = 300

describe("the .proto files are the contract", () => {
  test("every message of the files has a schema and every schema a message", () => {
    for (const { contract, schemas } of contracts) {
      const named = [...contract.values()].filter(({ isUnion }) => !isUnion).map(({ name }) => name)
      expect([...schemas.keys()].sort()).toEqual(named.sort())
    }
  })

  test.each(everyMessage)("[W4] $title: what we write, protobufjs reads", ({ name, contract, schema }) => {
    const check = fc.property(valuesOf(contract, name), (value) => {
      expect(decodeWithProtobufjs(contract, name, encode(schema, value))).toEqual(value)
    })
    fc.assert(check, { numRuns })
  })

  test.each(everyMessage)(
    "[W4] $title: what protobufjs writes is the one accepted form",
    ({ name, contract, schema }) => {
      const check = fc.property(valuesOf(contract, name), (value) => {
        const theirs = encodeWithProtobufjs(contract, name, value)
        expect(theirs).toEqual(new Uint8Array(encode(schema, value)))
        expect(decode(schema, theirs)).toEqual(value)
      })
      fc.assert(check, { numRuns })
    },
  )
})

import fc from "fast-check"
import { withPasskeys } from "../bench/histories.ts"
import { readEnvelope } from "../src/charter.ts"
import {
  append,
  CharterError,
  decodeApproval,
  decodeCbor,
  decodeEnvelope,
  decodeStatement,
  encodeApproval,
  encodeCbor,
} from "../src/index.ts"
import { estuary } from "./estuary.ts"
import { harbour } from "./harbour.ts"
import type { Organisation } from "./people.ts"

/** Valid bytes with some changed, taken out, doubled or put in: what gets deeper into a decoder than noise does. */
export function mutationsOf(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    how: fc.constantFrom("flip", "set", "cut", "insert", "copy" as const),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
    value: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x18, 0x40, 0x60, 0x80, 0xa0, 0xf6, 0xff)),
  })
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([seed, changes]) => {
      let bytes = [...seed]
      for (const { how, at, length, value } of changes) {
        const i = at % (bytes.length + 1)
        if (how === "flip" && i < bytes.length) bytes[i] = (bytes[i] as number) ^ (1 << (value & 7))
        else if (how === "set" && i < bytes.length) bytes[i] = value
        else if (how === "cut") bytes = [...bytes.slice(0, i), ...bytes.slice(i + length)]
        else if (how === "insert")
          bytes = [...bytes.slice(0, i), ...Array<number>(length).fill(value), ...bytes.slice(i)]
        else bytes = [...bytes.slice(0, i), ...bytes.slice(Math.max(0, i - length), i), ...bytes.slice(i)]
      }
      return Uint8Array.from(bytes)
    })
}

/** Each decoder with the way back: whatever it accepts, it encodes to the very bytes; whatever not, is a CharterError. */
const decoders: readonly (readonly [name: string, roundTrip: (bytes: Uint8Array) => Uint8Array])[] = [
  ["decodeCbor", (bytes) => encodeCbor(decodeCbor(bytes))],
  ["decodeStatement", (bytes) => decodeStatement(bytes).bytes],
  ["decodeEnvelope", (bytes) => reseal(bytes)],
  ["decodeApproval", (bytes) => encodeApproval(decodeApproval(bytes))],
]

function reseal(bytes: Uint8Array): Uint8Array {
  const { statement, approvals } = decodeEnvelope(bytes)
  return encodeCbor([1, statement.bytes, approvals.map((approval) => decodeCbor(encodeApproval(approval)))])
}

export function checkDecoders(seeds: readonly Uint8Array[], numRuns: number): void {
  const bytes = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
    { weight: 3, arbitrary: mutationsOf(seeds) },
  )
  for (const [name, roundTrip] of decoders) {
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          if (!isSame(roundTrip(input), input)) throw new Error(`${name} accepted a second form`)
        } catch (error) {
          if (!(error instanceof CharterError)) throw error
        }
      }),
      { numRuns },
    )
  }
}

/** Entries with every type of act, what they consist of, and approvals of every kind: what mutants are made from. */
export async function seedsOfEverything(): Promise<readonly Uint8Array[]> {
  const passkeys = await withPasskeys(2)
  const { entries: long } = await estuary()
  const { entries: short } = await harbour()
  const entries = [...short, ...long, ...passkeys.entries]
  const envelopes = entries.flatMap((entry) => {
    const read = readEnvelope(entry)
    return typeof read === "string" ? [] : [read]
  })
  const approvals = envelopes.flatMap((envelope) => envelope.approvals.map(encodeApproval))
  return [...entries, ...envelopes.map(({ statement }) => statement.bytes), ...approvals]
}

/** Whatever a relay logs after an organisation's real entries is recorded and changes nothing. */
export async function checkReplay(numRuns: number, org: Organisation): Promise<void> {
  const noise = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 9, arbitrary: mutationsOf(org.entries) },
  )
  await fc.assert(
    fc.asyncProperty(noise, async (entry) => {
      const { charter, record } = await append(org.charter, entry)
      if (record.outcome === "applied" || charter.state !== org.charter.state)
        throw new Error("a changed entry was applied")
      if (charter.size !== org.charter.size + 1) throw new Error("not recorded")
    }),
    { numRuns },
  )
}

/** An entry that would be applied, with anything changed: refused, or the same act with another entry's bytes. */
export async function checkFreshEntry(numRuns: number, org: Organisation, entry: Uint8Array): Promise<void> {
  const { statement } = decodeEnvelope(entry)
  await fc.assert(
    fc.asyncProperty(mutationsOf([entry]), async (changed) => {
      const { record } = await append(org.charter, changed)
      if (record.outcome !== "applied") return
      if (!isSame(record.statement?.bytes ?? new Uint8Array(), statement.bytes))
        throw new Error("another act was applied")
    }),
    { numRuns },
  )
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

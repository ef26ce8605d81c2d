import { createHash } from "node:crypto"
import { leafHash } from "../src/index.ts"

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** MTH of RFC 6962, written as the RFC writes it and with another SHA-256: what everything else is held against. */
export function referenceRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256()
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0]!)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return sha256(Uint8Array.of(1), referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)))
}

/** Distinct entries: the tests must notice two leaves changing places. */
export function sampleEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new TextEncoder().encode(`entry ${i}`))
}

export const sampleLeaves = (count: number): Uint8Array[] => sampleEntries(count).map(leafHash)

import { readFileSync } from "node:fs"
import { fromHex } from "@holdfast/wire"
import { type CiphersuiteImpl, getCiphersuiteImpl } from "ts-mls"
import { type CiphersuiteId, getCiphersuiteFromId } from "ts-mls/crypto/ciphersuite.js"
import { makeProvider } from "../src/index.ts"

/** Reads one of the outside vector files; their form is described in vectors/mls/test-vectors.md. */
export function vectorsOf<T>(path: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), "utf8")) as T[]
}

export const h = (text: string) => fromHex(text)

const provider = makeProvider()

/** Suite 1 comes from our provider, the others from the library's, as `makeProvider` says. */
export function suiteById(id: number): Promise<CiphersuiteImpl> {
  return getCiphersuiteImpl(getCiphersuiteFromId(id as CiphersuiteId), provider)
}

/** Every `step`th, so that all shapes and suites of a long file are met. */
export function everyNth<T>(items: readonly T[], step: number): T[] {
  return items.filter((_, i) => i % step === 0)
}

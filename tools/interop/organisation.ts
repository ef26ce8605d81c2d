import { charterOrigin, type Ed25519Signer } from "@holdfast/log"
import { createWorld } from "@holdfast/testkit"
import { fromHex, laneIdOf, type OrgId, toOrgId, utf8 } from "@holdfast/wire"

/** The charter of a real organisation on a real relay, lengthened by entries that replay as refused, and its relay's log key. */
export interface CharterLog {
  readonly org: OrgId
  readonly origin: string
  readonly entries: readonly Uint8Array[]
  readonly signer: Ed25519Signer
}

export async function charterLog(length: number): Promise<CharterLog> {
  const world = await createWorld()
  try {
    const founder = await world.found("Ana")
    const { organisation } = await founder.client.overview()
    const org = toOrgId(fromHex(organisation.id))
    const { engine, logSigner } = world.relay.core.deps
    const slice = await engine.read(laneIdOf(org, "charter"), 0, { maxEntries: 1_000, maxBytes: 2 ** 24 })
    if (slice.kind !== "entries") throw new Error("the charter is not there")
    const filler = Array.from({ length: length - slice.entries.length }, (_, i) => utf8(`no envelope ${i}`))
    return { org, origin: charterOrigin(org), entries: [...slice.entries, ...filler], signer: logSigner }
  } finally {
    await world.close()
  }
}

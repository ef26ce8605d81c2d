import { compareBytes, type RelayId, toRelayId } from "@holdfast/wire"
import type { CborValue } from "./cbor.ts"
import { fieldsOf, fixedOf, labelOf, listOf, refuse, urlOf } from "./shape.ts"

/** A server that clients may talk to. (C4.7) */
export interface RelayEntry {
  readonly id: RelayId
  /** 1 to 8; clients try them in this order. */
  readonly urls: readonly string[]
  /** Ed25519, 32 bytes: signs checkpoints and does nothing else. */
  readonly logPublicKey: Uint8Array
  readonly operator: string
  readonly jurisdiction: string
}

const maxRelays = 16
const maxUrls = 8

export function relaysToCbor(relays: readonly RelayEntry[]): CborValue {
  return relays.map(
    (relay) =>
      new Map<number, CborValue>([
        [0, relay.id],
        [1, relay.urls],
        [2, relay.logPublicKey],
        [3, relay.operator],
        [4, relay.jurisdiction],
      ]),
  )
}

/** The order is the order of preference and so is kept; ids are distinct. */
export function relaysFromCbor(value: CborValue | undefined, min: 0 | 1): readonly RelayEntry[] {
  const relays = listOf(value, [min, maxRelays], relayFromCbor, "relays")
  const ids = relays.map((relay) => relay.id).sort(compareBytes)
  ids.forEach((id, i) => {
    const before = ids[i - 1]
    if (before !== undefined && compareBytes(before, id) === 0) refuse("relay id twice")
  })
  return relays
}

function relayFromCbor(value: CborValue): RelayEntry {
  const map = fieldsOf(value, 5, "relay")
  return {
    id: toRelayId(fixedOf(map.get(0), 16, "relay id")),
    urls: listOf(map.get(1), [1, maxUrls], (url) => urlOf(url, "relay url"), "relay urls"),
    logPublicKey: fixedOf(map.get(2), 32, "relay log key"),
    operator: labelOf(map.get(3), "operator label"),
    jurisdiction: labelOf(map.get(4), "jurisdiction label"),
  }
}

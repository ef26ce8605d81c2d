// The charter as the lanes see it.
import { activeDevicesOf, admits, type Charter, type Device, fateOf, isActiveMember } from "@holdfast/charter"
import type { CharterDevice, CharterView } from "@holdfast/lanes"
import { charterOrigin, LogError, NOTE_SIGNATURE, noteKey, verifyCheckpoint } from "@holdfast/log"
import { hex, utf8 } from "@holdfast/wire"

export function charterView(charter: Charter): CharterView {
  const { state, orgId } = charter
  return {
    size: charter.size,
    rootAt: (size) => charter.roots.at(size) ?? null,
    admits: (size, member, device, signatureKey) => admits(charter, size, member, device, signatureKey),
    devicesOf: (member) => (isActiveMember(state, member) ? activeDevicesOf(state, member).map(toCharterDevice) : []),
    activeDevices: () =>
      [...state.devices.values()].filter(({ removed }) => removed === undefined).map(toCharterDevice),
    async verifyNote(note) {
      const origin = charterOrigin(orgId)
      try {
        const logKeys = logKeysOf(charter).map((key) => noteKey(origin, NOTE_SIGNATURE, key))
        const { size, root } = await verifyCheckpoint(utf8(note), { origin, logKeys, witnessKeys: [] })
        return { size, root }
      } catch (error) {
        if (error instanceof LogError) return null
        throw error
      }
    },
  }
}

function toCharterDevice({ member, id, publicKey }: Device): CharterDevice {
  return { member, device: id, signatureKey: publicKey }
}

/** Of every relay that the charter has ever named: a commit may carry a note of one that was replaced meanwhile. */
function logKeysOf(charter: Charter): readonly Uint8Array[] {
  const keys = new Map<string, Uint8Array>()
  for (const { index, statement } of charter.records) {
    if (statement?.type !== "genesis" && statement?.type !== "relays") continue
    if (fateOf(charter, index)?.how !== "applied") continue
    for (const { logPublicKey } of statement.body.relays) keys.set(hex(logPublicKey), logPublicKey)
  }
  return [...keys.values()]
}

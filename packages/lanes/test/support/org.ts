import { leafHash, TailTree } from "@holdfast/log"
import { type Device, generateDeviceKeys } from "@holdfast/mls"
import {
  concatBytes,
  type DeviceId,
  deviceIdOf,
  equalBytes,
  hex,
  type LaneId,
  laneIdOf,
  type MemberId,
  type OrgId,
  toMemberId,
  toOrgId,
  utf8,
} from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import type { CharterDevice, CharterView } from "../../src/index.ts"

interface Act {
  readonly kind: "add" | "remove"
  readonly device: CharterDevice
}

/** A charter in memory: which devices there are at each size, under a Merkle root. Notes are "signed" with a secret of the relay's. */
export class Org {
  readonly id: OrgId
  readonly lane: LaneId
  readonly #acts: Act[] = []
  readonly #tree = new TailTree()
  readonly #relaySecret: Uint8Array

  constructor(name = "org") {
    this.id = toOrgId(sha256(utf8(name)))
    this.lane = laneIdOf(this.id, 0)
    this.#relaySecret = sha256(utf8(`${name} relay`))
  }

  get size(): number {
    return this.#acts.length
  }

  async enrol(member: MemberId): Promise<Device> {
    const keys = await generateDeviceKeys()
    const identity = { member, device: deviceIdOf(keys.publicKey) }
    this.#append({ kind: "add", device: { ...identity, signatureKey: keys.publicKey } })
    return { identity, ...keys }
  }

  remove(device: Device): void {
    const { identity, publicKey } = device
    this.#append({ kind: "remove", device: { ...identity, signatureKey: publicKey } })
  }

  #append(act: Act): void {
    this.#acts.push(act)
    this.#tree.append(leafHash(concatBytes(utf8(act.kind), act.device.device)))
  }

  /** A relay-signed checkpoint, true or not. */
  note(size = this.size, root: Uint8Array = this.#tree.rootAt(size)): string {
    return `${size} ${hex(root)} ${hex(sha256(concatBytes(this.#relaySecret, utf8(`${size} ${hex(root)}`))))}`
  }

  view(size = this.size): CharterView {
    const acts = this.#acts.slice(0, size)
    const activeAt = (at: number) => {
      const active = new Map<string, CharterDevice>()
      for (const { kind, device } of acts.slice(0, at)) {
        if (kind === "add") active.set(hex(device.device), device)
        else active.delete(hex(device.device))
      }
      return active
    }
    return {
      size,
      rootAt: (at) => (at <= size ? this.#tree.rootAt(at) : null),
      admits: (at, member, device: DeviceId, key) => {
        const found = activeAt(at).get(hex(device))
        return found !== undefined && equalBytes(found.member, member) && equalBytes(found.signatureKey, key)
      },
      devicesOf: (member) => [...activeAt(size).values()].filter((device) => equalBytes(device.member, member)),
      activeDevices: () => [...activeAt(size).values()],
      verifyNote: async (note) => {
        const [at = "", root = ""] = note.split(" ")
        const bytes = Uint8Array.from(root.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
        return this.note(Number(at), bytes) === note ? { size: Number(at), root: bytes } : null
      },
    }
  }
}

let members = 0
export function newMember(): MemberId {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, ++members)
  return toMemberId(id)
}

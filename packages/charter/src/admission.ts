import type { Ed25519Signer } from "@holdfast/log"
import {
  concatBytes,
  type DeviceId,
  deviceIdOf,
  type KeeperId,
  type MemberId,
  type OrgId,
  toDeviceId,
  utf8,
} from "@holdfast/wire"
import type { CborValue } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { fieldsOf, fixedOf } from "./shape.ts"

/** A device as a statement admits it. (C2.2) */
export interface DeviceEntry {
  /** First 16 bytes of SHA-256("holdfast/device/v1" 00 ‖ publicKey). */
  readonly id: DeviceId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519 by the new key over its `admissionBytes`. */
  readonly proof: Uint8Array
}

export function deviceToCbor(device: DeviceEntry): CborValue {
  return new Map<number, CborValue>([
    [0, device.id],
    [1, device.publicKey],
    [2, device.proof],
  ])
}

export function deviceFromCbor(value: CborValue | undefined): DeviceEntry {
  const map = fieldsOf(value, 3, "device")
  return {
    id: toDeviceId(fixedOf(map.get(0), 16, "device id")),
    publicKey: fixedOf(map.get(1), 32, "device key"),
    proof: fixedOf(map.get(2), 64, "device proof"),
  }
}

export type AdmissionRole = { readonly device: MemberId } | { readonly keeper: KeeperId }

/** Stands for the organisation in everything that GENESIS carries, since the real id is the hash of it. (C2.1) */
export const noOrg = new Uint8Array(32) as OrgId

/**
 * What a new key signs to show that whoever holds it agrees to be admitted: as a device of this member, or as this keeper.
 * `org` is `noOrg` when the admission is part of GENESIS. (C2.3)
 */
export function admissionBytes(org: OrgId, role: AdmissionRole, publicKey: Uint8Array): Uint8Array {
  const isDevice = "device" in role
  return concatBytes(
    utf8("holdfast/admission/v1"),
    Uint8Array.of(0),
    org,
    Uint8Array.of(isDevice ? 1 : 2),
    isDevice ? role.device : role.keeper,
    publicKey,
  )
}

/** Lets a device make its own entry before anyone has drafted a statement about it. (C2.3) */
export async function admitDevice(org: OrgId, member: MemberId, key: Ed25519Signer): Promise<DeviceEntry> {
  const proof = await key.sign(admissionBytes(org, { device: member }, key.publicKey))
  if (proof.length !== 64 || key.publicKey.length !== 32) throw new CharterError("wrong_signer", "admission")
  return { id: deviceIdOf(key.publicKey), publicKey: key.publicKey, proof }
}

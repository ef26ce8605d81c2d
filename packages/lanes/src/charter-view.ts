import type { DeviceId, MemberId } from "@holdfast/wire"

export interface CharterDevice {
  readonly member: MemberId
  readonly device: DeviceId
  readonly signatureKey: Uint8Array
}

/**
 * The charter as a lane sees it: an unchanging view of one size. Pure: at one size the same question gets the same answer on
 * every device, or replicas would judge one commit differently (N4.2).
 */
export interface CharterView {
  readonly size: number
  /** For every size from 0 to `size`; `null` beyond. */
  rootAt(size: number): Uint8Array | null
  /** True when, at that size of the charter, this key is that of an active device of that active member. */
  admits(size: number, member: MemberId, device: DeviceId, signatureKey: Uint8Array): boolean
  /** Active ones, at `size`. */
  devicesOf(member: MemberId): readonly CharterDevice[]
  activeDevices(): readonly CharterDevice[]
  /** The size and root of a checkpoint of this charter that a relay named in it has signed; `null` if it is not one. */
  verifyNote(note: string): Promise<{ readonly size: number; readonly root: Uint8Array } | null>
}

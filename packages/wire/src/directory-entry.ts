import { concatBytes, utf8 } from "./bytes.ts"
import { WireError } from "./error.ts"
import type { DeviceId, OrgId } from "./ids.ts"
import { limits } from "./limits.ts"
import { bytes, decode, encode, message, type Of, repeated, required, uint } from "./schema.ts"

/** Length of an X-Wing public key (ML-KEM-768 ‖ X25519). */
export const sealKeyBytes = 1_216

const Unsigned = {
  org: required(1, bytes<OrgId>({ length: 32 })),
  device: required(2, bytes<DeviceId>({ length: 16 })),
  /** Larger is newer; a client never goes back (W7.3). */
  sequence: required(3, uint()),
  /** Milliseconds since 1970, by the device's clock: only for the "not older than" check (W7.4). */
  issuedAt: required(4, uint()),
  sealKey: required(5, bytes({ length: sealKeyBytes })),
  keyPackages: repeated(6, bytes({ max: limits.keyPackageBytes }), limits.keyPackagesPerDevice),
}
const UnsignedDirectoryEntry = message("UnsignedDirectoryEntry", Unsigned)
export type UnsignedDirectoryEntry = Of<typeof UnsignedDirectoryEntry>

const DirectoryEntrySchema = message("DirectoryEntry", {
  ...Unsigned,
  signature: required(15, bytes({ length: 64 })),
})
/** One device's line in the key directory: how to seal to it and how to add it to a group (W7). */
export type DirectoryEntry = Of<typeof DirectoryEntrySchema>
export { DirectoryEntrySchema, UnsignedDirectoryEntry as UnsignedDirectoryEntrySchema }

/** What the device's charter key signs (W7.2). */
export function directorySigningInput(entry: UnsignedDirectoryEntry): Uint8Array<ArrayBuffer> {
  return concatBytes(utf8("holdfast/directory/v1"), Uint8Array.of(0), encode(UnsignedDirectoryEntry, entry))
}

/** Throws `too_large` for more key packages than fit (W3.2). */
export function encodeDirectoryEntry(entry: DirectoryEntry): Uint8Array<ArrayBuffer> {
  const out = encode(DirectoryEntrySchema, entry)
  if (out.length > limits.directoryEntryBytes) throw new WireError("too_large", DirectoryEntrySchema.name)
  return out
}

/** Strict. The signature is not checked here: the caller checks it against the device's key in the charter. */
export function decodeDirectoryEntry(input: Uint8Array): DirectoryEntry {
  return decode(DirectoryEntrySchema, input, limits.directoryEntryBytes)
}

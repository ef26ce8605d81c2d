import { bytes, decode, encode, message, nested, type Of, repeated, required, uint, WireError } from "@holdfast/wire"
import { ClientError } from "../error.ts"

const PassphraseWrap = message("PassphraseWrap", {
  salt: required(1, bytes({ length: 16 })),
  memoryKiB: required(2, uint(1_048_576)),
  passes: required(3, uint(16)),
  lanes: required(4, uint(16)),
  nonce: required(5, bytes({ length: 12 })),
  /** The 32-byte data key under AES-256-GCM. */
  sealed: required(6, bytes({ length: 48 })),
})
export type PassphraseWrap = Of<typeof PassphraseWrap>

const VaultFileSchema = message("VaultFile", {
  version: required(1, uint(255)),
  wraps: repeated(2, nested(PassphraseWrap), 8),
})
/** What lies on the disk in clear: the data key, wrapped once for every way to unlock it (E2.1). */
export type VaultFile = Of<typeof VaultFileSchema>

export function encodeVaultFile(file: VaultFile): Uint8Array {
  return encode(VaultFileSchema, file)
}

/** Throws ClientError `damaged_store` or `newer_store`. */
export function decodeVaultFile(input: Uint8Array): VaultFile {
  try {
    const file = decode(VaultFileSchema, input, 4_096)
    if (file.version > 1) {
      throw new ClientError(
        "newer_store",
        "This data was written by a newer version of Holdfast. Update this program to open it.",
      )
    }
    if (file.wraps.length === 0) throw new WireError("malformed", "VaultFile")
    return file
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw new ClientError(
      "damaged_store",
      "The key file of this organisation is damaged on this device. Nothing was changed. Restore it from a backup, or join again from another device.",
      { cause },
    )
  }
}

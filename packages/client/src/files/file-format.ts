import {
  type BlobId,
  bytes,
  concatBytes,
  limits,
  message,
  type Of,
  optional,
  plain,
  required,
  text,
  uint,
  utf8,
} from "@holdfast/wire"
import { ClientError } from "../error.ts"

const aeadTagBytes = 16
/** Plaintext of a full chunk (E6.2). */
export const chunkPlainBytes = limits.blobChunkBytes - aeadTagBytes

/** What a file message carries: everything needed to fetch, open and check the file (E6.1). */
export const FileReference = message("FileReference", {
  blob: required(1, bytes<BlobId>({ length: 32 })),
  key: required(2, bytes({ length: 32 })),
  size: plain(3, uint(limits.fileBytes), 0),
  sha256: required(4, bytes({ length: 32 })),
  name: required(5, text(255)),
  type: plain(6, text(127), ""),
  width: optional(7, uint(65_535)),
  height: optional(8, uint(65_535)),
})
export type FileReference = Of<typeof FileReference>

/**
 * Length after padding by Padmé: at most 12 % more, and only O(log log n) bits of the length can be told (E6.3).
 * Files under 256 bytes look like 256.
 */
export function paddedLength(length: number): number {
  const least = 256
  if (length <= least) return least
  const exponent = Math.floor(Math.log2(length))
  const kept = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** (exponent - kept)
  return Math.ceil(length / step) * step
}

export function chunkCount(size: number): number {
  return Math.ceil(paddedLength(size) / chunkPlainBytes)
}

/** Plaintext length of chunk `index`, padding included. */
export function chunkLength(size: number, index: number): number {
  return Math.min(chunkPlainBytes, paddedLength(size) - index * chunkPlainBytes)
}

/** Nonce of a chunk: its number and whether it is the last (the STREAM construction), so none can be moved, cut off or repeated (E6.4). */
function chunkNonce(index: number, last: boolean): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, index)
  nonce[11] = last ? 1 : 0
  return nonce
}

export interface ChunkCipher {
  /** Pads chunk `index` with zeros to its length and seals it. Each index may be sealed only once under a key. */
  seal(index: number, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** Throws ClientError `file_damaged` for anything but the one right chunk. Returns it without the padding. */
  open(index: number, sealed: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
}

/** Seals and opens the chunks of one file under its own key. */
export async function chunkCipher(file: Pick<FileReference, "blob" | "key" | "size">): Promise<ChunkCipher> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(file.key), "AES-GCM", false, ["encrypt", "decrypt"])
  const chunks = chunkCount(file.size)
  const additionalData = concatBytes(utf8("holdfast/blob/v1"), Uint8Array.of(0), file.blob)
  const parameters = (index: number) => ({
    name: "AES-GCM",
    iv: chunkNonce(index, index === chunks - 1),
    additionalData,
  })
  return {
    async seal(index, plain) {
      const padded = new Uint8Array(chunkLength(file.size, index))
      padded.set(plain)
      return new Uint8Array(await crypto.subtle.encrypt(parameters(index), key, padded))
    },
    async open(index, sealed) {
      const opened = await crypto.subtle.decrypt(parameters(index), key, new Uint8Array(sealed)).catch((cause) => {
        throw damaged(cause)
      })
      const end = Math.max(0, Math.min(chunkPlainBytes, file.size - index * chunkPlainBytes))
      if (opened.byteLength !== chunkLength(file.size, index)) throw damaged()
      return new Uint8Array(opened, 0, end)
    },
  }
}

export function damaged(cause?: unknown): ClientError {
  return new ClientError("file_damaged", "The file that arrived is not the one that was sent. It was thrown away.", {
    cause,
  })
}

import { concatBytes } from "@holdfast/wire"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { decodeUtf8, encodeUtf8, parseDecimal } from "./bytes.ts"
import { type CheckpointTrust, type VerifiedCheckpoint, verifyCheckpoint } from "./checkpoint.ts"
import { LogError } from "./error.ts"
import { checkHashes, checkSize, HASH_BYTES, type Hash, MAX_PROOF_HASHES, verifyInclusion } from "./merkle.ts"
import { MAX_NOTE_BYTES } from "./note.ts"

/** That an entry is in a log, to be checked without asking anyone. Parsed and not verified: see `verifyTlogProof`. (L7.1) */
export interface TlogProof {
  readonly index: number
  readonly hashes: readonly Hash[]
  /** Not covered by any signature. Not empty where it is there. */
  readonly extra: Uint8Array | undefined
  /** A signed note, as received. */
  readonly checkpoint: Uint8Array
}

export const MAX_PROOF_EXTRA_BYTES = 65_536
const HEADER = "c2sp.org/tlog-proof@v1"
const MAX_HEAD_BYTES = 100_000

/** The `.tlog-proof` file; throws `malformed`, `too_large` or `out_of_range` where parsing would not give it back. (L7.1) */
export function formatTlogProof(proof: TlogProof): Uint8Array<ArrayBuffer> {
  checkSize(proof.index)
  checkHashes(proof.hashes)
  checkLimits(proof)
  const extra = proof.extra === undefined ? [] : [`extra ${encodeBase64(proof.extra)}`]
  const lines = [HEADER, ...extra, `index ${proof.index}`, ...proof.hashes.map(encodeBase64)]
  return concatBytes(encodeUtf8(`${lines.join("\n")}\n\n`), proof.checkpoint)
}

/** Throws `malformed` for anything but the one form and `too_large` past a limit. The note inside is not looked at. (L7.1) */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  const split = endOfHead(bytes)
  const lines = decodeUtf8(bytes.subarray(0, split)).split("\n")
  if (lines.shift() !== HEADER) throw new LogError("malformed", "proof header")
  const extra = lines[0]?.startsWith("extra ") ? decodeBase64(lines.shift()!.slice("extra ".length)) : undefined
  const indexLine = lines.shift()
  const index = indexLine?.startsWith("index ") ? parseDecimal(indexLine.slice("index ".length)) : undefined
  if (index === undefined) throw new LogError("malformed", "proof index")
  if (lines.length > MAX_PROOF_HASHES) throw new LogError("too_large", "proof hashes")
  const hashes = lines.map((line) => {
    const hash = decodeBase64(line)
    if (hash.length !== HASH_BYTES) throw new LogError("malformed", "hash length")
    return hash
  })
  const proof = { index, hashes, extra, checkpoint: bytes.slice(split + 2) }
  checkLimits(proof)
  return proof
}

/**
 * Checks the note as `verifyCheckpoint` does, then that the entry with this leaf hash (which the caller computes from
 * what it holds) is in that tree. Throws as `verifyCheckpoint` and `verifyInclusion`. The caller still has to hold the
 * cosignatures against its rule. (L7.2)
 */
export async function verifyTlogProof(
  proof: TlogProof,
  leaf: Hash,
  trust: CheckpointTrust,
): Promise<VerifiedCheckpoint> {
  const checkpoint = await verifyCheckpoint(proof.checkpoint, trust)
  verifyInclusion({ index: proof.index, size: checkpoint.size, leaf, root: checkpoint.root }, proof.hashes)
  return checkpoint
}

function endOfHead(bytes: Uint8Array): number {
  const most = Math.min(bytes.length - 1, MAX_HEAD_BYTES)
  for (let i = 0; i < most; i++) if (bytes[i] === 0x0a && bytes[i + 1] === 0x0a) return i
  throw new LogError(bytes.length > MAX_HEAD_BYTES ? "too_large" : "malformed", "proof without a checkpoint")
}

function checkLimits({ hashes, extra, checkpoint }: TlogProof): void {
  if (hashes.length > MAX_PROOF_HASHES) throw new LogError("too_large", "proof hashes")
  if (extra !== undefined && extra.length > MAX_PROOF_EXTRA_BYTES) throw new LogError("too_large", "extra")
  if (extra !== undefined && extra.length === 0) throw new LogError("malformed", "empty extra")
  if (checkpoint.length > MAX_NOTE_BYTES) throw new LogError("too_large", "note")
  if (checkpoint.length === 0) throw new LogError("malformed", "no checkpoint")
}

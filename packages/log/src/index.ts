export {
  type AddCheckpoint,
  formatAddCheckpoint,
  formatSignatureLines,
  formatTreeSize,
  parseAddCheckpoint,
  parseSignatureLines,
  parseTreeSize,
} from "./add-checkpoint.ts"
export { decodeBase64, encodeBase64 } from "./base64.ts"
export {
  type Checkpoint,
  type CheckpointTrust,
  formatCheckpoint,
  parseCheckpoint,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "./checkpoint.ts"
export { CompactRange, decodeCompactRange, encodeCompactRange } from "./compact-range.ts"
export {
  type Cosignature,
  cosignatureMessage,
  decodeCosignature,
  encodeCosignature,
} from "./cosignature.ts"
export { cosignedBy, cosignedTime } from "./cosigned-time.ts"
export {
  checkEd25519PublicKey,
  type Ed25519Signer,
  generateEd25519KeyPair,
  signerFromKeyPair,
  signerFromSeed,
  verifyEd25519,
} from "./ed25519.ts"
export { decodeEntryBundle, encodeEntryBundle } from "./entry-bundle.ts"
export { type LogCode, LogError } from "./error.ts"
export { exportTiles, type NamedFile } from "./export-tiles.ts"
export {
  type ConsistencyClaim,
  emptyRoot,
  type Hash,
  type InclusionClaim,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts"
export {
  formatNote,
  formatNoteSignature,
  type NoteSignature,
  parseNote,
  parseNoteSignature,
  type SignedNote,
} from "./note.ts"
export {
  COSIGNATURE,
  formatVkey,
  type KeyId,
  NOTE_SIGNATURE,
  type NoteKey,
  type NoteKeyType,
  noteKey,
  parseVkey,
} from "./note-key.ts"
export { charterOrigin, laneOrigin } from "./origin.ts"
export {
  formatPolicy,
  judgeQuorum,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  parsePolicy,
  policyTrust,
  type QuorumVerdict,
  type TlogPolicy,
} from "./policy.ts"
export { type HashReader, proveConsistency, proveInclusion, rootFrom } from "./prove.ts"
export { decodeTailTree, encodeTailTree, type HeadClaim, type HeadVerdict, TailTree } from "./tail-tree.ts"
export {
  formatTilePath,
  hashTile,
  hashTileOfEntries,
  parseTilePath,
  type TileId,
  type TileReader,
  tileHashReader,
  tilesOf,
  verifyTiles,
} from "./tile.ts"
export { formatTlogProof, parseTlogProof, type TlogProof, verifyTlogProof } from "./tlog-proof.ts"
export { cosignNote, signNote, type VerifiedSignature, verifyNote } from "./verify-note.ts"

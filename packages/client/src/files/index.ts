export type { BlobSession } from "./blob-link.ts"
export { chunkCount, chunkPlainBytes, FileReference, paddedLength } from "./file-format.ts"
export { createTransfers, type TransferDeps, type TransferState, type Transfers } from "./transfers.ts"

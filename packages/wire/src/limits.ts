/** Limits of the wire formats. Every decoder checks them before it allocates (W3.1). */
export const limits = {
  /** One charter entry: a statement with its approvals. */
  envelopeBytes: 60_000,
  /** The largest frame class; anything larger travels in parts or as a blob. */
  frameBytes: 65_536,
  /** Frames in one append; they become durable together and stand next to each other in the lane. */
  framesPerAppend: 64,
  appendBytes: 4_194_304 + 4_096,
  /** Frames in one read answer or live batch. */
  framesPerBatch: 1_024,
  batchBytes: 2_097_152,
  /** One message on the relay socket. */
  socketMessageBytes: 5_242_880,
  keyPackageBytes: 16_384,
  keyPackagesPerDevice: 8,
  directoryEntryBytes: 65_536,
  directoryEntriesPerAnswer: 512,
  /** Ciphertext of one blob chunk: 1 MiB, of which 16 bytes are the authentication tag. */
  blobChunkBytes: 1_048_576,
  /** 2 GiB of file and its padding. */
  blobChunks: 2_200,
  /** Largest file a client sends. */
  fileBytes: 2_147_483_648,
  checkpointBytes: 8_192,
  urlBytes: 256,
  relaysPerInvitation: 8,
  invitationBytes: 4_096,
} as const

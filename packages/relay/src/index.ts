export { type BlobLimits, type BlobStatus, type BlobStore, blobLimits, type ChunkPlace } from "./blobs/blob-store.ts"
export { openFileBlobs } from "./blobs/file-blobs.ts"
export { createMemoryBlobs } from "./blobs/memory-blobs.ts"
export { type RelayConfig, relayDefaults } from "./config.ts"
export type { Connection, Peer } from "./connection.ts"
export {
  type DirectoryLine,
  type DirectoryPage,
  type EngineCode,
  EngineError,
  type EngineLimits,
  type Entry,
  engineLimits,
  type HostedLane,
  type LaneEngine,
  type LaneHead,
  type LaneNews,
  type Slice,
  type Stored,
} from "./engine/lane-engine.ts"
export { createMemoryEngine } from "./engine/memory-engine.ts"
export { openSqliteEngine, type SqliteEngineOptions } from "./engine/sqlite-engine.ts"
export { RelayError, type RelayStartCode, RelayStartError } from "./error.ts"
export { createRoutes } from "./http/routes.ts"
export { contentSecurityPolicy, openWebRoot, type WebRoot } from "./http/web-root.ts"
export { type Clock, type RelayDeps, type RelayLog, silentLog, systemClock } from "./ports.ts"
export { createRelay, type Relay } from "./relay.ts"
export { openRelayData, type RelayFolder, type RelayFolderOptions } from "./relay-folder.ts"
export { type ServedRelay, type ServeOptions, serveRelay } from "./serve-relay.ts"

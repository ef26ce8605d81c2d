export {
  type CosignDeps,
  type CosignFailure,
  type CosignOutcome,
  type CosignRequest,
  cosignWith,
} from "./client/cosign-with.ts"
export { type WitnessCode, WitnessError } from "./error.ts"
export {
  type ServedWitness,
  type ServeWitnessOptions,
  serveWitness,
  type WitnessLimits,
  witnessDefaults,
} from "./server/serve-witness.ts"
export { createMemoryStore } from "./store/memory-store.ts"
export { openSqliteStore } from "./store/sqlite-store.ts"
export {
  type CosignedHead,
  type Evidence,
  type EvidenceKind,
  type FollowedCharter,
  type FollowVerdict,
  type LogLine,
  type LogState,
  type Step,
  storeLimits,
  type WitnessStore,
} from "./store/witness-store.ts"
export {
  type Answer,
  createWitness,
  latestCheckpoint,
  processAddCheckpoint,
  silentWitnessLog,
  type Witness,
  type WitnessDeps,
  type WitnessLog,
} from "./witness.ts"
export { openWitnessData, openWitnessStore, type WitnessFolder } from "./witness-folder.ts"

export { createFaultNetwork, type FaultNetwork } from "./fault-network.ts"
export { createJumpingClock, type JumpingClock } from "./jumping-clock.ts"
export { createMachine, type Machine } from "./machine.ts"
export { createManualTimers, type ManualTimers } from "./manual-timers.ts"
export { createMemoryDatabases, type MemoryDatabases } from "./memory-database.ts"
export { createMemoryChunks, createMemoryFiles } from "./memory-files.ts"
export { createMemoryNetwork, type MemoryNetwork } from "./memory-network.ts"
export {
  admit,
  approveNext,
  createWorld,
  type Org,
  org,
  type Player,
  passphrase,
  relayUrl,
  until,
  type World,
} from "./org.ts"
export { copyRelay, createTestRelay, hostingCode } from "./test-relay.ts"
export { clockOf, createWitnesses, dead, silent, type Witnesses, type WitnessTurn } from "./witnesses.ts"

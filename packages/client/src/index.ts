export type {
  Act,
  Alarm,
  Attachment,
  Change,
  Client,
  ClientCode,
  ConnectionState,
  Conversation,
  ConversationKind,
  ConversationState,
  Device,
  FileSource,
  FoundOptions,
  Id,
  Invite,
  JoinOptions,
  KeeperPlan,
  Message,
  MessageState,
  Overview,
  Person,
  Proposal,
  Reader,
  Standing,
} from "./api.ts"
export type { OpenClient } from "./client.ts"
export { ClientError } from "./error.ts"
export { foundOrganisation, joinOrganisation, listVaults, removeVault, unlockVault } from "./open.ts"
export { platformNetwork } from "./platform/network.ts"
export type {
  ChunkStore,
  ClientPorts,
  Database,
  DatabaseOpener,
  Network,
  Socket,
  SqlValue,
  StretchPassphrase,
  Timers,
  VaultFiles,
} from "./ports.ts"

// What page and engine worker say to each other. Everything here survives structured cloning.
import type { Change, Client, ClientCode, FoundOptions, GovernanceApi, Id, JoinOptions } from "@holdfast/client"

/** What the page can ask of an organisation: talk, and the keepers' desk. */
export type WholeClient = Client & GovernanceApi

/** An organisation on this device, locked. */
export interface LockedVault {
  readonly id: Id
}

/** A file as the page hands it over; the worker reads slices of it when it needs them. */
export interface PickedFile {
  readonly file: File
  readonly width?: number
  readonly height?: number
}

/** The methods of Client that pass through as they are. The type makes sure that none is forgotten. */
const passing: Record<Exclude<keyof WholeClient, "subscribe" | "close" | "sendFile" | "retryTransfer">, true> = {
  overview: true,
  people: true,
  conversations: true,
  messages: true,
  readers: true,
  timeline: true,
  proposals: true,
  invites: true,
  startConversation: true,
  renameConversation: true,
  addToConversation: true,
  removeFromConversation: true,
  sendText: true,
  cancelTransfer: true,
  fetchFile: true,
  readFile: true,
  markRead: true,
  createInvite: true,
  revokeInvite: true,
  approve: true,
  decline: true,
  proposeRemoveMember: true,
  proposeRemoveDevice: true,
  planKeepers: true,
  acceptKeeper: true,
  dismissAlarm: true,
  exportCharter: true,
  governance: true,
  checkRules: true,
  proposeRules: true,
  proposeSuspension: true,
  proposeReplacement: true,
  proposeRelays: true,
  proposeCanary: true,
  veto: true,
  history: true,
  requests: true,
  proposeAdmissions: true,
  proposeRemovals: true,
  inviteToRecover: true,
  rulesDraft: true,
  keepRulesDraft: true,
  newSeat: true,
  admissionRequest: true,
  acceptKeeperWithPasskey: true,
  acceptKeeperWithKeyFile: true,
  approvalRequest: true,
  approveWithPasskey: true,
  signingRequest: true,
  importApproval: true,
  act: true,
  exportOrganisation: true,
  evidence: true,
  importPeople: true,
}
export type PassingMethod = keyof typeof passing
export const passingMethods = Object.keys(passing) as readonly PassingMethod[]

/** An unlocked organisation as the page sees it. */
export interface RemoteClient extends Pick<WholeClient, PassingMethod | "subscribe"> {
  sendFile(conversation: Id, picked: PickedFile, caption?: string): Promise<Id>
  retryTransfer(message: Id, picked?: PickedFile): Promise<void>
  /** Answers reads of the file over `port` until it is closed (see downloads/stream.ts). */
  streamFile(message: Id, size: number, port: MessagePort): Promise<void>
}

/** Everything that the page asks of the worker. */
export interface Operations {
  listVaults(): Promise<readonly LockedVault[]>
  found(options: FoundOptions): Promise<Id>
  join(options: JoinOptions): Promise<Id>
  unlock(vault: Id, passphrase: string): Promise<Id>
  /** Closes what is open; nothing of it stays in memory. */
  lock(): Promise<void>
  removeVault(vault: Id): Promise<void>
  client(method: PassingMethod, args: readonly unknown[]): Promise<unknown>
  sendFile(conversation: Id, picked: PickedFile, caption?: string): Promise<Id>
  retryTransfer(message: Id, picked?: PickedFile): Promise<void>
  streamFile(message: Id, size: number, port: MessagePort): Promise<void>
}
export type OperationName = keyof Operations

export interface Call {
  readonly call: number
  readonly operation: OperationName
  readonly args: readonly unknown[]
}

/** `unexpected` is a defect: nothing that the engine foresees. */
export type EngineCode = ClientCode | "unexpected"

export type FromWorker =
  | { readonly kind: "answer"; readonly call: number; readonly value: unknown }
  | { readonly kind: "refused"; readonly call: number; readonly code: EngineCode; readonly sentence: string }
  | { readonly kind: "change"; readonly change: Change }

/** As ClientError, on the page's side. `sentence` is for people. */
export class EngineError extends Error {
  override name = "EngineError"
  readonly code: EngineCode
  readonly sentence: string
  constructor(code: EngineCode, sentence: string, options?: ErrorOptions) {
    super(`${code}: ${sentence}`, options)
    this.code = code
    this.sentence = sentence
  }
}

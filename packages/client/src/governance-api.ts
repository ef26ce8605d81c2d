// What the keepers' desk sees and asks for: the organisation's rules, what waits, who vouches for the log, and the acts that
// change any of it. Plain values, safe to hand across a worker boundary. Ids are lower-case hex; times are milliseconds
// since 1970, spans of time are seconds.
import type { Id, Invite, Proposal } from "./api.ts"

/** Acts that rules can treat each in its own way. The names are those of the charter (C4.1). */
export type RuledAct =
  | "rules"
  | "suspend-keeper"
  | "member-add"
  | "member-remove"
  | "device-add"
  | "device-remove"
  | "relays"
  | "release"
  | "recover"
  | "canary"

export interface ActRuleView {
  readonly k: number
  readonly delaySeconds: number
  /** Keepers who can veto it while it waits; 0: none can. */
  readonly vetoK: number
  readonly minOrganisations: number
  readonly minJurisdictions: number
}

export interface KeeperView {
  /** The seat. */
  readonly id: Id
  readonly member?: Id
  /** The member's name, or what the labels say, or the key's code. */
  readonly name: string
  readonly kind: "key" | "passkey"
  readonly keyCode: string
  readonly organisation: string
  readonly jurisdiction: string
  readonly you: boolean
  /** `until` is absent while no witness has yet cosigned the suspension: it has not begun to run. */
  readonly suspended?: { readonly until?: number }
  /** A member who has left still has this seat. */
  readonly withoutMember: boolean
}

export interface WitnessView {
  readonly name: string
  /** "name+id+base64", as C2SP writes it. */
  readonly vkey: string
  readonly url: string
  readonly organisation: string
  readonly jurisdiction: string
  /** When it last cosigned a checkpoint that this device has verified. */
  readonly cosignedAt?: number
  /** `missing`: not within the last 24 hours, while others did. `unknown`: this device has seen nothing of it yet. */
  readonly state: "fresh" | "missing" | "unknown"
}

/** Whether the log this device sees is the one that others see, as far as witnesses can tell. */
export interface Watch {
  /** `unwatched`: the rules name no witnesses. `stale`: no majority within 24 hours. `frozen`: within 7 days; no new keys are accepted. */
  readonly state: "unwatched" | "fresh" | "stale" | "frozen"
  /** The newest time that a majority vouches for. */
  readonly at?: number
  /** Size of the charter that they vouched for then. */
  readonly size?: number
  readonly needed: number
  readonly witnesses: readonly WitnessView[]
  readonly sentence: string
}

export interface WaitingAct {
  readonly statement: Id
  /** Its entry in the timeline. */
  readonly index: number
  readonly sentence: string
  readonly code: string
  /** Absent until witnesses have cosigned it: the wait has not begun. */
  readonly effectAt?: number
  readonly delaySeconds: number
  readonly vetoK: number
  /** This device can veto: as a keeper together with others, or alone as a device of the member who is being recovered. */
  readonly canVeto: "alone" | "with-others" | "no"
  /** It is about this device's own member. */
  readonly aboutMe: boolean
}

export interface CanaryView {
  readonly until: number
  readonly lapsed: boolean
  readonly index: number
}

export interface RelayView {
  readonly id: Id
  readonly urls: readonly string[]
  readonly keyCode: string
  /** 64 hexadecimal digits. */
  readonly logPublicKey: string
  readonly operator: string
  readonly jurisdiction: string
}

export interface Governance {
  readonly version: number
  readonly evaluation: boolean
  readonly keepers: readonly KeeperView[]
  /** What holds for each act; `own` is false where it follows the rule for "rules". */
  readonly acts: Readonly<Record<RuledAct, ActRuleView & { readonly own: boolean }>>
  readonly watch: Watch
  readonly waiting: readonly WaitingAct[]
  readonly canary?: CanaryView
  readonly relays: readonly RelayView[]
  /** The log's clock. */
  readonly clock?: number
}

/** Seats and rules as somebody wants them. `propose` and `check` take the same. */
export interface RulesDraft {
  readonly keepers: readonly SeatDraft[]
  /** "rules" is always there; what is not listed follows it. */
  readonly acts: Readonly<Partial<Record<RuledAct, ActRuleView>>>
  readonly witnesses: readonly {
    /** A C2SP vkey of a cosigner (type 04). */
    readonly vkey: string
    readonly url: string
    readonly organisation: string
    readonly jurisdiction: string
  }[]
  readonly witnessQuorum: number
}
/** A seat that stays, one for a member who has offered a key, or one for a key file's holder. */
export type SeatDraft = (
  | { readonly seat: Id }
  | { readonly member: Id }
  /** The text that `holdfast keeper offer` prints. `member` if its holder is one. */
  | { readonly offer: string; readonly forMember?: Id }
) & { readonly organisation: string; readonly jurisdiction: string }

/** Why rules cannot be: `floor` is the refusal's word (floor_k, floor_veto …) or "offer", "member" or "witness". */
export interface RulesProblem {
  readonly floor: string
  readonly sentence: string
}

/** What a passkey's page has to be asked for, and then gives back. */
export interface PasskeyKey {
  /** COSE_Key. */
  readonly publicKey: Uint8Array
  readonly rpId: string
  readonly origin: string
  readonly backupEligible: boolean
  readonly credentialId: Uint8Array
}
export interface PasskeyAssertion {
  readonly authenticatorData: Uint8Array
  readonly clientDataJson: Uint8Array
  readonly signature: Uint8Array
}
/** One thing to sign with a passkey: 32 bytes of challenge, by one of these credentials (empty: whichever the device offers). */
export interface PasskeyRequest {
  readonly challenge: Uint8Array
  readonly rpId: string
  readonly origin: string
  readonly credentialIds: readonly Uint8Array[]
}

/** Everything about one entry, down to the bytes. */
export interface ActDetail {
  readonly index: number
  readonly type: string
  readonly sentence: string
  readonly code: string
  readonly outcome: "applied" | "waiting" | "vetoed" | "lapsed" | "refused"
  /** Why it was refused or lapsed, in words. */
  readonly reason?: string
  /** The entry that decided what became of it; its own index unless it waited. */
  readonly decidedBy: number
  /** Header fields in words: subject, sequence, rules version, base, not after. */
  readonly fields: readonly { readonly name: string; readonly value: string }[]
  readonly approvals: readonly {
    readonly name: string
    readonly kind: "key" | "passkey" | "device"
    readonly keyCode: string
    readonly counted: boolean
    readonly note?: string
    /** Hexadecimal. */
    readonly signature: string
  }[]
  readonly statement: { readonly id: Id; readonly bytes: Uint8Array }
  readonly entry: Uint8Array
  readonly leafHash: string
  /** Against the newest checkpoint that this device holds and that covers it. */
  readonly inclusion?: {
    readonly size: number
    readonly root: string
    readonly path: readonly string[]
    /** The signed note, with all its lines. */
    readonly note: string
    readonly cosignedBy: readonly { readonly name: string; readonly at: number }[]
  }
  /** The same and the entry itself, as one file that other tools read (C2SP tlog-proof). */
  readonly proof?: Uint8Array
}

export interface NamedFile {
  /** A relative path with forward slashes. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** An invitation made from one line of an imported list. */
export interface ImportedPerson {
  readonly line: number
  readonly name: string
  readonly invite?: Id
  /** The invitation text, or why there is none. */
  readonly text?: string
  readonly problem?: string
}

/** Somebody who has used an invitation and is not in the charter yet. */
export interface OpenRequest {
  readonly id: Id
  readonly purpose: "member" | "keeper" | "device" | "recovery"
  readonly name: string
  readonly invitedBy: string
  /** The code that the asking device shows too. */
  readonly joinCode: string
  readonly keyCode: string
  readonly at: number
}

/** Part of `Client`. Every method may throw ClientError. */
export interface GovernanceApi {
  governance(): Promise<Governance>
  /** Empty: they could be proposed. Says which floor each of them breaks. */
  checkRules(draft: RulesDraft): Promise<readonly RulesProblem[]>
  proposeRules(draft: RulesDraft): Promise<Id>
  proposeSuspension(keeper: Id, seconds: number): Promise<Id>
  /** A seat for another key in the place of one that was lost: RULES with one seat exchanged. */
  proposeReplacement(lost: Id, by: SeatDraft): Promise<Id>
  proposeRelays(relays: readonly (Omit<RelayView, "keyCode" | "id"> & { readonly id: Id })[]): Promise<Id>
  /** `days`: 31 for monthly, 92 for quarterly. */
  proposeCanary(days: number): Promise<Id>
  /** For a keeper a proposal like any other; a device of the member concerned vetoes at once. */
  veto(statement: Id): Promise<Id>
  /** Proposals that are not open any more, newest first; at most 200. */
  history(): Promise<readonly Proposal[]>
  /** Those whose admission has not been decided; what `proposeAdmissions` takes. */
  requests(): Promise<readonly OpenRequest[]>
  /** One BATCH for these open requests to join, in the order given; more than fit become several. */
  proposeAdmissions(requests: readonly Id[]): Promise<readonly Id[]>
  proposeRemovals(members: readonly Id[]): Promise<readonly Id[]>
  /** For a member who has lost every device: whoever joins with it asks to be recovered, and a RECOVER is proposed. */
  inviteToRecover(member: Id, hours: number): Promise<Invite>
  /** Rules that somebody has begun to write on this device, kept sealed with everything else. `undefined`: none. */
  rulesDraft(): Promise<RulesDraft | undefined>
  keepRulesDraft(draft: RulesDraft | undefined): Promise<void>

  /** Where a passkey is to be made: the seat it will have, which its admission names. */
  newSeat(): Promise<{ readonly seat: Id; readonly organisation: Id; readonly name: string }>
  /** What a new passkey has to sign first, to agree to its admission. */
  admissionRequest(seat: Id, key: PasskeyKey): Promise<PasskeyRequest>
  /** Offers this member's key to the keepers; with a passkey its assertion over `admissionRequest`. */
  acceptKeeperWithPasskey(seat: Id, key: PasskeyKey, assertion: PasskeyAssertion): Promise<void>
  /** Offers this member's key in a file: the text that `holdfast keeper offer` prints. Keepers then give `{ member }` a seat. */
  acceptKeeperWithKeyFile(offer: string): Promise<void>
  /** What this member's passkey has to sign to approve; `undefined` if this device's own keys are all that is needed. */
  approvalRequest(proposal: Id): Promise<PasskeyRequest | undefined>
  approveWithPasskey(proposal: Id, assertion: PasskeyAssertion): Promise<void>

  /** For `holdfast keeper sign` on a machine that is never online: statement, whole charter, and the names in it. */
  signingRequest(proposal: Id): Promise<NamedFile>
  /** What that machine wrote. Returns the proposal. Throws `malformed` or `not_allowed` with the reason. */
  importApproval(bytes: Uint8Array): Promise<Id>

  act(index: number): Promise<ActDetail>
  /** The whole charter in the layout of C2SP tlog-tiles, with the newest checkpoint, the witness policy and the names. */
  exportOrganisation(): Promise<readonly NamedFile[]>
  /** The signed notes that an alarm rests on, and what they prove. */
  evidence(alarm: Id): Promise<readonly NamedFile[]>
  /** A list "name" or "name,label" a line: one invitation for each, at most 500. */
  importPeople(csv: string, options: { readonly hours: number }): Promise<readonly ImportedPerson[]>
}

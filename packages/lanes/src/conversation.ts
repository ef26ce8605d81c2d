import {
  decodeGroupParts,
  encodeEpochPart,
  encodeRatchetPart,
  type Group,
  MlsError,
  members as membersOf,
} from "@holdfast/mls"
import { type ConversationId, type DeviceId, hex, type LaneId, type MemberId, WireError } from "@holdfast/wire"
import { type Binding, conversationIdOf, decodeBinding, encodeBinding } from "./binding.ts"
import type { CharterView } from "./charter-view.ts"
import { ChangeRecord, ConversationRecord, decodeRecord, encodeRecord, OwnRecord } from "./conversation-record.ts"
import { EpochState, pastEpochs } from "./epoch-state.ts"
import { LaneError } from "./error.ts"
import type { LateWhy, Leaf, Sender } from "./event.ts"
import { type FrameSecrets, frameSecretsOf } from "./frame-keys.ts"
import type { ConversationState } from "./lane-api.ts"
import type { Addressee } from "./letter.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"
import type { TagIndex } from "./tag-index.ts"
import type { Turn } from "./turn.ts"

export type OwnMessage = OwnRecord
export type Epoch = EpochState<Conversation>

/** An own commit on its way, with the state to adopt if it wins its epoch. */
export interface OwnChange extends Omit<ChangeRecord, "epochPart" | "ratchetPart" | "invitees"> {
  readonly pending: Group
  readonly invitees: readonly Addressee[]
}

export interface Inviter {
  readonly member: MemberId
  readonly device: DeviceId
}

const stateNumbers = { open: 1, broken: 2, left: 3 } as const
const states: readonly (ConversationState | undefined)[] = [undefined, "open", "broken", "left"]

/**
 * One conversation on this device: the group, its epochs' frame keys, and what of ours is on its way. Changes in place, one
 * step of `applyMessage` or one own operation at a time; `store` puts what changed into records.
 */
export class Conversation {
  readonly id: ConversationId
  readonly binding: Binding
  state: ConversationState = "open"
  /** Charter size that the last winning commit pinned (N4.3). */
  pin = 0
  /** Lane index of the last winning commit; -1 before the first. */
  since = -1
  inviter: Inviter | undefined
  /** A device of somebody else than the inviter has been heard: the group is surely the one everybody is in (N6.6). */
  confirmed = true
  /** Oldest first. Empty unless open. */
  readonly past: Epoch[] = []
  #current: Epoch | undefined
  #group: Group | undefined
  #leaves: readonly Leaf[] = []
  #strangers: { readonly size: number; readonly leaves: readonly Leaf[] } | undefined
  /** By SHA-256 of the MLS message, in hex. */
  readonly own = new Map<string, OwnMessage>()
  #change: OwnChange | undefined
  readonly #lane: LaneId
  #index: TagIndex<Epoch>

  readonly #ownTouched = new Set<string>()
  readonly #windowsToDelete = new Set<number>()
  #recordTouched = true
  #epochTouched = false
  #ratchetTouched = false
  #changeTouched = false

  constructor(binding: Binding, lane: LaneId, index: TagIndex<Epoch>) {
    this.id = conversationIdOf(binding)
    this.binding = binding
    this.#lane = lane
    this.#index = index
  }

  /** Throws `not_open`. */
  get group(): Group {
    if (this.#group === undefined) throw new LaneError("not_open")
    return this.#group
  }

  /** Throws `not_open`. */
  get current(): Epoch {
    if (this.#current === undefined) throw new LaneError("not_open")
    return this.#current
  }

  get change(): OwnChange | undefined {
    return this.#change
  }

  get epoch(): number {
    return this.#current?.epoch ?? 0
  }

  /** By leaf index; empty unless open. */
  get leaves(): readonly Leaf[] {
    return this.#leaves
  }

  leafOf(leaf: number): Leaf | undefined {
    return this.#leaves.find((one) => one.leaf === leaf)
  }

  senderOf(leaf: Leaf, charter: CharterView): Sender {
    const { member, device, signatureKey } = leaf
    return { ...leaf, admitted: charter.admits(charter.size, member, device, signatureKey) }
  }

  strangers(charter: CharterView): readonly Leaf[] {
    if (this.#strangers?.size !== charter.size) {
      const leaves = this.#leaves.filter((leaf) => !this.senderOf(leaf, charter).admitted)
      this.#strangers = { size: charter.size, leaves }
    }
    return this.#strangers.leaves
  }

  /** Begins the epoch that `group` is at. The caller has settled the one before. */
  async begin(group: Group, since: number, pin: number): Promise<void> {
    const secrets = await frameSecretsOf(group, this.#lane)
    this.#enter(group)
    const current = this.#openEpoch({ group, secrets })
    for (const { leaf } of this.#leaves) current.windows.add(leaf)
    this.#current = current
    this.since = since
    this.pin = pin
    this.#recordTouched = true
    this.#epochTouched = true
    this.#ratchetTouched = true
  }

  #openEpoch({ group, secrets }: { group: Group; secrets: FrameSecrets }): Epoch {
    const { memberCount, ownLeaf } = group
    return new EpochState(this, { epoch: Number(group.epoch), memberCount, ownLeaf, secrets }, this.#lane, this.#index)
  }

  #enter(group: Group): void {
    this.#group = group
    this.#leaves = membersOf(group).map(({ leaf, identity, signatureKey }) => ({ leaf, ...identity, signatureKey }))
    this.#strangers = undefined
  }

  /** Adopts what a message has changed of the group: its ratchets, never its members. */
  keep(group: Group): void {
    this.#group = group
    this.#ratchetTouched = true
  }

  /** From the current epoch to the next, by the winning commit at `index` (N5.1 to N5.5). */
  async advance(group: Group, removed: readonly Leaf[], index: number, pin: number, turn: Turn): Promise<void> {
    const ended = this.current
    ended.endedAt = index
    this.past.push(ended)
    for (const epoch of this.past) for (const { leaf } of removed) epoch.removeLeaf(leaf)
    while (this.past.length > pastEpochs) this.#dropEpoch(this.past[0]!, "epoch-over", index, turn)
    this.rebase(index, turn)
    await this.begin(group, index, pin)
  }

  /** Ends late epochs whose time is over at `index` (N5.3). */
  expire(index: number, turn: Turn): void {
    while (this.past[0]?.isOver(index) === true) this.#dropEpoch(this.past[0], "epoch-over", index, turn)
  }

  #dropEpoch(epoch: Epoch, why: LateWhy, index: number, turn: Turn): void {
    epoch.windows.clear()
    this.#windowsToDelete.add(epoch.epoch)
    const at = this.past.indexOf(epoch)
    if (at >= 0) this.past.splice(at, 1)
    for (const [hash, own] of this.own) if (own.epoch === epoch.epoch) this.#late(hash, own, why, index, turn)
    this.#recordTouched = true
  }

  #late(hash: string, own: OwnMessage, why: LateWhy, index: number, turn: Turn): void {
    this.forgetOwn(hash)
    turn.events.push({ kind: "late", index, conversation: this.id, localId: own.localId, why })
  }

  /** Drops the own commit on its way, if there is one. */
  rebase(index: number, turn: Turn): void {
    if (this.#change === undefined) return
    turn.events.push({ kind: "rebase", index, conversation: this.id, localId: this.#change.localId })
    this.setChange(undefined)
  }

  /** Own messages whose counters were passed over cannot be accepted any more (N2.7). */
  dropDisplaced(epoch: Epoch, index: number, turn: Turn): void {
    const gone = (last: number) => !epoch.windows.isReachable(epoch.ownLeaf, last)
    for (const [hash, own] of this.own) {
      if (own.epoch === epoch.epoch && gone(own.lastCounter)) this.#late(hash, own, "displaced", index, turn)
    }
    if (this.#change !== undefined && this.#change.epoch === epoch.epoch && gone(this.#change.lastCounter)) {
      this.rebase(index, turn)
    }
  }

  /** The end of this group here, until a welcome opens it again. */
  end(state: "broken" | "left", index: number, turn: Turn): void {
    for (const epoch of [...this.past, this.current]) this.#dropEpoch(epoch, state, index, turn)
    this.rebase(index, turn)
    this.state = state
    this.since = index
    this.#current = undefined
    this.#group = undefined
    this.#leaves = []
    this.#strangers = undefined
    this.#recordTouched = true
    this.#epochTouched = true
    this.#ratchetTouched = true
  }

  confirm(): void {
    if (this.confirmed) return
    this.confirmed = true
    this.#recordTouched = true
  }

  addOwn(hash: string, own: OwnMessage): void {
    this.own.set(hash, own)
    this.#ownTouched.add(hash)
    this.#recordTouched = true
  }

  forgetOwn(hash: string): void {
    this.own.delete(hash)
    this.#ownTouched.add(hash)
  }

  setChange(change: OwnChange | undefined): void {
    this.#change = change
    this.#changeTouched = true
    this.#recordTouched = true
  }

  /** After a replay in private: from here on the lane's own index finds its tags. */
  moveTo(index: TagIndex<Epoch>): void {
    this.#index = index
    for (const epoch of this.#epochs()) epoch.windows.moveTo(index)
  }

  #epochs(): readonly Epoch[] {
    return this.#current === undefined ? [] : [...this.past, this.#current]
  }

  store(records: Records): void {
    const key = hex(this.id)
    for (const epoch of this.#windowsToDelete) records.delete("windows", windowsKey(key, epoch))
    this.#windowsToDelete.clear()
    for (const epoch of this.#epochs()) {
      if (!epoch.windowsChanged) continue
      records.put("windows", windowsKey(key, epoch.epoch), epoch.windows.encode())
      epoch.windowsChanged = false
    }
    for (const hash of this.#ownTouched) {
      const own = this.own.get(hash)
      if (own === undefined) records.delete("own", key + hash)
      else records.put("own", key + hash, encodeRecord(OwnRecord, own))
    }
    this.#ownTouched.clear()
    const group = this.#group
    if (this.#epochTouched) {
      if (group === undefined) records.delete("epoch", key)
      else records.put("epoch", key, encodeEpochPart(group))
    }
    if (this.#ratchetTouched) {
      if (group === undefined) records.delete("ratchet", key)
      else records.put("ratchet", key, encodeRatchetPart(group))
    }
    if (this.#changeTouched) this.#storeChange(records, key)
    if (this.#recordTouched) records.put("conversation", key, this.#encode())
    this.#epochTouched = false
    this.#ratchetTouched = false
    this.#changeTouched = false
    this.#recordTouched = false
  }

  #storeChange(records: Records, key: string): void {
    if (this.#change === undefined) {
      records.delete("change", key)
      return
    }
    const { pending, ...rest } = this.#change
    const parts = { epochPart: encodeEpochPart(pending), ratchetPart: encodeRatchetPart(pending) }
    records.put("change", key, encodeRecord(ChangeRecord, { ...rest, ...parts }))
  }

  #encode(): Uint8Array {
    return encodeRecord(ConversationRecord, {
      binding: encodeBinding(this.binding),
      state: stateNumbers[this.state],
      pin: this.pin,
      since1: this.since + 1,
      inviter: this.inviter,
      confirmed: this.confirmed,
      epochs: this.#epochs().map(({ epoch, memberCount, ownLeaf, ownCounter, endedAt, keys }) => ({
        epoch,
        memberCount,
        ownLeaf,
        ownCounter,
        endedAt1: endedAt === undefined ? 0 : endedAt + 1,
        ...keys.secrets,
      })),
    })
  }

  /** All conversations that the reader holds. Throws `damaged`. */
  static async restoreAll(reader: RecordReader, lane: LaneId, index: TagIndex<Epoch>): Promise<Conversation[]> {
    const table = (name: Parameters<RecordReader["all"]>[0]) => new Map(reader.all(name))
    const stored = {
      windows: table("windows"),
      epoch: table("epoch"),
      ratchet: table("ratchet"),
      change: table("change"),
    }
    const byKey = new Map<string, Conversation>()
    for (const [key, bytes] of reader.all("conversation")) {
      const record = decodeRecord(ConversationRecord, bytes)
      const conversation = new Conversation(bindingOf(record), lane, index)
      if (hex(conversation.id) !== key) throw new LaneError("damaged")
      await conversation.#restore(record, key, stored)
      byKey.set(key, conversation)
    }
    for (const [key, bytes] of reader.all("own")) {
      const conversation = byKey.get(key.slice(0, 64))
      if (conversation === undefined) throw new LaneError("damaged")
      conversation.own.set(key.slice(64), ownedRecord(decodeRecord(OwnRecord, bytes)))
    }
    return [...byKey.values()]
  }

  async #restore(
    record: ConversationRecord,
    key: string,
    stored: Readonly<Record<"windows" | "epoch" | "ratchet" | "change", ReadonlyMap<string, Uint8Array>>>,
  ): Promise<void> {
    const state = states[record.state]
    if (state === undefined || (state === "open") !== record.epochs.length > 0) throw new LaneError("damaged")
    this.state = state
    this.pin = record.pin
    this.since = record.since1 - 1
    this.inviter = record.inviter
    this.confirmed = record.confirmed
    if (state === "open") this.#enter(await restoreGroup(stored.epoch.get(key), stored.ratchet.get(key)))
    for (const [i, saved] of record.epochs.entries()) {
      const { epoch, memberCount, ownLeaf, ownCounter, endedAt1, tagKey, frameKey } = saved
      const secrets = { tagKey: tagKey.slice(), frameKey: frameKey.slice() }
      const one = new EpochState(this, { epoch, memberCount, ownLeaf, secrets }, this.#lane, this.#index)
      one.ownCounter = ownCounter
      one.endedAt = endedAt1 === 0 ? undefined : endedAt1 - 1
      const windows = stored.windows.get(windowsKey(key, epoch))
      const isLast = i === record.epochs.length - 1
      if (windows === undefined || isLast !== (one.endedAt === undefined)) throw new LaneError("damaged")
      one.windows.decodeInto(windows)
      one.windowsChanged = false
      if (isLast) this.#current = one
      else this.past.push(one)
    }
    if (this.#group !== undefined && Number(this.#group.epoch) !== this.epoch) throw new LaneError("damaged")
    const change = stored.change.get(key)
    if (change !== undefined) {
      const { epochPart, ratchetPart, ...rest } = decodeRecord(ChangeRecord, change.slice())
      this.#change = { ...rest, pending: await restoreGroup(epochPart, ratchetPart) }
    }
    this.#recordTouched = false
  }
}

const windowsKey = (conversation: string, epoch: number) => conversation + epoch.toString(16).padStart(14, "0")

function bindingOf(record: ConversationRecord): Binding {
  try {
    const binding = decodeBinding(record.binding.slice())
    if (binding !== undefined) return binding
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
  }
  throw new LaneError("damaged")
}

/** Decoded byte fields are views into what the reader gave; what outlives it is copied. */
function ownedRecord(own: OwnMessage): OwnMessage {
  return { ...own, plaintext: own.plaintext.slice() }
}

async function restoreGroup(epochPart: Uint8Array | undefined, ratchetPart: Uint8Array | undefined): Promise<Group> {
  if (epochPart === undefined || ratchetPart === undefined) throw new LaneError("damaged")
  try {
    return await decodeGroupParts({ epochPart, ratchetPart })
  } catch (cause) {
    if (cause instanceof MlsError) throw new LaneError("damaged", { cause })
    throw cause
  }
}

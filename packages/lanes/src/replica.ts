import { MlsError, readKeyPackage } from "@holdfast/mls"
import { type ConversationId, type DeviceId, equalBytes, hex, isFrameLength } from "@holdfast/wire"
import type { Stop, Surroundings, Won } from "./apply-message.ts"
import { Claims } from "./claims.ts"
import { Conversation, type Epoch } from "./conversation.ts"
import { decodeRecord, encodeRecord, LaneRecord } from "./conversation-record.ts"
import { DueWelcomesList } from "./due-welcomes.ts"
import { lateFrames } from "./epoch-state.ts"
import { LaneError } from "./error.ts"
import { FrameReader } from "./frame-reader.ts"
import { Joining } from "./joining.ts"
import type { ReceiveOptions } from "./lane-api.ts"
import { LaneTree } from "./lane-tree.ts"
import { type Letter, letterClass, openLetter, type ResyncLetter } from "./letter.ts"
import type { LaneDeps, RecordReader } from "./ports.ts"
import { RecentFrames } from "./recent-frames.ts"
import type { Records } from "./records.ts"
import { TagIndex } from "./tag-index.ts"
import type { Turn } from "./turn.ts"
import { WaitingJoins } from "./waiting-joins.ts"

/** The state of one lane on one device and the one thing that moves it: frames, in order. Changes in place. */
export class Replica {
  readonly deps: LaneDeps
  readonly tree: LaneTree
  readonly conversations = new Map<string, Conversation>()
  readonly due: DueWelcomesList
  readonly claims: Claims
  readonly joining: Joining
  readonly tags = new TagIndex<Epoch>()
  readonly watched = new TagIndex<string>()
  readonly recent = new RecentFrames()
  readonly frames: FrameReader
  /** No late epoch ends before this index. */
  #nextExpiry = Number.POSITIVE_INFINITY
  #replaced: Conversation[] = []
  readonly #around: Surroundings

  private constructor(deps: LaneDeps, reader: RecordReader) {
    this.deps = deps
    this.tree = LaneTree.restore(reader)
    this.due = DueWelcomesList.restore(reader)
    this.claims = Claims.restore(reader)
    this.frames = FrameReader.restore(reader)
    this.joining = new Joining(this, WaitingJoins.restore(reader))
    this.#around = { tree: this.tree, claims: this.claims, won: (conversation, won) => this.#owe(conversation, won) }
  }

  static async restore(deps: LaneDeps, reader: RecordReader): Promise<Replica> {
    const replica = new Replica(deps, reader)
    replica.#checkHead(reader)
    for (const conversation of await Conversation.restoreAll(reader, deps.lane, replica.tags)) {
      replica.conversations.set(hex(conversation.id), conversation)
      replica.noteExpiry(conversation)
    }
    return replica
  }

  /** The records of one lane, all written together: a store that mixes lanes or flushes is found out. */
  #checkHead(reader: RecordReader): void {
    const [head] = [...reader.all("lane")]
    if (head === undefined) {
      if (this.tree.size !== 0) throw new LaneError("damaged")
      return
    }
    const { lane, next } = decodeRecord(LaneRecord, head[1])
    if (next !== this.tree.size || !equalBytes(lane, this.deps.lane)) throw new LaneError("damaged")
  }

  store(records: Records): void {
    this.tree.store(records)
    for (const conversation of this.#replaced) conversation.store(records)
    this.#replaced = []
    for (const conversation of this.conversations.values()) conversation.store(records)
    this.due.store(records)
    this.claims.store(records)
    this.joining.store(records)
    this.frames.store(records)
    if (records.isClean) return
    const { lane } = this.deps
    records.put("lane", "00", encodeRecord(LaneRecord, { version: 1, lane, next: this.tree.size }))
  }

  /** Throws `not_found`. */
  conversation(id: ConversationId): Conversation {
    const found = this.conversations.get(hex(id))
    if (found === undefined) throw new LaneError("not_found")
    return found
  }

  get around(): Surroundings {
    return this.#around
  }

  /** Puts a conversation in, or in the place of what was there under its id. */
  install(conversation: Conversation): void {
    const key = hex(conversation.id)
    const before = this.conversations.get(key)
    if (before !== undefined) this.#replaced.push(before)
    this.conversations.set(key, conversation)
    this.noteExpiry(conversation)
  }

  noteExpiry(conversation: Conversation): void {
    const first = conversation.past[0]
    if (first !== undefined) this.#nextExpiry = Math.min(this.#nextExpiry, (first.endedAt ?? 0) + lateFrames + 1)
  }

  #expire(index: number, turn: Turn): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const conversation of this.conversations.values()) {
      conversation.expire(index, turn)
      this.noteExpiry(conversation)
    }
  }

  /** Frames from the replica's next one on. Events go to the turn; a stop is the last of them. */
  async receive(frames: readonly Uint8Array[], options: ReceiveOptions, turn: Turn): Promise<void> {
    const waiting = await this.joining.settle(turn)
    if (waiting !== undefined) {
      turn.events.push(waiting)
      return
    }
    const start = this.tree.size
    for (const frame of frames) this.tree.append(frame)
    if (!this.#leadsTo(options.head, start, turn)) return
    for (const [i, frame] of frames.entries()) {
      const index = start + i
      if (index >= this.#nextExpiry) this.#expire(index, turn)
      const entry = this.tags.find(frame)
      let stop: Stop | undefined
      if (entry !== undefined) {
        stop = await this.frames.read(entry, index, frame, this.#around, turn)
        this.noteExpiry(entry.owner.conversation)
        if (stop !== undefined) return this.#stopAt(index, stop, turn)
      } else {
        this.frames.interrupt()
        this.#lookForWatched(index, frame, turn)
      }
      this.recent.push(index, frame)
      if (entry === undefined && frame.length >= letterClass && isFrameLength(frame.length)) {
        stop = await this.#readLetter(index, frame, turn)
        if (stop !== undefined) return this.#stopAt(index + 1, stop, turn)
      }
    }
  }

  #stopAt(next: number, stop: Stop, turn: Turn): void {
    this.tree.truncate(next)
    turn.events.push(stop)
  }

  /** A head that the frames do not reach says nothing about them. */
  #leadsTo(head: ReceiveOptions["head"], start: number, turn: Turn): boolean {
    if (head === undefined || head.size < start || head.size > this.tree.size) return true
    const ours = this.tree.rootAt(head.size)
    if (ours === null || equalBytes(ours, head.root)) return true
    this.tree.truncate(start)
    turn.events.push({ kind: "alarm", alarm: { kind: "wrong-root", size: head.size, expected: head.root, ours } })
    return false
  }

  #lookForWatched(index: number, frame: Uint8Array, turn: Turn): void {
    if (this.watched.size === 0) return
    const found = this.watched.find(frame)
    if (found !== undefined) turn.events.push({ kind: "watched", index, name: found.owner, frame: frame.slice() })
  }

  async #readLetter(index: number, frame: Uint8Array, turn: Turn): Promise<Stop | undefined> {
    const { lane, device, sealKeys } = this.deps
    const letter = await openLetter(lane, device.identity.device, sealKeys(), frame)
    if (letter === undefined) return undefined
    const { content } = letter
    if (content.kind === "resync") await this.#askedForResync(index, letter, content.value, turn)
    if (content.kind === "welcome" || content.kind === "welcomeByBlob") {
      await this.joining.welcomed(index, letter, content, turn)
      return this.joining.settle(turn, index + 1)
    }
    return undefined
  }

  /** Only from an active device that has a leaf here, and only if no commit has come since it wrote (N7.3). */
  async #askedForResync(index: number, letter: Letter, asked: ResyncLetter, turn: Turn): Promise<void> {
    const conversation = this.conversations.get(hex(asked.conversation))
    const { member, device, signatureKey } = letter
    const { charter } = turn
    if (conversation?.state !== "open" || !charter.admits(charter.size, member, device, signatureKey)) return
    const isLeaf = conversation.leaves.some((leaf) => equalBytes(leaf.device, device))
    if (!isLeaf || asked.laneSize <= conversation.since || asked.laneSize > index) return
    if (!(await isKeyPackageOf(device, asked.keyPackage))) return
    turn.events.push({
      kind: "resync-asked",
      index,
      conversation: conversation.id,
      member,
      device,
      keyPackage: asked.keyPackage,
      sealKey: asked.sealKey,
    })
  }

  #owe(conversation: Conversation, { index, change }: Won): void {
    this.due.owe(conversation, index, change)
  }
}

export async function isKeyPackageOf(device: DeviceId, keyPackage: Uint8Array): Promise<boolean> {
  try {
    return equalBytes((await readKeyPackage(keyPackage)).identity.device, device)
  } catch (error) {
    if (error instanceof MlsError) return false
    throw error
  }
}

import {
  type Group,
  groupBinding,
  join as joinGroup,
  type KeyPackagePair,
  MlsError,
  welcomeRecipients,
} from "@holdfast/mls"
import { type BlobId, equalBytes, hex, type LaneId, type OrgId, WireError } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { rosterAt, type Stop, type Surroundings } from "./apply-message.ts"
import { type Binding, conversationIdOf, decodeBinding, kindOfNumber } from "./binding.ts"
import { Conversation, type Epoch } from "./conversation.ts"
import { openBlob } from "./due-welcomes.ts"
import { LaneError } from "./error.ts"
import type { Alarm, BlobRef } from "./event.ts"
import { FrameReader } from "./frame-reader.ts"
import { judgePin } from "./judge-pin.ts"
import type { LaneTree } from "./lane-tree.ts"
import { decodeWelcomePackage, type Letter, type LetterContent } from "./letter.ts"
import type { LaneDeps } from "./ports.ts"
import { maxReplayFrames, type RecentFrames } from "./recent-frames.ts"
import type { Records } from "./records.ts"
import { TagIndex } from "./tag-index.ts"
import type { Turn } from "./turn.ts"
import { blobRefOf, isAwaitingBlob, type WaitingJoin, type WaitingJoins } from "./waiting-joins.ts"

type BadWelcome = Extract<Alarm, { kind: "bad-welcome" }>["why"]
type WelcomeContent = Extract<LetterContent, { kind: "welcome" | "welcomeByBlob" }>

const none = new Uint8Array()
const maxWelcomeBlobBytes = 67_108_864

/** What joining needs of the replica it is a part of. */
export interface Home {
  readonly deps: LaneDeps
  readonly tree: LaneTree
  readonly conversations: ReadonlyMap<string, Conversation>
  readonly tags: TagIndex<Epoch>
  readonly around: Surroundings
  readonly frames: FrameReader
  readonly recent: RecentFrames
  install(conversation: Conversation): void
}

/** Carries out welcomes: opens the group as it was after the commit, then replays what the lane has had since (N6.4 to N6.6). */
export class Joining {
  readonly #home: Home
  readonly #waiting: WaitingJoins
  /** Frames the caller brought, by index; kept until the join they are for is done. */
  readonly #supplied = new Map<number, Uint8Array>()

  constructor(home: Home, waiting: WaitingJoins) {
    this.#home = home
    this.#waiting = waiting
  }

  store(records: Records): void {
    this.#waiting.store(records)
  }

  awaitedBlobs(): readonly BlobRef[] {
    return this.#waiting.awaitedBlobs()
  }

  async welcomed(index: number, letter: Letter, content: WelcomeContent, turn: Turn): Promise<void> {
    const { member, device, signatureKey } = letter
    const { conversation, kind, commitIndex, charterSize, charterRoot, charterNote } = content.value
    if (commitIndex >= index) return
    const noBlob = { blobId: none as Uint8Array as BlobId, blobKey: none, blobLength: 0, blobSha256: none }
    const from = { index, member, device, signatureKey }
    const head = { conversation, kind, commitIndex, charterSize, charterRoot, charterNote }
    if (content.kind === "welcome") {
      if (content.value.package.length === 0) return
      this.#waiting.add({ ...from, ...head, package: content.value.package, ...noBlob })
      return
    }
    const { blobId, key, length, sha256: digest } = content.value
    if (length > maxWelcomeBlobBytes) return
    const blob = { blobId, blobKey: key, blobLength: length, blobSha256: digest }
    const join: WaitingJoin = { ...from, ...head, package: none, ...blob }
    if (!(await this.#mayInvite(join, turn))) return
    if (this.#waiting.add(join)) turn.events.push({ kind: "needs-blob", conversation, blob: blobRefOf(join) })
  }

  /**
   * A letter's key is anybody's: what is fetched must be asked for by a device of the charter, or the numbers that one device
   * may have waiting would bound nothing. Of a size beyond our charter, only a relay's word can be had (N6.4).
   */
  async #mayInvite(join: WaitingJoin, turn: Turn): Promise<boolean> {
    const { charterSize, member, device, signatureKey } = join
    const verdict = await judgePin(join, turn)
    if (verdict === "ours") return turn.charter.admits(charterSize, member, device, signatureKey)
    return verdict === "behind" || (verdict === "unproven" && this.#isActive(join, turn))
  }

  #isActive({ member, device, signatureKey }: WaitingJoin, { charter }: Turn): boolean {
    return charter.admits(charter.size, member, device, signatureKey)
  }

  /** Throws `not_found` for a blob that nobody waits for. */
  async supplyBlob(blob: BlobId, ciphertext: Uint8Array | null, turn: Turn): Promise<Stop | undefined> {
    const joins = this.#waiting.awaiting(blob)
    if (joins.length === 0) throw new LaneError("not_found")
    for (const join of joins) {
      const opened = ciphertext === null ? undefined : await openPackage(join, ciphertext)
      if (opened === undefined || opened.length === 0) this.#giveUp(join, "blob", turn)
      else this.#waiting.fill(join, opened)
    }
    return this.settle(turn)
  }

  /** Throws `out_of_order` when no frames were asked for, or for frames that are not the lane's. */
  async supply(from: number, frames: readonly Uint8Array[] | null, turn: Turn): Promise<Stop | undefined> {
    const join = this.#waiting.ready
    if (join === undefined) throw new LaneError("out_of_order")
    if (frames === null) this.#giveUp(join, "too-old", turn)
    else {
      const isOurs = (frame: Uint8Array, i: number) => this.#home.tree.isLeaf(from + i, frame) === true
      if (!frames.every(isOurs)) throw new LaneError("out_of_order")
      for (const [i, frame] of frames.entries()) this.#supplied.set(from + i, frame)
    }
    return this.settle(turn)
  }

  /** Carries out all that can be, up to and without lane index `upTo`. A result is what the next one waits for. */
  async settle(turn: Turn, upTo: number = this.#home.tree.size): Promise<Stop | undefined> {
    for (let join = this.#waiting.ready; join !== undefined; join = this.#waiting.ready) {
      const stop = await this.#carryOut(join, upTo, turn)
      if (stop !== undefined) return stop
      this.#waiting.remove(join)
      this.#supplied.clear()
    }
    return undefined
  }

  #giveUp(join: WaitingJoin, why: BadWelcome, turn: Turn): undefined {
    this.#waiting.remove(join)
    this.#supplied.clear()
    const { index, conversation, device: inviter } = join
    turn.events.push({ kind: "alarm", alarm: { kind: "bad-welcome", index, conversation, inviter, why } })
  }

  async #carryOut(join: WaitingJoin, upTo: number, turn: Turn): Promise<Stop | undefined> {
    if (!this.#isWanted(join)) return undefined
    if (upTo - join.commitIndex - 1 > maxReplayFrames) return this.#giveUp(join, "too-old", turn)
    const verdict = await judgePin(join, turn)
    if (verdict === "behind" || verdict === "unproven") {
      const { index, charterSize: size } = join
      return { kind: "needs-charter", index, size, proven: verdict === "behind" }
    }
    const { charter } = turn
    const { member, device, signatureKey } = join
    if (verdict !== "ours" || !charter.admits(join.charterSize, member, device, signatureKey)) {
      return this.#giveUp(join, "unreadable", turn)
    }
    const missing = this.#missing(join, upTo)
    if (missing !== undefined) return { kind: "needs-frames", conversation: join.conversation, ...missing }
    const opened = await this.#open(join, turn)
    if (typeof opened === "string") return this.#giveUp(join, opened, turn)
    return this.#enter(join, opened, upTo, turn)
  }

  /** What is here already is only replaced where it has ended, or nobody else has been heard in it (N6.6). */
  #isWanted(join: WaitingJoin): boolean {
    const before = this.#home.conversations.get(hex(join.conversation))
    if (before === undefined) return true
    if (before.state !== "open") return join.commitIndex >= before.since
    return !before.confirmed && before.inviter !== undefined && !equalBytes(before.inviter.member, join.member)
  }

  #frameAt(index: number): Uint8Array | undefined {
    return this.#home.recent.at(index) ?? this.#supplied.get(index)
  }

  #missing(join: WaitingJoin, upTo: number): { from: number; to: number } | undefined {
    let from = join.commitIndex + 1
    while (from < upTo && this.#frameAt(from) !== undefined) from++
    if (from === upTo) return undefined
    let to = from + 1
    while (to < upTo && this.#frameAt(to) === undefined) to++
    return { from, to }
  }

  async #open(join: WaitingJoin, turn: Turn): Promise<Opened | BadWelcome> {
    const { deps } = this.#home
    try {
      const { welcome, tree } = decodeWelcomePackage(join.package)
      const known = welcomeRecipients(welcome).map((ref) => ({ ref, pair: deps.keyPackage(ref) }))
      const own = known.find((one): one is { ref: Uint8Array; pair: KeyPackagePair } => one.pair !== undefined)
      if (own === undefined) return "unknown-key-package"
      const roster = rosterAt(turn.charter, join.charterSize)
      const options = tree.length === 0 ? { roster } : { roster, tree }
      const { group } = await joinGroup(welcome, own.pair, options)
      const binding = bindingFor(join, group, deps)
      return binding === undefined ? "wrong-binding" : { group, binding, ref: own.ref }
    } catch (error) {
      if (error instanceof MlsError || error instanceof WireError) return "unreadable"
      throw error
    }
  }

  /** Replays in private and installs when it has come through; a stop on the way leaves no trace. */
  async #enter(join: WaitingJoin, opened: Opened, upTo: number, turn: Turn): Promise<Stop | undefined> {
    const { tags, around, frames: reader, deps } = this.#home
    const index = new TagIndex<Epoch>()
    const conversation = new Conversation(opened.binding, deps.lane, index)
    conversation.inviter = { member: join.member, device: join.device }
    conversation.confirmed = false
    await conversation.begin(opened.group, join.commitIndex, join.charterSize)
    const { epoch } = conversation
    const replay: Turn = { ...turn, events: [] }
    const frames = new FrameReader()
    for (let at = join.commitIndex + 1; at < upTo; at++) {
      conversation.expire(at, replay)
      const frame = this.#frameAt(at)!
      const entry = index.find(frame)
      if (entry === undefined) {
        frames.interrupt()
        continue
      }
      const stop = await frames.read(entry, at, frame, around, replay)
      if (stop !== undefined) return stop
    }
    const before = this.#home.conversations.get(hex(join.conversation))
    if (before?.state === "open") before.end("left", join.index, turn)
    turn.events.push({
      kind: "joined",
      index: join.index,
      conversation: join.conversation,
      conversationKind: opened.binding.kind,
      epoch,
      commitIndex: join.commitIndex,
      inviter: conversation.inviter,
      keyPackageRef: opened.ref,
    })
    turn.events.push(...replay.events)
    conversation.moveTo(tags)
    reader.takeOver(frames)
    this.#home.install(conversation)
    return undefined
  }
}

interface Opened {
  readonly group: Group
  readonly binding: Binding
  readonly ref: Uint8Array
}

/** The group must be the one the letter speaks of, and of this organisation and lane (N6.1). */
function bindingFor(
  join: WaitingJoin,
  group: Group,
  { org, lane }: { readonly org: OrgId; readonly lane: LaneId },
): Binding | undefined {
  const binding = decodeBinding(groupBinding(group))
  if (binding === undefined || binding.kind !== kindOfNumber(join.kind)) return undefined
  const isHere = equalBytes(binding.org, org) && equalBytes(binding.lane, lane)
  const id = conversationIdOf(binding)
  return isHere && equalBytes(id, join.conversation) && equalBytes(id, group.id) ? binding : undefined
}

async function openPackage(join: WaitingJoin, ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
  if (!isAwaitingBlob(join) || ciphertext.length !== join.blobLength) return undefined
  return equalBytes(sha256(ciphertext), join.blobSha256) ? openBlob(join.blobKey, ciphertext) : undefined
}

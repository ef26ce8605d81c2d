import { type CommitView, inspect, type Member, MlsError, members, type Received, receive } from "@holdfast/mls"
import { equalBytes, hex, WireError } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import type { CharterDevice, CharterView } from "./charter-view.ts"
import type { Claims } from "./claims.ts"
import type { Conversation, Epoch, OwnChange } from "./conversation.ts"
import type { LaneEvent, Leaf } from "./event.ts"
import { judgePin, pinOf } from "./judge-pin.ts"
import { keepsKind } from "./keeps-kind.ts"
import type { LaneTree } from "./lane-tree.ts"
import { decodeLaneView, type LaneView } from "./lane-view.ts"
import type { Turn } from "./turn.ts"

/** One whole MLS message as it came out of frames: whose tags they had, and the place of its last frame (N3.4). */
export interface Arrival {
  readonly epoch: Epoch
  readonly leaf: number
  readonly firstCounter: number
  readonly lastCounter: number
  readonly message: Uint8Array
  readonly index: number
}

export type Stop = Extract<LaneEvent, { kind: "needs-charter" | "needs-frames" }>

/** What an accepted commit left to do for the lane. */
export interface Won {
  readonly index: number
  readonly change: OwnChange
}

export interface Surroundings {
  readonly tree: LaneTree
  readonly claims: Claims
  /** Called when an own commit has won. */
  readonly won: (conversation: Conversation, won: Won) => void
}

/**
 * Applies one message to its conversation. A result is a stop: nothing was changed, and the same message has to come again.
 * Whatever is wrong with the message changes nothing and is an alarm, except the losing commits that honest devices send (N5.2).
 */
export async function applyMessage(arrival: Arrival, around: Surroundings, turn: Turn): Promise<Stop | undefined> {
  const { conversation } = arrival.epoch
  const outer = outerOf(arrival)
  if (outer === undefined) return junk(arrival, turn)
  const { view, contentType } = outer
  if (contentType === "application") {
    if (view.charterNote !== undefined) return junk(arrival, turn)
    return applyApplication(arrival, view, around, turn)
  }
  if (contentType !== "commit") return junk(arrival, turn)
  if (arrival.epoch !== conversation.current) return undefined
  return applyCommit(arrival, view, around, turn)
}

/** The outside of a message and its LaneView, if both fit the frames it came in (N2.4). */
function outerOf({ epoch, firstCounter, message }: Arrival) {
  try {
    const { groupId, epoch: number, contentType, authenticatedData } = inspect(message)
    const view = decodeLaneView(authenticatedData)
    const fits = equalBytes(groupId, epoch.conversation.id) && number === BigInt(epoch.epoch)
    return fits && view.counter === firstCounter ? { contentType, view } : undefined
  } catch (error) {
    if (error instanceof MlsError || error instanceof WireError) return undefined
    throw error
  }
}

function junk({ epoch, leaf, index }: Arrival, turn: Turn): undefined {
  turn.events.push({ kind: "alarm", alarm: { kind: "junk", index, conversation: epoch.conversation.id, leaf } })
}

function cloned({ epoch, index }: Arrival, turn: Turn): undefined {
  turn.events.push({ kind: "alarm", alarm: { kind: "cloned", index, conversation: epoch.conversation.id } })
}

const toLeaf = ({ leaf, identity, signatureKey }: Member): Leaf => ({ leaf, ...identity, signatureKey })
const hashOf = (message: Uint8Array) => sha256(message)

async function applyApplication(
  arrival: Arrival,
  view: LaneView,
  around: Surroundings,
  turn: Turn,
): Promise<undefined> {
  const { epoch, leaf, firstCounter, lastCounter, message } = arrival
  const { conversation } = epoch
  if (leaf === epoch.ownLeaf) {
    const hash = hex(hashOf(message))
    const own = conversation.own.get(hash)
    if (own !== undefined) {
      conversation.forgetOwn(hash)
      epoch.markSeen(leaf, firstCounter, lastCounter)
      const { localId, plaintext } = own
      return heard(arrival, conversation.leafOf(leaf)!, view, { plaintext, own: true, localId }, around, turn)
    }
  }
  const received = await receive(conversation.group, message, { roster: nobody })
  if (received.kind === "ignored" && received.why === "own") return cloned(arrival, turn)
  if (received.kind !== "application" || received.sender.leaf !== leaf) return junk(arrival, turn)
  conversation.keep(received.group)
  epoch.markSeen(leaf, firstCounter, lastCounter)
  const { inviter } = conversation
  if (inviter !== undefined && !equalBytes(inviter.member, received.sender.identity.member)) conversation.confirm()
  const { plaintext } = received
  return heard(arrival, toLeaf(received.sender), view, { plaintext, own: false }, around, turn)
}

/** An application message needs no roster: its sender's leaf was judged when it came in. */
const nobody = { admits: () => false }

type What = { plaintext: Uint8Array; own: true; localId: string } | { plaintext: Uint8Array; own: false }

function heard(arrival: Arrival, leaf: Leaf, view: LaneView, what: What, around: Surroundings, turn: Turn): undefined {
  const { epoch, index } = arrival
  const { conversation } = epoch
  const sender = conversation.senderOf(leaf, turn.charter)
  const claim = claimOf(view)
  turn.events.push({
    kind: "message",
    index,
    conversation: conversation.id,
    epoch: epoch.epoch,
    sender,
    claim,
    ...what,
  })
  const place = { conversation: conversation.id, index }
  turn.events.push(...around.claims.check(claim, sender, place, around.tree, turn.charter))
}

function claimOf({ charterSize, charterRoot, laneSize, laneRoot16 }: LaneView) {
  return { charterSize, charterRoot: charterRoot.slice(), laneSize, laneRoot16: laneRoot16.slice() }
}

/**
 * The checks that decide which commit wins an epoch, in the order that makes them come out alike everywhere: first what
 * stands on the outside, then the pin, then what MLS says under the charter at that pin (N5.1).
 */
async function applyCommit(
  arrival: Arrival,
  view: LaneView,
  around: Surroundings,
  turn: Turn,
): Promise<Stop | undefined> {
  const { epoch, leaf, message, index } = arrival
  const { conversation } = epoch
  const { change } = conversation
  if (leaf === epoch.ownLeaf && change !== undefined && equalBytes(change.hash, hashOf(message))) {
    return adoptOwn(arrival, view, change, around, turn)
  }
  const pin = pinOf(view)
  if (pin === undefined || pin.charterSize < conversation.pin) return junk(arrival, turn)
  const verdict = await judgePin(pin, turn)
  if (verdict === "behind" || verdict === "unproven") {
    return { kind: "needs-charter", index, size: pin.charterSize, proven: verdict === "behind" }
  }
  if (verdict === "none") return junk(arrival, turn)
  if (verdict === "fork") {
    accuse(arrival, view, around, turn)
    return junk(arrival, turn)
  }
  const isAdmitted = ({ member, device, signatureKey }: CharterDevice) =>
    turn.charter.admits(pin.charterSize, member, device, signatureKey)
  const received = await receive(conversation.group, message, {
    roster: rosterAt(turn.charter, pin.charterSize),
    checkCommit: (commit) => keepsKind(conversation.binding.kind, conversation.leaves, leavesOf(commit), isAdmitted),
  })
  if (received.kind === "ignored") {
    if (received.why !== "own") return junk(arrival, turn)
    // The others follow a commit of this device that this device does not know.
    cloned(arrival, turn)
    const own = conversation.leafOf(leaf)!
    const sender = conversation.senderOf(own, turn.charter)
    turn.events.push({ kind: "broken", index, conversation: conversation.id, sender })
    return void conversation.end("broken", index, turn)
  }
  if (received.kind === "application" || received.committer.leaf !== leaf) return junk(arrival, turn)
  await follow(arrival, view, received, around, turn)
  return undefined
}

export function rosterAt(charter: CharterView, size: number) {
  return {
    admits: ({ member, device }: Member["identity"], signatureKey: Uint8Array) =>
      charter.admits(size, member, device, signatureKey),
  }
}

/** A commit whose pin is not in our charter: whoever it names as the sender, the frame was made in the group. */
function accuse({ epoch, leaf, index }: Arrival, view: LaneView, around: Surroundings, turn: Turn): void {
  const { conversation } = epoch
  const named = conversation.leafOf(leaf)
  if (named === undefined) return
  const place = { conversation: conversation.id, index, note: view.charterNote }
  const sender = conversation.senderOf(named, turn.charter)
  turn.events.push(...around.claims.check(claimOf(view), sender, place, around.tree, turn.charter))
}

type Followed = Extract<Received, { kind: "advanced" | "removed" | "unopenable" }>

async function follow(
  arrival: Arrival,
  view: LaneView,
  received: Followed,
  around: Surroundings,
  turn: Turn,
): Promise<void> {
  const { epoch, leaf, firstCounter, lastCounter, index } = arrival
  const { conversation } = epoch
  const sender = conversation.senderOf(toLeaf(received.committer), turn.charter)
  epoch.markSeen(leaf, firstCounter, lastCounter)
  if (received.kind === "removed") {
    turn.events.push({ kind: "left", index, conversation: conversation.id, epoch: epoch.epoch, sender })
    return conversation.end("left", index, turn)
  }
  if (received.kind === "unopenable") {
    turn.events.push({ kind: "broken", index, conversation: conversation.id, sender })
    return conversation.end("broken", index, turn)
  }
  const { inviter } = conversation
  if (inviter !== undefined && !equalBytes(inviter.member, sender.member)) conversation.confirm()
  const { added, removed } = leavesOf(received)
  await conversation.advance(received.group, removed, index, view.charterSize, turn)
  const claim = claimOf(view)
  turn.events.push({
    kind: "changed",
    index,
    conversation: conversation.id,
    epoch: conversation.epoch,
    sender,
    added,
    removed,
    claim,
    own: false,
  })
  const place = { conversation: conversation.id, index, note: view.charterNote }
  turn.events.push(...around.claims.check(claim, sender, place, around.tree, turn.charter))
}

function leavesOf(view: CommitView): { added: Leaf[]; removed: Leaf[] } {
  return { added: view.added.map(toLeaf), removed: view.removed.map(toLeaf) }
}

/** Our own commit has come back before any other: it has won (N5.2). */
async function adoptOwn(
  arrival: Arrival,
  view: LaneView,
  change: OwnChange,
  around: Surroundings,
  turn: Turn,
): Promise<undefined> {
  const { epoch, leaf, firstCounter, lastCounter, index } = arrival
  const { conversation } = epoch
  const own = conversation.leafOf(leaf)!
  epoch.markSeen(leaf, firstCounter, lastCounter)
  conversation.setChange(undefined)
  const removed = conversation.leaves.filter((one) => change.removed.includes(one.leaf))
  const isAdded = (one: Leaf) => change.invitees.some((invitee) => equalBytes(invitee.device, one.device))
  const added = members(change.pending).map(toLeaf).filter(isAdded)
  await conversation.advance(change.pending, removed, index, change.charterSize, turn)
  turn.events.push({
    kind: "changed",
    index,
    conversation: conversation.id,
    epoch: conversation.epoch,
    sender: conversation.senderOf(own, turn.charter),
    added,
    removed,
    claim: claimOf(view),
    own: true,
    localId: change.localId,
  })
  if (change.invitees.length === 0) return
  around.won(conversation, { index, change })
  turn.events.push({ kind: "welcomes-due", index, conversation: conversation.id, due: index })
}

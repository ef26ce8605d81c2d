import { exporter } from "@holdfast/mls"
import { tagBytes } from "@holdfast/wire"
import type { Stop } from "./apply-message.ts"
import type { Conversation } from "./conversation.ts"
import { writeWelcomes } from "./due-welcomes.ts"
import { LaneError } from "./error.ts"
import type { LaneEvent } from "./event.ts"
import type { ConversationView, Lane, ReceiveOptions } from "./lane-api.ts"
import { encodeLetterContent, writeLetter } from "./letter.ts"
import { change, createConversation, reconcile, send } from "./own-messages.ts"
import type { LaneDeps, RecordReader } from "./ports.ts"
import { Replica } from "./replica.ts"
import type { Turn } from "./turn.ts"
import { Turns } from "./turns.ts"

/** Opens the replica that `reader` holds; an empty reader gives one that has read nothing. Throws `damaged`. */
export async function openLane(deps: LaneDeps, reader: RecordReader): Promise<Lane> {
  const replica = await Replica.restore(deps, reader)
  const turns = new Turns((records) => replica.store(records))
  const turn = (charterIsCurrent = false): Turn => ({ charter: deps.charter(), charterIsCurrent, events: [] })
  /** For operations that end in a stop or do not. */
  const settling = (work: (turn: Turn) => Promise<Stop | undefined>) =>
    turns.run(async () => {
      const now = turn()
      const stop = await work(now)
      return stop === undefined ? now.events : [...now.events, stop]
    })

  return {
    id: deps.lane,
    get next() {
      return replica.tree.size
    },
    get size() {
      return replica.tree.size
    },
    rootAt: (size) => replica.tree.rootAt(size),

    receive: (first, frames, options = {}) =>
      turns.run(() => receive(replica, first, frames, options, turn(options.charterIsCurrent))),
    supply: (from, frames) => settling((now) => replica.joining.supply(from, frames, now)),
    supplyBlob: (blob, ciphertext) => settling((now) => replica.joining.supplyBlob(blob, ciphertext, now)),
    awaitedBlobs: () => replica.joining.awaitedBlobs(),
    checkClaims: () => turns.run(async () => replica.claims.settle(deps.charter())),
    claimsAhead: () => replica.claims.waiting(),

    conversations: () => [...replica.conversations.values()].map((one) => viewOf(one, deps)),
    leaves: (conversation) => replica.conversation(conversation).leaves,
    createConversation: ({ kind, nonce }) => turns.run(() => createConversation(replica, kind, nonce)),
    send: (conversation, plaintext, localId) => turns.run(() => send(replica, conversation, plaintext, localId)),
    change: (conversation, wanted, localId) => turns.run(() => change(replica, conversation, wanted, localId)),
    reconcile: (conversation, directory, now) => turns.run(() => reconcile(replica, conversation, directory, now)),
    due: () =>
      replica.due.all().map(({ commitIndex, conversation, recipients }) => ({
        due: commitIndex,
        conversation,
        recipients: recipients.map(({ device }) => device),
      })),
    writeWelcomes: (index) =>
      turns.run(async () => {
        const due = replica.due.get(index)
        if (due === undefined) throw new LaneError("not_found")
        const welcomes = await writeWelcomes(due, deps)
        replica.due.remove(index)
        return welcomes
      }),
    askResync: (conversation, to, own) =>
      turns.run(async () => {
        const { id } = replica.conversation(conversation)
        const asked = { conversation: id, laneSize: replica.tree.size, ...own }
        const content = encodeLetterContent({ kind: "resync", value: asked })
        return { frames: [await writeLetter(deps.lane, deps.device, to, content, deps.randomBytes)] }
      }),
    exportSecret: (conversation, label, context, length) =>
      turns.run(() => exporter(replica.conversation(conversation).group, label, context, length)),

    watch: (tag, name) => {
      if (tag.length !== tagBytes) throw new RangeError("tag length")
      replica.watched.add({ tag: tag.slice(), owner: name, leaf: 0, counter: 0, seen: false })
    },
    unwatch: (tag) => {
      const entry = replica.watched.find(tag)
      if (entry !== undefined) replica.watched.remove(entry)
    },
    flush: (writer) => turns.flush(writer),
    close: () => turns.close(),
  }
}

async function receive(
  replica: Replica,
  first: number,
  frames: readonly Uint8Array[],
  options: ReceiveOptions,
  turn: Turn,
): Promise<readonly LaneEvent[]> {
  const next = replica.tree.size
  if (!Number.isSafeInteger(first) || first < 0 || first > next) throw new LaneError("out_of_order")
  for (const [i, frame] of frames.slice(0, next - first).entries()) {
    if (replica.tree.isLeaf(first + i, frame) !== false) continue
    return [{ kind: "alarm", alarm: { kind: "rewritten", index: first + i } }]
  }
  try {
    await replica.receive(frames.slice(next - first), options, turn)
  } catch (cause) {
    // In the middle of frames nothing is a refusal: the replica has to be opened again (N10.6).
    throw cause instanceof LaneError ? new Error("lane", { cause }) : cause
  }
  return turn.events
}

function viewOf(conversation: Conversation, deps: LaneDeps): ConversationView {
  const { id, binding, state, epoch, change: pending } = conversation
  const view = { id, kind: binding.kind, state, epoch, strangers: conversation.strangers(deps.charter()) }
  return pending === undefined ? view : { ...view, pendingChange: pending.localId }
}

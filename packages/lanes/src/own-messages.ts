import { commit, createGroup, encrypt, type LeafIdentity, MlsError, readKeyPackage } from "@holdfast/mls"
import { type ConversationId, type DeviceId, type DirectoryEntry, equalBytes, hex } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { rosterAt } from "./apply-message.ts"
import { type Binding, type ConversationKind, conversationIdOf, encodeBinding, nonceBytes } from "./binding.ts"
import type { CharterDevice, CharterView } from "./charter-view.ts"
import { Conversation, type Epoch } from "./conversation.ts"
import { LaneError } from "./error.ts"
import type { Leaf } from "./event.ts"
import { keepsKind } from "./keeps-kind.ts"
import type { Change, Invitee, Outgoing } from "./lane-api.ts"
import { encodeLaneView } from "./lane-view.ts"
import { encodeWelcomePackage } from "./letter.ts"
import { bodiesOf } from "./parts.ts"
import type { Replica } from "./replica.ts"

/** A group of this device alone (N6.1). Throws `exists`. */
export async function createConversation(
  replica: Replica,
  kind: ConversationKind,
  nonce: Uint8Array = replica.deps.randomBytes(nonceBytes),
): Promise<ConversationId> {
  const { org, lane, device, charter } = replica.deps
  const binding: Binding = { org, lane, kind, nonce }
  const id = conversationIdOf(binding)
  if (replica.conversations.has(hex(id))) throw new LaneError("exists")
  const group = await createGroup({ id, binding: encodeBinding(binding), device })
  const conversation = new Conversation(binding, lane, replica.tags)
  await conversation.begin(group, replica.tree.size - 1, charter().size)
  replica.install(conversation)
  return id
}

/** What every own message says it has seen (N4.1). `size` and `root` of the charter: of the pin for a commit, else the newest. */
function viewFor(replica: Replica, counter: number, charterSize: number, charterRoot: Uint8Array, note?: string) {
  const laneSize = replica.tree.size
  const laneRoot16 = replica.tree.rootAt(laneSize)!.slice(0, 16)
  return encodeLaneView({ charterSize, charterRoot, laneSize, laneRoot16, counter, charterNote: note })
}

interface Framed {
  readonly frames: readonly Uint8Array[]
  readonly hash: Uint8Array
  readonly firstCounter: number
  readonly lastCounter: number
}

/** Seals a message into frames under the next counters and uses these up (N2.2, N3.1). Throws `too_large`, and then nothing is used. */
async function frame(replica: Replica, epoch: Epoch, message: Uint8Array): Promise<Framed> {
  const bodies = bodiesOf(message)
  const firstCounter = epoch.nextCounter
  const frames: Uint8Array[] = []
  for (const [i, body] of bodies.entries()) {
    const tag = epoch.keys.tag(epoch.ownLeaf, firstCounter + i)
    frames.push(await epoch.keys.seal(tag, body, replica.deps.randomBytes))
  }
  const lastCounter = firstCounter + bodies.length - 1
  epoch.useCounters(lastCounter + 1)
  return { frames, hash: sha256(message), firstCounter, lastCounter }
}

export async function send(
  replica: Replica,
  id: ConversationId,
  plaintext: Uint8Array,
  localId: string,
): Promise<Outgoing> {
  const conversation = replica.conversation(id)
  const charter = replica.deps.charter()
  const { group, current: epoch } = conversation
  if (conversation.strangers(charter).length > 0) throw new LaneError("stranger_present")
  const view = viewFor(replica, epoch.nextCounter, charter.size, charter.rootAt(charter.size)!)
  const { group: after, message } = await encrypt(group, plaintext, view)
  const { frames, hash, firstCounter, lastCounter } = await frame(replica, epoch, message)
  conversation.keep(after)
  const own = { localId, epoch: epoch.epoch, firstCounter, lastCounter, plaintext: plaintext.slice() }
  conversation.addOwn(hex(hash), own)
  return { localId, frames }
}

export async function change(replica: Replica, id: ConversationId, wanted: Change, localId: string): Promise<Outgoing> {
  const conversation = replica.conversation(id)
  const charter = replica.deps.charter()
  const { group, current: epoch } = conversation
  if (conversation.change !== undefined) throw new LaneError("change_pending")
  const remove = wanted.remove ?? []
  const isRemoved = (leaf: Leaf) => remove.some((device) => equalBytes(device, leaf.device))
  if (conversation.strangers(charter).some((leaf) => !isRemoved(leaf))) throw new LaneError("stranger_present")
  const invitees = wanted.add ?? []
  checkChange(conversation, invitees, remove, epoch.ownLeaf)
  const added: LeafIdentity[] = []
  for (const invitee of invitees) added.push(await checkInvitee(invitee, charter))
  const pin = await checkNote(conversation, wanted.note, charter)
  const leavesRemoved = conversation.leaves.filter(isRemoved)
  const isAdmitted = ({ member, device, signatureKey }: CharterDevice) =>
    charter.admits(pin.size, member, device, signatureKey)
  if (!keepsKind(conversation.binding.kind, conversation.leaves, { added, removed: leavesRemoved }, isAdmitted)) {
    throw new LaneError("bad_change")
  }
  const removed = leavesRemoved.map((leaf) => leaf.leaf)
  const authenticatedData = viewFor(replica, epoch.nextCounter, pin.size, pin.root, wanted.note)
  const made = await translated(() =>
    commit(group, {
      roster: rosterAt(charter, pin.size),
      now: wanted.now,
      add: invitees.map((invitee) => invitee.keyPackage),
      remove: removed,
      authenticatedData,
    }),
  )
  const { frames, hash, firstCounter, lastCounter } = await frame(replica, epoch, made.message)
  const { welcome, welcomeTree: tree = new Uint8Array() } = made
  conversation.setChange({
    localId,
    hash,
    epoch: epoch.epoch,
    firstCounter,
    lastCounter,
    charterSize: pin.size,
    charterRoot: pin.root,
    charterNote: wanted.note,
    pending: made.pending,
    invitees: invitees.map(({ device, sealKey }) => ({ device, sealKey })),
    removed,
    welcome: welcome === undefined ? new Uint8Array() : encodeWelcomePackage({ welcome, tree }),
  })
  return { localId, frames }
}

function checkChange(
  conversation: Conversation,
  invitees: readonly Invitee[],
  remove: readonly DeviceId[],
  ownLeaf: number,
): void {
  const leafByDevice = new Map(conversation.leaves.map((leaf) => [hex(leaf.device), leaf.leaf]))
  const removed = new Set(remove.map((device) => hex(device)))
  for (const device of removed) {
    const leaf = leafByDevice.get(device)
    if (leaf === undefined || leaf === ownLeaf) throw new LaneError("bad_change")
  }
  const added = new Set(invitees.map(({ device }) => hex(device)))
  const isIn = (device: string) => leafByDevice.has(device) && !removed.has(device)
  if (added.size !== invitees.length || [...added].some(isIn)) throw new LaneError("bad_change")
}

/** Active in the newest charter: what comes in must not be a stranger at once (N8.2). */
async function checkInvitee({ device, keyPackage }: Invitee, charter: CharterView): Promise<LeafIdentity> {
  const { identity, signatureKey } = await translated(() => readKeyPackage(keyPackage))
  const isActive = charter.admits(charter.size, identity.member, identity.device, signatureKey)
  if (!isActive || !equalBytes(identity.device, device)) throw new LaneError("bad_key_package")
  return identity
}

/** No older than the group's pin, or the others would not take the commit (N4.3). */
async function checkNote(conversation: Conversation, note: string, charter: CharterView) {
  const pin = await charter.verifyNote(note)
  const root = pin === null ? null : charter.rootAt(pin.size)
  const isOurs = pin !== null && root !== null && equalBytes(root, pin.root)
  if (!isOurs || pin.size < conversation.pin) throw new LaneError("bad_note")
  return pin
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof MlsError)) throw cause
    throw new LaneError(cause.code === "bad_commit" ? "bad_change" : "bad_key_package", { cause })
  }
}

/** Devices that one change brings in at the most, so that its commit and welcome keep to their limits (N8.3). */
const maxAdded = 256

/** What the next change has to do so that the group is as the charter says (N8.3). */
export async function reconcile(
  replica: Replica,
  id: ConversationId,
  directory: readonly DirectoryEntry[],
  now: number,
): Promise<{ readonly add: readonly Invitee[]; readonly remove: readonly DeviceId[] } | null> {
  const conversation = replica.conversation(id)
  const charter = replica.deps.charter()
  const own = conversation.leafOf(conversation.current.ownLeaf)!
  const strangers = conversation.strangers(charter)
  // Whoever is a stranger himself has nothing to put right.
  if (strangers.includes(own)) return null
  const remove = strangers.map((leaf) => leaf.device)
  const here = new Set(conversation.leaves.filter((leaf) => !strangers.includes(leaf)).map(({ device }) => hex(device)))
  const wanted =
    conversation.binding.kind === "everyone"
      ? charter.activeDevices()
      : [...new Map(conversation.leaves.map((leaf) => [hex(leaf.member), leaf.member])).values()].flatMap((member) =>
          charter.devicesOf(member),
        )
  const entryByDevice = new Map(directory.map((entry) => [hex(entry.device), entry]))
  const add: Invitee[] = []
  for (const { device } of wanted) {
    if (add.length >= maxAdded) break
    if (here.has(hex(device))) continue
    const entry = entryByDevice.get(hex(device))
    const keyPackage = entry && (await choose(replica, entry, charter, now))
    if (entry !== undefined && keyPackage !== undefined) add.push({ device, keyPackage, sealKey: entry.sealKey })
  }
  return add.length === 0 && remove.length === 0 ? null : { add, remove }
}

/** Any of the valid ones: whoever else adds the device to another group at the same time should not take the same. */
async function choose(
  { deps }: Replica,
  entry: DirectoryEntry,
  charter: CharterView,
  now: number,
): Promise<Uint8Array | undefined> {
  const valid: Uint8Array[] = []
  for (const keyPackage of entry.keyPackages) {
    try {
      const { identity, signatureKey, notBefore, notAfter } = await readKeyPackage(keyPackage)
      const isActive = charter.admits(charter.size, identity.member, identity.device, signatureKey)
      const isNow = notBefore <= now && now <= notAfter
      if (isActive && isNow && equalBytes(identity.device, entry.device)) valid.push(keyPackage)
    } catch (error) {
      if (!(error instanceof MlsError)) throw error
    }
  }
  return valid[deps.randomBytes(1)[0]! % Math.max(valid.length, 1)]
}

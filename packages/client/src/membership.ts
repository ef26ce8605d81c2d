// Brings the members of every conversation in order: as people here wish, as the charter says, and as those ask who have lost
// their way (E3.8 to E3.10).
import { type Charter, isActiveMember } from "@holdfast/charter"
import { type ConversationView, type Invitee, type Lane, type Change as LaneChange, LaneError } from "@holdfast/lanes"
import { type DeviceId, fromHex, hex, toConversationId, toMemberId } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Id } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import { charterView } from "./charter-view.ts"
import { codeOfDevice, type Directory } from "./directory.ts"
import type { Outbox } from "./outbox.ts"
import type { Timers } from "./ports.ts"
import type { ConversationTable } from "./store/conversations.ts"
import type { DirectoryTable } from "./store/directory.ts"
import type { LaneTable } from "./store/lane.ts"
import { encodeWelcomeBlob, type OutboxTable } from "./store/outbox.ts"
import type { CharterWatch } from "./watch.ts"

export interface MembershipDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  /** The newest checkpoint of the charter that this device has verified. */
  readonly charterNote: () => string | undefined
  readonly lane: Lane
  readonly laneTable: LaneTable
  readonly table: ConversationTable
  readonly outboxTable: OutboxTable
  readonly outbox: Outbox
  readonly directory: Directory
  readonly directoryTable: DirectoryTable
  readonly watch: Pick<CharterWatch, "holds" | "revision">
  readonly alarms: Alarms
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly transaction: <T>(work: () => T) => T
  readonly kickAfter: (millis: number) => void
  /** A key is missing or does not fit: the directory has to be read again. */
  readonly wantDirectory: () => void
}

export interface Membership {
  /** In a turn: one commit for every conversation that is not as it should be. */
  reconcile(): Promise<void>
  /** In a turn: letters for those whom an own commit has let in. */
  writeLetters(): Promise<void>
  /** A device of the conversation has lost its state and asks to be removed and added with these keys. */
  letInAgain(conversation: Id, invitee: Invitee): void
  /** This device has been let in. */
  isBack(conversation: Id): void
}

/** Online members who see that something has to be done wait for as long, at random, so that mostly one does it. */
const raceMillis = 2_500
const resyncMillis = 60_000

interface Resync {
  readonly conversation: Id
  readonly invitee: Invitee
}

/** Causes that may lie in what one device has published about itself. */
const ofOneInvitee: ReadonlySet<string> = new Set(["bad_key_package", "bad_change", "too_large"])

export function createMembership(deps: MembershipDeps): Membership {
  const { lane, timers } = deps
  const raceAt = new Map<string, number>()
  const inOrder = new Map<Id, string>()
  const resyncAskedAt = new Map<Id, number>()
  /** Who asks to be let in again, by conversation and device; the newest keys only. */
  const resyncs = new Map<string, Resync>()
  let resyncRevision = 0
  const nowSeconds = () => Math.floor(timers.now() / 1_000)

  /** Any of the key packages will do; a random one makes it unlikely that two use the same. */
  function inviteeOf(device: DeviceId): Invitee | undefined {
    const entry = deps.directory.find(device)
    const keyPackages = entry?.keyPackages ?? []
    const keyPackage = keyPackages[Math.floor(randomFraction(deps.randomBytes) * keyPackages.length)]
    return entry === undefined || keyPackage === undefined ? undefined : { device, keyPackage, sealKey: entry.sealKey }
  }

  interface Wanted {
    readonly add: readonly Invitee[]
    readonly remove: readonly DeviceId[]
    /** Of `remove`, those that do not come back with the same commit. */
    readonly evict: readonly DeviceId[]
    /** Of `add`, those that are not there yet. */
    readonly join: readonly Invitee[]
    /** Somebody here asked for it: no need to leave others the turn. */
    readonly isWished: boolean
  }

  async function wantedOf(view: ConversationView): Promise<Wanted | undefined> {
    const conversation = hex(view.id)
    const leaves = lane.leaves(view.id)
    const present = new Set(leaves.map(({ device }) => hex(device)))
    const members = new Set(leaves.map(({ member }) => hex(member)))
    const wishes = deps.outboxTable.wishes(conversation)
    const done = wishes.filter(({ member, wish }) => members.has(member) === (wish === "in") || !isThere(member))
    if (done.length > 0) {
      deps.transaction(() => {
        for (const { member } of done) deps.outboxTable.dropWish(conversation, member)
      })
    }
    const open = wishes.filter((wish) => !done.includes(wish))
    const out = new Set(open.filter(({ wish }) => wish === "out").map(({ member }) => member))
    const add = new Map<Id, Invitee>()
    const remove = new Map<Id, DeviceId>()
    const charter = charterView(deps.charter())
    for (const { member, wish } of open) {
      if (wish !== "in") continue
      for (const { device } of charter.devicesOf(toMemberId(fromHex(member)))) {
        if (deps.watch.holds(device)) continue
        const invitee = present.has(hex(device)) ? undefined : inviteeOf(device)
        if (invitee !== undefined) add.set(hex(device), invitee)
        else if (!present.has(hex(device))) deps.wantDirectory()
      }
    }
    for (const { member, device } of leaves) if (out.has(hex(member))) remove.set(hex(device), device)
    const isWished = add.size + remove.size > 0
    const due = await lane.reconcile(view.id, deps.directory.entries(), nowSeconds())
    for (const invitee of due?.add ?? []) {
      const device = deps.charter().state.devices.get(invitee.device)
      if (device === undefined || out.has(hex(device.member)) || deps.watch.holds(device.id)) continue
      if (!add.has(hex(invitee.device))) add.set(hex(invitee.device), invitee)
    }
    for (const device of due?.remove ?? []) remove.set(hex(device), device)
    const self = hex(deviceOf(deps.account()))
    // a key that others publish cannot take this device out of its own conversation
    remove.delete(self)
    const evict = [...remove.values()]
    const join = [...add.values()]
    for (const { conversation: where, invitee } of resyncs.values()) {
      const device = hex(invitee.device)
      if (where !== conversation || device === self || remove.has(device) || !present.has(device)) continue
      // who was removed meanwhile stays out, whatever was asked for before
      if (!isActive(invitee.device) || deps.watch.holds(invitee.device)) continue
      remove.set(device, invitee.device)
      add.set(device, invitee)
    }
    if (add.size + remove.size === 0) return undefined
    return { add: [...add.values()], remove: [...remove.values()], evict, join, isWished }
  }

  function isActive(id: DeviceId): boolean {
    const { state } = deps.charter()
    const device = state.devices.get(id)
    return device !== undefined && device.removed === undefined && isActiveMember(state, device.member)
  }

  function isThere(member: Id): boolean {
    return isActiveMember(deps.charter().state, toMemberId(fromHex(member)))
  }

  /** All that decides if something has to be done: looking again costs as much as the directory is long. */
  function signatureOf(view: ConversationView): string {
    const wishes = deps.outboxTable.wishes(hex(view.id)).map(({ member, wish }) => `${wish} ${member}`)
    const parts = [
      view.epoch,
      view.state,
      deps.charter().size,
      deps.directory.revision(),
      resyncRevision,
      deps.watch.revision(),
    ]
    // a key package may run out meanwhile
    return [...parts, Math.floor(timers.now() / 3_600_000), ...wishes].join(" ")
  }

  async function bringInOrder(view: ConversationView): Promise<void> {
    const conversation = hex(view.id)
    if (view.state === "broken") return askToBeLetIn(conversation)
    if (view.state !== "open" || view.pendingChange !== undefined) return
    for (const stranger of view.strangers) {
      // one that was removed is on its way out; one that never was in the charter is a ghost
      if (!deps.charter().state.devices.has(stranger.device)) {
        deps.alarms.raise("ghost_member", stranger.device, { detail: codeOfDevice(stranger.device) })
      }
    }
    const seen = signatureOf(view)
    if (inOrder.get(conversation) === seen) return
    const wanted = await wantedOf(view)
    if (wanted === undefined) {
      inOrder.set(conversation, seen)
      return
    }
    const race = `${conversation} ${view.epoch}`
    if (!wanted.isWished) {
      const now = timers.now()
      const due = raceAt.get(race) ?? now + raceMillis * randomFraction(deps.randomBytes)
      raceAt.set(race, due)
      if (due > now) return deps.kickAfter(due - now)
    }
    raceAt.delete(race)
    const note = deps.charterNote()
    if (note === undefined) return
    try {
      await commit(view, wanted, note)
    } catch (error) {
      if (!(error instanceof LaneError)) throw error
      if (error.code === "bad_key_package") deps.wantDirectory()
      for (const [name, resync] of resyncs) if (resync.conversation === conversation) resyncs.delete(name)
      deps.kickAfter(raceMillis)
      if (ofOneInvitee.has(error.code)) await commitLess(view, wanted, note)
    }
  }

  async function commit(view: ConversationView, { add, remove }: Pick<Wanted, "add" | "remove">, note: string) {
    const change: LaneChange = { add, remove, note, now: nowSeconds() }
    const outgoing = await lane.change(view.id, change, `k${hex(deps.randomBytes(8))}`)
    deps.transaction(() => {
      lane.flush(deps.laneTable.writer)
      deps.outbox.enqueue(outgoing)
    })
    for (const { device } of add) resyncs.delete(resyncName(hex(view.id), device))
  }

  /**
   * What one device has published must not keep another in, or out: whoever has to go goes without those who come, and if
   * nobody has to, one of those comes whose keys can be used.
   */
  async function commitLess(view: ConversationView, { add, evict, join }: Wanted, note: string): Promise<void> {
    const less =
      evict.length > 0 ? [{ add: [], remove: evict }] : join.map((invitee) => ({ add: [invitee], remove: [] }))
    for (const one of add.length + evict.length > 1 ? less : []) {
      try {
        return await commit(view, one, note)
      } catch (error) {
        if (!(error instanceof LaneError)) throw error
      }
    }
  }

  async function askToBeLetIn(conversation: Id): Promise<void> {
    const now = timers.now()
    const last = resyncAskedAt.get(conversation) ?? Number.NEGATIVE_INFINITY
    if (now - last < resyncMillis) return deps.kickAfter(resyncMillis - (now - last))
    const own = deps.directoryTable.newestOwn()
    const keyPackage = deps.directoryTable.ownPackages()[0]?.publicBytes
    const self = hex(deviceOf(deps.account()))
    const stored = deps.table.get(conversation)
    const candidates = [...deps.directory.entries()].filter(({ device }) => {
      const member = deps.charter().state.devices.get(device)?.member
      return hex(device) !== self && member !== undefined && stored?.members.includes(hex(member)) === true
    })
    const to = candidates[Math.floor(randomFraction(deps.randomBytes) * candidates.length)]
    const sealKey = deps.directory.find(deviceOf(deps.account()))?.sealKey
    if (own === undefined || keyPackage === undefined || to === undefined || sealKey === undefined) return
    resyncAskedAt.set(conversation, now)
    const outgoing = await lane.askResync(
      toConversationId(fromHex(conversation)),
      { device: to.device, sealKey: to.sealKey },
      { keyPackage, sealKey },
    )
    deps.transaction(() => {
      lane.flush(deps.laneTable.writer)
      for (const frame of outgoing.frames) deps.outbox.enqueueLetter(frame)
    })
    deps.kickAfter(resyncMillis)
  }

  return {
    async reconcile() {
      for (const view of lane.conversations()) await bringInOrder(view)
    },
    async writeLetters() {
      for (const { due } of lane.due()) {
        const letters = await lane.writeWelcomes(due)
        deps.transaction(() => {
          lane.flush(deps.laneTable.writer)
          const { blob } = letters
          const welcome = blob === undefined ? undefined : encodeWelcomeBlob(blob.blobId, blob.ciphertext)
          letters.frames.forEach((frame, i) => {
            // the first letter carries the blob: those behind it go out once it is stored
            deps.outbox.enqueueLetter(frame, i === 0 ? welcome : undefined)
          })
        })
      }
    },
    letInAgain(conversation, invitee) {
      resyncs.set(resyncName(conversation, invitee.device), { conversation, invitee })
      resyncRevision++
    },
    isBack: (conversation) => void resyncAskedAt.delete(conversation),
  }
}

function resyncName(conversation: Id, device: DeviceId): string {
  return `${conversation} ${hex(device)}`
}

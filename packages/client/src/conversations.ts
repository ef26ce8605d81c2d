// Who is in which conversation, and how it is brought to be as people wish and as the charter says (E3.1, E3.2, E3.8).
import { actInWords, type Charter, deviceAt, isActiveMember } from "@holdfast/charter"
import {
  type ConversationView,
  type Invitee,
  type Lane,
  type Change as LaneChange,
  LaneError,
  type LaneEvent,
  type Leaf,
} from "@holdfast/lanes"
import {
  type DeviceId,
  everyoneConversationOf,
  fromHex,
  hex,
  type MemberId,
  toConversationId,
  toMemberId,
} from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Conversation, ConversationKind, Id, Reader } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import type { Changes } from "./changes.ts"
import { charterView } from "./charter-view.ts"
import { contentLimits, conversationKinds, type KnownBody } from "./content.ts"
import { codeOfDevice, type Directory } from "./directory.ts"
import { ClientError } from "./error.ts"
import type { Outbox } from "./outbox.ts"
import type { People } from "./people.ts"
import type { Timers } from "./ports.ts"
import type { ConversationTable, StoredConversation } from "./store/conversations.ts"
import type { DirectoryTable } from "./store/directory.ts"
import type { LaneTable } from "./store/lane.ts"
import { type MessageTable, placesPerFrame } from "./store/messages.ts"
import { encodeWelcomeBlob, type OutboxTable } from "./store/outbox.ts"

export interface ConversationsDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  /** The newest checkpoint of the charter that this device has verified. */
  readonly charterNote: () => string | undefined
  readonly lane: Lane
  readonly laneTable: LaneTable
  readonly table: ConversationTable
  readonly messages: MessageTable
  readonly outboxTable: OutboxTable
  readonly outbox: Outbox
  readonly directory: Directory
  readonly directoryTable: DirectoryTable
  readonly people: People
  readonly alarms: Alarms
  readonly changes: Changes
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly transaction: <T>(work: () => T) => T
  readonly kickAfter: (millis: number) => void
  /** A key is missing or does not fit: the directory has to be read again. */
  readonly wantDirectory: () => void
  /** What somebody who was just added to the everyone conversation is told. */
  readonly snapshot: () => KnownBody
}

type EventOf<K extends LaneEvent["kind"]> = Extract<LaneEvent, { readonly kind: K }>

export interface Conversations {
  /** In a turn. Gives an existing conversation for a direct one with the same person. */
  start(kind: "direct" | "group", title: string, members: readonly Id[]): Promise<Id>
  /** The founder's device makes the conversation that everybody is in. */
  startEveryone(): Promise<void>
  wish(conversation: Id, members: readonly Id[], wish: "in" | "out"): void
  rename(conversation: Id, title: string): void
  /** Inside a transaction: what a lane event changes here. */
  onChanged(event: EventOf<"changed">): void
  onJoined(event: EventOf<"joined">): void
  onLeft(event: EventOf<"left">): void
  onBroken(event: EventOf<"broken">): void
  onResyncAsked(event: EventOf<"resync-asked">): void
  onOpened(conversation: Id, kind: number, title: string): void
  /** Somebody has told the newcomers what they cannot have seen. */
  onSnapshot(): void
  onTitle(conversation: Id, title: string, from: Id, device: Id, index: number, at: number): void
  /** In a turn: one commit for every conversation that is not as it should be. */
  reconcile(): Promise<void>
  /** In a turn: letters for those whom an own commit has let in. */
  writeLetters(): Promise<void>
  list(): readonly Conversation[]
  readers(conversation: Id): readonly Reader[]
  require(conversation: Id): StoredConversation
  everyone(): Id
  /** Touches the order of the list. */
  touch(conversation: Id): void
}

/** Online members who see that something has to be done wait for as long, at random, so that mostly one does it. */
const raceMillis = 2_500
const resyncMillis = 60_000
const snapshotMillis = 20_000

export function createConversations(deps: ConversationsDeps): Conversations {
  const { lane, table, people, timers, changes } = deps
  const raceAt = new Map<string, number>()
  const inOrder = new Map<Id, string>()
  let snapshotDue: number | undefined
  const resyncAskedAt = new Map<Id, number>()
  const resyncs: { readonly conversation: Id; readonly invitee: Invitee }[] = []

  const me = () => hex(deps.account().member)
  const nowSeconds = () => Math.floor(timers.now() / 1_000)
  const idOf = (conversation: Id) => toConversationId(fromHex(conversation))
  const everyone = () => hex(everyoneConversationOf(deps.account().org))

  function viewOf(conversation: Id): ConversationView | undefined {
    return lane.conversations().find(({ id }) => hex(id) === conversation)
  }

  function leavesOf(conversation: Id): readonly Leaf[] {
    return viewOf(conversation) === undefined ? [] : lane.leaves(idOf(conversation))
  }

  function membersOf(conversation: Id): readonly Id[] {
    return [...new Set(leavesOf(conversation).map(({ member }) => hex(member)))].sort()
  }

  function require(conversation: Id): StoredConversation {
    const stored = table.get(conversation)
    if (stored === undefined) throw new ClientError("not_found", "There is no such conversation on this device.")
    return stored
  }

  function requireOpen(conversation: Id): StoredConversation {
    const stored = require(conversation)
    if (viewOf(conversation)?.state === "left")
      throw new ClientError("not_allowed", "You are no longer in this conversation.")
    return stored
  }

  function checkTitle(title: string): string {
    const trimmed = title.trim()
    if (new TextEncoder().encode(trimmed).length > contentLimits.titleBytes) {
      throw new ClientError("too_large", "This title is too long.")
    }
    return trimmed
  }

  function checkMembers(members: readonly Id[]): readonly Id[] {
    const { state } = deps.charter()
    for (const member of members) {
      let id: MemberId
      try {
        id = toMemberId(fromHex(member))
      } catch (cause) {
        throw new ClientError("malformed", "That is not a member's id.", { cause })
      }
      if (!isActiveMember(state, id)) throw new ClientError("not_found", "Somebody you chose is not a member.")
    }
    return [...new Set(members)].filter((member) => member !== me())
  }

  function mark(conversation: Id): void {
    changes.mark({ topic: "conversations" }, { topic: "messages", conversation })
  }

  function addEvent(conversation: Id, sentence: string, from: Id, device: Id, index: number, at = timers.now()): void {
    deps.messages.add({
      id: hex(deps.randomBytes(16)),
      conversation,
      from,
      device,
      at,
      state: from === me() ? "sent" : "received",
      index,
      place: index * placesPerFrame,
      kind: "event",
      text: sentence,
      body: new Uint8Array(),
    })
    touch(conversation)
    mark(conversation)
  }

  function touch(conversation: Id): void {
    const stored = table.get(conversation)
    if (stored !== undefined) table.put({ ...stored, at: timers.now() })
  }

  function putNew(conversation: Id, kind: ConversationKind, title: string): void {
    const before = table.get(conversation)
    table.put({
      id: conversation,
      kind,
      title: before?.title ?? title,
      members: membersOf(conversation),
      state: "open",
      epoch: 0,
      readPlace: before?.readPlace ?? 0,
      at: timers.now(),
    })
    mark(conversation)
  }

  async function create(kind: ConversationKind, title: string, members: readonly Id[]): Promise<Id> {
    const id = await lane.createConversation({ kind, nonce: deps.randomBytes(16) })
    const conversation = hex(id)
    deps.transaction(() => {
      lane.flush(deps.laneTable.writer)
      putNew(conversation, kind, title)
      for (const member of members) deps.outboxTable.wish(conversation, member, "in")
      if (kind !== "everyone") deps.outbox.post(conversation, opened(kind, title))
    })
    return conversation
  }

  function opened(kind: ConversationKind, title: string): KnownBody {
    return { kind: "opened", value: { kind: conversationKinds.indexOf(kind), title } }
  }

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
      if (device === undefined || out.has(hex(device.member))) continue
      if (!add.has(hex(invitee.device))) add.set(hex(invitee.device), invitee)
    }
    for (const device of due?.remove ?? []) remove.set(hex(device), device)
    for (const { conversation: where, invitee } of resyncs) {
      if (where !== conversation || !present.has(hex(invitee.device))) continue
      remove.set(hex(invitee.device), invitee.device)
      add.set(hex(invitee.device), invitee)
    }
    // a key that others publish cannot take this device out of its own conversation
    remove.delete(hex(deviceOf(deps.account())))
    if (add.size + remove.size === 0) return undefined
    return { add: [...add.values()], remove: [...remove.values()], isWished }
  }

  function isThere(member: Id): boolean {
    return isActiveMember(deps.charter().state, toMemberId(fromHex(member)))
  }

  /** All that decides if something has to be done: looking again costs as much as the directory is long. */
  function signatureOf(view: ConversationView): string {
    const wishes = deps.outboxTable.wishes(hex(view.id)).map(({ member, wish }) => `${wish} ${member}`)
    const parts = [view.epoch, view.state, deps.charter().size, deps.directory.revision(), resyncs.length]
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
    const change: LaneChange = { add: wanted.add, remove: wanted.remove, note, now: nowSeconds() }
    try {
      const outgoing = await lane.change(view.id, change, `k${hex(deps.randomBytes(8))}`)
      deps.transaction(() => {
        lane.flush(deps.laneTable.writer)
        deps.outbox.enqueue(outgoing)
      })
      for (const { device } of wanted.add) {
        const at = resyncs.findIndex(({ invitee }) => invitee.device === device)
        if (at >= 0) resyncs.splice(at, 1)
      }
    } catch (error) {
      if (!(error instanceof LaneError)) throw error
      if (error.code === "bad_key_package") deps.wantDirectory()
      deps.kickAfter(raceMillis)
    }
  }

  async function askToBeLetIn(conversation: Id): Promise<void> {
    const now = timers.now()
    const last = resyncAskedAt.get(conversation) ?? Number.NEGATIVE_INFINITY
    if (now - last < resyncMillis) return deps.kickAfter(resyncMillis - (now - last))
    const own = deps.directoryTable.newestOwn()
    const keyPackage = deps.directoryTable.ownPackages()[0]?.publicBytes
    const self = hex(deviceOf(deps.account()))
    const stored = table.get(conversation)
    const candidates = [...deps.directory.entries()].filter(({ device }) => {
      const member = deps.charter().state.devices.get(device)?.member
      return hex(device) !== self && member !== undefined && stored?.members.includes(hex(member)) === true
    })
    const to = candidates[Math.floor(randomFraction(deps.randomBytes) * candidates.length)]
    const sealKey = deps.directory.find(deviceOf(deps.account()))?.sealKey
    if (own === undefined || keyPackage === undefined || to === undefined || sealKey === undefined) return
    resyncAskedAt.set(conversation, now)
    const outgoing = await lane.askResync(
      idOf(conversation),
      { device: to.device, sealKey: to.sealKey },
      { keyPackage, sealKey },
    )
    deps.transaction(() => {
      lane.flush(deps.laneTable.writer)
      for (const frame of outgoing.frames) deps.outbox.enqueueLetter(frame)
    })
    deps.kickAfter(resyncMillis)
  }

  function namesOf(members: readonly Id[]): string {
    const names = members.map((member) => (member === me() ? "you" : people.nameOf(member)))
    const last = names.pop() ?? ""
    return names.length === 0 ? last : `${names.join(", ")} and ${last}`
  }

  function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1)
  }

  /** Sentences for what a commit did, people before devices. */
  function changeInWords(event: EventOf<"changed">, before: readonly Id[]): string[] {
    const by = event.own ? "you" : namesOf([hex(event.sender.member)])
    const now = new Set(membersOf(hex(event.conversation)))
    const distinct = (leaves: readonly Leaf[]) => [...new Set(leaves.map(({ member }) => hex(member)))]
    const sentences: string[] = []
    const came = distinct(event.added).filter((member) => !before.includes(member))
    const gone = distinct(event.removed).filter((member) => !now.has(member) && before.includes(member))
    if (came.length > 0) sentences.push(capital(`${by} added ${namesOf(came)}.`))
    if (gone.length > 0) sentences.push(capital(`${by} removed ${namesOf(gone)}.`))
    for (const { member, device } of event.added) {
      if (came.includes(hex(member)) || event.removed.some((leaf) => hex(leaf.device) === hex(device))) continue
      const whose = hex(member) === me() ? "your" : `${people.nameOf(hex(member))}'s`
      const label = people.device(hex(device))?.label ?? ""
      sentences.push(
        capital(`${whose} device${label === "" ? "" : ` “${label}”`} can read this conversation from here on.`),
      )
    }
    for (const { member, device } of event.removed) {
      if (gone.includes(hex(member)) || event.added.some((leaf) => hex(leaf.device) === hex(device))) continue
      const whose = hex(member) === me() ? "your" : `${people.nameOf(hex(member))}'s`
      sentences.push(capital(`one of ${whose} devices can no longer read this conversation.`))
    }
    return sentences
  }

  return {
    async start(kind, title, members) {
      const others = checkMembers(members)
      if (kind === "direct") {
        const [other] = others
        if (other === undefined || others.length !== 1) {
          throw new ClientError("malformed", "A direct conversation is with exactly one other person.")
        }
        const pair = [me(), other].sort().join(" ")
        const known = table.list().find((one) => {
          const wished = deps.outboxTable.wishes(one.id).filter(({ wish }) => wish === "in")
          const all = [...new Set([...one.members, ...wished.map(({ member }) => member)])].sort().join(" ")
          return one.kind === "direct" && all === pair && viewOf(one.id)?.state !== "left"
        })
        if (known !== undefined) return known.id
      }
      const checked = checkTitle(title)
      if (kind === "group" && checked === "") throw new ClientError("malformed", "A group needs a title.")
      return create(kind, checked, others)
    },
    async startEveryone() {
      if (viewOf(everyone()) !== undefined) return
      await create("everyone", "", [])
    },
    wish(conversation, members, wish) {
      const stored = requireOpen(conversation)
      if (stored.kind !== "group") {
        throw new ClientError("not_allowed", "Only groups can be changed; start a new one to talk with others.")
      }
      const checked =
        wish === "in"
          ? checkMembers(members)
          : members.filter((member) => stored.members.includes(member) && member !== me())
      deps.transaction(() => {
        for (const member of checked) deps.outboxTable.wish(conversation, member, wish)
      })
      mark(conversation)
    },
    rename(conversation, title) {
      const stored = requireOpen(conversation)
      if (stored.kind !== "group") throw new ClientError("not_allowed", "Only groups have a title of their own.")
      const checked = checkTitle(title)
      if (checked === "") throw new ClientError("malformed", "A group needs a title.")
      deps.transaction(() => {
        table.put({ ...stored, title: checked })
        deps.outbox.post(conversation, { kind: "title", value: { title: checked } })
      })
      mark(conversation)
    },
    onChanged(event) {
      const conversation = hex(event.conversation)
      const stored = table.get(conversation)
      if (stored === undefined) return
      const sentences = changeInWords(event, stored.members)
      table.put({ ...stored, members: membersOf(conversation) })
      const from = hex(event.sender.member)
      for (const sentence of sentences) addEvent(conversation, sentence, from, hex(event.sender.device), event.index)
      if (event.own && event.localId !== undefined) deps.outbox.settled(event.localId)
      if (event.own && event.added.length > 0) {
        if (stored.kind === "everyone") deps.outbox.post(conversation, deps.snapshot())
        else if (event.epoch > 1) deps.outbox.post(conversation, opened(stored.kind, stored.title))
      }
      if (!event.own && event.added.length > 0 && stored.kind === "everyone") {
        // whoever added them tells them; somebody else does when that does not come
        const wait = snapshotMillis * (1 + randomFraction(deps.randomBytes))
        snapshotDue = timers.now() + wait
        deps.kickAfter(wait)
      }
      mark(conversation)
    },
    onJoined(event) {
      const conversation = hex(event.conversation)
      deps.directoryTable.setPackageUsed(hex(event.keyPackageRef))
      const isNew = table.get(conversation) === undefined
      putNew(conversation, event.conversationKind, "")
      const from = hex(event.inviter.member)
      if (isNew && event.conversationKind !== "everyone") {
        const by = from === me() ? "You" : people.nameOf(from)
        addEvent(conversation, `${by} added this device.`, from, hex(event.inviter.device), event.index)
      }
      resyncAskedAt.delete(conversation)
    },
    onLeft(event) {
      const conversation = hex(event.conversation)
      const stored = table.get(conversation)
      if (stored === undefined) return
      table.put({ ...stored, members: stored.members.filter((member) => member !== me()), state: "left" })
      const by = namesOf([hex(event.sender.member)])
      addEvent(
        conversation,
        capital(`${by} removed this device.`),
        hex(event.sender.member),
        hex(event.sender.device),
        event.index,
      )
    },
    onBroken(event) {
      deps.alarms.raise("broken_conversation", `${hex(event.conversation)} ${event.index}`, {
        detail: `The change that caused it came from ${people.nameOf(hex(event.sender.member))}.`,
      })
      mark(hex(event.conversation))
    },
    onResyncAsked(event) {
      const { device, keyPackage, sealKey } = event
      resyncs.push({ conversation: hex(event.conversation), invitee: { device, keyPackage, sealKey } })
    },
    onOpened(conversation, kind, title) {
      const stored = table.get(conversation)
      // what a conversation is stands in its group; only the title comes from a message
      if (stored === undefined || conversationKinds[kind] !== stored.kind || title === stored.title) return
      table.put({ ...stored, title })
      mark(conversation)
    },
    onSnapshot() {
      snapshotDue = undefined
    },
    onTitle(conversation, title, from, device, index, at) {
      const stored = table.get(conversation)
      if (stored === undefined || stored.kind !== "group") return
      table.put({ ...stored, title })
      const by = from === me() ? "You" : people.nameOf(from)
      addEvent(conversation, `${by} named this conversation “${title}”.`, from, device, index, at)
    },
    async reconcile() {
      if (snapshotDue !== undefined && snapshotDue > timers.now()) deps.kickAfter(snapshotDue - timers.now())
      else if (snapshotDue !== undefined) {
        snapshotDue = undefined
        deps.transaction(() => void deps.outbox.post(everyone(), deps.snapshot()))
      }
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
    list() {
      const views = new Map(lane.conversations().map((view) => [hex(view.id), view]))
      return table.list().map((stored) => {
        const view = views.get(stored.id)
        const others = stored.members.filter((member) => member !== me())
        const wished = deps.outboxTable.wishes(stored.id).filter(({ wish }) => wish === "in")
        const last = deps.messages.last(stored.id)
        return {
          id: stored.id,
          kind: stored.kind,
          title:
            stored.kind === "everyone"
              ? people.organisationName()
              : stored.kind === "direct"
                ? namesOf(others.length > 0 ? others : wished.map(({ member }) => member))
                : stored.title,
          members: [...new Set([...stored.members, ...wished.map(({ member }) => member)])],
          state:
            view === undefined || view.state === "left"
              ? "left"
              : view.state === "broken"
                ? "broken"
                : view.strangers.length > 0
                  ? "healing"
                  : "open",
          unread: deps.messages.countUnread(stored.id, stored.readPlace),
          ...(last === undefined ? {} : { last: { text: last.text, from: last.from, at: last.at } }),
          epoch: view?.epoch ?? 0,
        }
      })
    },
    readers(conversation) {
      require(conversation)
      const charter = deps.charter()
      return leavesOf(conversation).map((leaf) => {
        const inCharter = deviceAt(charter, leaf.device, charter.size) !== undefined
        const record = charter.state.devices.get(leaf.device)
        const act = record === undefined ? undefined : charter.records.at(record.added.index)
        const device = people.device(hex(leaf.device)) ?? {
          id: hex(leaf.device),
          label: "",
          fingerprint: "",
          active: false,
          you: false,
          admittedAt: -1,
        }
        return {
          member: hex(leaf.member),
          name: people.nameOf(hex(leaf.member)),
          device,
          act: act === undefined ? "Nobody admitted this device." : actInWords(act, people.names),
          admittedAt: record?.added.index ?? -1,
          inCharter,
        }
      })
    },
    require,
    everyone,
    touch,
  }
}

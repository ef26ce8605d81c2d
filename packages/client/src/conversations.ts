// Who is in which conversation, and how it is brought to be as people wish and as the charter says (E3.1, E3.2, E3.8).
import { actInWords, deviceAt, isActiveMember } from "@holdfast/charter"
import type { ConversationView, LaneEvent, Leaf } from "@holdfast/lanes"
import { everyoneConversationOf, fromHex, hex, type MemberId, toConversationId, toMemberId } from "@holdfast/wire"
import type { Conversation, ConversationKind, Id, Reader } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import type { Changes } from "./changes.ts"
import { contentLimits, conversationKinds, type KnownBody } from "./content.ts"
import { ClientError } from "./error.ts"
import { createEventWords } from "./event-words.ts"
import { createMembership, type MembershipDeps } from "./membership.ts"
import type { People } from "./people.ts"
import type { StoredConversation } from "./store/conversations.ts"
import { type MessageTable, placesPerFrame } from "./store/messages.ts"

export interface ConversationsDeps extends MembershipDeps {
  readonly messages: MessageTable
  readonly people: People
  readonly changes: Changes
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

/** How long whoever added newcomers has to tell them who is who, before others do. */
const snapshotMillis = 20_000

/** The other one of a direct conversation has left the organisation, and their leaf with them. */
const formerMember = "Former member"

export function createConversations(deps: ConversationsDeps): Conversations {
  const { lane, table, people, timers, changes } = deps
  const me = () => hex(deps.account().member)
  const membership = createMembership(deps)
  const words = createEventWords({ me, people })
  let snapshotDue: number | undefined

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

  /** Whoever lost every device, and not their membership, comes back with the next one (E5.19). */
  function askBack(conversation: Id, { removed }: { readonly removed: readonly Leaf[] }): void {
    if (conversation === everyone()) return
    const { state } = deps.charter()
    const here = membersOf(conversation)
    for (const { member, device } of removed) {
      const isGone = state.devices.get(device)?.removed !== undefined
      if (!isGone || here.includes(hex(member)) || !isActiveMember(state, member)) continue
      deps.outboxTable.wish(conversation, hex(member), "in")
    }
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
      askBack(conversation, event)
      const sentences = words.change(event, stored.members, membersOf(conversation))
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
      membership.isBack(conversation)
    },
    onLeft(event) {
      const conversation = hex(event.conversation)
      const stored = table.get(conversation)
      if (stored === undefined) return
      table.put({ ...stored, members: stored.members.filter((member) => member !== me()), state: "left" })
      const by = words.subject(hex(event.sender.member))
      addEvent(
        conversation,
        `${by} removed this device.`,
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
      membership.letInAgain(hex(event.conversation), { device, keyPackage, sealKey })
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
      await membership.reconcile()
    },
    writeLetters: () => membership.writeLetters(),
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
                ? words.names(others.length > 0 ? others : wished.map(({ member }) => member)) || formerMember
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

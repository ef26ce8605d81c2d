// A Client without an engine: invented people who behave. Development and interface tests only.
import type {
  Attachment,
  Change,
  Client,
  Conversation,
  FileSource,
  GovernanceApi,
  Id,
  Invite,
  Message,
  Proposal,
  Reader,
} from "@holdfast/client"
import { FixtureError } from "./fixture-error.ts"
import { fixtureGovernance } from "./fixture-governance.ts"
import { drawPicture } from "./fixture-picture.ts"
import { event, file, here, remote, storyOf, text } from "./fixture-story.ts"
import { day, device, type FixtureOptions, hour, id, isLarge, worldOf } from "./fixture-world.ts"

export function fixtureClient(options: FixtureOptions): Client & GovernanceApi {
  const { scene, found } = options
  const world = worldOf(options)
  const { myName, evaluation, needed, invitationText } = world
  const listeners = new Set<(change: Change) => void>()
  const say = (...changes: Change[]) => {
    for (const change of changes) for (const listener of listeners) listener(change)
  }
  let counter = 100
  const fresh = (): Id => {
    counter += 1
    return id(counter % 250).slice(0, 24) + counter.toString(16).padStart(8, "0")
  }
  let { people, conversations, timeline, proposals, invites, keeperPlan, alarms, standing } = world

  const messages = new Map<Id, Message[]>()
  const bytesOfMessage = new Map<Id, (offset: number, length: number) => Promise<Uint8Array>>()
  const put = (
    conversation: Id,
    from: number | Id,
    at: number,
    body: Message["body"],
    rest: Partial<Message> = {},
  ): Message => {
    const member = typeof from === "number" ? id(from) : from
    const message: Message = {
      id: fresh(),
      conversation,
      from: member,
      device: id(11),
      at,
      state: member === id(1) ? "sent" : "received",
      index: counter,
      body,
      ...rest,
    }
    messages.set(conversation, [...(messages.get(conversation) ?? []), message])
    const words =
      body.kind === "text"
        ? body.text
        : body.kind === "file"
          ? body.file.name
          : body.kind === "event"
            ? body.sentence
            : ""
    conversations = conversations.map((each) =>
      each.id === conversation ? { ...each, last: { text: words.slice(0, 120), from: member, at } } : each,
    )
    return message
  }
  const drawn = drawPicture()
  for (const { conversation, from, at, body, rest } of storyOf(options, myName)) {
    const message = put(conversation, from, at, body, rest)
    if (body.kind !== "file" || body.file.name !== "north-quay.jpg") continue
    void drawn.then((bytes) => {
      bytesOfMessage.set(message.id, async (offset, length) => bytes.slice(offset, offset + length))
      update(message.id, (each) =>
        each.body.kind === "file"
          ? { ...each, body: { ...each.body, file: { ...each.body.file, size: bytes.length } } }
          : each,
      )
      say({ topic: "messages", conversation })
    })
  }
  function update(message: Id, change: (message: Message) => Message): void {
    for (const [conversation, list] of messages) {
      if (list.some((each) => each.id === message))
        messages.set(
          conversation,
          list.map((each) => (each.id === message ? change(each) : each)),
        )
    }
  }
  function move(message: Id, transfer: Attachment["transfer"], state?: Message["state"]): void {
    update(message, (each) =>
      each.body.kind === "file"
        ? {
            ...each,
            ...(state === undefined ? {} : { state }),
            body: { ...each.body, file: { ...each.body.file, transfer } },
          }
        : each,
    )
    say({ topic: "transfer", message })
  }
  const sizeOf = (message: Id): number => {
    for (const list of messages.values())
      for (const each of list) if (each.id === message && each.body.kind === "file") return each.body.file.size
    throw new FixtureError("not_found", "There is no such file here.")
  }
  const cancelled = new Set<Id>()
  async function run(message: Id, state: "uploading" | "downloading"): Promise<void> {
    const size = sizeOf(message)
    cancelled.delete(message)
    for (let step = 0; step <= 10; step += 1) {
      if (cancelled.has(message)) {
        move(
          message,
          state === "uploading"
            ? { state: "failed", doneBytes: (size * step) / 10, sentence: "You stopped it." }
            : remote,
        )
        return
      }
      move(message, { state, doneBytes: Math.floor((size * step) / 10) })
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
    move(message, here(size), state === "uploading" ? "sent" : undefined)
    const conversation = [...messages].find(([, list]) => list.some((each) => each.id === message))?.[0]
    if (conversation !== undefined) say({ topic: "messages", conversation })
  }

  if (scene === "waiting")
    setTimeout(() => {
      standing = "active"
      say({ topic: "overview" }, { topic: "people" }, { topic: "conversations" })
    }, 6_000)
  // somebody answers, so that arriving messages can be seen and heard
  function answer(conversation: Id): void {
    const other = conversations.find((each) => each.id === conversation)?.members.find((each) => each !== id(1))
    if (other === undefined) return
    setTimeout(() => {
      put(conversation, other, Date.now(), text("Understood."))
      say({ topic: "messages", conversation }, { topic: "conversations" }, { topic: "overview" })
    }, 900)
  }
  const titleOf = (members: readonly Id[]) =>
    people.find(({ member, you }) => !you && members.includes(member))?.name ?? ""
  const propose = (sentence: string, apply: () => void, type = "device-remove"): Id => {
    if (evaluation) {
      apply()
      timeline = [
        ...timeline,
        {
          index: timeline.length,
          statement: fresh(),
          type,
          sentence,
          approvedBy: [myName],
          outcome: "applied",
          code: "2B4C 6D8E",
        },
      ]
      say({ topic: "people" }, { topic: "timeline" }, { topic: "conversations" })
      return fresh()
    }
    const proposal: Proposal = {
      id: fresh(),
      type,
      sentence,
      details: [],
      code: "2B4C 6D8E",
      proposedBy: myName,
      at: Date.now(),
      needed,
      approvedBy: [myName],
      declinedBy: [],
      mine: "approved",
      expiresAt: Date.now() + 7 * day,
    }
    proposals = [proposal, ...proposals]
    say({ topic: "proposals" }, { topic: "overview" })
    return proposal.id
  }

  async function approve(proposal: Id): Promise<void> {
    proposals = proposals.map((each) =>
      each.id === proposal ? { ...each, mine: "approved", approvedBy: [...each.approvedBy, myName] } : each,
    )
    say({ topic: "proposals" }, { topic: "overview" })
  }
  async function createInvite(made: Pick<Invite, "purpose" | "name"> & { hours: number }): Promise<Invite> {
    const invite: Invite = {
      id: fresh(),
      purpose: made.purpose,
      name: made.name,
      invitedBy: myName,
      expiresAt: Date.now() + made.hours * hour,
      state: "open",
      text: invitationText,
    }
    invites = [...invites, invite]
    say({ topic: "invites" })
    return invite
  }
  const governance = fixtureGovernance({
    options,
    people: () => people,
    timeline: () => timeline,
    proposals: () => proposals,
    say,
    propose(sentence, type) {
      const proposal = propose(sentence, () => undefined, type)
      // what is proposed at the desk is read there before it is approved
      proposals = proposals.map((each) =>
        each.id === proposal ? { ...each, mine: "can-approve", approvedBy: [] } : each,
      )
      say({ topic: "proposals" }, { topic: "overview" })
      return proposal
    },
    approve,
    createInvite,
  })

  return {
    ...governance,
    async overview() {
      return {
        organisation: { id: id(0x7b), name: found?.organisation ?? "Harbour Desk", evaluation },
        me: { member: id(1), device: id(11), name: myName, keeper: true },
        standing,
        connection: scene === "offline" ? "offline" : "online",
        upToDate: scene !== "offline",
        relay: "https://desk.example.org",
        keepers: evaluation
          ? { total: 1, needed: 1, names: [myName] }
          : isLarge(scene)
            ? { total: 5, needed: 3, names: people.filter(({ keeper }) => keeper).map((each) => each.name) }
            : { total: 3, needed: 2, names: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"] },
        ...(keeperPlan === undefined ? {} : { keeperPlan }),
        ...(standing === "waiting" ? { joinCode: "4F0K 77QD" } : {}),
        ...(scene === "recovering" ? { recovery: { approved: true, effectAt: Date.now() + 51 * hour } } : {}),
        decisions: proposals.filter(({ mine }) => mine === "can-approve").length,
        unread: conversations.reduce((sum, { unread }) => sum + unread, 0),
        alarms,
      }
    },
    people: async () => people,
    conversations: async () => conversations,
    async messages(conversation, page = {}) {
      const all = messages.get(conversation) ?? []
      const end = page.before === undefined ? all.length : all.findIndex((each) => each.id === page.before)
      return all.slice(Math.max(0, end - (page.limit ?? 50)), end)
    },
    async readers(conversation) {
      const members = conversations.find((each) => each.id === conversation)?.members ?? []
      const readers: Reader[] = people
        .filter(({ member }) => members.includes(member))
        .flatMap((person) =>
          person.devices
            .filter(({ active }) => active)
            .map((each) => ({
              member: person.member,
              name: person.name,
              device: each,
              act:
                each.admittedAt === 0
                  ? "Founded the organisation"
                  : `Let in, approved by ${each.admittedAt < 4 ? "Ada Okafor" : "Ada Okafor and Bjørn Halvorsen"}`,
              admittedAt: each.admittedAt,
              inCharter: true,
            })),
        )
      if (scene === "ghost")
        readers.push({
          member: id(0x99),
          name: "Unknown member 9999 9999",
          device: device(99, "Unknown device", 0),
          act: "",
          admittedAt: 0,
          inCharter: false,
        })
      return readers
    },
    timeline: async () => timeline,
    proposals: async () => proposals,
    invites: async () => invites,
    async startConversation({ kind, title, members }) {
      const conversation: Conversation = {
        id: fresh(),
        kind,
        title: kind === "direct" ? titleOf(members) : title,
        members: [id(1), ...members],
        state: "open",
        unread: 0,
        epoch: 1,
      }
      conversations = [conversation, ...conversations]
      put(conversation.id, 1, Date.now(), event(`${myName} started the conversation.`))
      say({ topic: "conversations" })
      return conversation.id
    },
    async renameConversation(conversation, title) {
      conversations = conversations.map((each) => (each.id === conversation ? { ...each, title } : each))
      put(conversation, 1, Date.now(), event(`${myName} renamed the conversation to “${title}”.`))
      say({ topic: "conversations" }, { topic: "messages", conversation })
    },
    async addToConversation(conversation, members) {
      conversations = conversations.map((each) =>
        each.id === conversation ? { ...each, members: [...each.members, ...members] } : each,
      )
      say({ topic: "conversations" })
    },
    async removeFromConversation(conversation, members) {
      conversations = conversations.map((each) =>
        each.id === conversation
          ? { ...each, members: each.members.filter((member) => !members.includes(member)) }
          : each,
      )
      say({ topic: "conversations" })
    },
    async sendText(conversation, words) {
      const message = put(conversation, 1, Date.now(), text(words), { state: "waiting" })
      say({ topic: "messages", conversation }, { topic: "conversations" })
      if (scene !== "offline")
        setTimeout(() => {
          update(message.id, (each) => ({ ...each, state: "sent" }))
          say({ topic: "messages", conversation })
          answer(conversation)
        }, 300)
      return message.id
    },
    async sendFile(conversation, source: FileSource, caption = "") {
      const message = put(
        conversation,
        1,
        Date.now(),
        file(source.name, source.type, source.size, { state: "preparing", doneBytes: 0 }, caption, {
          ...(source.width === undefined ? {} : { width: source.width }),
          ...(source.height === undefined ? {} : { height: source.height }),
        }),
        { state: "waiting" },
      )
      bytesOfMessage.set(message.id, (offset, length) => source.read(offset, length))
      say({ topic: "messages", conversation }, { topic: "conversations" })
      void run(message.id, "uploading")
      return message.id
    },
    async retryTransfer(message) {
      void run(message, "uploading")
    },
    async cancelTransfer(message) {
      cancelled.add(message)
    },
    fetchFile: (message) => run(message, "downloading"),
    async readFile(message, offset, length) {
      const read = bytesOfMessage.get(message)
      if (read !== undefined) return read(offset, length)
      return new Uint8Array(length).map((_, at) => (offset + at) % 251)
    },
    async markRead(conversation) {
      conversations = conversations.map((each) => (each.id === conversation ? { ...each, unread: 0 } : each))
      say({ topic: "conversations" }, { topic: "overview" })
    },
    createInvite,
    async revokeInvite(invite) {
      invites = invites.map((each) => (each.id === invite ? { ...each, state: "revoked" } : each))
      say({ topic: "invites" })
    },
    approve,
    async decline(proposal) {
      proposals = proposals.map((each) =>
        each.id === proposal ? { ...each, mine: "declined", declinedBy: [...each.declinedBy, myName] } : each,
      )
      say({ topic: "proposals" }, { topic: "overview" })
    },
    async proposeRemoveMember(member) {
      const person = people.find((each) => each.member === member)
      return propose(`Remove ${person?.name ?? ""} and every device of theirs`, () => {
        people = people.map((each) =>
          each.member === member ? { ...each, active: false, removedAt: timeline.length } : each,
        )
      })
    },
    async proposeRemoveDevice(gone) {
      const owner = people.find(({ devices }) => devices.some((each) => each.id === gone))
      const label = owner?.devices.find((each) => each.id === gone)?.label ?? ""
      return propose(`Remove the device ${label} of ${owner?.name ?? ""}`, () => {
        people = people.map((each) => ({
          ...each,
          devices: each.devices.map((d) => (d.id === gone ? { ...d, active: false, removedAt: timeline.length } : d)),
        }))
      })
    },
    async planKeepers({ members, needed: k }) {
      keeperPlan = {
        needed: k,
        asksMe: false,
        people: [
          { name: myName, member: id(1), state: "you" },
          ...people
            .filter(({ member }) => members.includes(member))
            .map(({ name: each, member }) => ({ name: each, member, state: "joined" as const })),
        ],
      }
      say({ topic: "overview" })
    },
    async acceptKeeper() {
      if (keeperPlan !== undefined) keeperPlan = { ...keeperPlan, asksMe: false }
      say({ topic: "overview" })
    },
    async dismissAlarm(alarm) {
      alarms = alarms.filter((each) => each.id !== alarm)
      say({ topic: "overview" })
    },
    exportCharter: async () => timeline.map((act) => new TextEncoder().encode(act.sentence)),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => listeners.clear(),
  }
}

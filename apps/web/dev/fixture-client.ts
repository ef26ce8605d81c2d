// A Client without an engine: invented people who behave. Development and interface tests only.
import type {
  Act,
  Alarm,
  Attachment,
  Change,
  Client,
  ClientCode,
  Conversation,
  Device,
  FileSource,
  FoundOptions,
  Id,
  Invite,
  KeeperPlan,
  Message,
  Overview,
  Person,
  Proposal,
  Reader,
} from "@holdfast/client"

export class FixtureError extends Error {
  override name = "ClientError"
  readonly code: ClientCode
  readonly sentence: string
  constructor(code: ClientCode, sentence: string) {
    super(sentence)
    this.code = code
    this.sentence = sentence
  }
}

export interface FixtureOptions {
  /** What somebody typed as passphrase: main, evaluation, alarm, ghost, removed, offline, plan, long, waiting, founded. */
  readonly scene: string
  readonly found?: FoundOptions
  readonly name?: string
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const id = (n: number): Id => n.toString(16).padStart(2, "0").repeat(16)
const print = (n: number) =>
  [n, n * 7, n * 31, n * 101]
    .map((x) => ((x * 2_654_435_761) >>> 16).toString(16).slice(0, 4).padStart(4, "0"))
    .join(" ")

// prettier than a photograph, and made here: a harbour at dusk
async function drawPicture(): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(960, 640)
  const g = canvas.getContext("2d")
  if (g === null) return new Uint8Array(0)
  const sky = g.createLinearGradient(0, 0, 0, 640)
  sky.addColorStop(0, "#2a4a63")
  sky.addColorStop(0.55, "#d99c6b")
  sky.addColorStop(0.56, "#395566")
  sky.addColorStop(1, "#16242d")
  g.fillStyle = sky
  g.fillRect(0, 0, 960, 640)
  g.fillStyle = "#12202a"
  g.beginPath()
  g.moveTo(0, 352)
  for (const [x, y] of [
    [60, 330],
    [170, 336],
    [240, 300],
    [330, 340],
    [560, 345],
    [600, 310],
    [760, 322],
    [960, 300],
    [960, 360],
    [0, 360],
  ] as const)
    g.lineTo(x, y)
  g.fill()
  g.fillRect(628, 210, 10, 110)
  g.fillRect(560, 214, 190, 8)
  g.fillStyle = "rgb(255 214 160 / 55%)"
  for (let n = 0; n < 60; n += 1) g.fillRect(380 + ((n * 53) % 240), 366 + n * 4, 24 + ((n * 17) % 70), 2)
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 })).arrayBuffer())
}

export function fixtureClient({ scene, found, name }: FixtureOptions): Client {
  const listeners = new Set<(change: Change) => void>()
  const say = (...changes: Change[]) => {
    for (const change of changes) for (const listener of listeners) listener(change)
  }
  const now = Date.now()
  let counter = 100
  const fresh = (): Id => {
    counter += 1
    return id(counter % 250).slice(0, 24) + counter.toString(16).padStart(8, "0")
  }
  const evaluation = scene === "evaluation" || scene === "plan" || scene === "founded"

  const device = (n: number, label: string, admittedAt: number, rest: Partial<Device> = {}): Device => ({
    id: id(n),
    label,
    fingerprint: print(n),
    active: true,
    you: false,
    admittedAt,
    ...rest,
  })
  const myName = found?.name ?? name ?? "Ada Okafor"
  let people: Person[] = [
    {
      member: id(1),
      name: myName,
      keeper: true,
      active: true,
      you: true,
      admittedAt: 0,
      devices: [
        device(11, found?.deviceLabel ?? "Chromium on Linux", 0, { you: true }),
        ...(scene === "founded" ? [] : [device(12, "Pixel phone", 9)]),
      ],
    },
  ]
  if (scene !== "founded")
    people.push(
      {
        member: id(2),
        name: "Bjørn Halvorsen",
        keeper: !evaluation,
        active: true,
        you: false,
        admittedAt: 1,
        devices: [device(21, "Firefox on Windows", 1), device(22, "Old laptop", 4, { active: false, removedAt: 8 })],
      },
      {
        member: id(3),
        name: "Chloé Martin",
        keeper: !evaluation,
        active: true,
        you: false,
        admittedAt: 2,
        devices: [device(31, "Safari on Mac", 2)],
      },
      {
        member: id(4),
        name: "Dev Patel",
        keeper: false,
        active: true,
        you: false,
        admittedAt: 5,
        devices: [device(41, "Chromium on Windows", 5), device(42, "iPhone", 6)],
      },
      {
        member: id(5),
        name: "Esi Mensah",
        keeper: false,
        active: true,
        you: false,
        admittedAt: 7,
        devices: [device(51, "holdfast chat on lab-3", 7)],
      },
      {
        member: id(6),
        name: "Frank Brandt",
        keeper: false,
        active: false,
        you: false,
        admittedAt: 3,
        removedAt: 10,
        devices: [device(61, "Edge on Windows", 3, { active: false, removedAt: 10 })],
      },
    )

  let conversations: Conversation[] = [
    {
      id: id(0xa0),
      kind: "everyone",
      title: "Everyone",
      members: people.filter((p) => p.active).map((p) => p.member),
      state: "open",
      unread: 0,
      epoch: 12,
    },
  ]
  if (scene !== "founded")
    conversations = [
      {
        id: id(0xa1),
        kind: "group",
        title: "Harbour contracts",
        members: [id(1), id(2), id(3), id(4)],
        state: "open",
        unread: 0,
        epoch: 6,
      },
      {
        id: id(0xa2),
        kind: "direct",
        title: "Chloé Martin",
        members: [id(1), id(3)],
        state: "open",
        unread: 2,
        epoch: 2,
      },
      ...conversations,
      {
        id: id(0xa3),
        kind: "group",
        title: "Source handling",
        members: [id(1), id(2), id(5)],
        state: "healing",
        unread: 0,
        epoch: 4,
      },
      {
        id: id(0xa4),
        kind: "direct",
        title: "Esi Mensah",
        members: [id(1), id(5)],
        state: "open",
        unread: 0,
        epoch: 2,
      },
    ]

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
  const text = (words: string) => ({ kind: "text", text: words }) as const
  const event = (sentence: string) => ({ kind: "event", sentence }) as const
  const file = (
    fileName: string,
    type: string,
    size: number,
    transfer: Attachment["transfer"],
    caption = "",
    rest: Partial<Attachment> = {},
  ) =>
    ({
      kind: "file",
      caption,
      file: { name: fileName, type, size, sha256: "ab".repeat(32), transfer, ...rest },
    }) as const
  const here = (size: number): Attachment["transfer"] => ({ state: "here", doneBytes: size })
  const remote: Attachment["transfer"] = { state: "remote", doneBytes: 0 }

  let picture: Promise<Uint8Array> | undefined
  if (scene === "long") {
    for (let n = 0; n < 1_200; n += 1)
      put(
        id(0xa1),
        (n % 3) + 1,
        now - (1_200 - n) * 9 * minute,
        text(`Message ${n + 1}. ${"Words and more words. ".repeat(n % 7)}`),
      )
  } else if (scene !== "founded") {
    const a = id(0xa1)
    put(
      a,
      2,
      now - 2 * day - 4 * hour,
      event("Bjørn Halvorsen started the conversation with Ada Okafor and Chloé Martin."),
    )
    put(
      a,
      2,
      now - 2 * day - 4 * hour + minute,
      text("The port authority answered the request. **412 pages**, half of them blacked out."),
    )
    put(
      a,
      3,
      now - 2 * day - 4 * hour + 6 * minute,
      text(
        "Annex 7 is the one to read first. The dates do not fit the tender:\n\n1. award signed on 3 March\n2. tender published on *9 March*\n3. bids opened on 2 April",
      ),
    )
    put(
      a,
      1,
      now - 2 * day - 3 * hour,
      text("That would be enough for the first piece. I will ask Dev to check the registry."),
    )
    put(a, 1, now - day - 7 * hour, event("Ada Okafor added Dev Patel."))
    put(
      a,
      4,
      now - day - 6 * hour,
      text(
        "> I will ask Dev to check the registry\n\nDone. Two of the three bidders share an address: https://registry.example.org/entity/20331",
      ),
    )
    put(
      a,
      4,
      now - day - 6 * hour + minute,
      file("registry-extracts.pdf", "application/pdf", 8_412_322, remote, "All extracts in one file"),
    )
    put(
      a,
      2,
      now - day - 5 * hour,
      text(
        "And the [press office](https://media.port.example/statement) calls it a “clerical error”. Area in question: 12 000 m^2^.",
      ),
    )
    picture = drawPicture()
    const shot = put(
      a,
      3,
      now - 3 * hour,
      file("north-quay.jpg", "image/jpeg", 40_000, here(40_000), "North quay, this morning", {
        width: 960,
        height: 640,
      }),
    )
    void picture.then((bytes) => {
      bytesOfMessage.set(shot.id, async (offset, length) => bytes.slice(offset, offset + length))
      update(shot.id, (message) =>
        message.body.kind === "file"
          ? { ...message, body: { ...message.body, file: { ...message.body.file, size: bytes.length } } }
          : message,
      )
      say({ topic: "messages", conversation: a })
    })
    put(
      a,
      1,
      now - 2 * hour,
      file(
        "interview-raw.mov",
        "video/quicktime",
        1_204_000_000,
        { state: "uploading", doneBytes: 431_000_000 },
        "The whole interview, uncut",
        {},
      ),
      { state: "waiting" },
    )
    const stopped = put(
      a,
      1,
      now - 90 * minute,
      file("notes.zip", "application/zip", 52_000_000, {
        state: "failed",
        doneBytes: 12_000_000,
        sentence: "The file changed while it was being sent. Choose it again.",
      }),
      { state: "failed" },
    )
    void stopped
    put(
      a,
      2,
      now - 20 * minute,
      text("Good. We compare `annex-7` with the extracts tomorrow at nine, at the office, *not* on the phone."),
    )
    put(a, 1, now - 12 * minute, text("At nine. I bring the printed ones."))
    put(a, 1, now - 11 * minute, text("If anything changes I write here."))
    if (scene === "offline") put(a, 1, now - minute, text("Are you still there?"), { state: "waiting" })
    put(id(0xa2), 3, now - 40 * minute, text("Can we talk before the meeting?"))
    put(id(0xa2), 3, now - 39 * minute, text("It is about the second source."))
    put(id(0xa0), 1, now - 9 * day, event("Ada Okafor founded Harbour Desk."))
    put(id(0xa0), 2, now - 3 * hour, text("The office is closed on Friday."))
    put(id(0xa3), 5, now - day, text("New drop-off arrangements are in the safe."))
    put(id(0xa4), 1, now - 4 * day, text("Welcome, Esi."))
  } else {
    put(id(0xa0), 1, now - minute, event(`${myName} founded ${found?.organisation ?? ""}.`))
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

  let timeline: Act[] = [
    {
      index: 0,
      statement: id(0xf0),
      type: "genesis",
      sentence:
        "Found the organisation with Ada Okafor as its first member, ruled by 1 of 1 keeper (Ada Okafor) (evaluation: a single keeper decides everything), on one relay: https://desk.example.org",
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "7K2M 9QXA",
    },
    {
      index: 1,
      statement: id(0xf1),
      type: "member-add",
      sentence: `Add Bjørn Halvorsen as a member with one device (key ${print(21)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "3VWT 0C5E",
    },
    {
      index: 2,
      statement: id(0xf2),
      type: "member-add",
      sentence: `Add Chloé Martin as a member with one device (key ${print(31)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "Z81N R4GH",
    },
    {
      index: 3,
      statement: id(0xf3),
      type: "member-add",
      sentence: `Add Frank Brandt as a member with one device (key ${print(61)})`,
      approvedBy: ["Ada Okafor"],
      outcome: "applied",
      code: "M0QK 22DV",
    },
    {
      index: 4,
      statement: id(0xf4),
      type: "rules",
      sentence: "Change the rules to version 2: 2 of 3 keepers (Ada Okafor; Bjørn Halvorsen; Chloé Martin)",
      approvedBy: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"],
      outcome: "applied",
      code: "QF6Y 8TJ1",
    },
    {
      index: 5,
      statement: id(0xf5),
      type: "member-add",
      sentence: `Add Dev Patel as a member with one device (key ${print(41)})`,
      approvedBy: ["Bjørn Halvorsen", "Chloé Martin"],
      outcome: "applied",
      code: "A9D3 77WP",
    },
    {
      index: 6,
      statement: id(0xf6),
      type: "member-add",
      sentence: "Add member 90c1 44ab 0e7f 2d10 as a member with one device (key 5be1 0c20 99fa 7714)",
      approvedBy: ["Bjørn Halvorsen"],
      outcome: "refused",
      reason: "Fewer keepers have approved than the rules ask for.",
      code: "0H5X CC2B",
    },
    {
      index: 7,
      statement: id(0xf7),
      type: "member-add",
      sentence: `Add Esi Mensah as a member with one device (key ${print(51)})`,
      approvedBy: ["Ada Okafor", "Chloé Martin"],
      outcome: "applied",
      code: "EK71 M3ZS",
    },
    {
      index: 8,
      statement: id(0xf8),
      type: "device-remove",
      sentence: `Remove the device Old laptop (key ${print(22)}) of Bjørn Halvorsen`,
      approvedBy: ["Bjørn Halvorsen"],
      outcome: "applied",
      code: "W2N8 QA60",
    },
    {
      index: 9,
      statement: id(0xf9),
      type: "device-add",
      sentence: `Add the device Pixel phone (key ${print(12)}) to Ada Okafor`,
      approvedBy: ["Ada Okafor", "Bjørn Halvorsen"],
      outcome: "applied",
      code: "5RVC H4T9",
    },
    {
      index: 10,
      statement: id(0xfa),
      type: "member-remove",
      sentence: "Remove Frank Brandt and every device of theirs",
      approvedBy: ["Ada Okafor", "Chloé Martin"],
      outcome: "applied",
      code: "1JY0 6ZKD",
    },
  ]
  if (scene === "founded")
    timeline = timeline.slice(0, 1).map((act) => ({
      ...act,
      sentence: `Found the organisation with ${myName} as its first member, ruled by 1 of 1 keeper (${myName}) (evaluation: a single keeper decides everything)`,
      approvedBy: [myName],
    }))

  const needed = evaluation ? 1 : 2
  let proposals: Proposal[] =
    scene === "founded" || scene === "evaluation"
      ? []
      : [
          {
            id: id(0xe1),
            sentence: "Add Grace Lindqvist as a member with one device",
            details: ["Invited by Bjørn Halvorsen, for “Grace (photo desk)”", `Key of the device: ${print(71)}`],
            code: "T6PB 2W0N",
            proposedBy: "Bjørn Halvorsen",
            at: now - 14 * minute,
            needed,
            approvedBy: ["Bjørn Halvorsen"],
            declinedBy: [],
            mine: "can-approve",
            expiresAt: now + 3 * day,
            joinCode: "4F0K 77QD",
          },
          {
            id: id(0xe2),
            sentence: "Remove the device iPhone of Dev Patel",
            details: [`Key of the device: ${print(42)}`, "Dev wrote that it was lost on the train."],
            code: "9XM1 C5VA",
            proposedBy: "Ada Okafor",
            at: now - 50 * minute,
            needed,
            approvedBy: ["Ada Okafor"],
            declinedBy: [],
            mine: "approved",
            expiresAt: now + 6 * day,
          },
          {
            id: id(0xe3),
            sentence: "Remove Frank Brandt and every device of theirs",
            details: [],
            code: "1JY0 6ZKD",
            proposedBy: "Chloé Martin",
            at: now - 2 * day,
            needed,
            approvedBy: ["Ada Okafor", "Chloé Martin"],
            declinedBy: [],
            mine: "approved",
            expiresAt: now + 5 * day,
          },
        ]
  const invitationText = `hf1${"CAESIHseDESQ0qPxAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGiBdZ0Z3c2V0dGxlZC1zZWNyZXQtZm9yLXRoZS1maXh0dXJl".slice(0, 96)}IhZodHRwOi8vbG9jYWxob3N0OjcxMDAo`
  let invites: Invite[] =
    scene === "founded"
      ? (found?.keepers ?? []).map((keeper, at) => ({
          id: id(0xd0 + at),
          purpose: "keeper",
          name: keeper,
          invitedBy: myName,
          expiresAt: now + 7 * day,
          state: "open",
          text: `${invitationText}${at}`,
        }))
      : scene === "evaluation"
        ? []
        : [
            {
              id: id(0xd1),
              purpose: "member",
              name: "Grace (photo desk)",
              invitedBy: "Bjørn Halvorsen",
              expiresAt: now + 2 * day,
              state: "asked",
            },
            {
              id: id(0xd2),
              purpose: "device",
              name: "My tablet",
              invitedBy: "Ada Okafor",
              expiresAt: now + 5 * hour,
              state: "open",
              text: invitationText,
            },
          ]
  let keeperPlan: KeeperPlan | undefined =
    scene === "plan"
      ? {
          needed: 2,
          asksMe: true,
          people: [
            { name: "Bjørn Halvorsen", member: id(2), state: "accepted" },
            { name: myName, member: id(1), state: "you" },
            { name: "Hana Sato", state: "invited" },
          ],
        }
      : scene === "founded" && found !== undefined && found.keepers.length > 0
        ? {
            needed: found.needed,
            asksMe: false,
            people: [
              { name: myName, member: id(1), state: "you" },
              ...found.keepers.map((keeper) => ({ name: keeper, state: "invited" as const })),
            ],
          }
        : undefined
  let alarms: Alarm[] =
    scene === "founded"
      ? []
      : [
          {
            id: id(0xc1),
            at: now - 6 * hour,
            level: "notice",
            kind: "junk",
            sentence: "Two frames in the lane could not be read by anybody. They were ignored.",
          },
        ]
  if (scene === "alarm")
    alarms = [
      {
        id: id(0xc2),
        at: now - 3 * minute,
        level: "danger",
        kind: "fork",
        sentence:
          "The server showed two different histories of your organisation. Holdfast has stopped and kept both as proof.",
      },
      ...alarms,
    ]
  let standing: Overview["standing"] =
    scene === "waiting" ? "waiting" : scene === "removed" ? "removed" : scene === "alarm" ? "stopped" : "active"
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
  const propose = (sentence: string, apply: () => void): Id => {
    if (evaluation) {
      apply()
      timeline = [
        ...timeline,
        {
          index: timeline.length,
          statement: fresh(),
          type: "device-remove",
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

  return {
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
          : { total: 3, needed: 2, names: ["Ada Okafor", "Bjørn Halvorsen", "Chloé Martin"] },
        ...(keeperPlan === undefined ? {} : { keeperPlan }),
        ...(standing === "waiting" ? { joinCode: "4F0K 77QD" } : {}),
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
    async createInvite({ purpose, name: whom, hours }) {
      const invite: Invite = {
        id: fresh(),
        purpose,
        name: whom,
        invitedBy: myName,
        expiresAt: Date.now() + hours * hour,
        state: "open",
        text: invitationText,
      }
      invites = [...invites, invite]
      say({ topic: "invites" })
      return invite
    },
    async revokeInvite(invite) {
      invites = invites.map((each) => (each.id === invite ? { ...each, state: "revoked" } : each))
      say({ topic: "invites" })
    },
    async approve(proposal) {
      proposals = proposals.map((each) =>
        each.id === proposal ? { ...each, mine: "approved", approvedBy: [...each.approvedBy, myName] } : each,
      )
      say({ topic: "proposals" }, { topic: "overview" })
    },
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

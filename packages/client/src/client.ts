// The Client that programs embed, over the engine's parts. Nothing is decided here that is not about a caller's request.
import { actInWords, actNumbers, actRuleOf, type Charter, type Fate, fateOf, shortCode } from "@holdfast/charter"
import { decode, encode, equalBytes, hex, toDeviceId, toMemberId, utf8 } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import { actTimes } from "./act-times.ts"
import type { Act, Attachment, Client, FileSource, Id, Message, Overview } from "./api.ts"
import { contentLimits, FileMessage } from "./content.ts"
import type { Engine } from "./engine.ts"
import { ClientError } from "./error.ts"
import type { FileReference } from "./files/index.ts"
import type { GovernanceApi } from "./governance-api.ts"
import { governanceMethods } from "./governance-client.ts"
import { relayUrls } from "./hello.ts"
import { checkHours, invitationMethods, storeInvite } from "./invitations-client.ts"
import { makeInvite, type NewInvite, toInvite } from "./invites.ts"
import { joinCodeOf, purposeOf } from "./join-request.ts"
import { messageIdOf } from "./outbox.ts"
import { keeperName } from "./proposal-view.ts"
import { idBytes } from "./proposals.ts"
import { approverName, seatsEver } from "./seat-names.ts"
import type { StoredMessage } from "./store/messages.ts"

/** A Client that knows which vault of this device it is. */
export interface OpenClient extends Client, GovernanceApi {
  readonly vault: Id
}

const defaultPage = 50
const maxPage = 500
const noBytes = (length: number) => new Uint8Array(length)

export function createClient(engine: Engine): OpenClient {
  const { store, people, conversations, proposals, plans, transfers, outbox, changes, turns } = engine
  const me = () => hex(engine.account().member)

  function requireActive(): void {
    switch (engine.standing()) {
      case "active":
        return
      case "stopped":
        throw new ClientError("stopped", "The relay was caught showing different histories. Nothing is sent any more.")
      case "removed":
        throw new ClientError("not_allowed", "This device was removed from the organisation.")
      case "waiting":
        throw new ClientError("not_allowed", "The keepers have not approved this device yet.")
    }
  }

  /** A change by somebody: in a turn of its own, and then whatever follows from it. */
  async function act<T>(work: () => T | Promise<T>): Promise<T> {
    const result = await turns.take(() => {
      requireActive()
      return work()
    })
    engine.kick()
    return result
  }

  function attachment(message: StoredMessage): Attachment {
    const { file } = decode(FileMessage, message.body)
    const state = transfers.state(message.id)
    // the program ended before it had begun to read the file
    const isLost = message.state === "waiting" && state.state === "remote"
    const transfer = isLost
      ? { state: "failed" as const, doneBytes: 0, sentence: "The file was not read yet. Choose the file again." }
      : state
    return {
      name: file.name,
      type: file.type,
      size: file.size,
      sha256: hex(file.sha256),
      ...(file.width === undefined ? {} : { width: file.width }),
      ...(file.height === undefined ? {} : { height: file.height }),
      transfer,
    }
  }

  function bodyOf(message: StoredMessage): Message["body"] {
    switch (message.kind) {
      case "text":
        return { kind: "text", text: message.text }
      case "event":
        return { kind: "event", sentence: message.text }
      case "file":
        return { kind: "file", caption: decode(FileMessage, message.body).caption, file: attachment(message) }
      case "unknown":
        return { kind: "unknown" }
    }
  }

  function toMessage(message: StoredMessage): Message {
    return {
      id: message.id,
      conversation: message.conversation,
      from: message.from,
      device: message.device,
      at: message.at,
      state: message.state,
      ...(message.index === undefined ? {} : { index: message.index }),
      body: bodyOf(message),
    }
  }

  function requireFile(id: Id): { readonly message: StoredMessage; readonly file: FileReference } {
    const message = store.messages.get(id)
    if (message === undefined || message.kind !== "file") {
      throw new ClientError("not_found", "There is no such file on this device.")
    }
    return { message, file: decode(FileMessage, message.body).file }
  }

  function requireOpenConversation(conversation: Id): void {
    conversations.require(conversation)
    const view = conversations.list().find(({ id }) => id === conversation)
    if (view?.state === "left") throw new ClientError("not_allowed", "You are no longer in this conversation.")
  }

  /** A message that only this device has yet. */
  function addWaiting(conversation: Id, kind: "text" | "file", text: string, body: Uint8Array, ready: boolean): Id {
    const contentId = engine.randomBytes(16)
    const device = deviceOf(engine.account())
    const id = messageIdOf(device, contentId)
    const at = engine.timers.now()
    store.transaction(() => {
      store.messages.add({
        id,
        conversation,
        from: me(),
        device: hex(device),
        at,
        state: "waiting",
        index: undefined,
        place: store.messages.nextWaitingPlace(),
        kind,
        text,
        body,
      })
      outbox.post(
        conversation,
        kind === "text" ? { kind, value: { text } } : { kind, value: decode(FileMessage, body) },
        { message: id, contentId, ready, at },
      )
      conversations.touch(conversation)
    })
    changes.mark({ topic: "messages", conversation }, { topic: "conversations" })
    return id
  }

  function placeholder(source: FileSource): FileReference {
    return {
      blob: noBytes(32) as FileReference["blob"],
      key: noBytes(32),
      size: source.size,
      sha256: noBytes(32),
      name: source.name.slice(0, 120) || "file",
      type: source.type.slice(0, 127),
      ...(source.width === undefined ? {} : { width: source.width }),
      ...(source.height === undefined ? {} : { height: source.height }),
    }
  }

  function checkText(text: string): void {
    if (text.trim() === "") throw new ClientError("malformed", "There is nothing to send.")
    if (!text.isWellFormed()) throw new ClientError("malformed", "This text cannot be sent.")
    if (utf8(text).length > contentLimits.textBytes)
      throw new ClientError("too_large", "This message is too long. Send it as a file.")
  }

  const client: OpenClient = {
    ...governanceMethods(engine, act),
    ...invitationMethods(engine, act, () => client.invites()),
    vault: engine.vault,

    async overview(): Promise<Overview> {
      const charter = engine.charter()
      const account = engine.account()
      const { rules } = charter.state
      const standing = engine.standing()
      const waiting = standing === "waiting"
      const plan = plans.view()
      const shown = waiting ? [] : await proposals.list()
      const keepers = rules.keepers.map((keeper) => keeperName(people, keeper))
      return {
        organisation: { id: hex(account.org), name: people.organisationName(), evaluation: charter.state.evaluation },
        me: {
          member: me(),
          device: hex(deviceOf(account)),
          name: store.people.name(me()) ?? (account.name === "" ? people.nameOf(me()) : account.name),
          keeper: people.isKeeper(me()),
        },
        standing,
        connection: engine.link.state(),
        upToDate: engine.isUpToDate(),
        relay: engine.link.session()?.url ?? relayUrls(charter, account)[0] ?? "",
        keepers: {
          total: rules.keepers.length,
          needed: charter.size === 0 ? 0 : actRuleOf(rules, actNumbers["member-add"]).k,
          names: keepers,
        },
        ...(plan === undefined ? {} : { keeperPlan: plan }),
        ...(waiting ? { joinCode: joinCodeOf(account.org, account.devicePublicKey) } : {}),
        ...recoveryOf(charter, account),
        decisions: shown.filter(({ mine }) => mine === "can-approve").length,
        unread: conversations.list().reduce((sum, { unread }) => sum + unread, 0),
        alarms: store.alarms.list(),
      }
    },
    people: async () => people.list(),
    conversations: async () => conversations.list(),
    async messages(conversation, page = {}) {
      conversations.require(conversation)
      const limit = Math.min(maxPage, Math.max(1, page.limit ?? defaultPage))
      return store.messages.page(conversation, page.before, limit).map(toMessage)
    },
    readers: async (conversation) => conversations.readers(conversation),
    async timeline(): Promise<readonly Act[]> {
      const charter = engine.charter()
      const seats = seatsEver(charter)
      const { records } = charter
      const times = actTimes(charter)
      return [...records].map((record) => {
        const approved = record.approvals
          .filter(({ counted }) => counted)
          .map((approval) => approverName(charter, people, seats, approval))
        const { statement } = record
        return {
          index: record.index,
          statement: statement === undefined ? "" : hex(statement.id),
          type: statement?.type ?? "unreadable",
          sentence: actInWords(statement ?? record, people.names),
          approvedBy: [...new Set(approved)],
          ...outcomeOf(fateOf(charter, record.index)),
          code: statement === undefined ? "" : shortCode(statement.id),
          ...atOf(times[record.index]),
        }
      })
    },
    proposals: async () => proposals.list(),
    async invites() {
      const view = {
        table: store.governance,
        charter: engine.charter(),
        nowSeconds: Math.floor(engine.timers.now() / 1_000),
        relays: relayUrls(engine.charter(), engine.account()),
        nameOf: people.nameOf,
      }
      return store.governance.invites().map((invite) => toInvite(view, invite))
    },

    startConversation: ({ kind, title, members }) => act(() => conversations.start(kind, title, members)),
    renameConversation: (conversation, title) => act(() => conversations.rename(conversation, title)),
    addToConversation: (conversation, members) => act(() => conversations.wish(conversation, members, "in")),
    removeFromConversation: (conversation, members) => act(() => conversations.wish(conversation, members, "out")),
    sendText: (conversation, text) =>
      act(() => {
        checkText(text)
        requireOpenConversation(conversation)
        return addWaiting(conversation, "text", text, noBytes(0), true)
      }),
    sendFile: (conversation, file, caption = "") =>
      act(() => {
        requireOpenConversation(conversation)
        if (caption !== "") checkText(caption)
        if (file.size > 2_147_483_648)
          throw new ClientError("too_large", "Files of up to 2 GB can be sent. This one is larger.")
        if (!Number.isSafeInteger(file.size) || file.size < 0)
          throw new ClientError("malformed", "This file has no size.")
        const body = encode(FileMessage, { file: placeholder(file), caption })
        const id = addWaiting(conversation, "file", caption, body, false)
        transfers.startUpload(id, file)
        return id
      }),
    async retryTransfer(id, file) {
      const { message } = requireFile(id)
      const waiting = store.outbox.ofMessage(id)
      if (message.from === me() && message.state === "failed" && waiting === undefined) {
        throw new ClientError("not_allowed", "This message was given up. Send the file again.")
      }
      if (message.state === "waiting" && file !== undefined && transfers.state(id).state === "remote") {
        transfers.startUpload(id, file)
      } else {
        transfers.retry(id, file)
      }
    },
    async cancelTransfer(id) {
      const { message } = requireFile(id)
      await transfers.cancel(id)
      const waiting = store.outbox.ofMessage(id)
      if (waiting === undefined || waiting.sending !== undefined || message.state !== "waiting") return
      store.transaction(() => {
        store.outbox.remove(waiting.id)
        store.messages.setState(id, "failed")
      })
      changes.mark({ topic: "messages", conversation: message.conversation })
    },
    async fetchFile(id) {
      const { message, file } = requireFile(id)
      if (message.state === "waiting") throw new ClientError("not_found", "This file has not been sent yet.")
      await transfers.fetch(id, file)
    },
    async readFile(id, offset, length) {
      const { file } = requireFile(id)
      if (transfers.state(id).state !== "here")
        throw new ClientError("not_found", "This file is not on this device yet.")
      return transfers.read(file, offset, length)
    },
    async markRead(conversation) {
      const stored = conversations.require(conversation)
      const last = store.messages.lastPlaceInLane(conversation)
      if (last <= stored.readPlace) return
      store.conversations.put({ ...stored, readPlace: last })
      changes.mark({ topic: "conversations" }, { topic: "overview" })
    },

    async createInvite({ purpose, name, hours }) {
      checkHours(hours)
      if (utf8(name).length > contentLimits.nameBytes) throw new ClientError("too_large", "This name is too long.")
      const guestKey = await act(async () => {
        const expiresAt = Math.floor(engine.timers.now() / 1_000 + hours * 3_600)
        const made = await makeInvite(engine.account(), engine.randomBytes(32), {
          purpose,
          name: name.trim(),
          expiresAt,
        })
        store.transaction(() => {
          keepInvite(engine, made)
        })
        return hex(made.announced.guestKey)
      })
      engine.invites.watch(guestKey)
      engine.kick()
      // so that the link works as soon as somebody has it; without a connection it is done later
      await engine.invites.register().catch(() => undefined)
      const invite = (await client.invites()).find(({ id }) => id === guestKey)
      if (invite === undefined) throw new ClientError("not_found", "There is no such invitation.")
      return invite
    },
    async revokeInvite(id) {
      await act(() => {
        const invite = store.governance.invite(id)
        if (invite === undefined) throw new ClientError("not_found", "There is no such invitation.")
        if (invite.member !== me() && !people.isKeeper(me())) {
          throw new ClientError("not_allowed", "Only whoever made an invitation, or a keeper, can take it back.")
        }
        if (invite.revoked) return
        store.transaction(() => {
          store.governance.putInvite({ ...invite, revoked: true })
          engine.post({ kind: "inviteRevoked", value: { guestKey: idBytes(id) } })
        })
        changes.mark({ topic: "invites" })
      })
      const guestKey = idBytes(id)
      await engine.link.request({ kind: "revokeInvite", value: { guestKey } }).catch(() => undefined)
    },
    approve: (proposal) => act(() => proposals.approve(proposal)),
    decline: (proposal) => act(() => proposals.decline(proposal)),
    proposeRemoveMember: (member) =>
      act(() => {
        if (member === me()) throw new ClientError("not_allowed", "Somebody else has to propose that.")
        return proposals.propose({ type: "member-remove", body: { member: toMemberId(idBytes(member)) } })
      }),
    proposeRemoveDevice: (device) =>
      act(async () => {
        const id = toDeviceId(idBytes(device))
        const known = engine.charter().state.devices.get(id)
        if (known === undefined) throw new ClientError("not_found", "There is no such device.")
        const proposal = await proposals.propose({ type: "device-remove", body: { member: known.member, device: id } })
        // one's own devices are nobody else's business
        if (hex(known.member) === me()) await proposals.approve(proposal)
        return proposal
      }),
    planKeepers: ({ members, needed }) =>
      act(() => {
        const asked = members.map((member) => ({ name: people.nameOf(member), member: toMemberId(idBytes(member)) }))
        store.transaction(() => plans.ask(asked, needed))
      }),
    acceptKeeper: () => act(() => plans.accept()),
    async dismissAlarm(alarm) {
      if (!store.alarms.dismiss(alarm)) throw new ClientError("not_found", "There is no such alarm.")
      changes.mark({ topic: "overview" })
    },

    exportCharter: async () => store.charter.all(),
    subscribe: (listener) => changes.subscribe(listener),
    close: () => engine.close(),
  }
  return client
}

/** Of a device that asks to be the only one of a member from some time on (E5.19). */
function recoveryOf(charter: Charter, account: Account): Pick<Overview, "recovery"> {
  if (account.joining === undefined || purposeOf(account.joining) !== "recovery") return {}
  const own = deviceOf(account)
  const it = charter.state.waiting.find(
    ({ statement }) => statement.type === "recover" && equalBytes(statement.body.device.id, own),
  )
  if (it === undefined) return { recovery: { approved: false } }
  const { begins, delaySeconds } = it
  const effect = begins === undefined ? {} : { effectAt: (begins + delaySeconds) * 1_000 }
  return { recovery: { approved: true, ...effect } }
}

function atOf(at: number | undefined): Pick<Act, "at"> {
  return at === undefined ? {} : { at }
}

function outcomeOf(fate: Fate | undefined): Pick<Act, "outcome" | "reason"> {
  if (fate === undefined) return { outcome: "refused" }
  if (typeof fate.how === "string") return { outcome: fate.how }
  return "refused" in fate.how
    ? { outcome: "refused", reason: fate.how.refused }
    : { outcome: "lapsed", reason: fate.how.lapsed }
}

/** Inside a transaction: an invitation of this device's own, announced to everybody. */
export function keepInvite(engine: Engine, made: NewInvite): void {
  storeInvite(engine, made)
  engine.post({ kind: "inviteAnnounced", value: made.announced })
  engine.changes.mark({ topic: "invites" })
}

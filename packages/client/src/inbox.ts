// What lane events mean: messages into conversations, governance into its tables, lies into alarms. Everything that has to
// be computed first is computed first; what is left to do runs inside the transaction that stores the events.
import { type Charter, checkName, checkpointTrust, statementIdOf } from "@holdfast/charter"
import type { Alarm, BlobRef, LaneEvent, Leaf } from "@holdfast/lanes"
import { LogError, verifyCheckpoint } from "@holdfast/log"
import { type ConversationId, encode, equalBytes, hex, utf8, WireError } from "@holdfast/wire"
import { type Alarms, contradicted } from "./alarms.ts"
import type { Id } from "./api.ts"
import type { Changes } from "./changes.ts"
import {
  Body,
  type Content,
  decodeContent,
  FileMessage,
  InviteAnnounced,
  type KeeperAccept,
  type Snapshot,
} from "./content.ts"
import type { Conversations } from "./conversations.ts"
import { codeOfDevice } from "./directory.ts"
import { inviterOf } from "./invites.ts"
import { accepterOf, isRightOfferedKey, type KeeperOffers, offeredKeyOf } from "./keeper-offers.ts"
import type { KeeperPlans } from "./keeper-plan.ts"
import { messageIdOf, type Outbox } from "./outbox.ts"
import type { People } from "./people.ts"
import type { Timers } from "./ports.ts"
import type { Proposals, Said } from "./proposals.ts"
import type { Requests } from "./requests.ts"
import type { GovernanceTable } from "./store/governance.ts"
import { type MessageTable, placesPerFrame } from "./store/messages.ts"
import type { PeopleTable } from "./store/people.ts"
import type { SeenTable } from "./store/seen.ts"

export interface InboxDeps {
  readonly me: () => Id
  readonly charter: () => Charter
  readonly messages: MessageTable
  readonly seen: SeenTable
  readonly governance: GovernanceTable
  readonly peopleTable: PeopleTable
  readonly people: People
  readonly proposals: Proposals
  readonly requests: Requests
  readonly plans: KeeperPlans
  readonly offers: KeeperOffers
  readonly conversations: Conversations
  readonly outbox: Outbox
  readonly alarms: Alarms
  readonly changes: Changes
  readonly timers: Timers
  /** Of a conversation; empty when it is not open here. */
  readonly leaves: (conversation: ConversationId) => readonly Leaf[]
  readonly stop: (how: "fork" | "rollback", evidence: readonly Uint8Array[], detail?: string) => void
  /** A member says that another history exists: whoever watches the charter may be able to prove it. (E10.2) */
  readonly askWitnesses: () => void
  readonly fetchBlob: (blob: BlobRef) => void
  /** An invitation is known now: look for requests under its tags, also among the frames that came already. */
  readonly watchInvite: (guestKey: Id) => void
}

export interface Inbox {
  prepare(events: readonly LaneEvent[]): Promise<() => void>
}

type Work = () => void
type Fork = Extract<Alarm, { readonly kind: "fork" }>
const nothing: Work = () => {}

export function createInbox(deps: InboxDeps): Inbox {
  const { changes, alarms } = deps
  /** Statements of the events that are being prepared, which are not stored yet. */
  const cameNow = new Map<Id, Uint8Array>()

  async function prepareOne(event: LaneEvent): Promise<Work> {
    switch (event.kind) {
      case "message":
        return prepareMessage(event)
      case "changed":
        return () => deps.conversations.onChanged(event)
      case "joined":
        return () => deps.conversations.onJoined(event)
      case "left":
        return () => deps.conversations.onLeft(event)
      case "broken":
        return () => deps.conversations.onBroken(event)
      case "rebase":
        return () => deps.outbox.settled(event.localId)
      case "late":
        return () => deps.outbox.late(event.localId, event.why)
      case "resync-asked":
        return () => deps.conversations.onResyncAsked(event)
      case "watched": {
        const work = await deps.requests.open(event.name, event.frame, event.index * placesPerFrame)
        return work ?? nothing
      }
      case "alarm": {
        const { alarm } = event
        return alarm.kind === "fork" ? prepareFork(alarm) : () => raise(alarm)
      }
      case "needs-blob":
        return () => deps.fetchBlob(event.blob)
      case "welcomes-due":
      case "needs-charter":
      case "needs-frames":
        return nothing
    }
  }

  function raise(alarm: Exclude<Alarm, Fork>): void {
    switch (alarm.kind) {
      case "wrong-root":
        alarms.raise("reordered", `root ${alarm.size}`, { evidence: [alarm.expected, alarm.ours] })
        break
      case "rewritten":
        alarms.raise("reordered", `index ${alarm.index}`)
        break
      case "doubled":
        alarms.raise("doubled", `index ${alarm.index}`)
        break
      case "junk":
        raiseJunk(alarm)
        break
      case "cloned":
        alarms.raise("cloned", "own device")
        break
      case "bad-welcome":
        alarms.raise("bad_welcome", `index ${alarm.index}`, { detail: codeOfDevice(alarm.inviter) })
    }
  }

  /** A frame's tag names a leaf, but whoever is in the conversation can make it: the name is a hint, not a finding. */
  function raiseJunk({ conversation, leaf, index }: Extract<Alarm, { readonly kind: "junk" }>): void {
    const named = deps.leaves(conversation).find((one) => one.leaf === leaf)
    const detail =
      named === undefined
        ? {}
        : {
            detail: `It stood under ${deps.people.nameOf(hex(named.member))}'s name; anyone in that conversation could have put it there.`,
          }
    alarms.raise("junk", `index ${index}`, detail)
  }

  /**
   * What a member says it has seen is its word alone, and one that lies must not stop anybody. Only the relay's own signature
   * under another root than ours does (E7.1).
   */
  async function prepareFork(alarm: Fork): Promise<Work> {
    const { claim, which, ours, note } = alarm
    const isCharter = which === "charter"
    const [size, root] = isCharter ? [claim.charterSize, claim.charterRoot] : [claim.laneSize, claim.laneRoot16]
    const evidence = [utf8(`${which} ${size}`), root, ours, ...(note === undefined ? [] : [utf8(note)])]
    const isProven = note !== undefined && (await isContradicted(note))
    return () => {
      const member = hex(alarm.sender.member)
      const name = deps.people.nameOf(member)
      const what = isCharter ? "charter" : "order of messages"
      if (isProven) return deps.stop("fork", evidence, `${name} was shown another ${what} than this device.`)
      // a commit that was not accepted may be anybody's in the conversation
      const isSigned = note === undefined
      alarms.raise("fork", `${which} ${isSigned ? "claim" : "commit"} ${member}`, {
        evidence,
        sentence: contradicted(name, what, isSigned),
      })
      if (isCharter) deps.askWitnesses()
    }
  }

  /**
   * A relay in the charter's present state has signed another root than this device's at a size that this device has. The key of a
   * former one proves nothing: whoever it was taken from, or given to, could stop everybody with it (E7.1).
   */
  async function isContradicted(note: string): Promise<boolean> {
    const { orgId, state, roots } = deps.charter()
    try {
      const signed = await verifyCheckpoint(utf8(note), checkpointTrust(orgId, state.relays, state.rules))
      const own = roots.at(signed.size)
      return own !== undefined && !equalBytes(own, signed.root)
    } catch (error) {
      if (error instanceof LogError) return false
      throw error
    }
  }

  async function prepareMessage(event: Extract<LaneEvent, { readonly kind: "message" }>): Promise<Work> {
    let content: Content
    try {
      content = decodeContent(event.plaintext)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return () => {
        if (event.localId !== undefined) deps.outbox.placed(event.localId, event.index)
        alarms.raise("junk", `content ${event.index}`, {
          detail: `It came from ${deps.people.nameOf(hex(event.sender.member))}.`,
        })
      }
    }
    const conversation = hex(event.conversation)
    const said: Said = {
      member: hex(event.sender.member),
      device: hex(event.sender.device),
      place: event.index * placesPerFrame,
      at: content.sentAt,
    }
    const isEveryone = conversation === deps.conversations.everyone()
    const govern = isEveryone ? await prepareGovernance(content.body, said) : nothing
    const id = messageIdOf(event.sender.device, content.id)
    return () => {
      const isFirst = deps.seen.add(id)
      if (event.own && event.localId !== undefined) deps.outbox.placed(event.localId, event.index)
      govern()
      if (isFirst) show(content, event, conversation, id, said)
    }
  }

  /** What people see in the conversation itself. Own messages are there since they were written. */
  function show(
    content: Content,
    event: Extract<LaneEvent, { readonly kind: "message" }>,
    conversation: Id,
    id: Id,
    said: Said,
  ): void {
    const { body } = content
    if (body.kind === "opened") deps.conversations.onOpened(conversation, body.value.kind, body.value.title)
    if (body.kind === "title") {
      const { title } = body.value
      deps.conversations.onTitle(conversation, title, said.member, said.device, event.index, said.at)
    }
    if (body.kind !== "text" && body.kind !== "file" && body.kind !== "unknown") return
    if (deps.messages.get(id) !== undefined) return
    deps.messages.add({
      id,
      conversation,
      from: said.member,
      device: said.device,
      at: said.at,
      state: said.member === deps.me() ? "sent" : "received",
      index: event.index,
      place: said.place,
      kind: body.kind,
      text:
        body.kind === "text" ? body.value.text : body.kind === "file" ? body.value.caption || body.value.file.name : "",
      body:
        body.kind === "file"
          ? encode(FileMessage, body.value)
          : body.kind === "unknown"
            ? encode(Body, body)
            : new Uint8Array(),
    })
    deps.conversations.touch(conversation)
    changes.mark({ topic: "messages", conversation }, { topic: "conversations" }, { topic: "overview" })
  }

  async function prepareGovernance(body: Body, said: Said): Promise<Work> {
    switch (body.kind) {
      case "name":
        return () => learn(body.value)
      case "deviceLabel":
        return () => {
          const device = deps.charter().state.devices.get(body.value.device)
          if (device === undefined || hex(device.member) !== said.member) return
          deps.peopleTable.putLabel(hex(device.id), body.value.label, true)
          changes.mark({ topic: "people" })
        }
      case "inviteAnnounced": {
        const member = await inviterOf(deps.charter(), body.value)
        if (member !== said.member) return nothing
        return () => putInvite(body.value, said.member, said.at)
      }
      case "invitesAnnounced": {
        const { invites } = body.value
        const members = await Promise.all(invites.map((invite) => inviterOf(deps.charter(), invite)))
        return () => {
          invites.forEach((invite, i) => {
            if (members[i] === said.member) putInvite(invite, said.member, said.at)
          })
        }
      }
      case "inviteRevoked":
        return () => {
          const invite = deps.governance.invite(hex(body.value.guestKey))
          if (invite === undefined || invite.revoked) return
          if (invite.member !== said.member && !deps.people.isKeeper(said.member)) return
          deps.governance.putInvite({ ...invite, revoked: true })
          changes.mark({ topic: "invites" })
        }
      case "proposal": {
        const { statement } = body.value
        cameNow.set(hex(statementIdOf(statement)), statement)
        return () => deps.proposals.add(statement, said)
      }
      case "approval": {
        const { statement, approval } = body.value
        // A key in a file has no member to speak for it: whoever brings its approval, the signature tells (E5.7).
        const isRight = await deps.proposals.isRightApproval(statement, approval, cameNow.get(hex(statement)))
        return () =>
          isRight
            ? deps.proposals.addPassedApproval(statement, approval)
            : deps.proposals.addApproval(statement, approval, said)
      }
      case "decline":
        return () => deps.proposals.addDecline(body.value.statement, said)
      case "keeperAsk":
        return () => deps.plans.addAsk(body.value, said)
      case "keeperAccept": {
        const member = await rightAccepterOf(body.value)
        return member === said.member ? () => deps.offers.add(body.value, said.member) : nothing
      }
      case "snapshot":
        return prepareSnapshot(body.value, said)
      default:
        return nothing
    }
  }

  /** Whose offer it is, if the key agrees to it too. */
  async function rightAccepterOf(accept: KeeperAccept): Promise<Id | undefined> {
    const charter = deps.charter()
    const key = offeredKeyOf(accept)
    const isRight = key !== undefined && (await isRightOfferedKey(charter.orgId, key))
    return isRight ? accepterOf(charter, accept) : undefined
  }

  function learn(entry: Snapshot["names"][number]): void {
    if (deps.people.learn(entry)) changes.mark({ topic: "people" }, { topic: "overview" }, { topic: "timeline" })
  }

  function putInvite(invite: InviteAnnounced, member: Id, at: number): void {
    const guestKey = hex(invite.guestKey)
    if (deps.governance.invite(guestKey) === undefined) {
      deps.governance.putInvite({
        guestKey,
        announced: encode(InviteAnnounced, invite),
        member,
        at,
        secret: undefined,
        registered: true,
        revoked: false,
      })
    }
    deps.watchInvite(guestKey)
    changes.mark({ topic: "invites" })
  }

  /** Every piece is held against its own signature or commitment; who passed it on does not matter (E4.3). */
  async function prepareSnapshot(snapshot: Snapshot, said: Said): Promise<Work> {
    const charter = deps.charter()
    const inviters = await Promise.all(snapshot.invites.map((invite) => inviterOf(charter, invite)))
    const accepters = await Promise.all(snapshot.accepts.map(rightAccepterOf))
    const requests = await Promise.all(
      snapshot.requests.map(({ guestKey, request }) => {
        const at = snapshot.invites.findIndex((invite) => equalBytes(invite.guestKey, guestKey))
        const announced = snapshot.invites[at]
        const member = inviters[at]
        return announced === undefined || member === undefined
          ? deps.requests.take(hex(guestKey), request, said.place)
          : deps.requests.takeFor({ announced, member }, request, said.place)
      }),
    )
    const approvals = await Promise.all(
      snapshot.proposals.map((passed) => deps.proposals.rightApprovals(passed.statement, passed.approvals)),
    )
    return () => {
      for (const entry of snapshot.names) {
        const commitment =
          entry.member === undefined
            ? charter.state.nameCommitment
            : charter.state.members.get(entry.member)?.nameCommitment
        if (commitment !== undefined && checkName(commitment, entry.salt, entry.name)) learn(entry)
      }
      for (const { device, label } of snapshot.labels) {
        if (charter.state.devices.has(device)) deps.peopleTable.putLabel(hex(device), label, false)
      }
      snapshot.invites.forEach((invite, i) => {
        const member = inviters[i]
        if (member !== undefined) putInvite(invite, member, said.at)
      })
      snapshot.accepts.forEach((accept, i) => {
        const member = accepters[i]
        if (member !== undefined && deps.governance.accept(member) === undefined) deps.offers.add(accept, member)
      })
      if (snapshot.ask !== undefined && deps.plans.current() === undefined) deps.plans.addAsk(snapshot.ask, said)
      deps.conversations.onSnapshot()
      for (const work of requests) work?.()
      snapshot.proposals.forEach(({ statement, proposer, at }, i) => {
        deps.proposals.add(statement, { ...said, member: hex(proposer), at }, hex(proposer) !== said.member)
        for (const approval of approvals[i] ?? []) {
          deps.proposals.addPassedApproval(statementIdOf(statement), approval)
        }
      })
    }
  }

  return {
    async prepare(events) {
      const works: Work[] = []
      cameNow.clear()
      for (const event of events) works.push(await prepareOne(event))
      return () => {
        for (const work of works) work()
      }
    },
  }
}

// The parts of one unlocked organisation, put together: what arrives is taken in turns, what has to be done is found in the
// store, so that a program that was killed at any point goes on where it was.
import { alarmsOf, type Charter } from "@holdfast/charter"
import { type Lane, type LaneDeps, openLane } from "@holdfast/lanes"
import {
  type Answer,
  codeOf,
  encode,
  equalBytes,
  type Failure,
  fromHex,
  hex,
  laneIdOf,
  limits,
  type Operation,
  type RelayErrorCode,
} from "@holdfast/wire"
import { type Account, deviceOf, loadAccount, mlsDevice, saveAccount } from "./account.ts"
import { createAlarmClock } from "./alarm-clock.ts"
import { type Alarms, createAlarms } from "./alarms.ts"
import type { ClientCode, Id, Standing } from "./api.ts"
import { type Changes, createChanges } from "./changes.ts"
import { type CharterStep, openCharterSync } from "./charter-sync.ts"
import { charterView } from "./charter-view.ts"
import { encodeContent, FileMessage, type KnownBody } from "./content.ts"
import { type Conversations, createConversations } from "./conversations.ts"
import { createDirectory } from "./directory.ts"
import { createDirectorySync } from "./directory-sync.ts"
import { ClientError } from "./error.ts"
import { blobLink } from "./files/blob-link.ts"
import { createTransfers, type Transfers } from "./files/index.ts"
import { helloFor, isNamedRelay, relayUrls, standingOf } from "./hello.ts"
import { createInbox } from "./inbox.ts"
import { readAnnounced, requestTags } from "./invites.ts"
import { createKeeperPlans, type KeeperPlans } from "./keeper-plan.ts"
import { holdLane } from "./lane-holder.ts"
import { createLaneSync } from "./lane-sync.ts"
import { createOutbox, type Outbox } from "./outbox.ts"
import { createPeople, type People } from "./people.ts"
import type { ClientPorts, Database, Timers } from "./ports.ts"
import { createProposals, type Proposals } from "./proposals.ts"
import { createRelayLink, type RelayLink, refusedError, type Session } from "./relay-link.ts"
import { createRequests, type Requests } from "./requests.ts"
import { takeSnapshot } from "./snapshot.ts"
import { placesPerFrame } from "./store/messages.ts"
import { openStore, type Store } from "./store/store.ts"
import { createTurns, type Turns } from "./turns.ts"

/** What the client's methods work with. */
export interface Engine {
  readonly vault: Id
  readonly store: Store
  readonly turns: Turns
  readonly changes: Changes
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly link: RelayLink
  readonly people: People
  readonly proposals: Proposals
  readonly requests: Requests
  readonly plans: KeeperPlans
  readonly conversations: Conversations
  readonly outbox: Outbox
  readonly transfers: Transfers
  readonly alarms: Alarms
  account(): Account
  charter(): Charter
  standing(): Standing
  /** All that the relay had when the session opened has been read. */
  isUpToDate(): boolean
  post(body: KnownBody): void
  /** Requests under the tags of this invitation are looked for from now on, and among the frames that are kept. */
  watchInvite(guestKey: Id): void
  registerInvites(): Promise<void>
  /** Look for things to do. */
  kick(): void
  /** Connects. Before, nothing leaves this device. */
  start(): void
  /**
   * Resolves when the relay has the founding and the first things are done, or has the request to join; rejects when it refuses.
   */
  firstContact(): Promise<void>
  close(): Promise<void>
}

export const charterNoteKey = "charter note"
const stoppedKey = "stopped"
export const foundingPlanKey = "founding plan"
export const organisationNameKey = "organisation name"
const laneNumber = 0
const watchMillis = 5_000
const storeTroubles: ReadonlySet<ClientCode> = new Set(["disk_full", "damaged_store", "store_busy"])
/** How long a device that the relay refuses only reads the charter before it tries again. */
const lockedOutMillis = 10_000

export async function createEngine(
  ports: ClientPorts,
  vault: Id,
  db: Database,
  hooks: { readonly afterFounding: (engine: Engine) => Promise<void> },
): Promise<Engine> {
  const store = openStore(db)
  const { meta } = store
  let account = loadAccount(meta)
  const { org } = account
  const charterSync = await openCharterSync(org, store.charter.all(), meta.getText(charterNoteKey))
  const charter = () => charterSync.charter()
  const charterLane = laneIdOf(org, "charter")

  let isClosed = false
  const { randomBytes } = ports
  const pending = new Set<() => void>()
  // timers of a closed engine are called off, whoever set them
  const timers: Timers = {
    now: () => ports.timers.now(),
    setTimeout(work, millis) {
      const cancel = ports.timers.setTimeout(() => {
        pending.delete(cancel)
        if (!isClosed) work()
      }, millis)
      pending.add(cancel)
      return () => {
        pending.delete(cancel)
        cancel()
      }
    },
  }
  const turns = createTurns({
    // what a person asked for wrongly changes nothing; everything else may have come in the middle of something
    breaks: (error) => !(error instanceof ClientError) || storeTroubles.has(error.code),
    async repair() {
      charterSync.forget()
      laneSync.forget()
      account = loadAccount(meta)
      await lane.reopen()
      abandon()
    },
  })
  const changes = createChanges()
  const alarms = createAlarms({ table: store.alarms, timers, changes })
  const { transaction } = store

  function report(error: unknown): void {
    if (!isClosed) ports.report?.(error)
  }

  function saveOwn(next: Account): void {
    account = next
    saveAccount(meta, next)
  }

  const laneDeps: LaneDeps = {
    org,
    lane: laneIdOf(org, laneNumber),
    device: mlsDevice(account),
    charter: () => charterView(charter()),
    keyPackage: (ref) => store.directory.ownPackage(hex(ref)),
    sealKeys: () => store.directory.sealKeys(),
    randomBytes,
  }
  const lane = await holdLane(() => openLane(laneDeps, store.lane.reader))

  const link: RelayLink = createRelayLink({
    network: ports.network,
    timers,
    randomBytes,
    urls: () => relayUrls(charter(), account),
    prologue() {
      const { founding } = account
      if (founding === undefined) return undefined
      const { hostingCode, genesis } = founding
      return { operation: { kind: "found", value: { hostingCode, genesis } }, onAnswer: onFounded }
    },
    async hello(challenge) {
      if (charter().size > 0 && !isNamedRelay(charter(), challenge)) {
        alarms.raise("wrong_relay", challenge.logPublicKey, { evidence: [challenge.relay, challenge.logPublicKey] })
        failFirst(new ClientError("relay_refused", "The server at this address is not the organisation's."))
        throw new ClientError("relay_refused", "wrong relay")
      }
      return helloFor(charter(), account, challenge, isRefused)
    },
    onOpen(session) {
      open(session).catch(onTrouble)
    },
    onFrames(frames, session) {
      const { logPublicKey } = session.challenge
      const work = async () => {
        if (link.session() !== session) return
        if (equalBytes(frames.lane, charterLane)) await onCharter(await charterSync.receive(frames, logPublicKey))
        else if (equalBytes(frames.lane, lane.id)) await laneSync.receive(frames, logPublicKey)
        if (!laneSync.isBehind()) kick()
      }
      turns.take(work).catch(onTrouble)
    },
    onState() {
      changes.mark({ topic: "overview" })
    },
    onRefused,
    onJunk: (url) => alarms.raise("junk", url, { detail: "It was no message of the relay protocol." }),
  })

  // --- the first time -------------------------------------------------------------------------------------------------

  /** Of the hello as a device or guest: the next one is a reader's, and then the charter tells more. */
  let isRefused = false
  let settleFirst: { resolve: () => void; reject: (error: ClientError) => void } | undefined

  function failFirst(error: ClientError): void {
    settleFirst?.reject(error)
    settleFirst = undefined
  }

  function onFounded(answer: Answer): void {
    if (answer.kind === "failure") {
      failFirst(foundingRefusal(answer.value))
      throw refusedError(answer.value)
    }
    if (answer.kind !== "founded" || !equalBytes(answer.value.org, org))
      throw new ClientError("relay_refused", "founding")
  }

  function onRefused(code: RelayErrorCode): void {
    if (code === "unknown_organisation") {
      failFirst(new ClientError("wrong_organisation", "The relay in the invitation does not host this organisation."))
    }
    if (code !== "not_authenticated" && code !== "forbidden") return
    isRefused = true
    if (account.joining === undefined) return
    failFirst(
      new ClientError(
        "invitation_expired",
        "This invitation is not known any more: it was used, it expired, or it was taken back.",
      ),
    )
  }

  async function askToJoin(): Promise<void> {
    const { joining } = account
    if (joining === undefined) return
    // the same id each time: the relay keeps the request once
    const messageId = joining.frame.slice(16, 28)
    const id = new Uint8Array(16)
    id.set(messageId)
    const answer = await link.request({
      kind: "append",
      value: { lane: lane.id, frames: [joining.frame], messageIds: [id as never] },
    })
    if (answer.kind === "appended") {
      settleFirst?.resolve()
      settleFirst = undefined
    } else if (answer.kind === "failure") {
      failFirst(refusedError(answer.value))
    }
  }

  // --- one session ----------------------------------------------------------------------------------------------------

  /** Sizes at the moment the session opened: what the relay had confirmed before. */
  let least = { charter: 0, lane: 0 }
  let laneGoal = 0
  let wasUpToDate = false
  let isAbandoned = false

  async function open(session: Session): Promise<void> {
    isAbandoned = false
    await turns.take(() => {
      charterSync.forget()
      laneSync.forget()
      least = { charter: charter().size, lane: lane.size }
      laneGoal = session.opened.lanes.find((one) => equalBytes(one.lane, lane.id))?.size ?? 0
    })
    const isDevice = session.opened.lanes.length > 0
    await follow(session, charterLane, () => charterSync.next())
    if (account.founding !== undefined && isDevice) {
      const { founding: _, ...founded } = account
      transaction(() => saveOwn(founded))
    }
    if (!isDevice) {
      if (account.joining !== undefined && !isRefused && standing() === "waiting") await askToJoin()
      if (isRefused) tryAgainLater()
      return
    }
    await follow(session, lane.id, () => lane.next)
    directorySync.want()
    transfers.resume()
    for (const blob of lane.awaitedBlobs()) fetchBlob(blob)
    kick()
  }

  /** As a reader only: perhaps the charter has not said its last word, perhaps the relay is wrong. */
  function tryAgainLater(): void {
    timers.setTimeout(() => {
      if (!isRefused || isSessionOfDevice()) return
      const now = standing()
      if (now === "active") alarms.raise("locked_out", deviceOf(account))
      if (now === "removed" || now === "stopped") return
      isRefused = false
      link.restart()
    }, lockedOutMillis)
  }

  /** Subscribes from where this device is; a relay that has less than that has lost or hidden something. */
  async function follow(session: Session, id: Lane["id"], from: () => number): Promise<void> {
    const isCharter = equalBytes(id, charterLane)
    const answer = await link.request({ kind: "subscribe", value: { lane: id, from: from() } })
    const checkpoint = await link.request({ kind: "getCheckpoint", value: { lane: id } })
    if (link.session() !== session) return
    if (checkpoint.kind === "checkpoint") {
      const { note } = checkpoint.value
      const { logPublicKey } = session.challenge
      await turns.take(async () => {
        if (isCharter) await onCharter(await charterSync.check(note, logPublicKey, least.charter))
        else await laneSync.check(note, logPublicKey, least.lane)
      })
    }
    if (answer.kind === "failure") throw refusedError(answer.value)
  }

  function onTrouble(error: unknown): void {
    if (isClosed) return
    if (error instanceof ClientError) {
      if (error.code === "wrong_organisation") failFirst(error)
      if (error.code !== "relay_unreachable" && error.code !== "stopped") abandon()
      return
    }
    report(error)
    // the replica may be ahead of its store: nothing more is done with it in this run
    abandon()
  }

  function abandon(): void {
    if (isAbandoned) return
    isAbandoned = true
    link.abandon()
  }

  function stop(how: "fork" | "rollback", evidence: readonly Uint8Array[], detail?: string): void {
    alarms.raise(how, evidence[0] ?? how, { evidence, ...(detail === undefined ? {} : { detail }) })
    meta.setText(stoppedKey, how)
    changes.mark({ topic: "overview" })
    link.close()
  }

  function standing(): Standing {
    return standingOf(charter(), account, meta.get(stoppedKey) !== undefined)
  }

  function isSessionOfDevice(): boolean {
    return (link.session()?.opened.lanes.length ?? 0) > 0
  }

  function isUpToDate(): boolean {
    return isSessionOfDevice() && !laneSync.isBehind() && lane.next >= laneGoal
  }

  function maySend(): boolean {
    return isUpToDate() && standing() === "active"
  }

  async function request(operation: Operation): Promise<Answer> {
    return link.request(operation)
  }

  // --- the charter ----------------------------------------------------------------------------------------------------

  async function onCharter(step: CharterStep): Promise<void> {
    if (step.kind === "waiting") return
    if (step.kind === "lied") {
      if (step.how !== "bad_checkpoint") return stop(step.how, step.evidence)
      alarms.raise("bad_checkpoint", "charter", { evidence: step.evidence })
      return abandon()
    }
    transaction(() => {
      store.charter.add(step.first, step.entries)
      meta.setText(charterNoteKey, step.note)
    })
    charterSync.commit(step)
    await afterCharter()
  }

  async function afterCharter(): Promise<void> {
    const session = link.session()
    if (session !== undefined && !isNamedRelay(charter(), session.challenge)) {
      const { relay, logPublicKey } = session.challenge
      alarms.raise("wrong_relay", logPublicKey, { evidence: [relay, logPublicKey] })
      failFirst(new ClientError("relay_refused", "The server at this address is not the organisation's."))
      return abandon()
    }
    takeIn()
    if (standing() === "active" && session !== undefined && !isSessionOfDevice()) {
      isRefused = false
      link.restart()
    }
    await laneSync.resume()
    directorySync.want()
    changes.mark(
      { topic: "overview" },
      { topic: "people" },
      { topic: "timeline" },
      { topic: "proposals" },
      { topic: "invites" },
      { topic: "conversations" },
    )
    kick()
  }

  /** What the charter means for what is stored. Idempotent: it runs again when the store is opened, in case it was cut short. */
  function takeIn(): void {
    transaction(learnFromCharter)
    for (const alarm of alarmsOf(charter())) {
      if (alarm.kind === "entry_refused") alarms.raise("refused_entry", `entry ${alarm.index}`)
      else if (alarm.kind === "update_needed") alarms.raise("update_needed", `entry ${alarm.index}`)
      else alarms.raise("keeper_without_member", alarm.keeper, { detail: `It is ${people.nameOf(hex(alarm.member))}.` })
    }
    if (standing() === "active" && account.joining !== undefined) {
      const { joining: _, ...joined } = account
      transaction(() => saveOwn(joined))
    }
  }

  /** Names that this device has had since before the charter was here, and those that came with requests. */
  function learnFromCharter(): void {
    const own = hex(account.member)
    if (store.people.name(own) === undefined && account.nameSalt.length === 16) {
      people.learn({ member: account.member, name: account.name, salt: account.nameSalt })
    }
    const organisation = meta.get(organisationNameKey)
    if (organisation !== undefined) {
      people.learn({ name: new TextDecoder().decode(organisation.subarray(16)), salt: organisation.slice(0, 16) })
    }
    requests.learnNames()
  }

  async function askCharter(): Promise<void> {
    const session = link.session()
    if (session === undefined) return
    const answer = await link.request({ kind: "getCheckpoint", value: { lane: charterLane } })
    if (answer.kind !== "checkpoint") return
    const { note } = answer.value
    await turns.take(async () => {
      const step = await charterSync.check(note, session.challenge.logPublicKey, least.charter)
      await onCharter(step)
      if (step.kind === "waiting")
        await laneSync.resume(meta.getText(charterNoteKey) !== undefined && charterSync.next() === charter().size)
    })
  }

  // --- the lane -------------------------------------------------------------------------------------------------------

  const resumeClock = createAlarmClock(timers, () => {
    askCharter().catch(onTrouble)
  })

  const laneSync = createLaneSync({
    org,
    lane,
    table: store.lane,
    timers,
    alarms,
    transaction,
    prepare: (events) => inbox.prepare(events),
    settled: () => kick(),
    stop,
    abandon,
    askCharter: () => resumeClock.wantIn(0),
    fetchFrames(from, to) {
      fetchFrames(from, to).catch(onTrouble)
    },
    resumeAfter: (millis) => resumeClock.wantIn(millis),
  })

  async function fetchFrames(from: number, to: number): Promise<void> {
    const frames: Uint8Array[] = []
    while (from + frames.length < to) {
      const next = from + frames.length
      const answer = await link.request({
        kind: "read",
        value: { lane: lane.id, from: next, maxFrames: Math.min(limits.framesPerBatch, to - next) },
      })
      if (answer.kind !== "frames" || answer.value.frames.length === 0) {
        return turns.take(() => laneSync.supply(from, null))
      }
      frames.push(...answer.value.frames)
    }
    await turns.take(() => laneSync.supply(from, frames.slice(0, to - from)))
  }

  const blobs = blobLink(ports.network, () => {
    const session = link.session()
    return session === undefined ? null : { url: session.url, token: session.opened.token }
  })

  async function putBlob(blob: Uint8Array, ciphertext: Uint8Array): Promise<void> {
    const of = Math.ceil(ciphertext.length / limits.blobChunkBytes)
    for (let i = 0; i < of; i++) {
      const part = ciphertext.slice(i * limits.blobChunkBytes, (i + 1) * limits.blobChunkBytes)
      await blobs.put(hex(blob), i, of, part)
    }
  }

  function fetchBlob(blob: { readonly blobId: Uint8Array; readonly length: number }): void {
    const work = async () => {
      const out = new Uint8Array(blob.length)
      for (let at = 0, i = 0; at < blob.length; i++) {
        const part = await blobs.get(hex(blob.blobId), i)
        if (at + part.length > blob.length || part.length === 0)
          throw new ClientError("not_found", "The blob is not there.")
        out.set(part, at)
        at += part.length
      }
      await turns.take(() => laneSync.supplyBlob(blob.blobId, out))
    }
    work().catch((error) => {
      if (error instanceof ClientError && error.code === "relay_unreachable") return
      turns.take(() => laneSync.supplyBlob(blob.blobId, null)).catch(onTrouble)
    })
  }

  // --- what people do -------------------------------------------------------------------------------------------------

  const kickClock = createAlarmClock(timers, () => kick())
  const kickAfter = (millis: number) => kickClock.wantIn(millis)

  const outbox = createOutbox({
    lane,
    table: store.outbox,
    messages: store.messages,
    laneTable: store.lane,
    timers,
    changes,
    randomBytes,
    transaction,
    request,
    putBlob,
    maySend,
    kickAfter,
  })

  const people = createPeople({
    account: () => account,
    charter,
    table: store.people,
    alarms,
    askedName: (member) => requests.askedName(member),
  })

  const directory = createDirectory({ account: () => account, charter, table: store.directory, alarms, timers })
  const directorySync = createDirectorySync({
    directory,
    store,
    charter,
    turns,
    timers,
    request,
    isReady: isSessionOfDevice,
    onNews: () => kick(),
    report,
  })

  const conversations: Conversations = createConversations({
    account: () => account,
    charter,
    charterNote: () => meta.getText(charterNoteKey),
    lane,
    laneTable: store.lane,
    table: store.conversations,
    messages: store.messages,
    outboxTable: store.outbox,
    outbox,
    directory,
    directoryTable: store.directory,
    people,
    alarms,
    changes,
    timers,
    randomBytes,
    transaction,
    kickAfter,
    wantDirectory: () => directorySync.want(),
    snapshot: () => ({
      kind: "snapshot",
      value: takeSnapshot({
        table: store.governance,
        people: store.people,
        requests,
        plans,
        nowSeconds: Math.floor(timers.now() / 1_000),
      }),
    }),
  })

  function post(body: KnownBody): void {
    outbox.post(conversations.everyone(), body)
  }

  const requests: Requests = createRequests({
    account: () => account,
    charter,
    table: store.governance,
    peopleTable: store.people,
    people: () => people,
    proposals: () => proposals,
    alarms,
    changes,
    timers,
    randomBytes,
    reviewAfter: kickAfter,
  })
  const plans: KeeperPlans = createKeeperPlans({
    account: () => account,
    saveAccount: saveOwn,
    charter,
    table: store.governance,
    meta,
    people,
    proposals: () => proposals,
    changes,
    randomBytes,
    transaction,
    post,
    keeperKeyOf: (member) => requests.keeperKeyOf(member),
  })
  const proposals: Proposals = createProposals({
    account: () => account,
    charter,
    table: store.governance,
    people,
    alarms,
    changes,
    timers,
    randomBytes,
    transaction,
    post,
    submit(envelope) {
      request({ kind: "appendCharter", value: { envelope } }).catch(() => {
        // unreachable: it is tried again while the proposal is open
      })
    },
    reviewAfter: kickAfter,
    checkRequest: (statement) => requests.check(statement),
    checkKeepers: (statement) => plans.checkKeepers(statement),
  })

  function watchInvite(guestKey: Id): void {
    const invite = store.governance.invite(guestKey)
    if (invite === undefined) return
    for (const tag of requestTags(readAnnounced(invite))) lane.watch(tag, guestKey)
    newlyWatched.add(guestKey)
    kick()
  }
  /** Invitations whose requests may lie in frames that came before they were known here. */
  const newlyWatched = new Set<Id>()

  async function lookBack(): Promise<void> {
    for (const guestKey of [...newlyWatched]) {
      newlyWatched.delete(guestKey)
      const invite = store.governance.invite(guestKey)
      if (invite === undefined) continue
      for (const tag of requestTags(readAnnounced(invite))) {
        for (const { index, frame } of store.lane.framesUnder(tag)) {
          const work = await requests.open(guestKey, frame, index * placesPerFrame)
          if (work !== undefined) transaction(work)
        }
      }
    }
  }

  const inbox = createInbox({
    me: () => hex(account.member),
    charter,
    messages: store.messages,
    seen: store.seen,
    governance: store.governance,
    peopleTable: store.people,
    people,
    proposals,
    requests,
    plans,
    conversations,
    outbox,
    alarms,
    changes,
    timers,
    stop,
    fetchBlob,
    watchInvite,
  })

  const transfers = createTransfers({
    chunks: ports.chunks(vault),
    network: ports.network,
    db,
    session: () => {
      const session = link.session()
      return session === undefined || !isSessionOfDevice() ? null : { url: session.url, token: session.opened.token }
    },
    timers,
    randomBytes,
    onChange: (message) => changes.mark({ topic: "transfer", message }),
    onUploaded(message, file) {
      const stored = store.messages.get(message)
      const waiting = store.outbox.ofMessage(message)
      if (stored === undefined || waiting === undefined || waiting.ready) return
      const value = { file, caption: stored.text }
      transaction(() => {
        store.messages.setBody(message, encode(FileMessage, value))
        store.outbox.setReady(
          waiting.id,
          encodeContent({ id: fromHex(waiting.id), sentAt: stored.at, body: { kind: "file", value } }),
        )
      })
      kick()
    },
  })

  // --- chores ---------------------------------------------------------------------------------------------------------

  let isKicked = false

  function kick(): void {
    if (isKicked || isClosed) return
    isKicked = true
    turns.take(chores).catch(onTrouble)
  }

  async function chores(): Promise<void> {
    isKicked = false
    if (standing() !== "active") return
    const isFounder = charter().state.devices.get(deviceOf(account))?.added.index === 0
    if (isFounder) {
      await conversations.startEveryone()
      await hooks.afterFounding(engine)
    }
    await lookBack()
    await requests.review()
    await proposals.review()
    await plans.review()
    if (maySend()) {
      await conversations.reconcile()
      await conversations.writeLetters()
      await outbox.encryptDue()
    }
    if (isUpToDate() !== wasUpToDate) {
      wasUpToDate = isUpToDate()
      changes.mark({ topic: "overview" })
    }
    if (isSessionOfDevice()) {
      outbox.sendDue().catch(onTrouble)
      registerInvites().catch(onTrouble)
    }
    if (isFounder) {
      settleFirst?.resolve()
      settleFirst = undefined
    }
  }

  /** Looks now and then for what should have come and has not. */
  function watch(): void {
    timers.setTimeout(() => {
      watch()
      if (!isSessionOfDevice()) return
      turns
        .take(() => {
          laneSync.overdue()
          const place = outbox.withheldPlace()
          if (place === undefined) return
          alarms.raise("withheld", `lane ${place}`, { detail: "It confirmed a message and does not show it." })
        })
        .catch(onTrouble)
      if (directory.isDue()) directorySync.want()
    }, watchMillis)
  }

  async function registerInvites(): Promise<void> {
    for (const invite of store.governance.invites()) {
      if (invite.secret === undefined || invite.registered === !invite.revoked) continue
      const { guestKey, expiresAt } = readAnnounced(invite)
      if (expiresAt * 1_000 <= timers.now()) continue
      const answer = await link.request(
        invite.revoked
          ? { kind: "revokeInvite", value: { guestKey } }
          : { kind: "putInvite", value: { guestKey, expiresAt } },
      )
      if (answer.kind !== "done") continue
      const now = store.governance.invite(invite.guestKey) ?? invite
      store.governance.putInvite({ ...now, registered: !invite.revoked })
      changes.mark({ topic: "invites" })
    }
  }

  for (const invite of store.governance.invites()) {
    for (const tag of requestTags(readAnnounced(invite))) lane.watch(tag, invite.guestKey)
  }

  takeIn()

  const engine: Engine = {
    vault,
    store,
    turns,
    changes,
    timers,
    randomBytes,
    link,
    people,
    proposals,
    requests,
    plans,
    conversations,
    outbox,
    transfers,
    alarms,
    account: () => account,
    charter,
    standing,
    isUpToDate,
    post,
    watchInvite,
    registerInvites,
    kick,
    start() {
      if (standing() === "stopped") return
      link.start()
      watch()
    },
    firstContact: () =>
      new Promise((resolve, reject) => {
        settleFirst = { resolve, reject }
      }),
    async close() {
      if (isClosed) return
      link.close()
      changes.stop()
      await turns.stop(new ClientError("stopped", "This organisation was closed."))
      isClosed = true
      for (const cancel of pending) cancel()
      lane.close()
      db.close()
    },
  }
  return engine
}

function foundingRefusal(failure: Failure): ClientError {
  switch (codeOf(failure)) {
    case "not_authenticated":
      return new ClientError("not_allowed", "That is not the relay's hosting code. Whoever runs the relay has it.")
    case "too_many":
    case "quota":
      return new ClientError("relay_refused", "This relay does not take any more organisations at the moment.")
    default:
      return refusedError(failure)
  }
}

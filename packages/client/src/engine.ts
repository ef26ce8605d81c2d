// The parts of one unlocked organisation, put together: what arrives is taken in turns, what has to be done is found in the
// store, so that a program that was killed at any point goes on where it was.
import type { Charter } from "@holdfast/charter"
import { type LaneDeps, openLane } from "@holdfast/lanes"
import { encode, equalBytes, fromHex, hex, laneIdOf, utf8 } from "@holdfast/wire"
import { type Account, deviceOf, loadAccount, mlsDevice, saveAccount } from "./account.ts"
import { createAlarmClock } from "./alarm-clock.ts"
import { type Alarms, createAlarms } from "./alarms.ts"
import type { ClientCode, Id, Standing } from "./api.ts"
import { type Changes, createChanges } from "./changes.ts"
import { charterNoteKey, createCharterIntake } from "./charter-intake.ts"
import { createCharterSubmission } from "./charter-submission.ts"
import { openCharterSync } from "./charter-sync.ts"
import { charterView } from "./charter-view.ts"
import { createClosingTimers } from "./closing-timers.ts"
import { encodeContent, FileMessage, type KnownBody } from "./content.ts"
import { type Conversations, createConversations } from "./conversations.ts"
import { createDirectory } from "./directory.ts"
import { createDirectorySync } from "./directory-sync.ts"
import { ClientError } from "./error.ts"
import { createTransfers, type Transfers } from "./files/index.ts"
import { createFirstContact, type FirstContact } from "./first-contact.ts"
import { standingOf } from "./hello.ts"
import { createInbox } from "./inbox.ts"
import { createInviteWatch, type InviteWatch } from "./invite-watch.ts"
import { createKeeperOffers, type KeeperOffers } from "./keeper-offers.ts"
import { createKeeperPlans, type KeeperPlans } from "./keeper-plan.ts"
import { createLaneFetch, type LaneFetch } from "./lane-fetch.ts"
import { holdLane } from "./lane-holder.ts"
import { createLaneSync, type LaneSync } from "./lane-sync.ts"
import { createOutbox, type Outbox } from "./outbox.ts"
import { createOwnRecord } from "./own-record.ts"
import { createPasskeySeats, type PasskeySeats } from "./passkey-seat.ts"
import { createPeople, type People } from "./people.ts"
import type { ClientPorts, Database, Timers } from "./ports.ts"
import { createProposals, type Proposals } from "./proposals.ts"
import type { RelayLink } from "./relay-link.ts"
import { createRequests, type Requests } from "./requests.ts"
import { takeSnapshot } from "./snapshot.ts"
import { createStandingNotices } from "./standing-notices.ts"
import { openStore, type Store } from "./store/store.ts"
import { createTurns, type Turns } from "./turns.ts"
import { createUplink, type Uplink } from "./uplink.ts"
import { type CharterWatch, createCharterWatch } from "./watch.ts"
import { createWitnessAsking, type WitnessAsking } from "./witness-asking.ts"

/** What the client's methods work with. */
export interface Engine {
  readonly vault: Id
  readonly store: Store
  readonly turns: Turns
  readonly changes: Changes
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly link: RelayLink
  readonly contact: FirstContact
  readonly people: People
  readonly proposals: Proposals
  readonly requests: Requests
  readonly plans: KeeperPlans
  readonly offers: KeeperOffers
  readonly passkeys: PasskeySeats
  readonly watch: CharterWatch
  readonly invites: InviteWatch
  readonly conversations: Conversations
  readonly outbox: Outbox
  readonly transfers: Transfers
  readonly alarms: Alarms
  account(): Account
  charter(): Charter
  standing(): Standing
  /** All that the relay had when the session opened has been read. */
  isUpToDate(): boolean
  /** Into the everyone conversation; inside a transaction. */
  post(body: KnownBody): void
  /** Look for things to do. */
  kick(): void
  /** Connects. Before, nothing leaves this device. */
  start(): void
  close(): Promise<void>
}

export interface EngineHooks {
  /** In a turn, on the founder's device, once the conversation that everybody is in is there. Idempotent. */
  readonly afterFounding: (engine: Engine) => Promise<void>
}

const stoppedKey = "stopped"
const laneNumber = 0
const watchMillis = 5_000
const storeTroubles: ReadonlySet<ClientCode> = new Set(["disk_full", "damaged_store", "store_busy"])

/** Throws `damaged_store`, `newer_store`. */
export async function createEngine(ports: ClientPorts, vault: Id, db: Database, hooks: EngineHooks): Promise<Engine> {
  const store = openStore(db)
  const { meta, transaction } = store
  const { randomBytes } = ports
  let account = loadAccount(meta)
  let isClosed = false
  const timers = createClosingTimers(ports.timers)
  const changes = createChanges()
  const alarms = createAlarms({ table: store.alarms, timers, changes })
  const contact = createFirstContact()
  const charterSync = await openCharterSync(account.org, store.charter.all(), meta.getText(charterNoteKey))

  const charter = () => charterSync.charter()
  const standing = () => standingOf(charter(), account, meta.get(stoppedKey) !== undefined)
  const ownAccount = () => account
  function saveOwn(next: Account): void {
    account = next
    saveAccount(meta, next)
  }
  function report(error: unknown): void {
    if (!isClosed) ports.report?.(error)
  }

  const turns = createTurns({
    // what a person asked for wrongly changes nothing; everything else may have come in the middle of something
    breaks: (error) => !(error instanceof ClientError) || storeTroubles.has(error.code),
    async repair() {
      charterSync.forget()
      laneSync.forget()
      account = loadAccount(meta)
      await lane.reopen()
      uplink.abandon()
    },
  })

  const charterWatch: CharterWatch = createCharterWatch({
    charter,
    ownDevice: () => deviceOf(account),
    charterNote: () => meta.getText(charterNoteKey),
    meta,
    timers,
    alarms,
    changes,
    stop,
  })

  const laneDeps: LaneDeps = {
    org: account.org,
    lane: laneIdOf(account.org, laneNumber),
    device: mlsDevice(account),
    charter: () => charterView(charter()),
    keyPackage: (ref) => store.directory.ownPackage(hex(ref)),
    sealKeys: () => store.directory.sealKeys(),
    randomBytes,
  }
  const lane = await holdLane(() => openLane(laneDeps, store.lane.reader))

  function stop(how: "fork" | "rollback", pieces: readonly Uint8Array[], detail?: string): void {
    const own = meta.getText(charterNoteKey)
    const isThere = own === undefined || pieces.some((piece) => equalBytes(piece, utf8(own)))
    const evidence = isThere ? pieces : [...pieces, utf8(own)]
    alarms.raise(how, evidence[0] ?? how, { evidence, ...(detail === undefined ? {} : { detail }) })
    meta.setText(stoppedKey, how)
    changes.mark({ topic: "overview" })
    uplink.link.close()
  }

  // --- the relay, and the two logs that are read from it --------------------------------------------------------------

  const uplink: Uplink = createUplink({
    network: ports.network,
    timers,
    randomBytes,
    turns,
    account: ownAccount,
    charter,
    standing,
    lane,
    charterSync,
    laneSync: () => laneSync,
    contact,
    alarms,
    changes,
    onCharter: (step) => intake.take(step),
    onFounded() {
      const { founding, ...founded } = account
      if (founding !== undefined) transaction(() => saveOwn(founded))
    },
    onReady() {
      witnesses.ask()
      directorySync.want()
      transfers.resume()
      for (const blob of lane.awaitedBlobs()) fetch.blob(blob)
      kick()
    },
    onCaughtUp: () => kick(),
    onWitnessed: (note) => charterWatch.take(note),
    report,
  })
  const { link } = uplink

  const witnesses: WitnessAsking = createWitnessAsking({
    watch: charterWatch,
    charter,
    timers,
    turns,
    request: (operation) => link.request(operation),
    isReady: () => uplink.isSessionOfDevice(),
    kick: () => kick(),
    onTrouble: (error) => uplink.onTrouble(error),
  })

  const askClock = createAlarmClock(timers, () => void uplink.askCharter().catch(uplink.onTrouble))
  const laneSync: LaneSync = createLaneSync({
    org: account.org,
    lane,
    table: store.lane,
    timers,
    alarms,
    transaction,
    prepare: (events) => inbox.prepare(events),
    settled: () => kick(),
    stop,
    nameOf: (member) => people.nameOf(hex(member)),
    charterSize: () => charterSync.charter().size,
    abandon: () => uplink.abandon(),
    askCharter: () => askClock.wantIn(0),
    resumeAfter: (millis) => askClock.wantIn(millis),
    fetchFrames: (from, to) => fetch.frames(from, to),
  })

  function blobSession() {
    const session = link.session()
    if (session === undefined || !uplink.isSessionOfDevice()) return null
    return { url: session.url, token: session.opened.token }
  }
  const fetch: LaneFetch = createLaneFetch({
    network: ports.network,
    session: blobSession,
    link: () => link,
    lane,
    laneSync: () => laneSync,
    turns,
    onTrouble: uplink.onTrouble,
  })

  // --- people and what they do ----------------------------------------------------------------------------------------

  const kickClock = createAlarmClock(timers, () => kick())
  const kickAfter = (millis: number) => kickClock.wantIn(millis)

  function maySend(): boolean {
    return uplink.isUpToDate() && standing() === "active"
  }

  const outbox: Outbox = createOutbox({
    lane,
    table: store.outbox,
    messages: store.messages,
    laneTable: store.lane,
    timers,
    changes,
    randomBytes,
    transaction,
    request: (operation) => link.request(operation),
    putBlob: fetch.putBlob,
    maySend,
    isHeld: (conversation) => lane.leaves(conversation).some(({ device }) => charterWatch.holds(device)),
    kickAfter,
  })

  const people: People = createPeople({
    account: ownAccount,
    charter,
    table: store.people,
    alarms,
    askedName: (member) => requests.askedName(member),
  })

  const directory = createDirectory({ account: ownAccount, charter, table: store.directory, alarms, timers })
  const directorySync = createDirectorySync({
    directory,
    store,
    charter,
    turns,
    timers,
    request: (operation) => link.request(operation),
    isReady: () => uplink.isSessionOfDevice(),
    onNews: () => kick(),
    report,
  })

  const conversations: Conversations = createConversations({
    account: ownAccount,
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
    watch: charterWatch,
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
    account: ownAccount,
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
  const offers: KeeperOffers = createKeeperOffers({
    account: ownAccount,
    charter,
    table: store.governance,
    people,
    changes,
    transaction,
    post,
    requestOf: (member) => requests.requestOf(member),
  })
  const plans: KeeperPlans = createKeeperPlans({
    account: ownAccount,
    saveAccount: saveOwn,
    charter,
    table: store.governance,
    meta,
    people,
    proposals: () => proposals,
    changes,
    randomBytes,
    transaction,
    offers,
    post,
  })
  const submission = createCharterSubmission({
    request: (operation) => link.request(operation),
    charter,
    timers,
    alarms,
  })
  const proposals: Proposals = createProposals({
    account: ownAccount,
    charter,
    table: store.governance,
    people,
    alarms,
    changes,
    timers,
    randomBytes,
    transaction,
    post,
    submit: (envelope) => submission.submit(envelope),
    reviewAfter: kickAfter,
    checkRequest: (statement) => requests.check(statement),
    checkKeepers: (statement) => offers.check(statement),
    isDeviceHeld: (seat) => offers.isDeviceHeld(seat),
    heldBack: () => charterWatch.heldBack(),
  })

  const passkeys: PasskeySeats = createPasskeySeats({ account: ownAccount, meta, offers, proposals })
  const ownRecord = createOwnRecord({
    account: ownAccount,
    charter,
    people,
    alarms,
    meta,
    isOffered: (seat) => offers.isOffered(seat),
  })
  const vouched = charterWatch.note
  const notices = createStandingNotices({ charter, people, proposals, alarms, timers, meta, vouched })

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
    offers,
    conversations,
    outbox,
    alarms,
    changes,
    timers,
    leaves: (conversation) =>
      lane.conversations().some(({ id }) => equalBytes(id, conversation)) ? lane.leaves(conversation) : [],
    stop,
    askWitnesses: () => witnesses.ask(),
    fetchBlob: (blob) => fetch.blob(blob),
    watchInvite(guestKey) {
      invites.watch(guestKey)
      kick()
    },
  })

  const invites: InviteWatch = createInviteWatch({
    lane,
    store,
    requests,
    changes,
    timers,
    request: (operation) => link.request(operation),
  })

  const intake = createCharterIntake({
    store,
    charterSync,
    account: ownAccount,
    saveAccount: saveOwn,
    standing,
    people,
    requests,
    alarms,
    stop,
    abandon: () => uplink.abandon(),
    async onGrown() {
      if (!uplink.checkRelay()) return
      uplink.improve()
      await laneSync.resume()
      directorySync.want()
      await charterWatch.grown()
      ownRecord.look()
      notices.want()
      witnesses.ask()
      const topics = ["overview", "people", "timeline", "proposals", "invites", "conversations", "governance"] as const
      changes.mark(...topics.map((topic) => ({ topic })))
      kick()
    },
  })

  const transfers: Transfers = createTransfers({
    chunks: ports.chunks(vault),
    network: ports.network,
    db,
    session: blobSession,
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
  let wasUpToDate = false

  function kick(): void {
    if (isKicked || isClosed) return
    isKicked = true
    turns.take(chores).catch(uplink.onTrouble)
  }

  /** Everything that the store says has to be done, and can be. */
  async function chores(): Promise<void> {
    isKicked = false
    if (standing() !== "active") return
    const isFounder = charter().state.devices.get(deviceOf(account))?.added.index === 0
    if (isFounder) {
      await conversations.startEveryone()
      await hooks.afterFounding(engine)
    }
    await invites.lookBack()
    await requests.review()
    await proposals.review()
    await plans.review()
    if (maySend()) {
      await conversations.reconcile()
      await conversations.writeLetters()
      await outbox.encryptDue()
    }
    if (uplink.isUpToDate() !== wasUpToDate) {
      wasUpToDate = !wasUpToDate
      changes.mark({ topic: "overview" })
    }
    if (uplink.isSessionOfDevice()) {
      outbox.sendDue().catch(uplink.onTrouble)
      const registered = invites.register().catch(uplink.onTrouble)
      // whoever founds has the keepers' invitations at hand, and they work
      if (isFounder) registered.then(contact.reached)
    }
  }

  /** Looks now and then for what should have come and has not. */
  function watch(): void {
    timers.setTimeout(() => {
      watch()
      witnesses.askIfDue()
      const notice = async () => {
        if (standing() !== "active") return
        charterWatch.look()
        await notices.lookIfDue()
      }
      turns.take(notice).catch(uplink.onTrouble)
      if (!uplink.isSessionOfDevice()) return
      const look = () => {
        laneSync.overdue()
        const place = outbox.withheldPlace()
        if (place !== undefined) {
          alarms.raise("withheld", `lane ${place}`, { detail: "It confirmed a message and does not show it." })
        }
        submission.overdue()
      }
      turns.take(look).catch(uplink.onTrouble)
      if (directory.isDue()) directorySync.want()
    }, watchMillis)
  }

  intake.settle()
  await charterWatch.grown()
  ownRecord.look()

  const engine: Engine = {
    vault,
    store,
    turns,
    changes,
    timers,
    randomBytes,
    link,
    contact,
    people,
    proposals,
    requests,
    plans,
    offers,
    passkeys,
    watch: charterWatch,
    invites,
    conversations,
    outbox,
    transfers,
    alarms,
    account: ownAccount,
    charter,
    standing,
    isUpToDate: () => uplink.isUpToDate(),
    post,
    kick,
    start() {
      if (standing() === "stopped") return
      link.start()
      watch()
    },
    async close() {
      if (isClosed) return
      link.close()
      changes.stop()
      await turns.stop(new ClientError("stopped", "This organisation was closed."))
      isClosed = true
      timers.close()
      lane.close()
      db.close()
    },
  }
  return engine
}

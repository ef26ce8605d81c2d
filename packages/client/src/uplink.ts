// Sessions with the charter's relays: as whom this device greets, what it follows, and what it makes of refusals and lies
// about the connection itself (E8).
import type { Charter } from "@holdfast/charter"
import type { Lane } from "@holdfast/lanes"
import { type Challenge, codeOf, equalBytes, laneIdOf, type MessageId, type RelayErrorCode } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Standing } from "./api.ts"
import type { Changes } from "./changes.ts"
import type { CharterStep, CharterSync } from "./charter-sync.ts"
import { ClientError } from "./error.ts"
import { checkFounded, type FirstContact, inviteRefusal } from "./first-contact.ts"
import { helloFor, isNamedRelay, relayUrls } from "./hello.ts"
import type { LaneSync } from "./lane-sync.ts"
import type { Network, Timers } from "./ports.ts"
import { createRelayLink, type RelayLink, refusedError, type Session } from "./relay-link.ts"
import type { Turns } from "./turns.ts"

export interface UplinkDeps {
  readonly network: Network
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly turns: Turns
  readonly account: () => Account
  readonly charter: () => Charter
  readonly standing: () => Standing
  readonly lane: Lane
  readonly charterSync: CharterSync
  readonly laneSync: () => LaneSync
  readonly contact: FirstContact
  readonly alarms: Alarms
  readonly changes: Changes
  /** In a turn. */
  readonly onCharter: (step: CharterStep) => Promise<void>
  /** The relay has this device's founding. */
  readonly onFounded: () => void
  /** A session as a device of the organisation has begun, and both its logs are followed. */
  readonly onReady: () => void
  /** Everything that was handed out so far is taken in. */
  readonly onCaughtUp: () => void
  /** In a turn: a note that is said to have cosignatures of witnesses. Nothing of it is verified. */
  readonly onWitnessed: (note: string) => Promise<void>
  readonly report: (error: unknown) => void
}

export interface Uplink {
  readonly link: RelayLink
  isSessionOfDevice(): boolean
  /** All that the relay had when the session opened has been read. */
  isUpToDate(): boolean
  /** For errors of work that nobody waits for. */
  onTrouble(error: unknown): void
  /** The relay in use cannot be believed: leave it, and try again after a pause. */
  abandon(): void
  /** In a turn: the charter has grown. False when the relay in use is not named in it. */
  checkRelay(): boolean
  /** In a turn: does what the charter allows now: asks to join, or begins a session as a device. */
  improve(): void
  /** The charter's head is looked at again; frames that wait for it go on. */
  askCharter(): Promise<void>
}

/** How long a device that the relay refuses only reads the charter before it tries again. */
const lockedOutMillis = 10_000

export function createUplink(deps: UplinkDeps): Uplink {
  const { turns, charterSync, contact, alarms, lane, timers } = deps
  const charterLane = laneIdOf(deps.account().org, "charter")
  /** Of the hello as a device or guest: the next one is a reader's, and then the charter tells more. */
  let isRefused = false
  let isAbandoned = false
  /** The session in which the request to join was made. */
  let askedIn: Session | undefined
  /** Sizes at the moment the session opened: what the relay had confirmed before. */
  let least = { charter: 0, lane: 0 }
  let laneGoal = 0

  const link = createRelayLink({
    network: deps.network,
    timers,
    randomBytes: deps.randomBytes,
    urls: () => relayUrls(deps.charter(), deps.account()),
    prologue() {
      const { founding, org } = deps.account()
      if (founding === undefined) return undefined
      const { hostingCode, genesis } = founding
      return {
        operation: { kind: "found", value: { hostingCode, genesis } },
        onAnswer: (answer) => orFail(() => checkFounded(answer, org)),
      }
    },
    async hello(challenge) {
      if (deps.charter().size > 0) orFail(() => checkNamed(challenge))
      return helloFor(deps.charter(), deps.account(), challenge, isRefused)
    },
    onOpen: (session) => void open(session).catch(onTrouble),
    onFrames(frames, session) {
      const { logPublicKey } = session.challenge
      const work = async () => {
        if (link.session() !== session) return
        const laneSync = deps.laneSync()
        if (equalBytes(frames.lane, charterLane)) await deps.onCharter(await charterSync.receive(frames, logPublicKey))
        else if (equalBytes(frames.lane, lane.id)) await laneSync.receive(frames, logPublicKey)
        if (!laneSync.isBehind()) deps.onCaughtUp()
      }
      turns.take(work).catch(onTrouble)
    },
    onWitnessed(note, session) {
      turns.take(() => (link.session() === session ? deps.onWitnessed(note) : undefined)).catch(onTrouble)
    },
    onState: () => deps.changes.mark({ topic: "overview" }),
    onRefused,
    onJunk: (url) => alarms.raise("junk", url, { detail: "It was no message of the relay protocol." }),
  })

  /** What ends a connection at its beginning also ends the wait of whoever founds or joins. */
  function orFail(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (error instanceof ClientError) contact.failed(error)
      throw error
    }
  }

  function checkNamed(challenge: Challenge): void {
    if (isNamedRelay(deps.charter(), challenge)) return
    const { relay, logPublicKey } = challenge
    alarms.raise("wrong_relay", logPublicKey, { evidence: [relay, logPublicKey] })
    throw new ClientError("relay_refused", "The server at this address is not the organisation's.")
  }

  function onRefused(code: RelayErrorCode): void {
    if (code === "unknown_organisation") {
      contact.failed(
        new ClientError("wrong_organisation", "The relay in the invitation does not host this organisation."),
      )
    }
    if (code !== "not_authenticated" && code !== "forbidden") return
    isRefused = true
    if (deps.account().joining !== undefined) contact.failed(inviteRefusal())
  }

  async function open(session: Session): Promise<void> {
    isAbandoned = false
    await turns.take(() => {
      charterSync.forget()
      deps.laneSync().forget()
      least = { charter: deps.charter().size, lane: lane.size }
      laneGoal = session.opened.lanes.find((one) => equalBytes(one.lane, lane.id))?.size ?? 0
    })
    await follow(session, charterLane, () => charterSync.next())
    if (isSessionOfDevice()) {
      deps.onFounded()
      await follow(session, lane.id, () => lane.next)
      deps.onReady()
    } else {
      await askToJoin()
      if (isRefused) tryAgainLater()
    }
  }

  /** Subscribes from where this device is; a relay that has less than that has lost or hidden something. */
  async function follow(session: Session, id: Lane["id"], from: () => number): Promise<void> {
    const answer = await link.request({ kind: "subscribe", value: { lane: id, from: from() } })
    const checkpoint = await link.request({ kind: "getCheckpoint", value: { lane: id } })
    if (link.session() !== session) return
    if (checkpoint.kind === "checkpoint") {
      const { note } = checkpoint.value
      const { logPublicKey } = session.challenge
      await turns.take(async () => {
        if (id === charterLane) await deps.onCharter(await charterSync.check(note, logPublicKey, least.charter))
        else await deps.laneSync().check(note, logPublicKey, least.lane)
      })
    }
    if (answer.kind !== "failure") return
    if (codeOf(answer.value) === "pruned") alarms.raise("missed", `${from()}`)
    throw refusedError(answer.value)
  }

  /** As a guest, and once the charter is here and names this relay. */
  async function askToJoin(): Promise<void> {
    const frame = deps.account().joining?.frame
    const session = link.session()
    if (frame === undefined || session === undefined || isRefused || deps.standing() !== "waiting") return
    if (deps.charter().size === 0 || session === askedIn) return
    askedIn = session
    // the frame's own nonce as its id, so that the relay keeps the request once however often it is sent
    const id = new Uint8Array(16) as MessageId
    id.set(frame.subarray(16, 28))
    const answer = await link.request({ kind: "append", value: { lane: lane.id, frames: [frame], messageIds: [id] } })
    if (answer.kind === "appended") contact.reached()
    else if (answer.kind === "failure") contact.failed(refusedError(answer.value))
  }

  /** As a reader only: perhaps the charter has not said its last word, perhaps the relay is wrong. */
  function tryAgainLater(): void {
    timers.setTimeout(() => {
      if (!isRefused || isSessionOfDevice()) return
      const standing = deps.standing()
      if (standing === "active") alarms.raise("locked_out", deviceOf(deps.account()))
      if (standing === "removed" || standing === "stopped") return
      isRefused = false
      link.restart()
    }, lockedOutMillis)
  }

  function onTrouble(error: unknown): void {
    if (!(error instanceof ClientError)) {
      deps.report(error)
      abandon()
      return
    }
    if (error.code === "wrong_organisation") contact.failed(error)
    if (error.code !== "relay_unreachable" && error.code !== "stopped") abandon()
  }

  function abandon(): void {
    if (isAbandoned) return
    isAbandoned = true
    link.abandon()
  }

  function isSessionOfDevice(): boolean {
    return (link.session()?.opened.lanes.length ?? 0) > 0
  }

  return {
    link,
    isSessionOfDevice,
    isUpToDate: () => isSessionOfDevice() && !deps.laneSync().isBehind() && lane.next >= laneGoal,
    onTrouble,
    abandon,
    checkRelay() {
      const session = link.session()
      if (session === undefined) return true
      try {
        orFail(() => checkNamed(session.challenge))
        return true
      } catch {
        abandon()
        return false
      }
    },
    improve() {
      if (link.session() === undefined || isSessionOfDevice()) return
      askToJoin().catch(onTrouble)
      if (deps.standing() !== "active") return
      isRefused = false
      link.restart()
    },
    async askCharter() {
      const session = link.session()
      if (session === undefined) return
      const answer = await link.request({ kind: "getCheckpoint", value: { lane: charterLane } })
      if (answer.kind !== "checkpoint") return
      const { note } = answer.value
      await turns.take(async () => {
        const step = await charterSync.check(note, session.challenge.logPublicKey, least.charter)
        await deps.onCharter(step)
        // with nothing left to come, what waits for the charter learns that this is all there is
        if (step.kind === "waiting") await deps.laneSync().resume(charterSync.next() === deps.charter().size)
      })
    },
  }
}

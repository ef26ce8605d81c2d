// Everything that a relay or a member can try and that this device notices. The list is closed: every kind has its level
// and its plain sentence here (E7).
import { hex, labelledHash, utf8 } from "@holdfast/wire"
import type { Changes } from "./changes.ts"
import type { Timers } from "./ports.ts"
import type { AlarmTable } from "./store/alarms.ts"

const kinds = {
  fork: [
    "danger",
    "The relay shows different people different histories. Nothing is sent or received any more; the proof is kept on this device.",
  ],
  rollback: [
    "danger",
    "The relay came back with an older history than it had confirmed. Nothing is sent or received any more; the proof is kept on this device.",
  ],
  withheld: ["danger", "The relay keeps things back that others have already received."],
  bad_checkpoint: ["danger", "The relay sent a history that its own signature does not cover. It was not used."],
  wrong_relay: [
    "danger",
    "The server at this address is not one that the organisation has agreed on. Nothing was said to it.",
  ],
  substituted_key: [
    "danger",
    "The relay handed out a key for a device that is not that device's own, or an old one. It was not used.",
  ],
  ghost_device: ["danger", "The relay listed a device that the organisation never admitted. It was ignored."],
  ghost_member: [
    "danger",
    "A device that is not in the charter is in a conversation. Nothing is sent there until it is gone.",
  ],
  reordered: [
    "danger",
    "The relay changed the order of messages, left some out or doubled some. Reception stopped there.",
  ],
  doubled: ["notice", "The relay delivered a message twice. It is shown once."],
  broken_conversation: ["notice", "This device can no longer follow a conversation and asked to be let in again."],
  cloned: [
    "danger",
    "Something was sent in this device's name that this device did not send. Its keys are in use elsewhere, or an old copy of its data was restored.",
  ],
  bad_welcome: [
    "notice",
    "An invitation into a conversation did not lead anywhere. Whoever sent it has to add this device again.",
  ],
  missed: [
    "danger",
    "This device was away for longer than the relay keeps messages. It cannot go on from where it was; add it anew as a further device.",
  ],
  locked_out: ["danger", "The relay refuses this device although the organisation has not removed it."],
  junk: ["notice", "The relay or a member sent something that makes no sense. It was ignored."],
  bad_proposal: ["danger", "A proposal does not match the request that it names. It cannot be approved here."],
  refused_entry: ["danger", "The charter contains an entry that breaks the rules. It has no effect."],
  keeper_without_member: [
    "notice",
    "Somebody who is no longer a member still counts as a keeper. The keepers should change the rules.",
  ],
  update_needed: ["danger", "The organisation uses something that this version of Holdfast does not know. Update it."],
  stale: [
    "notice",
    "For more than 24 hours, too few witnesses have vouched for what the relay shows this device. It may be hiding something.",
  ],
  frozen: [
    "danger",
    "For more than 7 days, too few witnesses have vouched for what the relay shows this device. No new keys are accepted and nothing is approved here until they do.",
  ],
  witness_missing: ["notice", "A witness has not vouched for the organisation's history for more than 24 hours."],
  approval_by_suspended: [
    "danger",
    "A keeper who is suspended has approved something. It did not count; whoever holds that key is using it.",
  ],
  canary_lapsed: [
    "danger",
    "The keepers' declaration that no one has compelled them is over and was not renewed. Ask them, in person.",
  ],
  own_record_changed: ["danger", "Something about you in the organisation was changed, and not by this device."],
  act_waiting: ["notice", "An act waits to take effect. Until then it can be stopped."],
  clock_stands: [
    "danger",
    "The relay does not write down the time that witnesses have signed. What waits to take effect goes on waiting.",
  ],
  decision_due: ["notice", "A proposal has waited for your decision for a day, or its time is nearly over."],
  bad_name: ["notice", "Somebody's name does not match what the organisation agreed on. Their code is shown instead."],
  name_unknown: ["notice", "The names of some people are not known on this device yet."],
} as const satisfies Record<string, readonly ["danger" | "notice", string]>

export type AlarmKind = keyof typeof kinds

export interface Alarms {
  /**
   * Records an alarm once for each `subject` and keeps the evidence; later ones of the same kind and subject change nothing.
   * `detail` is appended to the kind's own sentence, or to `sentence` in its place.
   */
  raise(
    kind: AlarmKind,
    subject: Uint8Array | string,
    options?: {
      detail?: string
      sentence?: string
      evidence?: readonly Uint8Array[]
      /** Instead of the kind's own. */
      level?: "danger" | "notice"
    },
  ): void
  /** What it warned of is over: it is shown no more. */
  clear(kind: AlarmKind, subject: Uint8Array | string): void
}

/** Of a `fork` that rests on a member's word alone: nothing stops, and people have to find out who lies. */
export function contradicted(name: string, what: "charter" | "order of messages", isSigned: boolean): string {
  const liar = isSigned ? "it lies" : "somebody in that conversation lies in its name"
  return `${name}'s device was shown another ${what} than this one, or ${liar}. Compare the size and root with ${name} in person before you go on.`
}

export function createAlarms(deps: {
  readonly table: AlarmTable
  readonly timers: Timers
  readonly changes: Changes
}): Alarms {
  function idOf(kind: AlarmKind, subject: Uint8Array | string): string {
    const about = typeof subject === "string" ? utf8(subject) : subject
    return hex(labelledHash(`holdfast/alarm/${kind}/v1`, about).slice(0, 16))
  }

  return {
    clear(kind, subject) {
      if (deps.table.dismiss(idOf(kind, subject))) deps.changes.mark({ topic: "overview" })
    },
    raise(kind, subject, options = {}) {
      const [usualLevel, usual] = kinds[kind]
      const level = options.level ?? usualLevel
      const sentence = options.sentence ?? usual
      const id = idOf(kind, subject)
      const added = deps.table.add(
        {
          id,
          at: deps.timers.now(),
          level,
          kind,
          sentence: options.detail === undefined ? sentence : `${sentence} ${options.detail}`,
        },
        joined(options.evidence ?? []),
      )
      if (added) deps.changes.mark({ topic: "overview" })
    },
  }
}

/** The pieces of evidence that an alarm was raised with. */
export function evidencePieces(evidence: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(evidence.buffer, evidence.byteOffset, evidence.length)
  const pieces: Uint8Array[] = []
  for (let at = 0; at + 4 <= evidence.length; ) {
    const length = view.getUint32(at)
    pieces.push(evidence.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  return pieces
}

/** Each piece behind its length, so that they can be told apart again. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + 4 + piece.length, 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const piece of pieces) {
    view.setUint32(at, piece.length)
    out.set(piece, at + 4)
    at += 4 + piece.length
  }
  return out
}

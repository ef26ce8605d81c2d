// What others do to one's own place in the organisation: the charter tells, and so does this device (E5.17).
import { actInWords, type Charter, type CharterRecord, type Keeper, rulesAt, type Statement } from "@holdfast/charter"
import { equalBytes } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import { hasPasskey } from "./passkey-seat.ts"
import type { People } from "./people.ts"
import type { Meta } from "./store/meta.ts"

export interface OwnRecordDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly people: People
  readonly alarms: Alarms
  readonly meta: Meta
  /** Its member has offered this seat's key. */
  readonly isOffered: (seat: Keeper) => boolean
}

export interface OwnRecord {
  /** In a turn: looks at every entry since the last time. Idempotent. */
  look(): void
}

const key = "own record seen"

/** Whether it is about this member: one's membership, devices, or a keeper's seat. */
export function isAbout(charter: Charter, statement: Statement, member: Uint8Array, index: number): boolean {
  const isMine = (id: Uint8Array | undefined) => id !== undefined && equalBytes(id, member)
  const seatIn = (size: number) => rulesAt(charter, size)?.keepers.find((keeper) => isMine(keeper.member))
  switch (statement.type) {
    case "member-remove":
    case "device-add":
    case "device-remove":
    case "recover":
      return isMine(statement.body.member)
    case "batch":
      return statement.body.acts.some(({ body }) => isMine(body.member))
    case "suspend-keeper": {
      const seat = seatIn(index)
      return seat !== undefined && equalBytes(seat.id, statement.body.keeper)
    }
    case "rules": {
      const before = seatIn(index)
      const after = statement.body.keepers.find((keeper) => isMine(keeper.member))
      if (before === undefined || after === undefined) return before !== after
      const labels = before.organisation === after.organisation && before.jurisdiction === after.jurisdiction
      return !equalBytes(before.id, after.id) || !labels
    }
    default:
      return false
  }
}

export function createOwnRecord(deps: OwnRecordDeps): OwnRecord {
  const { meta, alarms, people } = deps

  /** This very device has signed it: as itself, as a keeper, or with a passkey that was made here. */
  function isOwnDoing({ approvals }: CharterRecord): boolean {
    const account = deps.account()
    const own = [deviceOf(account), account.keeper].filter((id) => id !== undefined)
    const isOwn = (signer: Uint8Array) => own.some((id) => equalBytes(id, signer)) || hasPasskey(meta, signer)
    return approvals.some(({ signer, counted }) => counted && isOwn(signer))
  }

  /** One's own offer was taken up. Other labels for the seat that one has are nobody's offer. */
  function isExpected({ index, statement }: CharterRecord): boolean {
    if (statement?.type !== "rules") return false
    const { member } = deps.account()
    const seatIn = (keepers: readonly Keeper[]) =>
      keepers.find((one) => one.member !== undefined && equalBytes(one.member, member))
    const [before, after] = [seatIn(rulesAt(deps.charter(), index)?.keepers ?? []), seatIn(statement.body.keepers)]
    if (after === undefined || !deps.isOffered(after)) return false
    return before === undefined || !equalBytes(before.id, after.id)
  }

  function tell(record: CharterRecord, how: string, subject: string): void {
    if (record.statement === undefined || isExpected(record)) return
    const { statement, index } = record
    // All of the rules in an alarm would hide what it is about.
    const what =
      statement.type === "rules"
        ? `Change the rules to version ${statement.body.version}, entry ${index} of the timeline`
        : actInWords(statement, people.names)
    alarms.raise("own_record_changed", subject, {
      sentence: isOwnDoing(record)
        ? `Your own record was changed, with this device's approval. ${how}: ${what}.`
        : `Your own record was changed, and not by this device. ${how}: ${what}.`,
      level: isOwnDoing(record) ? "notice" : "danger",
    })
  }

  return {
    look() {
      const charter = deps.charter()
      const { member } = deps.account()
      const admitted = charter.state.devices.get(deviceOf(deps.account()))?.added.index
      if (admitted === undefined) return
      const since = Math.max(meta.getNumber(key) ?? 0, admitted + 1)
      for (let index = since; index < charter.size; index++) {
        const record = charter.records.at(index)
        const { statement } = record ?? {}
        if (record === undefined) continue
        if (
          statement !== undefined &&
          typeof record.outcome === "string" &&
          isAbout(charter, statement, member, index)
        ) {
          const words = record.outcome === "waiting" ? "It waits to take effect, and can still be stopped" : "Done"
          tell(record, words, `entry ${index}`)
        }
        for (const settled of record.settled) {
          const was = charter.records.at(settled.index)
          if (was?.statement === undefined || !isAbout(charter, was.statement, member, index)) continue
          if (settled.how === "applied") tell(was, "It has taken effect", `settled ${settled.index}`)
          alarms.clear("own_record_changed", `entry ${settled.index}`)
        }
      }
      if (since < charter.size) meta.setNumber(key, charter.size)
    },
  }
}

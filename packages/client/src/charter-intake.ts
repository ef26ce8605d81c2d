// What new entries of the charter mean for what is stored here, and for people.
import { alarmsOf, type Charter } from "@holdfast/charter"
import { fromUtf8, hex } from "@holdfast/wire"
import type { Account } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Standing } from "./api.ts"
import type { CharterStep, CharterSync } from "./charter-sync.ts"
import type { People } from "./people.ts"
import type { Requests } from "./requests.ts"
import type { Store } from "./store/store.ts"

/** The newest checkpoint of the charter that this device has verified. */
export const charterNoteKey = "charter note"
/** The organisation's name, 16 bytes of salt first; on the founder's device only. */
export const organisationNameKey = "organisation name"

export interface CharterIntakeDeps {
  readonly store: Store
  readonly charterSync: CharterSync
  readonly account: () => Account
  readonly saveAccount: (account: Account) => void
  readonly standing: () => Standing
  readonly people: People
  readonly requests: Requests
  readonly alarms: Alarms
  readonly stop: (how: "fork" | "rollback", evidence: readonly Uint8Array[]) => void
  readonly abandon: () => void
  /** In a turn, after new entries were stored. */
  readonly onGrown: () => Promise<void>
}

export interface CharterIntake {
  /** In a turn: stores what a step brought, or raises what it gave away. */
  take(step: CharterStep): Promise<void>
  /** Idempotent: it runs again when the store is opened, in case it was cut short. */
  settle(): void
}

export function createCharterIntake(deps: CharterIntakeDeps): CharterIntake {
  const { store, alarms, people } = deps
  const charter = (): Charter => deps.charterSync.charter()

  /** Names that this device has had since before the charter was here, and those that came with requests. */
  function learnNames(): void {
    const account = deps.account()
    if (store.people.name(hex(account.member)) === undefined && account.nameSalt.length === 16) {
      people.learn({ member: account.member, name: account.name, salt: account.nameSalt })
    }
    const organisation = store.meta.get(organisationNameKey)
    if (organisation !== undefined) {
      people.learn({ name: fromUtf8(organisation.subarray(16)), salt: organisation.slice(0, 16) })
    }
    deps.requests.learnNames()
  }

  function raiseAlarms(): void {
    for (const alarm of alarmsOf(charter())) {
      switch (alarm.kind) {
        case "entry_refused":
          alarms.raise("refused_entry", `entry ${alarm.index}`)
          break
        case "update_needed":
          alarms.raise("update_needed", `entry ${alarm.index}`)
          break
        case "keeper_without_member":
          alarms.raise("keeper_without_member", alarm.keeper, {
            detail: `It is ${people.nameOf(hex(alarm.member))}.`,
          })
          break
        case "approval_by_suspended":
          alarms.raise("approval_by_suspended", `entry ${alarm.index} ${hex(alarm.keeper)}`)
      }
    }
  }

  function settle(): void {
    store.transaction(() => {
      learnNames()
      const { joining, ...account } = deps.account()
      if (joining !== undefined && deps.standing() === "active") deps.saveAccount(account)
    })
    raiseAlarms()
  }

  return {
    async take(step) {
      switch (step.kind) {
        case "waiting":
          return
        case "lied":
          if (step.how !== "bad_checkpoint") return deps.stop(step.how, step.evidence)
          alarms.raise("bad_checkpoint", "charter", { evidence: step.evidence })
          return deps.abandon()
        case "grown":
          store.transaction(() => {
            store.charter.add(step.first, step.entries)
            store.meta.setText(charterNoteKey, step.note)
          })
          deps.charterSync.commit(step)
          settle()
          return deps.onGrown()
      }
    },
    settle,
  }
}

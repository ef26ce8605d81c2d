// Looks for join requests under the tags of known invitations, and keeps the relay's list of guest keys as it should be.
import type { Lane } from "@holdfast/lanes"
import type { Answer, Operation } from "@holdfast/wire"
import { hex } from "@holdfast/wire"
import type { Id } from "./api.ts"
import type { Changes } from "./changes.ts"
import { readAnnounced, requestTags } from "./invites.ts"
import type { Timers } from "./ports.ts"
import type { Requests } from "./requests.ts"
import { placesPerFrame } from "./store/messages.ts"
import type { Store } from "./store/store.ts"

export interface InviteWatchDeps {
  readonly lane: Lane
  readonly store: Store
  readonly requests: Requests
  readonly changes: Changes
  readonly timers: Timers
  readonly request: (operation: Operation) => Promise<Answer>
}

export interface InviteWatch {
  /** Requests for this invitation are looked for from now on, and at the next `lookBack` among the frames that are kept. */
  watch(guestKey: Id): void
  /** In a turn: requests that came before their invitation was known here, or whose frame was not looked at in time. */
  lookBack(): Promise<void>
  /** Tells the relay of own invitations that it does not know, and of those that were taken back. */
  register(): Promise<void>
}

export function createInviteWatch(deps: InviteWatchDeps): InviteWatch {
  const { lane, store } = deps
  // after opening, all of them: the program may have ended between an invitation and its requests
  let isDue = true
  let registering: Promise<void> | undefined

  for (const invite of store.governance.invites()) {
    for (const tag of requestTags(readAnnounced(invite))) lane.watch(tag, invite.guestKey)
  }

  return {
    watch(guestKey) {
      const invite = store.governance.invite(guestKey)
      if (invite === undefined) return
      for (const tag of requestTags(readAnnounced(invite))) lane.watch(tag, guestKey)
      isDue = true
    },
    async lookBack() {
      if (!isDue) return
      isDue = false
      const tags = deps.requests.tags()
      if (tags.size === 0) return
      for (const { index, tag } of store.lane.keptTags()) {
        const guestKey = tags.get(hex(tag))
        const [frame] = guestKey === undefined ? [] : (store.lane.frames(index, index + 1) ?? [])
        if (guestKey === undefined || frame === undefined) continue
        const work = await deps.requests.open(guestKey, frame, index * placesPerFrame)
        if (work !== undefined) store.transaction(work)
      }
    },
    register() {
      registering ??= register().finally(() => {
        registering = undefined
      })
      return registering
    },
  }

  async function register(): Promise<void> {
    for (const invite of store.governance.invites()) {
      if (invite.secret === undefined || invite.registered === !invite.revoked) continue
      const { guestKey, expiresAt } = readAnnounced(invite)
      if (expiresAt * 1_000 <= deps.timers.now()) continue
      const answer = await deps.request(
        invite.revoked
          ? { kind: "revokeInvite", value: { guestKey } }
          : { kind: "putInvite", value: { guestKey, expiresAt } },
      )
      if (answer.kind !== "done") continue
      const now = store.governance.invite(invite.guestKey) ?? invite
      store.governance.putInvite({ ...now, registered: !invite.revoked })
      deps.changes.mark({ topic: "invites" })
    }
  }
}

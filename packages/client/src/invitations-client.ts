// Invitations for many, and for those who have lost every device: what the keepers' desk asks for beside statements.
import { isActiveMember } from "@holdfast/charter"
import { encode, hex, type MemberId, toMemberId } from "@holdfast/wire"
import type { Invite } from "./api.ts"
import { admissions, removals } from "./batches.ts"
import { InviteAnnounced } from "./content.ts"
import type { Engine } from "./engine.ts"
import { ClientError } from "./error.ts"
import type { GovernanceApi, ImportedPerson } from "./governance-api.ts"
import type { Id } from "./id.ts"
import { makeInvite, type NewInvite } from "./invites.ts"
import { readPeopleList } from "./people-list.ts"
import { idBytes } from "./proposals.ts"

export const maxInviteHours = 24 * 89

export function checkHours(hours: number): void {
  if (!Number.isFinite(hours) || hours <= 0 || hours > maxInviteHours) {
    throw new ClientError("malformed", "An invitation is valid for up to 89 days.")
  }
}

/** Inside a transaction: an invitation of this device's own, kept. It still has to be announced. */
export function storeInvite(engine: Engine, { announced, secret }: NewInvite): void {
  engine.store.governance.putInvite({
    guestKey: hex(announced.guestKey),
    announced: encode(InviteAnnounced, announced),
    member: hex(engine.account().member),
    at: engine.timers.now(),
    secret,
    registered: false,
    revoked: false,
  })
}

/** `act`: a change by somebody, in a turn of its own. `invites`: as the client shows them. */
export function invitationMethods(
  engine: Engine,
  act: <T>(work: () => T | Promise<T>) => Promise<T>,
  invites: () => Promise<readonly Invite[]>,
): Pick<GovernanceApi, "requests" | "proposeAdmissions" | "proposeRemovals" | "inviteToRecover" | "importPeople"> {
  const { store, people, proposals, requests } = engine

  function endsAt(hours: number): number {
    return Math.floor(engine.timers.now() / 1_000 + hours * 3_600)
  }

  async function propose(acts: ReturnType<typeof removals>): Promise<readonly Id[]> {
    const ids: Id[] = []
    for (const one of acts) ids.push(await proposals.propose(one))
    return ids
  }

  async function open(guestKeys: readonly Id[]): Promise<void> {
    for (const guestKey of guestKeys) engine.invites.watch(guestKey)
    engine.changes.mark({ topic: "invites" })
    engine.kick()
    // so that the link works as soon as somebody has it; without a connection it is done later
    await engine.invites.register().catch(() => undefined)
  }

  function activeMember(member: Id): MemberId {
    const id = toMemberId(idBytes(member))
    if (!isActiveMember(engine.charter().state, id)) throw new ClientError("not_found", "There is no such member.")
    return id
  }

  return {
    requests: async () => requests.undecided(),
    proposeAdmissions: (ids) => act(() => propose(admissions(requests, ids))),
    proposeRemovals: (members) => act(() => propose(removals(members, hex(engine.account().member)))),
    async inviteToRecover(member, hours) {
      checkHours(hours)
      const guestKey = await act(async () => {
        const forMember = activeMember(member)
        if (member === hex(engine.account().member)) {
          throw new ClientError("not_allowed", "Somebody else has to invite you. Add a further device yourself.")
        }
        const name = people.nameOf(member)
        const options = { purpose: "recovery", name, expiresAt: endsAt(hours), forMember } as const
        const made = await makeInvite(engine.account(), engine.randomBytes(32), options)
        store.transaction(() => {
          storeInvite(engine, made)
          engine.post({ kind: "inviteAnnounced", value: made.announced })
        })
        return hex(made.announced.guestKey)
      })
      await open([guestKey])
      const invite = (await invites()).find(({ id }) => id === guestKey)
      if (invite === undefined) throw new ClientError("not_found", "There is no such invitation.")
      return invite
    },
    async importPeople(csv, { hours }) {
      checkHours(hours)
      const known = new Set(people.list().flatMap(({ name, active }) => (active ? [name.toLowerCase()] : [])))
      const list = readPeopleList(csv, known)
      const made = await act(async () => {
        const options = { purpose: "member", expiresAt: endsAt(hours), together: true } as const
        const byLine = new Map<number, NewInvite>()
        for (const { line, name, problem } of list) {
          if (problem !== undefined) continue
          byLine.set(line, await makeInvite(engine.account(), engine.randomBytes(32), { ...options, name }))
        }
        const all = [...byLine.values()]
        store.transaction(() => {
          for (const invite of all) storeInvite(engine, invite)
          if (all.length > 0) {
            engine.post({ kind: "invitesAnnounced", value: { invites: all.map(({ announced }) => announced) } })
          }
        })
        return byLine
      })
      await open([...made.values()].map(({ announced }) => hex(announced.guestKey)))
      const shown = new Map((await invites()).map((invite) => [invite.id, invite]))
      return list.map(({ line, name, problem }): ImportedPerson => {
        const invite = made.get(line)
        const id = invite === undefined ? undefined : hex(invite.announced.guestKey)
        const text = id === undefined ? undefined : shown.get(id)?.text
        return {
          line,
          name,
          ...(id === undefined ? {} : { invite: id }),
          ...(text === undefined ? {} : { text }),
          ...(problem === undefined ? {} : { problem }),
        }
      })
    },
  }
}

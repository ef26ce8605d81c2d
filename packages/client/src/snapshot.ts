// What somebody who was just added cannot have seen, put together by whoever added them (E4.3).
import { decode, fromHex, toMemberId } from "@holdfast/wire"
import { type InviteAnnounced, KeeperAccept, type Snapshot } from "./content.ts"
import { readAnnounced } from "./invites.ts"
import { decodeJoinRequest } from "./join-request.ts"
import type { KeeperPlans } from "./keeper-plan.ts"
import type { Requests } from "./requests.ts"
import type { GovernanceTable } from "./store/governance.ts"
import { organisationName, type PeopleTable } from "./store/people.ts"

export interface SnapshotSources {
  readonly table: GovernanceTable
  readonly people: PeopleTable
  readonly requests: Requests
  readonly plans: KeeperPlans
  readonly nowSeconds: number
}

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { table, people } = sources
  const invites: InviteAnnounced[] = table
    .invites()
    .filter(({ revoked }) => !revoked)
    .map(readAnnounced)
    .filter(({ expiresAt }) => expiresAt > sources.nowSeconds - 86_400)
  const requests = table.requests().filter(({ request }) => {
    const decoded = decodeJoinRequest(request)
    // a keeper's key came with the request and is asked for until the rules have it
    return !sources.requests.isAnswered(decoded) || decoded.keeper !== undefined
  })
  const ask = sources.plans.view() === undefined ? undefined : sources.plans.current()
  return {
    names: people.names().map(({ id, name, salt }) => ({
      ...(id === organisationName ? {} : { member: toMemberId(fromHex(id)) }),
      name,
      salt,
    })),
    labels: people.labels().map(({ device, label }) => ({ device: fromHex(device), label })),
    invites: invites.slice(-256),
    requests: requests.slice(-256).map(({ guestKey, request }) => ({ guestKey: fromHex(guestKey), request })),
    proposals: table
      .proposals("open")
      .slice(0, 64)
      .map((proposal) => ({
        statement: proposal.statement,
        proposer: toMemberId(fromHex(proposal.proposer)),
        at: proposal.at,
        approvals: table.approvals(proposal.id).slice(0, 128),
      })),
    ...(ask === undefined ? {} : { ask }),
    accepts: table
      .accepts()
      .slice(0, 64)
      .map(({ key }) => decode(KeeperAccept, key)),
  }
}

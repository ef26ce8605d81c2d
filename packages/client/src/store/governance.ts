// Invitations, join requests, proposals and what people said about them: all of it learnt from the everyone conversation.
import type { Id } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, optionalBytes, optionalText, type Row, textOf } from "./rows.ts"

export interface StoredInvite {
  readonly guestKey: Id
  /** Encoded InviteAnnounced. */
  readonly announced: Uint8Array
  /** Whose device announced it. */
  readonly member: Id
  readonly at: number
  /** Only on the device that made it. */
  readonly secret: Uint8Array | undefined
  /** The relay knows the guest key. */
  readonly registered: boolean
  readonly revoked: boolean
}

export interface StoredRequest {
  readonly id: Id
  readonly guestKey: Id
  /** Encoded JoinRequest, its signature verified. */
  readonly request: Uint8Array
  readonly at: number
  readonly place: number
}

/** `dead`: it can no longer be applied (another act came first, or it expired). */
export type ProposalState = "open" | "applied" | "dead"

export interface StoredProposal {
  readonly id: Id
  readonly statement: Uint8Array
  readonly request: Id | undefined
  readonly proposer: Id
  readonly at: number
  /** Lane order; the first for a request is the draft. */
  readonly place: number
  readonly state: ProposalState
}

export interface GovernanceTable {
  putInvite(invite: StoredInvite): void
  invite(guestKey: Id): StoredInvite | undefined
  invites(): readonly StoredInvite[]
  putRequest(request: StoredRequest): void
  request(id: Id): StoredRequest | undefined
  requests(): readonly StoredRequest[]
  requestCount(): number
  /** When the proposal is there already, only its place may move forward. */
  addProposal(proposal: StoredProposal): void
  setProposalState(id: Id, state: ProposalState): void
  proposal(id: Id): StoredProposal | undefined
  /** In lane order. */
  proposals(state?: ProposalState): readonly StoredProposal[]
  /** Of one proposer. */
  openCount(proposer: Id): number
  addApproval(proposal: Id, signer: Id, approval: Uint8Array): void
  approvals(proposal: Id): readonly Uint8Array[]
  addDecline(proposal: Id, member: Id): void
  declines(proposal: Id): readonly Id[]
  putAccept(member: Id, key: Uint8Array): void
  accept(member: Id): Uint8Array | undefined
  accepts(): readonly { readonly member: Id; readonly key: Uint8Array }[]
}

export function governanceTable(db: Database): GovernanceTable {
  return {
    putInvite: (i) =>
      db.run(
        `INSERT INTO invites (guest_key, announced, member, at, secret, registered, revoked) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (guest_key) DO UPDATE SET registered = excluded.registered, revoked = excluded.revoked`,
        i.guestKey,
        i.announced,
        i.member,
        i.at,
        i.secret ?? null,
        i.registered ? 1 : 0,
        i.revoked ? 1 : 0,
      ),
    invite: (guestKey) => db.all("SELECT * FROM invites WHERE guest_key = ?", guestKey).map(toInvite)[0],
    invites: () => db.all("SELECT * FROM invites ORDER BY rowid").map(toInvite),
    putRequest: (r) =>
      db.run(
        "INSERT OR IGNORE INTO requests (id, guest_key, request, at, place) VALUES (?, ?, ?, ?, ?)",
        r.id,
        r.guestKey,
        r.request,
        r.at,
        r.place,
      ),
    request: (id) => db.all("SELECT * FROM requests WHERE id = ?", id).map(toRequest)[0],
    requestCount: () => db.all("SELECT COUNT(*) AS n FROM requests").reduce((_, row) => numberOf(row, "n"), 0),
    requests: () => db.all("SELECT * FROM requests ORDER BY place, id").map(toRequest),
    addProposal: (p) =>
      db.run(
        `INSERT INTO proposals (id, statement, request, proposer, at, place, state) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET place = MIN(place, excluded.place)`,
        p.id,
        p.statement,
        p.request ?? null,
        p.proposer,
        p.at,
        p.place,
        p.state,
      ),
    setProposalState: (id, state) => db.run("UPDATE proposals SET state = ? WHERE id = ?", state, id),
    proposal: (id) => db.all("SELECT * FROM proposals WHERE id = ?", id).map(toProposal)[0],
    proposals: (state) =>
      (state === undefined
        ? db.all("SELECT * FROM proposals ORDER BY place, id")
        : db.all("SELECT * FROM proposals WHERE state = ? ORDER BY place, id", state)
      ).map(toProposal),
    openCount: (proposer) =>
      db
        .all("SELECT COUNT(*) AS n FROM proposals WHERE state = 'open' AND proposer = ?", proposer)
        .reduce((_, row) => numberOf(row, "n"), 0),
    addApproval: (proposal, signer, approval) =>
      db.run(
        "INSERT OR IGNORE INTO approvals (proposal, signer, approval) VALUES (?, ?, ?)",
        proposal,
        signer,
        approval,
      ),
    approvals: (proposal) =>
      db
        .all("SELECT approval FROM approvals WHERE proposal = ? ORDER BY signer", proposal)
        .map((row) => bytesOf(row, "approval")),
    addDecline: (proposal, member) =>
      db.run("INSERT OR IGNORE INTO declines (proposal, member) VALUES (?, ?)", proposal, member),
    declines: (proposal) =>
      db
        .all("SELECT member FROM declines WHERE proposal = ? ORDER BY member", proposal)
        .map((row) => textOf(row, "member")),
    putAccept: (member, key) =>
      db.run("INSERT OR REPLACE INTO keeper_accepts (member, key) VALUES (?, ?)", member, key),
    accept: (member) =>
      db.all("SELECT key FROM keeper_accepts WHERE member = ?", member).map((row) => bytesOf(row, "key"))[0],
    accepts: () =>
      db
        .all("SELECT * FROM keeper_accepts ORDER BY member")
        .map((row) => ({ member: textOf(row, "member"), key: bytesOf(row, "key") })),
  }
}

function toInvite(row: Row): StoredInvite {
  return {
    guestKey: textOf(row, "guest_key"),
    announced: bytesOf(row, "announced"),
    member: textOf(row, "member"),
    at: numberOf(row, "at"),
    secret: optionalBytes(row, "secret"),
    registered: numberOf(row, "registered") === 1,
    revoked: numberOf(row, "revoked") === 1,
  }
}

function toRequest(row: Row): StoredRequest {
  return {
    id: textOf(row, "id"),
    guestKey: textOf(row, "guest_key"),
    request: bytesOf(row, "request"),
    at: numberOf(row, "at"),
    place: numberOf(row, "place"),
  }
}

function toProposal(row: Row): StoredProposal {
  return {
    id: textOf(row, "id"),
    statement: bytesOf(row, "statement"),
    request: optionalText(row, "request"),
    proposer: textOf(row, "proposer"),
    at: numberOf(row, "at"),
    place: numberOf(row, "place"),
    state: textOf(row, "state") as ProposalState,
  }
}

import { admitDevice, draft, type LaterAct } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { createManualTimers, createMemoryDatabases } from "@holdfast/testkit"
import { encode, hex, labelledHash, requestKeyOf, toMemberId, utf8 } from "@holdfast/wire"
import { expect, test, vi } from "vitest"
import { createAlarms } from "../src/alarms.ts"
import { batched } from "../src/batches.ts"
import { createChanges } from "../src/changes.ts"
import { InviteAnnounced } from "../src/content.ts"
import { guestSigner, requestIdOf, signJoinRequest } from "../src/join-request.ts"
import type { People } from "../src/people.ts"
import { createProposals, type Proposals, type ProposalsDeps } from "../src/proposals.ts"
import { createRequests, type RequestsDeps } from "../src/requests.ts"
import { openStore } from "../src/store/store.ts"
import { watchedCharter } from "./watched-charter.ts"

const bytesOf = (label: string, length: number) => labelledHash("holdfast/test/v1", utf8(label)).slice(0, length)

/** Requests by invitations from a list, as somebody with many invitations can make them, and what looks at them. */
async function stage(count: number) {
  const it = await watchedCharter([])
  const { orgId: org, state } = it.charter()
  const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
  const timers = createManualTimers(1_800_000_000_000)
  async function ask(i: number): Promise<void> {
    const secret = bytesOf(`secret ${i}`, 32)
    const guestKey = (await guestSigner(secret)).publicKey
    const member = toMemberId(bytesOf(`member ${i}`, 16))
    const device = await signerFromSeed(bytesOf(`device ${i}`, 32))
    const deviceProof = (await admitDevice(org, member, device)).proof
    const fields = {
      purpose: 0,
      member,
      name: `n${i}`,
      salt: bytesOf("salt", 16),
      deviceProof,
      label: "",
      keeper: undefined,
    }
    const request = await signJoinRequest(org, secret, device, fields)
    const announced = encode(InviteAnnounced, {
      guestKey,
      requestKey: requestKeyOf(secret),
      name: "",
      purpose: 0,
      expiresAt: 2_000_000_000,
      device: it.founder,
      together: 1,
      signature: new Uint8Array(64),
    })
    const invite = { announced, member: hex(member), at: 0, secret: undefined, registered: true, revoked: false }
    store.governance.putInvite({ guestKey: hex(guestKey), ...invite })
    const id = hex(requestIdOf(request))
    store.governance.putRequest({ id, guestKey: hex(guestKey), request, at: timers.now(), place: i })
  }
  for (let i = 0; i < count; i++) await ask(i)
  const changes = createChanges()
  const [founder] = state.members.values()
  const deps: Partial<RequestsDeps> = {
    account: () => ({ member: founder?.id, org }) as unknown as ReturnType<RequestsDeps["account"]>,
    charter: it.charter,
    table: store.governance,
    peopleTable: store.people,
    people: () => ({ nameOf: () => "Ana" }) as unknown as People,
    alarms: createAlarms({ table: store.alarms, timers, changes }),
    changes,
    timers,
    proposals: () => ({ openRequests: () => new Set() }) as unknown as Proposals,
    reviewAfter: () => {},
  }
  return { ...it, deps, ask, requests: createRequests(deps as RequestsDeps), table: store.governance }
}

test("[E5.16] however many have asked, all of them are read once and not once for each", async () => {
  const { charter, requests, table, ask } = await stage(20)
  const reading = vi.spyOn(table, "requests")
  const ids = requests.undecided().map(({ id }) => id)
  expect(ids).toHaveLength(20)
  const acts = ids.map((id) => requests.actFor(id))
  const [batch] = batched(acts.filter((act) => act?.type === "member-add"))
  const statement = draft(charter(), {
    ...(batch as LaterAct),
    notAfter: 1_900_000_000,
    nonce: new Uint8Array(16),
  })
  expect(requests.check(statement)).toMatchObject({ kind: "matches-all" })
  await requests.review()
  requests.learnNames()
  expect(reading).toHaveBeenCalledOnce()
  // another one is seen
  await ask(20)
  expect(requests.undecided()).toHaveLength(21)
  expect(requests.askedName(hex(bytesOf("member 20", 16)))).toBe("n20")
  expect(reading).toHaveBeenCalledTimes(2)
})

test("[E5.21] one member's proposals without end are not kept, and leave room for everybody else's", async () => {
  const { charter, deps, table, founder } = await stage(0)
  const raise = vi.fn()
  const proposals = createProposals({
    ...deps,
    alarms: { raise },
    people: { nameOf: () => "Mallory" },
    checkRequest: () => ({ kind: "none" }),
  } as unknown as ProposalsDeps)
  const by = (member: string) => ({ member, device: hex(founder), place: 1, at: 1 })
  const statement = (i: number) =>
    draft(charter(), {
      type: "canary",
      body: { until: 1_900_000_000 },
      notAfter: 2 ** 50,
      nonce: bytesOf(`nonce ${i}`, 16),
    }).bytes
  for (let i = 0; i < 300; i++) proposals.add(statement(i), by("mallory"))
  expect(table.proposals("open")).toHaveLength(256)
  expect(raise).toHaveBeenCalledWith("junk", "proposals mallory", expect.anything())
  // in somebody else's name half of that, so that their own are still taken
  for (let i = 300; i < 500; i++) proposals.add(statement(i), by("ana"), true)
  expect(table.openCount("ana")).toBe(128)
  proposals.add(statement(500), by("ana"))
  expect(table.openCount("ana")).toBe(129)
})

import { timingSafeEqual } from "node:crypto"
import { append, CharterError, openCharter } from "@holdfast/charter"
import { verifyEd25519 } from "@holdfast/log"
import {
  type Answer,
  type Challenge,
  equalBytes,
  hex,
  labelledHash,
  type Operation,
  type OrgId,
  orgIdOf,
  sessionSigningInput,
  utf8,
} from "@holdfast/wire"
import type { RelayCore } from "../core.ts"
import { RelayError } from "../error.ts"
import { decodeStrictly, type Organisation } from "../organisation.ts"
import type { OpenSession } from "../session.ts"

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>["value"]

/** The session a device opens with its charter key (R4.5). The organisation is acquired: whoever closes the session releases it. */
export function openDeviceSession(
  core: RelayCore,
  challenge: Challenge,
  hello: Of<"helloDevice">,
): Promise<OpenSession> {
  return withOrg(core, hello.org, async (org) => {
    const device = org.device(hello.device)
    const input = sessionSigningInput("device", challenge, hello.org)
    if (device === undefined || !(await verifyEd25519(device.publicKey, input, hello.signature))) {
      throw new RelayError("not_authenticated")
    }
    // Verifying takes a moment, in which the charter may have removed the device.
    if (org.device(hello.device) === undefined) throw new RelayError("not_authenticated")
    return { kind: "device", org, device: hello.device.slice() as typeof hello.device, publicKey: device.publicKey }
  })
}

/** The session of someone invited (R4.8). Unknown, expired and wrongly signed look the same. */
export function openGuestSession(core: RelayCore, challenge: Challenge, hello: Of<"helloGuest">): Promise<OpenSession> {
  return withOrg(core, hello.org, async (org) => {
    const guestKey = hello.guestKey.slice()
    const expiresAt = await core.deps.engine.inviteExpiry(hello.org, guestKey)
    const input = sessionSigningInput("guest", challenge, hello.org)
    const isValid = expiresAt !== undefined && expiresAt * 1_000 > core.deps.clock.now()
    if (!isValid || !(await verifyEd25519(guestKey, input, hello.signature))) throw new RelayError("not_authenticated")
    return { kind: "guest", org, guestKey }
  })
}

/** Knowing the organisation's id is the permission to read its charter (R4.9). */
export function openReaderSession(core: RelayCore, hello: Of<"helloReader">): Promise<OpenSession> {
  return withOrg(core, hello.org, async (org) => ({ kind: "reader", org }))
}

async function withOrg(
  core: RelayCore,
  id: OrgId,
  open: (org: Organisation) => Promise<OpenSession>,
): Promise<OpenSession> {
  const org = await core.organisations.acquire(id)
  if (org === undefined) throw new RelayError("unknown_organisation")
  try {
    return await open(org)
  } catch (error) {
    core.organisations.release(org.id)
    throw error
  }
}

/** Puts a new organisation here, if its genesis is valid and names this relay (R4.10). The same founding again is answered alike. */
export async function foundOrganisation(core: RelayCore, request: Of<"found">): Promise<Answer> {
  checkHostingCode(core.config.hostingCode, request.hostingCode)
  const genesis = request.genesis.slice()
  const { statement } = decodeStrictly(genesis)
  if (statement.type !== "genesis") throw new RelayError("refused", "not_a_genesis")
  const { relayId, logSigner } = core.deps
  const isNamed = statement.body.relays.some(
    ({ id, logPublicKey }) => equalBytes(id, relayId) && equalBytes(logPublicKey, logSigner.publicKey),
  )
  if (!isNamed) throw new RelayError("refused", "relay_not_named")
  const org = orgIdOf(statement.bytes)
  await checkGenesis(org, genesis)
  const isNew = await core.deps.engine.createOrg(org, { messageId: statement.id.subarray(0, 16), bytes: genesis })
  if (!isNew && !(await isFoundedWith(core, org, genesis))) throw new RelayError("already_exists")
  if (isNew) core.deps.log.info({ event: "founded" }, "An organisation was founded")
  return { kind: "founded", value: { org } }
}

async function checkGenesis(org: OrgId, genesis: Uint8Array): Promise<void> {
  try {
    await append(openCharter(org), genesis)
  } catch (error) {
    if (error instanceof CharterError) throw new RelayError("refused", error.reason)
    throw error
  }
}

async function isFoundedWith(core: RelayCore, id: OrgId, genesis: Uint8Array): Promise<boolean> {
  const org = await core.organisations.acquire(id)
  if (org === undefined) return false
  try {
    const slice = await core.deps.engine.read(org.charterLane.id, 0, { maxEntries: 1, maxBytes: genesis.length })
    return slice.kind === "entries" && equalBytes(slice.entries[0] ?? new Uint8Array(), genesis)
  } finally {
    core.organisations.release(id)
  }
}

/** Hashes are compared, in constant time: neither length nor content of the code shows in how long it takes. */
function checkHostingCode(expected: string, given: string): void {
  const [a, b] = [expected, given].map((code) => labelledHash("holdfast/hosting/v1", utf8(code)))
  if (expected !== "" && !timingSafeEqual(a as Uint8Array, b as Uint8Array)) throw new RelayError("not_authenticated")
}

export function guestKeyOf(session: Extract<OpenSession, { kind: "guest" }>): string {
  return `${hex(session.org.id)}${hex(session.guestKey)}`
}

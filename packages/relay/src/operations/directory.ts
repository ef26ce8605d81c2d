import { checkEd25519PublicKey, LogError, verifyEd25519 } from "@holdfast/log"
import {
  type Answer,
  type DirectoryEntry,
  decodeDirectoryEntry,
  directorySigningInput,
  equalBytes,
  limits,
  type Operation,
  WireError,
} from "@holdfast/wire"
import type { RelayCore } from "../core.ts"
import { RelayError } from "../error.ts"
import type { OpenSession } from "../session.ts"

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>["value"]
type DeviceSession = Extract<OpenSession, { kind: "device" }>

/** Answers stay well below one socket message. */
const pageBytes = 4 * 2 ** 20
/** An invitation that outlives its inviter's memory of it is a door left open. */
const maxInviteSeconds = 90 * 86_400

/** A device puts its own line and nobody else's (R4.11). Throws `forbidden`, `refused`, `conflict`, `malformed`. */
export async function putDirectoryEntry(
  core: RelayCore,
  session: DeviceSession,
  request: Of<"putDirectoryEntry">,
): Promise<Answer> {
  const bytes = request.entry
  const entry = decodeLine(bytes)
  if (!equalBytes(entry.org, session.org.id) || !equalBytes(entry.device, session.device)) {
    throw new RelayError("forbidden")
  }
  const { signature, ...unsigned } = entry
  if (!(await verifyEd25519(session.publicKey, directorySigningInput(unsigned), signature))) {
    throw new RelayError("refused", "bad_signature")
  }
  const line = { device: session.device, sequence: entry.sequence, bytes }
  const version = await core.deps.engine.putDirectoryLine(session.org.id, line)
  return { kind: "directoryStored", value: { version } }
}

function decodeLine(bytes: Uint8Array): DirectoryEntry {
  try {
    return decodeDirectoryEntry(bytes)
  } catch (error) {
    if (error instanceof WireError) throw new RelayError(error.code)
    throw error
  }
}

/** All lines, or those that changed since a version: whoever asks shows no interest in anyone (W5.11). */
export async function getDirectory(
  core: RelayCore,
  session: DeviceSession,
  request: Of<"getDirectory">,
): Promise<Answer> {
  const bounds = { maxEntries: limits.directoryEntriesPerAnswer, maxBytes: pageBytes }
  const page = await core.deps.engine.directory(session.org.id, request.since, bounds)
  return {
    kind: "directoryEntries",
    value: { version: page.version, entries: page.entries, more: page.more ? 1 : 0 },
  }
}

/** Throws `refused` for a key that proves nothing and for a time that is past or too far off. (R4.8) */
export async function putInvite(core: RelayCore, session: DeviceSession, request: Of<"putInvite">): Promise<Answer> {
  checkGuestKey(request.guestKey)
  const now = Math.floor(core.deps.clock.now() / 1_000)
  if (request.expiresAt <= now) throw new RelayError("refused", "expired")
  if (request.expiresAt - now > maxInviteSeconds) throw new RelayError("refused", "too_far")
  await core.deps.engine.putInvite(session.org.id, request.guestKey, request.expiresAt, now)
  return { kind: "done", value: {} }
}

export async function revokeInvite(
  core: RelayCore,
  session: DeviceSession,
  request: Of<"revokeInvite">,
): Promise<Answer> {
  await core.deps.engine.removeInvite(session.org.id, request.guestKey)
  return { kind: "done", value: {} }
}

function checkGuestKey(key: Uint8Array): void {
  try {
    checkEd25519PublicKey(key)
  } catch (error) {
    if (error instanceof LogError) throw new RelayError("refused", "weak_key")
    throw error
  }
}

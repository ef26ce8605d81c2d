import { randomBytes } from "node:crypto"
import {
  admitDevice,
  type Charter,
  type DeviceEntry,
  decodeEnvelope,
  draft,
  type LaterAct,
  replay,
  type SignatureApproval,
  type Statement,
  signingInput,
} from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import { generateSealKeys, type LeafIdentity, makeKeyPackage, openSealed, type SealKeys } from "@holdfast/mls"
import type { LaneEngine } from "@holdfast/relay"
import {
  concatBytes,
  type DeviceId,
  decodeDirectoryEntry,
  deviceIdOf,
  directorySigningInput,
  encodeDirectoryEntry,
  hex,
  type LaneId,
  laneIdOf,
  type MemberId,
  type OrgId,
  tagBytes,
  toMemberId,
  utf8,
} from "@holdfast/wire"

export const random = (length: number) => new Uint8Array(randomBytes(length))

/** A device that nobody admitted, with every key a real one has. */
export interface Ghost {
  readonly member: MemberId
  readonly device: DeviceId
  readonly identity: LeafIdentity
  readonly signer: Ed25519Signer
  readonly seed: Uint8Array
  readonly seal: SealKeys
  /** As it would stand in a statement: the key's own proof is right. */
  readonly entry: DeviceEntry
}

/** `member`: whose device it claims to be; a member of its own without. */
export async function makeGhost(org: OrgId, member: MemberId = toMemberId(random(16))): Promise<Ghost> {
  const seed = random(32)
  const signer = await signerFromSeed(seed)
  const entry = await admitDevice(org, member, signer)
  const device = deviceIdOf(signer.publicKey)
  return { member, device, identity: { member, device }, signer, seed, seal: await generateSealKeys(), entry }
}

/** The charter, read from the relay's own disk and replayed. */
export async function charterOf(engine: LaneEngine, org: OrgId): Promise<Charter> {
  return replay(org, await entriesOf(engine, org, "charter"))
}

/** All of a lane, as it really is. */
export async function entriesOf(
  engine: LaneEngine,
  org: OrgId,
  lane: "charter" | number,
  from = 0,
): Promise<readonly Uint8Array[]> {
  const out: Uint8Array[] = []
  for (;;) {
    const bounds = { maxEntries: 1_024, maxBytes: 2 ** 21 }
    const slice = await engine.read(laneIdOf(org, lane), from + out.length, bounds)
    if (slice.kind === "pruned" || slice.entries.length === 0) return out
    out.push(...slice.entries.map((bytes) => bytes.slice()))
  }
}

/** A statement that is right in every way but for who approved it. */
export function draftStatement(charter: Charter, act: LaterAct): Statement {
  const notAfter = Math.floor(Date.now() / 1_000) + 7 * 86_400
  return draft(charter, { ...act, notAfter, nonce: random(16) })
}

/** A signature by the wrong key, under a real keeper's id. */
export async function falseApproval(
  statement: Statement,
  keeper: Uint8Array,
  signer: Ed25519Signer,
): Promise<SignatureApproval> {
  return { signer: keeper, kind: 1, signature: await signer.sign(signingInput(statement.id)) }
}

/** Real signatures by real keepers, given for something else. */
export function approvalsGivenBefore(charter: Charter, entries: readonly Uint8Array[]): readonly SignatureApproval[] {
  const keepers = new Set(charter.state.rules.keepers.map(({ id }) => hex(id)))
  const found = new Map<string, SignatureApproval>()
  for (const entry of entries) {
    for (const approval of decodeEnvelope(entry).approvals) {
      if (approval.kind === 1 && keepers.has(hex(approval.signer))) found.set(hex(approval.signer), approval)
    }
  }
  return [...found.values()]
}

/** A line of the directory under a victim's device id, with the ghost's keys in it, signed by the ghost. */
export async function forgeLine(honest: Uint8Array, ghost: Ghost): Promise<Uint8Array> {
  const { signature: _, ...unsigned } = decodeDirectoryEntry(honest)
  const seconds = Math.floor(Date.now() / 1_000)
  const claimed = { identity: { member: ghost.member, device: unsigned.device }, publicKey: ghost.signer.publicKey }
  const lifetime = { notBefore: seconds - 3_600, notAfter: seconds + 86_400 }
  const { publicBytes } = await makeKeyPackage({ ...claimed, privateKey: ghost.seed }, { lifetime })
  const forged = {
    ...unsigned,
    sequence: unsigned.sequence + 1_000,
    issuedAt: Date.now(),
    sealKey: ghost.seal.publicKey,
    keyPackages: [publicBytes],
  }
  return encodeDirectoryEntry({ ...forged, signature: await ghost.signer.sign(directorySigningInput(forged)) })
}

/** The ghost's own line, under its own id. */
export async function lineOfGhost(org: OrgId, ghost: Ghost): Promise<Uint8Array> {
  const unsigned = {
    org,
    device: ghost.device,
    sequence: Date.now(),
    issuedAt: Date.now(),
    sealKey: ghost.seal.publicKey,
    keyPackages: [],
  }
  return encodeDirectoryEntry({ ...unsigned, signature: await ghost.signer.sign(directorySigningInput(unsigned)) })
}

/** The newest line of each device, as they lie on the relay. */
export async function linesOf(engine: LaneEngine, org: OrgId): Promise<ReadonlyMap<string, Uint8Array>> {
  const page = await engine.directory(org, 0, { maxEntries: 512, maxBytes: 2 ** 26 })
  return new Map(page.entries.map((bytes) => [hex(decodeDirectoryEntry(bytes).device), bytes.slice()]))
}

/** How many of these frames are letters to whoever holds the private sealing key. */
export async function lettersOpened(lane: LaneId, frames: readonly Uint8Array[], seal: SealKeys): Promise<number> {
  let opened = 0
  for (const frame of frames) {
    const tag = frame.subarray(0, tagBytes)
    const use = concatBytes(utf8("holdfast/letter/v1"), Uint8Array.of(0), lane, tag)
    if ((await openSealed(seal.privateKey, frame.subarray(tagBytes), use)) !== null) opened += 1
  }
  return opened
}

// What somebody with an invitation asks for, sealed so that the members can read it and the relay cannot (E5.3 to E5.5).
import { admissionBytes, type DeviceEntry } from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed, verifyEd25519 } from "@holdfast/log"
import {
  bytes,
  concatBytes,
  decode,
  decodeFrame,
  deviceIdOf,
  encode,
  encodeFrame,
  guestSeedOf,
  type InvitationPurpose,
  invitationPurposes,
  labelledHash,
  type MemberId,
  message,
  nested,
  type Of,
  type OrgId,
  optional,
  padBody,
  plain,
  requestKeyOf,
  requestTagOf,
  required,
  text,
  toMemberId,
  uint,
  unpadBody,
  utf8,
} from "@holdfast/wire"
import { contentLimits, KeeperKey } from "./content.ts"

const frameBytes = 4_096
/** Room for the frame's own overhead, the signature and the padding's head. */
const requestBytes = 3_840

const Unsigned = {
  version: required(1, uint(255)),
  guestKey: required(2, bytes({ length: 32 })),
  purpose: plain(3, uint(3), 0),
  member: required(4, bytes<MemberId>({ length: 16 })),
  name: plain(5, text(contentLimits.nameBytes), ""),
  salt: plain(6, bytes({ max: 16 }), new Uint8Array()),
  devicePublicKey: required(7, bytes({ length: 32 })),
  deviceProof: required(8, bytes({ length: 64 })),
  label: plain(9, text(contentLimits.labelBytes), ""),
  keeper: optional(10, nested(KeeperKey)),
}
const UnsignedJoinRequest = message("UnsignedJoinRequest", Unsigned)
const JoinRequestSchema = message("JoinRequest", {
  ...Unsigned,
  /** By the asking device, so that not even the inviter, who knows the guest key too, can put a keeper key beside it. */
  deviceSignature: required(14, bytes({ length: 64 })),
  /** By the guest key: whoever asks was invited. */
  signature: required(15, bytes({ length: 64 })),
})
export type JoinRequest = Of<typeof JoinRequestSchema>

export function requestIdOf(request: Uint8Array): Uint8Array {
  return labelledHash("holdfast/request/v1", request).slice(0, 16)
}

export function purposeOf(request: { readonly purpose: number }): InvitationPurpose {
  return invitationPurposes[request.purpose] ?? "member"
}

/** It brings a device for somebody who is a member already, and so no name. */
export function isForMember(purpose: InvitationPurpose): boolean {
  return purpose === "device" || purpose === "recovery"
}

function signingInput(org: OrgId, request: Of<typeof UnsignedJoinRequest>): Uint8Array<ArrayBuffer> {
  return concatBytes(utf8("holdfast/join-request/v1"), Uint8Array.of(0), org, encode(UnsignedJoinRequest, request))
}

export function guestSigner(secret: Uint8Array): Promise<Ed25519Signer> {
  return signerFromSeed(guestSeedOf(secret))
}

/** The request's bytes, signed by the asking device and with the invitation's guest key. */
export async function signJoinRequest(
  org: OrgId,
  secret: Uint8Array,
  device: Ed25519Signer,
  fields: Omit<JoinRequest, "version" | "guestKey" | "devicePublicKey" | "deviceSignature" | "signature">,
): Promise<Uint8Array<ArrayBuffer>> {
  const guest = await guestSigner(secret)
  const unsigned = { version: 1, guestKey: guest.publicKey, devicePublicKey: device.publicKey, ...fields }
  const input = signingInput(org, unsigned)
  const [deviceSignature, signature] = await Promise.all([device.sign(input), guest.sign(input)])
  return encode(JoinRequestSchema, { ...unsigned, deviceSignature, signature })
}

/** Strict; throws WireError. Nothing is verified. */
export function decodeJoinRequest(input: Uint8Array): JoinRequest {
  return decode(JoinRequestSchema, input, requestBytes)
}

/** Whether the invited signed it, the device agrees to be this member's, and a keeper key to be a keeper's (E5.4). */
export async function verifyJoinRequest(org: OrgId, request: JoinRequest): Promise<boolean> {
  const { signature, deviceSignature, ...unsigned } = request
  const input = signingInput(org, unsigned)
  const checks = [
    verifyEd25519(request.guestKey, input, signature),
    verifyEd25519(request.devicePublicKey, input, deviceSignature),
    verifyEd25519(
      request.devicePublicKey,
      admissionBytes(org, { device: request.member }, request.devicePublicKey),
      request.deviceProof,
    ),
  ]
  if (purposeOf(request) === "keeper") {
    const { keeper } = request
    if (keeper === undefined) return false
    const message = admissionBytes(org, { keeper: keeper.keeper as never }, keeper.publicKey)
    checks.push(verifyEd25519(keeper.publicKey, message, keeper.proof))
  }
  if (!isForMember(purposeOf(request)) && request.salt.length !== 16) return false
  return (await Promise.all(checks)).every((right) => right)
}

export function deviceEntryOf(request: JoinRequest): DeviceEntry {
  return {
    id: deviceIdOf(request.devicePublicKey),
    publicKey: request.devicePublicKey,
    proof: request.deviceProof,
  }
}

async function aesKey(requestKey: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new Uint8Array(requestKey), "AES-GCM", false, ["encrypt", "decrypt"])
}

/** One frame of 4,096 bytes that whoever knows the invitation's request key can find and open. */
export async function sealJoinRequest(
  secret: Uint8Array,
  attempt: number,
  request: Uint8Array,
  nonce: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const requestKey = requestKeyOf(secret)
  const tag = requestTagOf(requestKey, attempt)
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: new Uint8Array(nonce), additionalData: new Uint8Array(tag) },
    await aesKey(requestKey),
    padBody({ kind: "message", bytes: request }, frameBytes),
  )
  return encodeFrame({ tag, nonce, sealed: new Uint8Array(sealed) })
}

/** Undefined when the frame does not open under this key. */
export async function openJoinRequest(requestKey: Uint8Array, frame: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const { tag, nonce, sealed } = decodeFrame(frame)
    const padded = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: new Uint8Array(nonce), additionalData: new Uint8Array(tag) },
      await aesKey(requestKey),
      new Uint8Array(sealed),
    )
    return unpadBody(new Uint8Array(padded)).bytes.slice()
  } catch {
    return undefined
  }
}

const readAloud = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/**
 * Twelve characters over the asking device's key, for the asker to read to a keeper. 60 bits: whoever intercepts an
 * invitation cannot search for a key with the same code in time (E5.5).
 */
export function joinCodeOf(org: OrgId, devicePublicKey: Uint8Array): string {
  const hash = labelledHash("holdfast/join-code/v1", org, devicePublicKey)
  let bits = 0n
  for (const byte of hash.subarray(0, 8)) bits = (bits << 8n) | BigInt(byte)
  let code = ""
  for (let i = 0; i < 12; i++) code += readAloud.charAt(Number((bits >> BigInt(59 - 5 * i)) & 31n))
  return `${code.slice(0, 4)} ${code.slice(4, 8)} ${code.slice(8)}`
}

/**
 * The secret of an invitation for a member's device begins with that member's id, because the new device has to sign whose it
 * is before it can ask anyone; the other 16 bytes are random (E5.1, E5.19).
 */
export function deviceInvitationSecret(member: MemberId, random: Uint8Array): Uint8Array {
  return concatBytes(member, random.subarray(0, 16))
}

export function memberOfDeviceInvitation(secret: Uint8Array): MemberId {
  return toMemberId(secret.slice(0, 16))
}

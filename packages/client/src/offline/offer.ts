// What somebody with a key file hands to the keepers so that the key can get a seat (E9.1, E9.2).
import { admissionBytes, keeperKeyCode as codeOfKey } from "@holdfast/charter"
import { type Ed25519Signer, verifyEd25519 } from "@holdfast/log"
import {
  base64url,
  concatBytes,
  fromBase64url,
  type KeeperId,
  type OrgId,
  toKeeperId,
  toOrgId,
  WireError,
} from "@holdfast/wire"
import { ClientError } from "../error.ts"

/** A key that agrees to be this keeper's in this organisation. */
export interface KeeperOffer {
  readonly org: OrgId
  readonly keeper: KeeperId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** The key's signature over its admission (C2.3). */
  readonly proof: Uint8Array
}

const prefix = "hfk1"
const parts = { org: 32, keeper: 48, publicKey: 80, proof: 144 } as const

/** `keeper`: 16 random bytes, new for every key. (E9.1) */
export async function makeKeeperOffer(org: OrgId, keeper: KeeperId, key: Ed25519Signer): Promise<KeeperOffer> {
  const proof = await key.sign(admissionBytes(org, { keeper }, key.publicKey))
  return { org, keeper, publicKey: key.publicKey, proof }
}

/** 196 characters without white space. (E9.1) */
export function formatKeeperOffer({ org, keeper, publicKey, proof }: KeeperOffer): string {
  return `${prefix}${base64url(concatBytes(org, keeper, publicKey, proof))}`
}

/** Throws ClientError `malformed` for anything but the one form. The proof is not checked: see `isRightOffer`. (E9.1) */
export function parseKeeperOffer(text: string): KeeperOffer {
  const bytes = offerBytes(text.trim())
  return {
    org: toOrgId(bytes.slice(0, parts.org)),
    keeper: toKeeperId(bytes.slice(parts.org, parts.keeper)),
    publicKey: bytes.slice(parts.keeper, parts.publicKey),
    proof: bytes.slice(parts.publicKey),
  }
}

function offerBytes(text: string): Uint8Array {
  const refuse = (cause?: unknown) =>
    new ClientError("malformed", "This is not the offer of a keeper's key.", { cause })
  if (!text.startsWith(prefix) || text.length !== prefix.length + (parts.proof * 4) / 3) throw refuse()
  try {
    return fromBase64url(text.slice(prefix.length), "offer")
  } catch (error) {
    if (error instanceof WireError) throw refuse(error)
    throw error
  }
}

/** Whether the key agrees to it, for this organisation. (E9.2) */
export async function isRightOffer(org: OrgId, { keeper, publicKey, proof }: KeeperOffer): Promise<boolean> {
  return verifyEd25519(publicKey, admissionBytes(org, { keeper }, publicKey), proof)
}

/** What people compare: the same on the machine with the key file and beside the seat. (E9.2) */
export function keeperKeyCode(publicKey: Uint8Array): string {
  return codeOfKey({ publicKey })
}

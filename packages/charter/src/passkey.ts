import { sha256 } from "@noble/hashes/sha2.js"
import { maxAuthenticatorDataBytes } from "./authenticator-data.ts"
import { decodeCbor, encodeCbor } from "./cbor.ts"
import { maxClientDataBytes } from "./client-data.ts"
import { bytesOf, listOf } from "./shape.ts"
import type { Assertion } from "./webauthn.ts"

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
const rpIdForm = new RegExp(`^(?:${label}\\.)+localhost$`)
const originForm = new RegExp(`^http://((?:${label}\\.)+localhost):([1-9][0-9]{0,4})$`)
const maxNameLength = 64
const maxOriginLength = 256

/**
 * Whether a passkey with this RP ID and origin belongs to a program on the keeper's own computer: the RP ID is a name under
 * ".localhost", and the origin is http, that name or one under it, and a port. No page of a server can ask for its
 * signature, whatever the server's name. (C9.10)
 */
export function isLocalPasskey(rpId: string, origin: string): boolean {
  if (rpId.length > maxNameLength || origin.length > maxOriginLength) return false
  const [, name = "", port = ""] = originForm.exec(origin) ?? []
  // browsers leave the port of http away, so that an origin with it never comes
  const isPort = port !== "" && port !== "80" && Number(port) <= 65_535
  const isName = name === rpId || name.endsWith(`.${rpId}`)
  return rpIdForm.test(rpId) && isName && isPort
}

/** The challenge under which a new passkey signs its `admissionBytes`. (C9.11) */
export function admissionChallenge(admissionBytes: Uint8Array): Uint8Array {
  return sha256(admissionBytes)
}

const maxSignatureBytes = 256

/** A passkey's proof as the keeper's entry carries it: `[authenticatorData, clientDataJSON, signature]`. Throws `malformed`. (C9.11) */
export function encodePasskeyProof(assertion: Assertion): Uint8Array {
  const bytes = encodeCbor([assertion.authenticatorData, assertion.clientDataJson, assertion.signature])
  decodePasskeyProof(bytes)
  return bytes
}

/** Throws `malformed`. Nothing is verified: see `verifyAssertion`. (C9.11) */
export function decodePasskeyProof(bytes: Uint8Array): Assertion {
  const [authenticatorData, clientDataJson, signature] = listOf(
    decodeCbor(bytes),
    [3, 3],
    (part) => part,
    "passkey proof",
  )
  return {
    authenticatorData: bytesOf(authenticatorData, 37, maxAuthenticatorDataBytes, "passkey authenticator data"),
    clientDataJson: bytesOf(clientDataJson, 1, maxClientDataBytes, "passkey client data"),
    signature: bytesOf(signature, 8, maxSignatureBytes, "passkey signature"),
  }
}

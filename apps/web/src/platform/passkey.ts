// Passkeys of this computer, as keepers' keys. Only in a window: workers have no `navigator.credentials`.
import {
  type Assertion,
  CharterError,
  coseKeyFromSpki,
  decodeAuthenticatorData,
  isLocalPasskey,
  type PasskeyRecord,
} from "@holdfast/charter"
import { concatBytes, type KeeperId, type OrgId } from "@holdfast/wire"

/**
 * Why there is no passkey or no signature; the list is closed.
 *
 * - `cancelled`: the person said no, or the time ran out; browsers do not tell which, nor that no passkey fits
 * - `not_supported`: the browser, or the security key or phone that was used, cannot do what a keeper's passkey needs
 * - `wrong_name`: this page does not have the name that the passkey belongs to
 * - `failed`: anything else that the browser reports
 */
export type PasskeyCode = "cancelled" | "not_supported" | "wrong_name" | "failed"

const sentences: Readonly<Record<PasskeyCode, string>> = {
  cancelled: "Nothing was signed: the request was cancelled, ran out of time, or no passkey here fits.",
  not_supported:
    "This browser or security key cannot make the kind of passkey that keepers need: one that asks for a PIN, a finger or a face.",
  wrong_name: "Passkeys of keepers work only on the address of the Holdfast program on this computer.",
  failed: "The browser could not use the passkey. Try again.",
}

/** `message` is a sentence for people. */
export class PasskeyError extends Error {
  override readonly name = "PasskeyError"
  readonly code: PasskeyCode

  constructor(code: PasskeyCode, options?: ErrorOptions) {
    super(sentences[code], options)
    this.code = code
  }
}

/** Whether this window can make and use keepers' passkeys: the browser knows them, and the page has a local name. (C9.10) */
export function canUsePasskeys(): boolean {
  return "PublicKeyCredential" in globalThis && "credentials" in navigator && isLocalPage()
}

function isLocalPage(): boolean {
  return isLocalPasskey(location.hostname, location.origin)
}

export interface NewPasskey extends PasskeyRecord {
  /** Whoever signs has to say which one is meant; it stays with the keeper and is in no record. */
  readonly credentialId: Uint8Array
}

/**
 * Asks the person for a new passkey, bound to this page's name. No attestation, because it would prove no more than a maker's name
 * (C9.12). A later call with the same organisation and keeper replaces the passkey where the authenticator keeps it. The new
 * passkey has proved nothing yet: let it sign its `admissionChallenge` next. Throws `PasskeyError`.
 */
export async function createPasskey(wanted: {
  /** As the person will see it in the browser's own list. */
  readonly name: string
  readonly keeperId: KeeperId
  /** `noOrg` while the organisation is being founded. */
  readonly org: OrgId
}): Promise<NewPasskey> {
  if (!canUsePasskeys()) throw new PasskeyError(isLocalPage() ? "not_supported" : "wrong_name")
  const options: PublicKeyCredentialCreationOptions = {
    rp: { id: location.hostname, name: "Holdfast" },
    user: { id: concatBytes(wanted.org, wanted.keeperId), name: wanted.name, displayName: wanted.name },
    // nobody reads it: without attestation a registration proves nothing
    challenge: crypto.getRandomValues(new Uint8Array(32)),
    pubKeyCredParams: [
      { type: "public-key", alg: -8 },
      { type: "public-key", alg: -7 },
    ],
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    attestation: "none",
    timeout: patienceMillis,
  }
  const { credential, response } = await asked(() => navigator.credentials.create({ publicKey: options }))
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new PasskeyError("failed")
  const spki = response.getPublicKey()
  if (spki === null) throw new PasskeyError("not_supported")
  const { publicKey, authenticator } = shaped(() => ({
    publicKey: coseKeyFromSpki(new Uint8Array(spki)),
    authenticator: decodeAuthenticatorData(new Uint8Array(response.getAuthenticatorData()), maxRegistrationBytes),
  }))
  if (!authenticator.userVerified) throw new PasskeyError("not_supported")
  return {
    credentialId: new Uint8Array(credential.rawId),
    publicKey,
    rpId: location.hostname,
    origin: location.origin,
    backupEligible: authenticator.backupEligible,
  }
}

/**
 * Asks the person to sign 32 bytes with one of these passkeys. The browser's dialogue shows the name only, never what is
 * signed: show that first (C9.12). The signature is not verified here; see `verifyAssertion`. Throws `PasskeyError`.
 */
export async function signWithPasskey(
  challenge: Uint8Array,
  passkey: { readonly rpId: string; readonly credentialIds: readonly Uint8Array[] },
): Promise<Assertion & { readonly credentialId: Uint8Array }> {
  const { rpId, credentialIds } = passkey
  if (!isLocalPasskey(rpId, location.origin)) throw new PasskeyError("wrong_name")
  if (!canUsePasskeys()) throw new PasskeyError("not_supported")
  const options: PublicKeyCredentialRequestOptions = {
    challenge: new Uint8Array(challenge),
    rpId,
    allowCredentials: credentialIds.map((id) => ({ type: "public-key", id: new Uint8Array(id) })),
    userVerification: "required",
    timeout: patienceMillis,
  }
  const { credential, response } = await asked(() => navigator.credentials.get({ publicKey: options }))
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new PasskeyError("failed")
  return {
    credentialId: new Uint8Array(credential.rawId),
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientDataJson: new Uint8Array(response.clientDataJSON),
    signature: new Uint8Array(response.signature),
  }
}

const patienceMillis = 300_000
/** A registration names the new credential, whose id may have 1,023 bytes. */
const maxRegistrationBytes = 4_096

async function asked(
  ask: () => Promise<Credential | null>,
): Promise<{ readonly credential: PublicKeyCredential; readonly response: AuthenticatorResponse }> {
  let credential: Credential | null
  try {
    credential = await ask()
  } catch (cause) {
    throw new PasskeyError(codeOf(cause), { cause })
  }
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyError("failed")
  return { credential, response: credential.response }
}

function codeOf(cause: unknown): PasskeyCode {
  switch (cause instanceof DOMException ? cause.name : "") {
    case "NotAllowedError":
    case "AbortError":
      return "cancelled"
    case "NotSupportedError":
    case "ConstraintError":
      return "not_supported"
    case "SecurityError":
      return "wrong_name"
    default:
      return "failed"
  }
}

/** An authenticator that gives another form of key than it was asked for. */
function shaped<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof CharterError) throw new PasskeyError("not_supported", { cause })
    throw cause
  }
}

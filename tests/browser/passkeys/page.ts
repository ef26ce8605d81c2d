// In the page: the product's own way to passkeys and the verifier. Bytes go in and come out as hex.
import { type AssertionFault, judgeAssertion } from "@holdfast/charter"
import { fromHex, hex, toKeeperId, toOrgId } from "@holdfast/wire"
import { canUsePasskeys, createPasskey, PasskeyError, signWithPasskey } from "../../../apps/web/src/platform/passkey.ts"

export interface HexPasskey {
  readonly credentialId: string
  readonly publicKey: string
  readonly rpId: string
  readonly origin: string
  readonly backupEligible: boolean
}
export interface HexAssertion {
  readonly authenticatorData: string
  readonly clientDataJson: string
  readonly signature: string
}
export type Refused = { readonly refused: string; readonly sentence: string }

async function orRefused<T>(work: () => Promise<T>): Promise<T | Refused> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PasskeyError) return { refused: error.code, sentence: error.message }
    throw error
  }
}

/** `algorithm`: the only one that the authenticator is asked for, as if it knew no other. */
async function create(algorithm?: number): Promise<HexPasskey | Refused> {
  const { credentials } = navigator
  const real = credentials.create.bind(credentials)
  credentials.create = (options) => {
    const { publicKey } = options as { publicKey: PublicKeyCredentialCreationOptions }
    const pubKeyCredParams = publicKey.pubKeyCredParams.filter(({ alg }) => alg === (algorithm ?? alg))
    return real({ publicKey: { ...publicKey, pubKeyCredParams } })
  }
  const org = toOrgId(new Uint8Array(32).fill(1))
  const keeperId = toKeeperId(crypto.getRandomValues(new Uint8Array(16)))
  const made = await orRefused(() => createPasskey({ name: "Ada", keeperId, org }))
  credentials.create = real
  if ("refused" in made) return made
  return { ...made, credentialId: hex(made.credentialId), publicKey: hex(made.publicKey) }
}

async function sign(challenge: string, rpId: string, credentialId: string): Promise<HexAssertion | Refused> {
  const made = await orRefused(() =>
    signWithPasskey(fromHex(challenge), { rpId, credentialIds: [fromHex(credentialId)] }),
  )
  if ("refused" in made) return made
  return hexOf(made.authenticatorData, made.clientDataJson, made.signature)
}

/** What a page that is not ours would do: ask without user verification, under any name. */
async function signAnyhow(challenge: string, rpId: string, credentialId: string): Promise<HexAssertion> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    challenge: fromHex(challenge),
    rpId,
    allowCredentials: [{ type: "public-key", id: fromHex(credentialId) }],
    userVerification: "discouraged",
  }
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAssertionResponse
  return hexOf(
    new Uint8Array(response.authenticatorData),
    new Uint8Array(response.clientDataJSON),
    new Uint8Array(response.signature),
  )
}

function hexOf(authenticatorData: Uint8Array, clientDataJson: Uint8Array, signature: Uint8Array): HexAssertion {
  return { authenticatorData: hex(authenticatorData), clientDataJson: hex(clientDataJson), signature: hex(signature) }
}

/** The verifier's answer on this platform. */
export async function judge(
  assertion: HexAssertion,
  passkey: HexPasskey,
  challenge: string,
): Promise<AssertionFault | "right"> {
  const fault = await judgeAssertion(
    {
      authenticatorData: fromHex(assertion.authenticatorData),
      clientDataJson: fromHex(assertion.clientDataJson),
      signature: fromHex(assertion.signature),
    },
    { ...passkey, publicKey: fromHex(passkey.publicKey) },
    fromHex(challenge),
  )
  return fault ?? "right"
}

export const passkeys = { canUsePasskeys, create, sign, signAnyhow, judge }
Object.assign(globalThis, { passkeys })

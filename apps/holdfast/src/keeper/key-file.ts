// A keeper's key on a machine that is never online (K1).
import { randomBytes } from "node:crypto"
import { decodeBase64, type Ed25519Signer, encodeBase64, signerFromSeed } from "@holdfast/log"
import {
  equalBytes,
  fromHex,
  fromUtf8,
  hex,
  type KeeperId,
  type OrgId,
  toKeeperId,
  toOrgId,
  utf8,
  WireError,
} from "@holdfast/wire"
import { type StretchCost, stretch } from "../node/stretch.ts"
import { CommandError } from "../terminal/command-error.ts"

/** Everything of a key but what only the passphrase opens. */
export interface KeyFile {
  readonly keeper: KeeperId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** The only organisation that this key signs for; set once, by the first offer. */
  readonly organisation: OrgId | undefined
  readonly secret: LockedSeed | OpenSeed
}
/** AES-256-GCM under a passphrase stretched with Argon2id; everything else in the file is associated data. */
export interface LockedSeed extends StretchCost {
  readonly kind: "locked"
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}
export interface OpenSeed {
  readonly kind: "open"
  readonly seed: Uint8Array
}

export const minimumPassphraseCharacters = 8
/** RFC 9106 section 4, second recommended option. */
const cost: StretchCost = { memoryKiB: 65_536, passes: 3, lanes: 4 }
const format = "keeper-key/v1"
const maxFileBytes = 4_096

/** A new key of a new keeper. Without a passphrase its seed stands in the file as it is. Throws CommandError for a short one. (K1.1) */
export async function makeKeyFile(passphrase: string | undefined): Promise<KeyFile> {
  const seed = new Uint8Array(randomBytes(32))
  const { publicKey } = await signerFromSeed(seed)
  const about = { keeper: toKeeperId(new Uint8Array(randomBytes(16))), publicKey, organisation: undefined }
  return withSeed(about, seed, passphrase)
}

/** The same key, for this organisation only from now on. (K1.2) */
export function bindKeyFile(
  { keeper, publicKey }: KeyFile,
  organisation: OrgId,
  opened: OpenedKey,
  passphrase: string | undefined,
): Promise<KeyFile> {
  return withSeed({ keeper, publicKey, organisation }, opened.seed, passphrase)
}

type About = Omit<KeyFile, "secret">

async function withSeed(about: About, seed: Uint8Array, passphrase: string | undefined): Promise<KeyFile> {
  if (passphrase === undefined) return { ...about, secret: { kind: "open", seed } }
  if ([...passphrase].length < minimumPassphraseCharacters) {
    throw new CommandError(`A passphrase needs at least ${minimumPassphraseCharacters} characters.`)
  }
  const salt = new Uint8Array(randomBytes(16))
  const nonce = new Uint8Array(randomBytes(12))
  const key = await wrappingKey(passphrase, salt, cost)
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: binding(about) },
    key,
    copy(seed),
  )
  return { ...about, secret: { kind: "locked", ...cost, salt, nonce, sealed: new Uint8Array(sealed) } }
}

export interface OpenedKey {
  readonly seed: Uint8Array
  readonly signer: Ed25519Signer
}

/**
 * The key itself. Throws CommandError: the passphrase is wrong, or somebody has changed the file, such as the organisation
 * that the key is bound to. (K1.3)
 */
export async function openKeyFile(file: KeyFile, passphrase: () => Promise<string>): Promise<OpenedKey> {
  const seed = file.secret.kind === "open" ? file.secret.seed : await unlocked(file, file.secret, await passphrase())
  const signer = await signerFromSeed(seed)
  if (!equalBytes(signer.publicKey, file.publicKey)) throw damaged()
  return { seed, signer }
}

async function unlocked(about: About, secret: LockedSeed, passphrase: string): Promise<Uint8Array> {
  const key = await wrappingKey(passphrase, secret.salt, secret)
  const how = { name: "AES-GCM", iv: copy(secret.nonce), additionalData: binding(about) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, copy(secret.sealed)))
  } catch (cause) {
    throw new CommandError(
      "That passphrase does not open this key file, or the file was changed. Nothing was signed.",
      {
        cause,
      },
    )
  }
}

async function wrappingKey(passphrase: string, salt: Uint8Array, { memoryKiB, passes, lanes }: StretchCost) {
  // the same passphrase typed on another keyboard may arrive decomposed
  const stretched = await stretch(passphrase.normalize("NFC"), salt, { memoryKiB, passes, lanes })
  return crypto.subtle.importKey("raw", copy(stretched), "AES-GCM", false, ["encrypt", "decrypt"])
}

/** Whoever changes what stands in clear makes the file one that does not open. */
function binding({ keeper, publicKey, organisation }: About): Uint8Array<ArrayBuffer> {
  return copy(utf8(JSON.stringify([format, hex(keeper), hex(publicKey), organisation ? hex(organisation) : ""])))
}

const copy = (bytes: Uint8Array) => new Uint8Array(bytes)

/** One line of JSON and a line feed. (K1.1) */
export function encodeKeyFile({ keeper, publicKey, organisation, secret }: KeyFile): Uint8Array {
  const about = {
    holdfast: format,
    keeper: hex(keeper),
    publicKey: hex(publicKey),
    organisation: organisation === undefined ? "" : hex(organisation),
  }
  const rest =
    secret.kind === "open"
      ? { seed: hex(secret.seed) }
      : {
          memoryKiB: secret.memoryKiB,
          passes: secret.passes,
          lanes: secret.lanes,
          salt: hex(secret.salt),
          nonce: hex(secret.nonce),
          sealed: encodeBase64(secret.sealed),
        }
  return utf8(`${JSON.stringify({ ...about, ...rest })}\n`)
}

/** Reads the one form that `encodeKeyFile` gives. Throws CommandError. (K1.1) */
export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  if (bytes.length > maxFileBytes) throw damaged()
  try {
    const text = fromUtf8(bytes)
    const file = readKeyFile(JSON.parse(text))
    if (fromUtf8(encodeKeyFile(file)) === text) return file
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw damaged(cause)
  }
  throw damaged()
}

type Field =
  | "holdfast"
  | "keeper"
  | "publicKey"
  | "organisation"
  | "seed"
  | "memoryKiB"
  | "passes"
  | "lanes"
  | "salt"
  | "nonce"
  | "sealed"

function readKeyFile(json: { readonly [name in Field]?: unknown }): KeyFile {
  if (json.holdfast !== format) throw new WireError("malformed", "format")
  const organisation = hexField(json.organisation, [0, 32])
  return {
    keeper: toKeeperId(hexField(json.keeper, [16])),
    publicKey: hexField(json.publicKey, [32]),
    organisation: organisation.length === 0 ? undefined : toOrgId(organisation),
    secret:
      "seed" in json
        ? { kind: "open", seed: hexField(json.seed, [32]) }
        : {
            kind: "locked",
            memoryKiB: countField(json.memoryKiB, 1_048_576),
            passes: countField(json.passes, 16),
            lanes: countField(json.lanes, 16),
            salt: hexField(json.salt, [16]),
            nonce: hexField(json.nonce, [12]),
            sealed: decodeBase64(String(json.sealed)),
          },
  }
}

function hexField(value: unknown, lengths: readonly number[]): Uint8Array {
  const bytes = fromHex(String(value))
  if (!lengths.includes(bytes.length)) throw new WireError("malformed", "length")
  return bytes
}

function countField(value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > max) {
    throw new WireError("malformed", "cost")
  }
  return value
}

function damaged(cause?: unknown): CommandError {
  return new CommandError("That is no key file made by holdfast keeper new, or it is damaged.", { cause })
}

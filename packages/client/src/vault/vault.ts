import { hex, labelledHash, utf8 } from "@holdfast/wire"
import { ClientError } from "../error.ts"
import type { ClientPorts } from "../ports.ts"
import { decodeVaultFile, encodeVaultFile, type PassphraseWrap } from "./vault-file.ts"

/** RFC 9106 section 4, second recommended option. Stored with every wrap, so that it can rise (E2.2). */
const cost = { memoryKiB: 65_536, passes: 3, lanes: 4 } as const
/** Shorter passphrases are refused when they are chosen, never when they are typed (E2.3). */
export const minimumPassphraseCharacters = 8

export interface Vault {
  /** 32 hex characters; also the name of the database and of the chunk store. */
  readonly id: string
  /** 32 bytes: the key of the encrypted database. Only ever in memory. */
  readonly key: Uint8Array
}

type VaultPorts = Pick<ClientPorts, "files" | "randomBytes" | "stretch">

const suffix = ".vault"

/** The wrap belongs to one vault id, so files cannot be exchanged under each other's names. */
function binding(id: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(utf8(`holdfast/vault/v1\0${id}`))
}

async function wrappingKey(
  ports: VaultPorts,
  passphrase: string,
  wrap: Pick<PassphraseWrap, "salt" | "memoryKiB" | "passes" | "lanes">,
): Promise<CryptoKey> {
  // the same passphrase typed on another keyboard may arrive decomposed
  const stretched = await ports.stretch(passphrase.normalize("NFC"), wrap.salt, wrap)
  return crypto.subtle.importKey("raw", new Uint8Array(stretched), "AES-GCM", false, ["encrypt", "decrypt"])
}

function databaseKeyOf(dataKey: Uint8Array): Uint8Array {
  return labelledHash("holdfast/vault/database/v1", dataKey)
}

async function wrapUnder(
  ports: VaultPorts,
  id: string,
  dataKey: Uint8Array,
  passphrase: string,
): Promise<PassphraseWrap> {
  if ([...passphrase].length < minimumPassphraseCharacters) {
    throw new ClientError("malformed", `A passphrase needs at least ${minimumPassphraseCharacters} characters.`)
  }
  const salt = ports.randomBytes(16)
  const nonce = ports.randomBytes(12)
  const key = await wrappingKey(ports, passphrase, { salt, ...cost })
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: new Uint8Array(nonce), additionalData: binding(id) },
    key,
    new Uint8Array(dataKey),
  )
  return { salt, ...cost, nonce, sealed: new Uint8Array(sealed) }
}

async function unwrap(ports: VaultPorts, id: string, passphrase: string): Promise<Uint8Array> {
  const bytes = await ports.files.read(id + suffix)
  if (bytes === null) throw new ClientError("not_found", "There is no such organisation on this device.")
  for (const wrap of decodeVaultFile(bytes).wraps) {
    const key = await wrappingKey(ports, passphrase, wrap)
    try {
      const opened = await crypto.subtle.decrypt(
        { name: "AES-GCM", iv: new Uint8Array(wrap.nonce), additionalData: binding(id) },
        key,
        new Uint8Array(wrap.sealed),
      )
      return new Uint8Array(opened)
    } catch {
      // not this wrap; AES-GCM says no more than that
    }
  }
  throw new ClientError(
    "wrong_passphrase",
    "That passphrase does not open this organisation. Nothing was changed; try again.",
  )
}

/** Makes a new data key, wraps it under the passphrase and stores the wrap durably. Throws `malformed` for a short passphrase. */
export async function createVault(ports: VaultPorts, passphrase: string): Promise<Vault> {
  const id = hex(ports.randomBytes(16))
  const dataKey = ports.randomBytes(32)
  const wrap = await wrapUnder(ports, id, dataKey, passphrase)
  await ports.files.write(id + suffix, encodeVaultFile({ version: 1, wraps: [wrap] }))
  return { id, key: databaseKeyOf(dataKey) }
}

/** Throws `wrong_passphrase`, `damaged_store`, `newer_store`, `not_found`. Changes nothing. */
export async function openVault(ports: VaultPorts, id: string, passphrase: string): Promise<Vault> {
  return { id, key: databaseKeyOf(await unwrap(ports, id, passphrase)) }
}

/** Ids of the vaults on this device, in no particular order. */
export async function listVaultIds(ports: Pick<ClientPorts, "files">): Promise<readonly string[]> {
  const names = await ports.files.list()
  return names.filter((name) => /^[0-9a-f]{32}\.vault$/.test(name)).map((name) => name.slice(0, 32))
}

/** Forgets the wrapped key: without it the database is noise. */
export async function removeVaultFile(ports: Pick<ClientPorts, "files">, id: string): Promise<void> {
  await ports.files.remove(id + suffix)
}

/** The database keeps its key; only the way to it changes. Throws as `openVault`, and `malformed` for a short new passphrase. */
export async function changePassphrase(ports: VaultPorts, id: string, before: string, after: string): Promise<void> {
  const dataKey = await unwrap(ports, id, before)
  const wrap = await wrapUnder(ports, id, dataKey, after)
  await ports.files.write(id + suffix, encodeVaultFile({ version: 1, wraps: [wrap] }))
}

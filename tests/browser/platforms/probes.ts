// The same questions to every platform: loaded by Node, and bundled into a page. Bytes go in and come out as hex, so that
// answers can cross between them.
import { verifyEd25519 } from "@holdfast/log"
import {
  commit,
  createGroup,
  defaultSuiteName,
  encrypt,
  epochAuthenticator,
  exporter,
  type Group,
  generateDeviceKeys,
  join,
  type KeyPackagePair,
  makeKeyPackage,
  makeProvider,
  members,
  receive,
} from "@holdfast/mls"
import { hex, toConversationId, toDeviceId, toMemberId } from "@holdfast/wire"

export type Hex = string
export type Backing = "platform" | "noble"

const text = new TextEncoder()
const bytes = (value: Hex) => Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

function suite(backing: Backing) {
  return makeProvider(backing).getCiphersuiteImpl({ name: defaultSuiteName } as never)
}

// ---- Ed25519 ----

export interface SignatureCase {
  readonly number: number
  readonly key: Hex
  readonly sig: Hex
  readonly msg: string
}

/** The numbers of those that verify. */
export async function accepted(cases: readonly SignatureCase[]): Promise<readonly number[]> {
  const numbers: number[] = []
  for (const each of cases) {
    if (await verifyEd25519(bytes(each.key), text.encode(each.msg), bytes(each.sig))) numbers.push(each.number)
  }
  return numbers
}

/** The numbers of those that the cipher suite's own check accepts, which groups use. */
export async function acceptedInGroups(cases: readonly SignatureCase[], backing: Backing): Promise<readonly number[]> {
  const { signature } = await suite(backing)
  const numbers: number[] = []
  for (const each of cases) {
    const isFine = await signature.verify(bytes(each.key), text.encode(each.msg), bytes(each.sig)).catch(() => false)
    if (isFine) numbers.push(each.number)
  }
  return numbers
}

// ---- the cipher suite ----

export interface Derived {
  readonly publicKey: Hex
  readonly privateKey: Hex
  readonly extracted: Hex
  readonly expanded: Hex
  readonly mac: Hex
  readonly hash: Hex
  readonly sealed: Hex
  readonly signed: Hex
}

/** Everything of the suite that has one right answer. */
export async function derive(seed: Hex, backing: Backing): Promise<Derived> {
  const { hpke, kdf, hash, signature } = await suite(backing)
  const ikm = bytes(seed)
  const pair = await hpke.deriveKeyPair(ikm)
  const prk = await kdf.extract(text.encode("salt"), ikm)
  return {
    publicKey: hex(await hpke.exportPublicKey(pair.publicKey)),
    privateKey: hex(await hpke.exportPrivateKey(pair.privateKey)),
    extracted: hex(prk),
    expanded: hex(await kdf.expand(prk, text.encode("info"), 100)),
    mac: hex(await hash.mac(ikm, text.encode("message"))),
    hash: hex(await hash.digest(ikm)),
    sealed: hex(await hpke.encryptAead(ikm, ikm.slice(0, 12), text.encode("beside"), text.encode("a message"))),
    signed: hex(await signature.sign(ikm, text.encode("a statement"))),
  }
}

export interface Sealed {
  readonly enc: Hex
  readonly ct: Hex
  /** Exported from the same encapsulation's like; the other side has to find the same. */
  readonly exportEnc: Hex
  readonly secret: Hex
}

/** X-Wing encapsulation to a public key. */
export async function seal(publicKey: Hex, words: string, backing: Backing): Promise<Sealed> {
  const { hpke } = await suite(backing)
  const key = await hpke.importPublicKey(bytes(publicKey))
  const { enc, ct } = await hpke.seal(key, text.encode(words), text.encode("info"), text.encode("beside"))
  const exported = await hpke.exportSecret(key, text.encode("context"), 48, text.encode("info"))
  return { enc: hex(enc), ct: hex(ct), exportEnc: hex(exported.enc), secret: hex(exported.secret) }
}

/** X-Wing decapsulation of what `seal` gave. */
export async function open(
  privateKey: Hex,
  sealed: Sealed,
  backing: Backing,
): Promise<{ words: string; secret: Hex; opened: Hex }> {
  const { hpke } = await suite(backing)
  const key = await hpke.importPrivateKey(bytes(privateKey))
  const opened = await hpke.open(key, bytes(sealed.enc), bytes(sealed.ct), text.encode("info"), text.encode("beside"))
  const secret = await hpke.importSecret(key, text.encode("context"), bytes(sealed.exportEnc), 48, text.encode("info"))
  return { words: new TextDecoder().decode(opened), secret: hex(secret), opened: hex(opened) }
}

// ---- one group on two platforms ----

const roster = { admits: () => true }
const now = 1_800_000_000
let pair: KeyPackagePair | undefined
let group: Group | undefined

function ourGroup(): Group {
  if (group === undefined) throw new Error("no group here")
  return group
}

async function device(name: string) {
  const id = new Uint8Array(16)
  id.set(text.encode(name).subarray(0, 16))
  const identity = { member: toMemberId(id), device: toDeviceId(id.slice().reverse()) }
  return { ...(await generateDeviceKeys()), identity }
}

/** A key package whose private half stays on this platform. */
export async function offerKeyPackage(name: string): Promise<Hex> {
  pair = await makeKeyPackage(await device(name), { lifetime: { notBefore: now - 60, notAfter: now + 60 } })
  return hex(pair.publicBytes)
}

/** Founds a group and adds whoever offered this key package. Gives the welcome. */
export async function foundGroup(name: string, keyPackage: Hex): Promise<Hex> {
  const id = toConversationId(crypto.getRandomValues(new Uint8Array(32)))
  const alone = await createGroup({ id, binding: text.encode("an organisation"), device: await device(name) })
  const made = await commit(alone, { roster, now, add: [bytes(keyPackage)] })
  group = made.pending
  if (made.welcome === undefined) throw new Error("no welcome")
  return hex(made.welcome)
}

export async function enter(welcome: Hex): Promise<void> {
  if (pair === undefined) throw new Error("no key package here")
  group = (await join(bytes(welcome), pair, { roster })).group
}

/** A commit with fresh keys, adopted here. */
export async function rekey(): Promise<Hex> {
  const made = await commit(ourGroup(), { roster, now })
  group = made.pending
  return hex(made.message)
}

export async function write(words: string): Promise<Hex> {
  const made = await encrypt(ourGroup(), text.encode(words))
  group = made.group
  return hex(made.message)
}

/** What came of a message: the words, or the kind of thing it was. */
export async function take(message: Hex): Promise<string> {
  const got = await receive(ourGroup(), bytes(message), { roster })
  if (got.kind !== "application" && got.kind !== "advanced") return got.kind === "ignored" ? got.why : got.kind
  group = got.group
  return got.kind === "application" ? new TextDecoder().decode(got.plaintext) : got.kind
}

/** What all members of an epoch have to agree on. */
export async function state(): Promise<{ authenticator: Hex; exported: Hex; members: readonly string[] }> {
  return {
    authenticator: hex(epochAuthenticator(ourGroup())),
    exported: hex(await exporter(ourGroup(), "test", text.encode("context"), 64)),
    members: members(ourGroup()).map((member) => `${member.leaf} ${hex(member.identity.device)}`),
  }
}

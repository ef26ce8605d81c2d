// Groups of 2 to 1,000 with our code and provider, and the same work with ts-mls and its default provider in the same
// run. Both sides use the same key packages: the two providers are byte-compatible.

import { toConversationId, toDeviceId, toMemberId } from "@holdfast/wire"
import {
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup as createPeerGroup,
  defaultCryptoProvider,
  emptyPskIndex,
  getCiphersuiteFromName,
  joinGroup as joinPeerGroup,
  type KeyPackage,
  type PrivateKeyPackage,
  processPrivateMessage,
} from "ts-mls"
import {
  type Committed,
  commit,
  createGroup,
  defaultSuiteName,
  encrypt,
  type Group,
  generateDeviceKeys,
  join,
  type KeyPackagePair,
  makeKeyPackage,
  type Roster,
  receive,
} from "../src/index.ts"
import { decodeKeyPackageMessage, decodeSecrets } from "../src/key-package.ts"

export interface MlsFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same work with ts-mls and its default provider, same unit, same run. */
  readonly peer: number | null
  /** Above 1: we are faster. */
  readonly ratio: number | null
  readonly goal: string | null
  readonly met: boolean | null
}

const now = 1_800_000_000
const lifetime = { notBefore: 0, notAfter: now * 2 }
const roster: Roster = { admits: () => true }
const plaintext = new TextEncoder().encode("a line of a conversation, as long as most of them are. ".repeat(4))
const binding = new Uint8Array(32)

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/** Median milliseconds of one call; the first is thrown away when there is more than one. */
async function millis(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = rounds > 1 ? -1 : 0; i < rounds; i++) {
    const from = performance.now()
    await work()
    if (i >= 0) times.push(performance.now() - from)
  }
  return median(times)
}

async function newDevice(n: number) {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, n + 1)
  return { ...(await generateDeviceKeys()), identity: { member: toMemberId(id), device: toDeviceId(id.slice()) } }
}

function figure(name: string, unit: "µs" | "ms", ours: number, peer: number, atLeast?: number): MlsFigure {
  const scale = unit === "µs" ? 1000 : 1
  const ratio = peer / ours
  return {
    name,
    value: ours * scale,
    unit,
    peer: peer * scale,
    ratio,
    goal: atLeast === undefined ? null : `>= ${atLeast} x`,
    met: atLeast === undefined ? null : ratio >= atLeast,
  }
}

interface Times {
  readonly create: number
  readonly join: number
  readonly commit: number
  readonly apply: number
  readonly encrypt: number
  readonly decrypt: number
}

async function timeOurs(pairs: readonly KeyPackagePair[], heavy: number, light: number): Promise<Times> {
  const founder = await newDevice(0)
  const id = toConversationId(crypto.getRandomValues(new Uint8Array(32)))
  const add = pairs.slice(1).map((pair) => pair.publicBytes)
  let made: Committed | undefined
  const create = await millis(heavy, async () => {
    made = await commit(await createGroup({ id, binding, device: founder }), { roster, now, add })
  })
  const { pending, welcome, welcomeTree } = made as Committed
  const joiner = pairs[1] as KeyPackagePair
  let member: Group | undefined
  const joining = await millis(heavy, async () => {
    const tree = welcomeTree === undefined ? {} : { tree: welcomeTree }
    member = (await join(welcome as Uint8Array, joiner, { roster, ...tree })).group
  })
  let next: Committed | undefined
  const committing = await millis(heavy, async () => {
    next = await commit(pending, { roster, now })
  })
  let after: Group | undefined
  const applying = await millis(heavy, async () => {
    const got = await receive(member as Group, (next as Committed).message, { roster })
    if (got.kind !== "advanced") throw new Error(got.kind)
    after = got.group
  })
  let sender = (next as Committed).pending
  const messages: Uint8Array[] = []
  const encrypting = await millis(light, async () => {
    const sent = await encrypt(sender, plaintext)
    sender = sent.group
    messages.push(sent.message)
  })
  let receiver = after as Group
  const decrypting = await millis(light, async () => {
    const got = await receive(receiver, messages.shift() as Uint8Array, { roster })
    if (got.kind !== "application") throw new Error(got.kind)
    receiver = got.group
  })
  return { create, join: joining, commit: committing, apply: applying, encrypt: encrypting, decrypt: decrypting }
}

function peerPackage(pair: KeyPackagePair): { publicPackage: KeyPackage; privatePackage: PrivateKeyPackage } {
  const { initKey, leafKey, signatureKey } = decodeSecrets(pair.privateBytes)
  return {
    publicPackage: decodeKeyPackageMessage(pair.publicBytes),
    privatePackage: { initPrivateKey: initKey, hpkePrivateKey: leafKey, signaturePrivateKey: signatureKey },
  }
}

async function timePeer(pairs: readonly KeyPackagePair[], heavy: number, light: number): Promise<Times> {
  const cipherSuite = await defaultCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(defaultSuiteName))
  const [founder, ...others] = pairs.map(peerPackage)
  if (founder === undefined || others[0] === undefined) throw new Error("needs two key packages")
  const extraProposals = others.map(({ publicPackage }) => ({
    proposalType: "add" as const,
    add: { keyPackage: publicPackage },
  }))
  let made: Awaited<ReturnType<typeof createCommit>> | undefined
  const groupId = crypto.getRandomValues(new Uint8Array(32))
  const create = await millis(heavy, async () => {
    const { publicPackage, privatePackage } = founder
    const state = await createPeerGroup(groupId, publicPackage, privatePackage, [], cipherSuite)
    made = await createCommit({ state, cipherSuite }, { extraProposals, ratchetTreeExtension: true })
  })
  const { newState, welcome } = made as NonNullable<typeof made>
  const joiner = others[0]
  let member: ClientState | undefined
  const joining = await millis(heavy, async () => {
    const { publicPackage, privatePackage } = joiner
    member = await joinPeerGroup(welcome!, publicPackage, privatePackage, emptyPskIndex, cipherSuite)
  })
  let next: Awaited<ReturnType<typeof createCommit>> | undefined
  const committing = await millis(heavy, async () => {
    next = await createCommit({ state: newState, cipherSuite })
  })
  const { commit: message, newState: committed } = next as NonNullable<typeof next>
  let after: ClientState | undefined
  const applying = await millis(heavy, async () => {
    if (message.wireformat !== "mls_private_message") throw new Error(message.wireformat)
    after = (await processPrivateMessage(member!, message.privateMessage, emptyPskIndex, cipherSuite)).newState
  })
  let sender = committed
  const messages: Awaited<ReturnType<typeof createApplicationMessage>>["privateMessage"][] = []
  const encrypting = await millis(light, async () => {
    const sent = await createApplicationMessage(sender, plaintext, cipherSuite)
    sender = sent.newState
    messages.push(sent.privateMessage)
  })
  let receiver = after as ClientState
  const decrypting = await millis(light, async () => {
    receiver = (await processPrivateMessage(receiver, messages.shift()!, emptyPskIndex, cipherSuite)).newState
  })
  return { create, join: joining, commit: committing, apply: applying, encrypt: encrypting, decrypt: decrypting }
}

export interface MlsBenchOptions {
  readonly sizes?: readonly number[]
}

/**
 * Per size: encrypt and decrypt one message of 220 bytes; create (found the group and add everyone in one commit), join
 * (one of them, by the welcome), commit (the founder's re-key of that fresh group: one encapsulation to every other
 * member, the most a commit can cost) and apply it. At 1,000 the peer's heavy steps run once: they take minutes.
 */
export async function* mlsFigures(options: MlsBenchOptions = {}): AsyncGenerator<MlsFigure> {
  const sizes = options.sizes ?? [2, 10, 100, 1000]
  const pairs: KeyPackagePair[] = []
  for (let i = 0; i < Math.max(...sizes); i++) pairs.push(await makeKeyPackage(await newDevice(i), { lifetime }))
  for (const size of sizes) {
    const some = pairs.slice(0, size)
    const ours = await timeOurs(some, size >= 1000 ? 3 : size >= 100 ? 5 : 15, 100)
    const peer = await timePeer(some, size >= 100 ? 1 : 5, size >= 1000 ? 20 : 60)
    const of = `${size.toLocaleString("en")} members`
    yield figure(`mls encrypt, ${of}`, "µs", ours.encrypt, peer.encrypt, 2.5)
    yield figure(`mls decrypt, ${of}`, "µs", ours.decrypt, peer.decrypt, 2.5)
    yield figure(`mls create, ${of}`, "ms", ours.create, peer.create)
    yield figure(`mls join, ${of}`, "ms", ours.join, peer.join)
    yield figure(`mls commit, ${of}`, "ms", ours.commit, peer.commit, 10)
    yield figure(`mls apply commit, ${of}`, "ms", ours.apply, peer.apply)
  }
}

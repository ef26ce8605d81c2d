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
  receiveAll,
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

type Work = () => Promise<unknown>

interface Turns {
  readonly rounds: number
  /** The peer may get fewer: its heavy steps in large groups take half a minute each. */
  readonly peerRounds?: number
  /** Calls of one side before it is the other's turn. */
  readonly calls?: number
}

/**
 * Median milliseconds of one call of each, taken in turns: a machine that slows down or speeds up on the way does so for
 * both. The first rounds are thrown away when there are more than one.
 */
async function inTurns(turns: Turns, ours: Work, peer: Work): Promise<{ ours: number; peer: number }> {
  const { rounds, peerRounds = rounds, calls = 1 } = turns
  const warmUp = Math.ceil(rounds / 4)
  const peerWarmUp = peerRounds === 1 ? 0 : Math.ceil(peerRounds / 4)
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] }
  const turn = async (work: Work, measured: number[], counts: boolean) => {
    for (let i = 0; i < calls; i++) {
      const from = performance.now()
      await work()
      if (counts) measured.push(performance.now() - from)
    }
  }
  for (let round = rounds > 1 ? -warmUp : 0; round < rounds; round++) {
    await turn(ours, times.ours, round >= 0)
    if (round >= -peerWarmUp && round < peerRounds) await turn(peer, times.peer, round >= 0)
  }
  return { ours: median(times.ours), peer: median(times.peer) }
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

/** The steps of one side, each going on from what the one before left. */
interface Steps {
  readonly create: Work
  readonly join: Work
  readonly commit: Work
  readonly apply: Work
  readonly encrypt: Work
  readonly decrypt: Work
}

interface OurSteps extends Steps {
  /** Decrypts what `encrypt` made since, in one run, and says how many those were. */
  readonly decryptRun: () => Promise<number>
}

async function ourSteps(pairs: readonly KeyPackagePair[]): Promise<OurSteps> {
  const founder = await newDevice(0)
  const id = toConversationId(crypto.getRandomValues(new Uint8Array(32)))
  const add = pairs.slice(1).map((pair) => pair.publicBytes)
  const joiner = pairs[1] as KeyPackagePair
  let made: Committed | undefined
  let next: Committed | undefined
  let member: Group | undefined
  let sender: Group | undefined
  let receiver: Group | undefined
  const messages: Uint8Array[] = []
  return {
    async create() {
      made = await commit(await createGroup({ id, binding, device: founder }), { roster, now, add })
    },
    async join() {
      const { welcome, welcomeTree } = made as Committed
      const tree = welcomeTree === undefined ? {} : { tree: welcomeTree }
      member = (await join(welcome as Uint8Array, joiner, { roster, ...tree })).group
    },
    async commit() {
      next = await commit((made as Committed).pending, { roster, now })
      sender = next.pending
    },
    async apply() {
      const got = await receive(member as Group, (next as Committed).message, { roster })
      if (got.kind !== "advanced") throw new Error(got.kind)
      receiver = got.group
    },
    async encrypt() {
      const sent = await encrypt(sender as Group, plaintext)
      sender = sent.group
      messages.push(sent.message)
    },
    async decrypt() {
      const got = await receive(receiver as Group, messages.shift() as Uint8Array, { roster })
      if (got.kind !== "application") throw new Error(got.kind)
      receiver = got.group
    },
    async decryptRun() {
      const run = messages.splice(0)
      const got = await receiveAll(receiver as Group, run, () => ({ roster }))
      if (got.received.some((one) => one.kind !== "application")) throw new Error("not all opened")
      receiver = got.group
      return run.length
    },
  }
}

function peerPackage(pair: KeyPackagePair): { publicPackage: KeyPackage; privatePackage: PrivateKeyPackage } {
  const { initKey, leafKey, signatureKey } = decodeSecrets(pair.privateBytes)
  return {
    publicPackage: decodeKeyPackageMessage(pair.publicBytes),
    privatePackage: { initPrivateKey: initKey, hpkePrivateKey: leafKey, signaturePrivateKey: signatureKey },
  }
}

async function peerSteps(pairs: readonly KeyPackagePair[]): Promise<Steps> {
  const cipherSuite = await defaultCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(defaultSuiteName))
  const [founder, ...others] = pairs.map(peerPackage)
  const [joiner] = others
  if (founder === undefined || joiner === undefined) throw new Error("needs two key packages")
  const extraProposals = others.map(({ publicPackage }) => ({
    proposalType: "add" as const,
    add: { keyPackage: publicPackage },
  }))
  const groupId = crypto.getRandomValues(new Uint8Array(32))
  let made: Awaited<ReturnType<typeof createCommit>> | undefined
  let next: typeof made
  let member: ClientState | undefined
  let sender: ClientState | undefined
  let receiver: ClientState | undefined
  const messages: Awaited<ReturnType<typeof createApplicationMessage>>["privateMessage"][] = []
  return {
    async create() {
      const { publicPackage, privatePackage } = founder
      const state = await createPeerGroup(groupId, publicPackage, privatePackage, [], cipherSuite)
      made = await createCommit({ state, cipherSuite }, { extraProposals, ratchetTreeExtension: true })
    },
    async join() {
      const { publicPackage, privatePackage } = joiner
      member = await joinPeerGroup(made!.welcome!, publicPackage, privatePackage, emptyPskIndex, cipherSuite)
    },
    async commit() {
      next = await createCommit({ state: made!.newState, cipherSuite })
      sender = next.newState
    },
    async apply() {
      const { commit: message } = next!
      if (message.wireformat !== "mls_private_message") throw new Error(message.wireformat)
      receiver = (await processPrivateMessage(member!, message.privateMessage, emptyPskIndex, cipherSuite)).newState
    },
    async encrypt() {
      const sent = await createApplicationMessage(sender!, plaintext, cipherSuite)
      sender = sent.newState
      messages.push(sent.privateMessage)
    },
    async decrypt() {
      receiver = (await processPrivateMessage(receiver!, messages.shift()!, emptyPskIndex, cipherSuite)).newState
    },
  }
}

export interface MlsBenchOptions {
  readonly sizes?: readonly number[]
}

const runLength = 32

/**
 * Per size: create (found the group and add everyone in one commit), join (one of them, by the welcome), commit (the
 * founder's re-key of that fresh group: one encapsulation to every other member, the most a commit can cost) and apply
 * it; then encrypt and decrypt one message of 220 bytes, and decrypt per message in runs of 32. Medians of 60 runs of a
 * heavy step (from 100 members on 11, from 1,000 on 5; the peer 30, 3 and 1: there it takes half a minute a step), of 500
 * messages, and of 12 runs of messages.
 */
export async function* mlsFigures(options: MlsBenchOptions = {}): AsyncGenerator<MlsFigure> {
  const sizes = options.sizes ?? [2, 10, 100, 1000]
  const pairs: KeyPackagePair[] = []
  for (let i = 0; i < Math.max(...sizes); i++) pairs.push(await makeKeyPackage(await newDevice(i), { lifetime }))
  for (const size of sizes) {
    const some = pairs.slice(0, size)
    const ours = await ourSteps(some)
    const peer = await peerSteps(some)
    const rounds = size >= 1000 ? 5 : size >= 100 ? 11 : 60
    const peerRounds = size >= 1000 ? 1 : size >= 100 ? 3 : 30
    const of = `${size.toLocaleString("en")} members`
    const heavyFigure = async (step: keyof Steps, name: string, atLeast?: number) => {
      const times = await inTurns({ rounds, peerRounds }, ours[step], peer[step])
      return figure(`mls ${name}, ${of}`, "ms", times.ours, times.peer, atLeast)
    }
    yield await heavyFigure("create", "create")
    yield await heavyFigure("join", "join")
    yield await heavyFigure("commit", "commit", 10)
    yield await heavyFigure("apply", "apply commit")
    const messages = { rounds: 20, calls: 25 }
    const encrypting = await inTurns(messages, ours.encrypt, peer.encrypt)
    yield figure(`mls encrypt, ${of}`, "µs", encrypting.ours, encrypting.peer, 2.5)
    const decrypting = await inTurns(messages, ours.decrypt, peer.decrypt)
    yield figure(`mls decrypt, ${of}`, "µs", decrypting.ours, decrypting.peer, 2.5)
    const perMessage: number[] = []
    for (let round = -3; round < 12; round++) {
      for (let i = 0; i < runLength; i++) await ours.encrypt()
      const from = performance.now()
      const count = await ours.decryptRun()
      if (round >= 0) perMessage.push((performance.now() - from) / count)
    }
    yield figure(`mls decrypt in a run, ${of}`, "µs", median(perMessage), decrypting.peer, 2.5)
  }
}

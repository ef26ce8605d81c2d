import {
  type Device,
  generateSealKeys,
  type KeyPackagePair,
  keyPackageRef,
  makeKeyPackage,
  type SealKeys,
} from "@holdfast/mls"
import { type ConversationId, type DirectoryEntry, hex, toMessageId } from "@holdfast/wire"
import { type Lane, LaneError, type LaneEvent, openLane, type ReceiveOptions } from "../../src/index.ts"
import { MemoryStore } from "./memory-store.ts"
import { newMember, Org } from "./org.ts"

const now = 1_800_000_000
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Deterministic numbers: the schedule of a run is its seed. The keys are fresh in each run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Plan {
  readonly seed: number
  readonly steps: number
}

interface Heard {
  readonly index: number
  readonly epoch: number
  readonly content: string
  readonly from: string
}

interface Item {
  readonly localId: string
  /** Frames that go in one append, with the ids that the relay knows them by. */
  readonly appends: readonly { readonly ids: readonly string[]; readonly frames: readonly Uint8Array[] }[]
  done: boolean
}

/** From joining to leaving, as this device has seen it. */
interface Span {
  readonly epoch: number
  readonly from: number
  to: number
}

/** Everything a client keeps, written in one transaction. */
class Durable {
  lane = new MemoryStore()
  outbox: Item[] = []
  /** Content that is written and not yet in its place, by local id. */
  readonly waiting = new Map<string, string>()
  /** Content to send again. */
  toSend: string[] = []
  readonly acked = new Set<string>()
  heard: Heard[] = []
  spans: Span[] = []
  readonly alarms: string[] = []
  locals = 0
  readonly keyPackages = new Map<string, KeyPackagePair>()

  copy(): Durable {
    const copy = new Durable()
    copy.lane = this.lane.copy()
    copy.outbox = this.outbox.map((item) => ({ ...item }))
    for (const [key, value] of this.waiting) copy.waiting.set(key, value)
    copy.toSend = [...this.toSend]
    for (const value of this.acked) copy.acked.add(value)
    copy.heard = [...this.heard]
    copy.spans = this.spans.map((span) => ({ ...span }))
    copy.alarms.push(...this.alarms)
    copy.locals = this.locals
    for (const [key, value] of this.keyPackages) copy.keyPackages.set(key, value)
    return copy
  }
}

export class SimulatedRelay {
  readonly frames: Uint8Array[] = []
  readonly #indexById = new Map<string, number>()

  append(ids: readonly string[], frames: readonly Uint8Array[]): void {
    for (const [i, frame] of frames.entries()) {
      if (this.#indexById.has(ids[i]!)) continue
      this.#indexById.set(ids[i]!, this.frames.length)
      this.frames.push(frame)
    }
  }

  junk(random: () => number): void {
    const length = random() < 0.02 ? 4_096 : 512
    this.frames.push(crypto.getRandomValues(new Uint8Array(length)))
  }
}

class Client {
  readonly name: string
  readonly world: World
  readonly device: Device
  readonly sealKeys: SealKeys
  charterSize: number
  isRemoved = false
  durable = new Durable()
  working = new Durable()
  lane!: Lane

  constructor(name: string, world: World, device: Device, sealKeys: SealKeys) {
    this.name = name
    this.world = world
    this.device = device
    this.sealKeys = sealKeys
    this.charterSize = world.org.size
  }

  async open(): Promise<void> {
    this.working = this.durable.copy()
    this.lane = await openLane(
      {
        org: this.world.org.id,
        lane: this.world.org.lane,
        device: this.device,
        charter: () => this.world.org.view(this.charterSize),
        keyPackage: (ref) => this.working.keyPackages.get(hex(ref)),
        sealKeys: () => [this.sealKeys.privateKey],
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      },
      this.working.lane,
    )
  }

  async crash(): Promise<void> {
    this.lane.close()
    await this.open()
  }

  /** One transaction: the lane's records and everything else. */
  commit(): void {
    this.lane.flush(this.working.lane)
    this.durable = this.working.copy()
  }

  get isIn(): boolean {
    return this.lane.conversations().some((one) => hex(one.id) === hex(this.world.group) && one.state === "open")
  }

  async entry(): Promise<DirectoryEntry> {
    const pair = await makeKeyPackage(this.device, { lifetime: { notBefore: now - 1, notAfter: now + 1_000 } })
    const key = hex(await keyPackageRef(pair.publicBytes))
    // Private halves are stored before the public ones are published.
    this.working.keyPackages.set(key, pair)
    this.durable.keyPackages.set(key, pair)
    const rest = { org: this.world.org.id, sequence: 1, issuedAt: 1, signature: new Uint8Array(64) }
    const { device } = this.device.identity
    return { ...rest, device, sealKey: this.sealKeys.publicKey, keyPackages: [pair.publicBytes] }
  }

  write(content: string): void {
    this.working.toSend.push(content)
    this.durable.toSend.push(content)
  }

  async read(most: number, charterIsCurrent = false): Promise<boolean> {
    const { relay } = this.world
    const from = this.lane.next
    const options: ReceiveOptions = { charterIsCurrent }
    const events = await this.lane.receive(from, relay.frames.slice(from, from + most), options)
    await this.apply(events)
    return events.some((event) => event.kind === "needs-charter")
  }

  async apply(events: readonly LaneEvent[]): Promise<void> {
    for (const event of events) this.take(event)
    this.commit()
    for (const event of events) {
      if (event.kind === "needs-frames") {
        const { from, to } = event
        await this.apply(await this.lane.supply(from, this.world.relay.frames.slice(from, to)))
      }
      if (event.kind === "needs-blob") {
        const stored = this.world.blobs.get(hex(event.blob.blobId)) ?? null
        await this.apply(await this.lane.supplyBlob(event.blob.blobId, stored))
      }
    }
  }

  take(event: LaneEvent): void {
    const { working } = this
    switch (event.kind) {
      case "message": {
        const content = decoder.decode(event.plaintext).trimEnd()
        const from = hex(event.sender.device)
        working.heard.push({ index: event.index, epoch: event.epoch, content, from })
        if (event.localId !== undefined) {
          working.acked.add(content)
          this.settle(event.localId)
        }
        break
      }
      case "late": {
        const content = working.waiting.get(event.localId)
        if (content === undefined) throw new Error(`late without content ${event.localId}`)
        this.settle(event.localId)
        working.toSend.push(content)
        break
      }
      case "changed":
        if (event.localId !== undefined) this.settle(event.localId)
        break
      case "rebase":
        this.settle(event.localId)
        break
      case "joined":
        working.spans.push({ epoch: event.epoch, from: event.commitIndex, to: Number.POSITIVE_INFINITY })
        working.keyPackages.delete(hex(event.keyPackageRef))
        break
      case "left":
        working.spans.at(-1)!.to = event.index
        break
      case "alarm":
        working.alarms.push(`${event.alarm.kind}${event.alarm.kind === "bad-welcome" ? ` ${event.alarm.why}` : ""}`)
        break
      case "broken":
        working.alarms.push("broken")
        break
      default:
    }
  }

  settle(localId: string): void {
    const { working } = this
    working.waiting.delete(localId)
    working.outbox = working.outbox.filter((item) => item.localId !== localId)
  }

  #queue(localId: string, appends: readonly (readonly Uint8Array[])[]): void {
    const id = () => hex(toMessageId(crypto.getRandomValues(new Uint8Array(16))))
    const item = { localId, done: false, appends: appends.map((frames) => ({ ids: frames.map(id), frames })) }
    this.working.outbox.push(item)
  }

  /** Encrypts the oldest waiting content. */
  async send(random: () => number): Promise<void> {
    const { working } = this
    const content = working.toSend[0]
    if (content === undefined || !this.isIn) return
    const localId = `m${working.locals + 1}`
    try {
      // Now and then too large for one frame.
      const padded = random() < 0.1 ? content.padEnd(70_000) : content
      const out = await this.lane.send(this.world.group, encoder.encode(padded), localId)
      // A crash between the making and the flush: nothing of it may have left.
      if (random() < 0.1) return await this.crash()
      working.locals++
      working.toSend.shift()
      working.waiting.set(localId, content)
      this.#queue(localId, [out.frames])
      this.commit()
    } catch (error) {
      if (!(error instanceof LaneError) || error.code !== "stranger_present") throw error
    }
  }

  /** Brings the group to what the charter says, or just re-keys. */
  async change(random: () => number, rekey: boolean): Promise<boolean> {
    if (!this.isIn) return false
    const { world, working } = this
    const view = this.lane.conversations().find((one) => hex(one.id) === hex(world.group))
    if (view?.pendingChange !== undefined) return false
    const todo = await this.lane.reconcile(world.group, await world.directory(), now)
    if (todo === null && !rekey) return false
    const localId = `c${working.locals + 1}`
    try {
      const note = world.org.note(this.charterSize)
      const { add = [], remove = [] } = todo ?? {}
      const out = await this.lane.change(world.group, { add, remove, note, now }, localId)
      if (random() < 0.1) {
        await this.crash()
        return false
      }
      working.locals++
      this.#queue(localId, [out.frames])
      this.commit()
      return true
    } catch (error) {
      // Removed without knowing it yet, or behind in the charter: somebody else does it.
      if (error instanceof LaneError && ["stranger_present", "bad_note"].includes(error.code)) return false
      throw error
    }
  }

  async sendWelcomes(random: () => number): Promise<boolean> {
    const due = this.lane.due()
    for (const one of due) {
      const { frames, blob } = await this.lane.writeWelcomes(one.due)
      if (random() < 0.2) {
        await this.crash()
        return true
      }
      if (blob !== undefined) this.world.blobs.set(hex(blob.blobId), blob.ciphertext)
      this.working.locals++
      const appends = frames.map((frame) => [frame])
      this.#queue(`w${this.working.locals}`, appends)
      this.commit()
    }
    return due.length > 0
  }

  /** Appends the first thing in the outbox that was not; the answer may get lost, and then it goes out again. */
  push(random: () => number): boolean {
    const item = this.working.outbox.find((one) => !one.done)
    if (item === undefined) return false
    for (const { ids, frames } of item.appends) this.world.relay.append(ids, frames)
    if (random() < 0.2) return true
    item.done = true
    if (item.localId.startsWith("w")) this.working.outbox = this.working.outbox.filter((one) => one !== item)
    this.commit()
    return true
  }
}

/** One organisation, one lane, one conversation, and clients that do everything at the wrong moment. */
export class World {
  readonly org: Org
  readonly relay = new SimulatedRelay()
  readonly blobs = new Map<string, Uint8Array>()
  readonly clients: Client[] = []
  readonly random: () => number
  readonly plan: Plan
  group!: ConversationId
  #contents = 0
  #doubled = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.org = new Org(`simulation ${plan.seed}`)
    this.random = seeded(plan.seed)
  }

  get active(): Client[] {
    return this.clients.filter((client) => !client.isRemoved)
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!
  }

  async enrol(): Promise<Client> {
    const device = await this.org.enrol(newMember())
    const client = new Client(`client${this.clients.length}`, this, device, await generateSealKeys())
    await client.open()
    this.clients.push(client)
    return client
  }

  async directory(): Promise<DirectoryEntry[]> {
    return Promise.all(this.active.map((client) => client.entry()))
  }

  async run(): Promise<void> {
    const founder = await this.enrol()
    this.group = await founder.lane.createConversation({ kind: "everyone" })
    founder.working.spans.push({ epoch: 0, from: -1, to: Number.POSITIVE_INFINITY })
    founder.commit()
    const size = 2 + Math.floor(this.random() * 3)
    for (let i = 0; i < size; i++) await this.enrol()
    // Mostly everybody is in when it begins; now and then the first joining is part of it.
    if (this.random() < 0.8) await this.#heal()
    for (let step = 0; step < this.plan.steps; step++) await this.#step()
    await this.#heal()
    await this.#check()
  }

  async #step(): Promise<void> {
    const { random } = this
    const client = this.pick(this.clients)
    const dice = random()
    if (dice < 0.28) {
      await this.#read(client, 1 + Math.floor(random() * 12))
    } else if (dice < 0.45) {
      client.write(`${client.name} says ${++this.#contents}`)
      await client.send(random)
    } else if (dice < 0.63) client.push(random)
    else if (dice < 0.77) await client.change(random, random() < 0.7)
    else if (dice < 0.82) await client.sendWelcomes(random)
    else if (dice < 0.87) await client.crash()
    else if (dice < 0.9) {
      const burst = random() < 0.3 ? 260 : 10
      for (let i = 0; i < burst; i++) this.relay.junk(random)
    } else if (dice < 0.92) this.#double()
    else if (dice < 0.94) client.charterSize = Math.max(client.charterSize, this.org.size)
    else if (dice < 0.96 && this.clients.length < 8) await this.enrol()
    else if (dice > 0.97 && this.active.length > 2) {
      const out = this.pick(this.active.slice(1))
      out.isRemoved = true
      this.org.remove(out.device)
    }
  }

  async #read(client: Client, most: number): Promise<boolean> {
    const needsCharter = await client.read(most)
    if (!needsCharter) return false
    client.charterSize = this.org.size
    await client.read(most, true)
    return true
  }

  /** The relay puts a frame into the lane a second time. */
  #double(): void {
    if (this.relay.frames.length === 0) return
    this.relay.frames.push(this.pick(this.relay.frames.slice(-10)))
    this.#doubled++
  }

  /** No more crashes, and everybody does what is to be done until nothing is left. */
  async #heal(): Promise<void> {
    const calm = () => 0.99
    for (let round = 0; ; round++) {
      if (round > 60) throw new Error("does not heal")
      let isBusy = false
      for (const client of this.clients) {
        client.charterSize = this.org.size
        while (client.lane.next < this.relay.frames.length) {
          isBusy = true
          await this.#read(client, 500)
        }
        if (await client.sendWelcomes(calm)) isBusy = true
        if (!client.isRemoved && (await client.change(calm, false))) isBusy = true
        const before = client.working.toSend.length
        while (client.working.toSend.length > 0) {
          const left = client.working.toSend.length
          await client.send(calm)
          if (client.working.toSend.length === left) break
        }
        if (client.working.toSend.length !== before) isBusy = true
        while (client.push(calm)) isBusy = true
      }
      if (!isBusy) return
    }
  }

  async #check(): Promise<void> {
    const fail = (what: string) => {
      throw new Error(`seed ${this.plan.seed}, ${this.plan.steps} steps: ${what}`)
    }
    const { active } = this
    const states = new Set<string>()
    for (const client of active) {
      if (!client.isIn) return fail(`${client.name} is not in`)
      const { epoch, strangers } = client.lane.conversations()[0]!
      if (strangers.length > 0) fail("strangers are left")
      if (client.lane.leaves(this.group).length !== active.length) fail(`${client.name} sees other members`)
      states.add(`${epoch} ${hex(await client.lane.exportSecret(this.group, "check", new Uint8Array(), 16))}`)
      states.add(`${epoch} ${hex(await client.lane.exportSecret(this.group, "check", new Uint8Array(), 16))}`)
      if (client.working.outbox.length + client.working.toSend.length > 0) fail(`${client.name} has unsent messages`)
    }
    if (states.size !== 1) fail(`${states.size} states`)
    const roots = new Set(this.clients.map((client) => hex(client.lane.rootAt(client.lane.size)!)))
    if (roots.size !== 1) fail("roots differ")

    const canonical = new Map<number, Heard>()
    for (const { working, name } of this.clients) {
      for (const one of working.heard) {
        const known = canonical.get(one.index)
        if (known === undefined) canonical.set(one.index, one)
        else if (JSON.stringify(known) !== JSON.stringify(one)) fail(`${name} heard something else at ${one.index}`)
      }
    }
    const ordered = [...canonical.values()].sort((a, b) => a.index - b.index)
    const contents = new Set(ordered.map((one) => one.content))
    if (contents.size !== ordered.length) fail("a message is there twice")
    for (const { working, name } of this.clients) {
      const isEntitled = (one: Heard) =>
        working.spans.some((span) => span.epoch <= one.epoch && span.from < one.index && one.index < span.to)
      const due = ordered.filter(isEntitled).map((one) => one.index)
      const got = working.heard.map((one) => one.index)
      if (JSON.stringify(due) !== JSON.stringify(got.toSorted((a, b) => a - b))) {
        fail(`${name} heard ${got.length} of ${due.length} messages`)
      }
      for (const content of working.acked) if (!contents.has(content)) fail(`${name} lost ${content}`)
      const odd = working.alarms.filter((alarm) => alarm !== "doubled")
      if (odd.length > 0) fail(`${name} has alarms: ${odd.join(", ")}`)
      if (working.alarms.length > 0 && this.#doubled === 0) fail("doubled without a double")
    }
    // Everybody who is in was heard in full.
    for (const client of active) {
      for (const content of client.working.acked) if (!contents.has(content)) fail(`${content} is missing`)
    }
    for (const client of this.clients) client.lane.close()
  }
}

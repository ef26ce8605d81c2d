import {
  type Device,
  generateSealKeys,
  type KeyPackagePair,
  keyPackageRef,
  makeKeyPackage,
  type SealKeys,
} from "@holdfast/mls"
import { type ConversationId, type DirectoryEntry, everyoneConversationOf, hex, type MemberId } from "@holdfast/wire"
import {
  type Change,
  type ConversationKind,
  type Invitee,
  type Lane,
  type LaneEvent,
  type Outgoing,
  openLane,
  type ReceiveOptions,
} from "../../src/index.ts"
import { MemoryStore } from "./memory-store.ts"
import { newMember, Org } from "./org.ts"

export const now = 1_800_000_000

/** What the relay holds of one lane. */
export class RelayLane {
  readonly frames: Uint8Array[] = []

  append(...frames: readonly Uint8Array[]): number {
    for (const frame of frames) this.frames.push(frame.slice())
    return this.frames.length - 1
  }
}

type Kind = LaneEvent["kind"]
export type EventOf<K extends Kind> = Extract<LaneEvent, { kind: K }>

/** One device with its replica and its store. */
export class Party {
  readonly name: string
  readonly org: Org
  readonly relay: RelayLane
  readonly device: Device
  readonly sealKeys: SealKeys
  readonly keyPackages = new Map<string, KeyPackagePair>()
  readonly events: LaneEvent[] = []
  store = new MemoryStore()
  /** How much of the charter it has read. */
  charterSize: number
  readonly blobs: Map<string, Uint8Array>
  lane!: Lane
  #locals = 0

  constructor(
    name: string,
    org: Org,
    relay: RelayLane,
    device: Device,
    sealKeys: SealKeys,
    blobs: Map<string, Uint8Array>,
  ) {
    this.name = name
    this.org = org
    this.relay = relay
    this.device = device
    this.sealKeys = sealKeys
    this.charterSize = org.size
    this.blobs = blobs
  }

  get everyone(): ConversationId {
    return everyoneConversationOf(this.org.id)
  }

  async open(): Promise<void> {
    this.lane = await openLane(
      {
        org: this.org.id,
        lane: this.org.lane,
        device: this.device,
        charter: () => this.org.view(this.charterSize),
        keyPackage: (ref) => this.keyPackages.get(hex(ref)),
        sealKeys: () => [this.sealKeys.privateKey],
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      },
      this.store,
    )
  }

  /** Loses everything since the last flush. */
  async crash(): Promise<void> {
    this.lane.close()
    await this.open()
  }

  flush(): void {
    this.lane.flush(this.store)
  }

  async publish(): Promise<Uint8Array> {
    const pair = await makeKeyPackage(this.device, { lifetime: { notBefore: now - 1000, notAfter: now + 1_000_000 } })
    this.keyPackages.set(hex(await keyPackageRef(pair.publicBytes)), pair)
    return pair.publicBytes
  }

  async invitee(): Promise<Invitee> {
    const { device } = this.device.identity
    return { device, keyPackage: await this.publish(), sealKey: this.sealKeys.publicKey }
  }

  async entry(): Promise<DirectoryEntry> {
    const { device, keyPackage, sealKey } = await this.invitee()
    const rest = { org: this.org.id, sequence: 1, issuedAt: now * 1000, signature: new Uint8Array(64) }
    return { ...rest, device, sealKey, keyPackages: [keyPackage] }
  }

  async create(kind: ConversationKind): Promise<ConversationId> {
    const id = await this.lane.createConversation({ kind })
    this.flush()
    return id
  }

  async send(conversation: ConversationId, text: string, localId = `${this.name}${++this.#locals}`): Promise<Outgoing> {
    const out = await this.lane.send(conversation, new TextEncoder().encode(text), localId)
    this.flush()
    return out
  }

  /** Sends and appends. */
  async say(conversation: ConversationId, text: string): Promise<Outgoing> {
    const out = await this.send(conversation, text)
    this.relay.append(...out.frames)
    return out
  }

  async change(
    conversation: ConversationId,
    wanted: { add?: readonly Party[]; remove?: readonly Party[]; note?: string },
  ): Promise<Outgoing> {
    const add: Invitee[] = []
    for (const party of wanted.add ?? []) add.push(await party.invitee())
    const remove = (wanted.remove ?? []).map((party) => party.device.identity.device)
    return this.changeTo(conversation, { add, remove, note: wanted.note ?? this.org.note(this.charterSize), now })
  }

  async changeTo(conversation: ConversationId, change: Change): Promise<Outgoing> {
    const out = await this.lane.change(conversation, change, `${this.name}${++this.#locals}`)
    this.flush()
    return out
  }

  /** One `receive` of what the relay holds (up to `to`), flushed. */
  async receiveOnce(options: ReceiveOptions = {}, to = this.relay.frames.length): Promise<readonly LaneEvent[]> {
    const events = await this.lane.receive(this.lane.next, this.relay.frames.slice(this.lane.next, to), options)
    this.flush()
    this.events.push(...events)
    return events
  }

  /** Reads to the end, doing what a client does about each need, and sends due welcomes. */
  async sync(to = this.relay.frames.length): Promise<LaneEvent[]> {
    const all: LaneEvent[] = []
    let options: ReceiveOptions = {}
    for (let round = 0; ; round++) {
      if (round > 100) throw new Error(`${this.name} does not come to an end`)
      let events = [...(await this.receiveOnce(options, to))]
      options = {}
      for (let i = 0; i < events.length; i++) {
        const event = events[i]!
        all.push(event)
        if (event.kind === "needs-blob") events.push(...(await this.#supplyBlob(event)))
        if (event.kind === "needs-frames") events.push(...(await this.#supplyFrames(event)))
        if (event.kind === "joined") this.keyPackages.delete(hex(event.keyPackageRef))
      }
      const stop = events.findLast((event) => event.kind === "needs-charter")
      events = []
      if (stop !== undefined) {
        this.charterSize = this.org.size
        options = { charterIsCurrent: true }
        continue
      }
      if (this.lane.next >= to) return all
    }
  }

  async #supplyBlob({ blob }: EventOf<"needs-blob">): Promise<readonly LaneEvent[]> {
    const events = await this.lane.supplyBlob(blob.blobId, this.blobs.get(hex(blob.blobId)) ?? null)
    this.flush()
    this.events.push(...events)
    return events
  }

  async #supplyFrames({ from, to }: EventOf<"needs-frames">): Promise<readonly LaneEvent[]> {
    const events = await this.lane.supply(from, this.relay.frames.slice(from, to))
    this.flush()
    this.events.push(...events)
    return events
  }

  async sendWelcomes(): Promise<void> {
    for (const { due } of this.lane.due()) {
      const { frames, blob } = await this.lane.writeWelcomes(due)
      this.flush()
      if (blob !== undefined) this.blobs.set(hex(blob.blobId), blob.ciphertext)
      for (const frame of frames) this.relay.append(frame)
    }
  }

  of<K extends Kind>(kind: K): EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.kind === kind)
  }

  alarms(): string[] {
    return this.of("alarm").map((event) => event.alarm.kind)
  }

  /** Texts heard in a conversation, in order. */
  heard(conversation: ConversationId): string[] {
    const here = this.of("message").filter((event) => hex(event.conversation) === hex(conversation))
    return here.map((event) => new TextDecoder().decode(event.plaintext))
  }

  view(conversation: ConversationId) {
    return this.lane.conversations().find((one) => hex(one.id) === hex(conversation))
  }
}

export class Town {
  readonly org: Org
  readonly relay = new RelayLane()
  readonly parties: Party[] = []
  readonly blobs = new Map<string, Uint8Array>()

  constructor(name?: string) {
    this.org = new Org(name)
  }

  async join(name: string, member: MemberId = newMember()): Promise<Party> {
    const device = await this.org.enrol(member)
    const party = new Party(name, this.org, this.relay, device, await generateSealKeys(), this.blobs)
    await party.open()
    this.parties.push(party)
    return party
  }

  readCharter(): void {
    for (const party of this.parties) party.charterSize = this.org.size
  }

  async syncAll(): Promise<void> {
    for (const party of this.parties) await party.sync()
  }
}

/** Parties who all are in one group, founded by the first. */
export async function townWith(
  ...names: readonly string[]
): Promise<{ town: Town; parties: Party[]; group: ConversationId }> {
  const town = new Town()
  const parties: Party[] = []
  for (const name of names) parties.push(await town.join(name))
  town.readCharter()
  const [first, ...others] = parties as [Party, ...Party[]]
  const group = await first.create("group")
  if (others.length > 0) {
    const out = await first.change(group, { add: others })
    town.relay.append(...out.frames)
    await first.sync()
    await first.sendWelcomes()
  }
  await town.syncAll()
  return { town, parties, group }
}

import { type CommitOptions, commit, decodeGroupParts, encrypt, type Group } from "@holdfast/mls"
import { type BodyKind, type ConversationId, hex, type LaneId } from "@holdfast/wire"
import { rosterAt } from "../../src/apply-message.ts"
import { FrameKeys, frameSecretsOf } from "../../src/frame-keys.ts"
import { encodeLaneView, type LaneView } from "../../src/lane-view.ts"
import { now, type Party } from "./party.ts"

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** A member who makes frames by hand, from what her device has stored. Her replica knows nothing of it. */
export class Mallory {
  readonly keys: FrameKeys
  readonly lane: LaneId
  readonly party: Party
  group: Group

  private constructor(party: Party, group: Group, keys: FrameKeys) {
    this.party = party
    this.group = group
    this.keys = keys
    this.lane = party.org.lane
  }

  static async of(party: Party, conversation: ConversationId): Promise<Mallory> {
    const part = (table: "epoch" | "ratchet") => new Map(party.store.all(table)).get(hex(conversation))!
    const group = await decodeGroupParts({ epochPart: part("epoch"), ratchetPart: part("ratchet") })
    return new Mallory(party, group, new FrameKeys(await frameSecretsOf(group, party.org.lane), party.org.lane))
  }

  get leaf(): number {
    return this.group.ownLeaf
  }

  view(changes: Partial<LaneView> = {}): LaneView {
    const charter = this.party.org.view(this.party.charterSize)
    const { lane } = this.party
    return {
      charterSize: charter.size,
      charterRoot: charter.rootAt(charter.size)!,
      laneSize: lane.size,
      laneRoot16: lane.rootAt(lane.size)!.slice(0, 16),
      counter: 0,
      ...changes,
    }
  }

  async frame(
    bytes: Uint8Array,
    counter: number,
    options: { leaf?: number; kind?: BodyKind } = {},
  ): Promise<Uint8Array> {
    const { leaf = this.leaf, kind = "message" } = options
    return this.keys.seal(this.keys.tag(leaf, counter), { kind, bytes }, random)
  }

  async message(text: string, view: Partial<LaneView> = {}): Promise<Uint8Array> {
    const made = await encrypt(this.group, new TextEncoder().encode(text), encodeLaneView(this.view(view)))
    this.group = made.group
    return made.message
  }

  async commit(view: Partial<LaneView>, options: Partial<CommitOptions> = {}) {
    const charter = this.party.org.view()
    const note = { charterNote: this.party.org.note(this.party.charterSize) }
    const authenticatedData = encodeLaneView(this.view({ ...note, ...view }))
    return commit(this.group, { roster: rosterAt(charter, charter.size), now, authenticatedData, ...options })
  }
}

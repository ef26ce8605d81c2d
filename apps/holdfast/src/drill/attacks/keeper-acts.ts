import type { LaterAct } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import type { Attack } from "../attack.ts"
import { makeGhost, random } from "../attacker.ts"
import { daySeconds } from "../council/council.ts"
import { type Forgery, forgery, ghostDevice, ghostMember, memberCalled, removal, signed } from "../council/forgery.ts"

/** Acts with nothing wrong in them but that a third keeper is missing. */
const plainActs: readonly Forgery[] = [
  {
    name: "a new member",
    promise: "P2",
    tries: "MEMBER-ADD for somebody of theirs.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await ghostMember(ground)),
  },
  {
    name: "a new device of a member",
    promise: "P2",
    tries: "DEVICE-ADD for a key of theirs, as a member's device.",
    refusal: "too_few_keepers",
    make: async (ground) => signed(ground, await ghostDevice(ground)),
  },
  {
    name: "with a deceived third: a new device without the member's own",
    promise: "P2",
    tries: "DEVICE-ADD with a whole quorum; the member's own device was never asked.",
    refusal: "no_device_approval",
    make: async (ground) =>
      signed(ground, await ghostDevice(ground), async (statement) => [
        await ground.desk.council.seats.ines.approve(statement),
      ]),
  },
  {
    name: "members exchanged in one batch",
    promise: "P2",
    tries: "BATCH that removes an honest member and admits one of theirs.",
    refusal: "too_few_keepers",
    async make(ground) {
      const acts = [removal(ground), await ghostMember(ground)] as Extract<LaterAct, { type: "batch" }>["body"]["acts"]
      return signed(ground, { type: "batch", body: { acts } })
    },
  },
  {
    name: "another relay",
    promise: "P3",
    tries: "RELAYS that names a server of theirs alone.",
    refusal: "too_few_keepers",
    async make(ground) {
      const [relay] = (await ground.desk.charter()).state.relays
      if (relay === undefined) throw new Error("the charter names no relay")
      const { publicKey } = await signerFromSeed(random(32))
      return signed(ground, { type: "relays", body: { relays: [{ ...relay, logPublicKey: publicKey }] } })
    },
  },
  {
    name: "a recovery",
    promise: "P6",
    tries: "RECOVER that gives a member's place to a key of theirs.",
    refusal: "too_few_keepers",
    async make(ground) {
      const member = memberCalled(ground, "Dan")
      const { entry } = await makeGhost(ground.scene.org, member)
      return signed(ground, { type: "recover", body: { member, device: entry, requestId: random(16) } })
    },
  },
  {
    name: "a canary",
    promise: "P9",
    tries: "CANARY that says for the keepers what they do not say.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, { type: "canary", body: { until: Math.floor(Date.now() / 1_000) + 31 * daySeconds } }),
  },
  {
    name: "suspending an honest keeper",
    promise: "P9",
    tries: "SUSPEND-KEEPER for a month, so that those who are left could be outvoted.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, {
        type: "suspend-keeper",
        body: { keeper: ground.desk.council.seats.ana.id, seconds: 30 * daySeconds },
      }),
  },
]

export const keeperActAttacks: readonly Attack[] = plainActs.map(forgery)

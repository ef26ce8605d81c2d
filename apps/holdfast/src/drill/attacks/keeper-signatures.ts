import type { Approval, SignatureApproval, Statement } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import type { Attack } from "../attack.ts"
import { approvalsGivenBefore, entriesOf, falseApproval, random } from "../attacker.ts"
import { daySeconds, turnedKeepers } from "../council/council.ts"
import type { Desk } from "../council/desk.ts"
import {
  type Forgery,
  forgery,
  type Ground,
  ghostMember,
  isSame,
  ownSeats,
  removal,
  signed,
} from "../council/forgery.ts"
import { stealDevice } from "../stolen-device.ts"

/** Two right signatures and something that passes for a third. */
const thirdSignatures: readonly Forgery[] = [
  {
    name: "and approvals that others gave for something else",
    promise: "P2",
    tries: "Two right signatures, and those of honest keepers from an act that was decided before.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async () => {
        const { scene, desk } = ground
        const given = approvalsGivenBefore(
          await desk.charter(),
          await entriesOf(scene.relay.folder.engine, scene.org, "charter"),
        )
        return given.filter(({ signer }) => turnedKeepers.every((name) => !isSame(signer, desk.council.seats[name].id)))
      }),
  },
  {
    name: "and the log key in an honest keeper's name",
    promise: "P2",
    tries: "Two right signatures, and the relay's log key signs under an honest keeper's id.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [
        await falseApproval(statement, ground.desk.council.seats.ana.id, ground.scene.relay.folder.logSigner),
      ]),
  },
  {
    name: "and the log key in its own name",
    promise: "P2",
    tries: "Two right signatures, and the relay's log key as if it were a keeper.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [
        await falseApproval(statement, random(16), ground.scene.relay.folder.logSigner),
      ]),
  },
  {
    name: "and a suspended keeper",
    promise: "P2",
    tries: "The keepers have suspended somebody whose key was stolen; it signs with the two.",
    refusal: "too_few_keepers",
    async make(ground) {
      const { desk } = ground
      const { ben } = desk.council.seats
      await desk.decide({ type: "suspend-keeper", body: { keeper: ben.id, seconds: 7 * daySeconds } }, [
        "ana",
        "ines",
        "jost",
      ])
      return signed(ground, removal(ground), async (statement) => [await ben.approve(statement)])
    },
    staysPut: true,
  },
  {
    name: "and a keeper who has lost the seat",
    promise: "P2",
    tries: "Two right signatures, and that of somebody who was a keeper until the rules changed.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => [await ground.desk.council.removed.approve(statement)]),
  },
  {
    name: "and a member's device",
    promise: "P2",
    tries: "Two right signatures, and that of a member's stolen device, as itself.",
    refusal: "too_few_keepers",
    make: (ground) => signed(ground, removal(ground), async (statement) => [await byDevice(ground, statement)]),
  },
  {
    name: "and a second key of one of them",
    promise: "P2",
    tries: "One of the two signs twice: with the key of the seat, and with a key of its own that has none.",
    refusal: "too_few_keepers",
    make: (ground) =>
      signed(ground, removal(ground), async (statement) => {
        const { seats } = await ownSeats(ground, 1)
        return Promise.all(seats.map((seat) => seat.approve(statement)))
      }),
  },
  {
    name: "and a passkey that another page asked",
    promise: "P2",
    tries: "A page at the relay's address has a keeper's passkey sign this very statement.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), (id) => harvested(ground, id, { origin: ground.scene.stage.named })),
  },
  {
    name: "and a passkey asked from inside another page",
    promise: "P2",
    tries: "The right page, inside of another one, has a keeper's passkey sign this very statement.",
    refusal: "bad_signature",
    make: (ground) => signed(ground, removal(ground), (id) => harvested(ground, id, { crossOrigin: true })),
  },
  {
    name: "and a passkey whose owner was not verified",
    promise: "P2",
    tries: "A security key that was left in a computer signs this very statement at a touch by anybody.",
    refusal: "bad_signature",
    make: (ground) => signed(ground, removal(ground), (id) => harvested(ground, id, { userVerified: false })),
  },
  {
    name: "and a passkey's signature for something else",
    promise: "P2",
    tries: "What a keeper's passkey has signed for another statement, put under this one.",
    refusal: "bad_signature",
    make: (ground) =>
      signed(ground, removal(ground), async () => {
        const other = await ground.desk.draft(await ghostMember(ground))
        return harvested(ground, other, {})
      }),
  },
]

/** What a keeper's passkey gave away. */
async function harvested(
  { desk }: Ground,
  { id }: Statement,
  circumstances: Parameters<Desk["council"]["passkey"]["assert"]>[1],
): Promise<readonly Approval[]> {
  const { council } = desk
  return [{ signer: council.seats.ines.id, kind: 2, ...(await council.passkey.assert(id, circumstances)) }]
}

async function byDevice({ scene }: Ground, statement: Statement): Promise<SignatureApproval> {
  const { dan } = await scene.wake("dan")
  const stolen = await stealDevice(dan)
  const approval = await falseApproval(statement, stolen.device, await signerFromSeed(stolen.seed))
  return { ...approval, kind: 3 }
}

export const keeperSignatureAttacks: readonly Attack[] = thirdSignatures.map(forgery)

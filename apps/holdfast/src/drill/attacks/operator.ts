import { commitName, seal } from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import {
  type DeviceId,
  deviceIdOf,
  formatInvitation,
  guestSeedOf,
  hex,
  laneIdOf,
  type MessageId,
  type OrgId,
  sessionSigningInput,
} from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { charterOf, draftStatement, makeGhost, random } from "../attacker.ts"
import { heardBy } from "../person.ts"
import { connectRaw, helloWith, type RawConnection, refusalOf } from "../raw-connection.ts"
import type { Scene } from "../scene.ts"
import { pause } from "../wait.ts"

const hourSeconds = 3_600

/** An invitation that no member made: its guest key is put into the relay by whoever runs it. */
async function inventInvitation(scene: Scene): Promise<{ readonly text: string; readonly secret: Uint8Array }> {
  const secret = random(32)
  const now = Math.floor(Date.now() / 1_000)
  const guest = await signerFromSeed(guestSeedOf(secret))
  await scene.relay.folder.engine.putInvite(scene.org, guest.publicKey, now + 2 * hourSeconds, now)
  const expiresAt = now + hourSeconds
  const relays = [scene.stage.named]
  return { secret, text: formatInvitation({ version: 1, org: scene.org, secret, relays, expiresAt, purpose: 0 }) }
}

async function asGuest(scene: Scene, url: string): Promise<RawConnection> {
  const { secret } = await inventInvitation(scene)
  const guest = await signerFromSeed(guestSeedOf(secret))
  const connection = await connectRaw(url)
  const signature = await guest.sign(sessionSigningInput("guest", connection.challenge, scene.org))
  const value = { org: scene.org, guestKey: guest.publicKey, signature }
  const refusal = refusalOf(await connection.ask({ kind: "helloGuest", value }))
  if (refusal !== undefined) throw new Error(`the guest session was refused: ${refusal}`)
  return connection
}

async function asReader(scene: Scene, url: string): Promise<RawConnection> {
  const connection = await connectRaw(url)
  const refusal = refusalOf(await connection.ask({ kind: "helloReader", value: { org: scene.org } }))
  if (refusal !== undefined) throw new Error(`the reader's session was refused: ${refusal}`)
  return connection
}

async function helloSigned(connection: RawConnection, org: OrgId, device: DeviceId, signer: Ed25519Signer) {
  const signature = await signer.sign(sessionSigningInput("device", connection.challenge, org))
  return refusalOf(await connection.ask(helloWith(org, device, signature)))
}

export const operatorAttacks: readonly Attack[] = [
  {
    name: "stolen hosting code",
    level: "T3",
    promise: "P2",
    tries:
      "The operator's laptop: an organisation is founded with the hosting code, and sessions of the real one are asked for.",
    expected: { kind: "refused" },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const other = await scene.foundAnother()
      scene.measure(`another organisation was founded (${hex(other).slice(0, 8)}), which is all that the code is for`)
      await scene.lie()
      const own = await signerFromSeed(random(32))
      const tried: readonly (readonly [string, DeviceId, Ed25519Signer])[] = [
        ["a new key", deviceIdOf(own.publicKey), own],
        ["a member's device id under a new key", Uint8Array.from(Buffer.from(ben.device, "hex")) as DeviceId, own],
        ["the relay's log key", deviceIdOf(scene.relay.folder.logSigner.publicKey), scene.relay.folder.logSigner],
      ]
      const refusals: string[] = []
      for (const [what, device, signer] of tried) {
        const connection = await connectRaw(scene.relay.url)
        const refusal = await helloSigned(connection, scene.org, device, signer)
        connection.close()
        if (refusal === undefined) scene.gain(`a session of the organisation with ${what}`)
        else refusals.push(refusal)
      }
      scene.measure(`${refusals.length} of ${tried.length} sessions refused`)
      if (refusals.length === tried.length) scene.noticed(`the relay's own code: refused (${refusals[0]})`)
    },
  },
  {
    name: "invitation made by the operator",
    level: "T3",
    promise: "P2",
    tries: "A guest key of the attacker's is put into the relay, and the genuine client asks to join with it.",
    expected: { kind: "nothing" },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const { text } = await inventInvitation(scene)
      const before = (await ana.client.people()).length
      await scene.lie()
      const stranger = await scene.join("Mallory Quirke", text)
      // Time for a draft by whichever member has its turn last.
      for (let i = 0; i < 30; i++) {
        for (const one of [ana, ben, stranger]) one.clock.advance(1_000)
        await pause(60)
      }
      const { standing } = await stranger.client.overview()
      const asked = (await Promise.all([ana, ben].map(({ client }) => client.proposals()))).flat().length
      const heard = (await heardBy(stranger, scene.stage.everyone)).length
      scene.measure(
        `the stranger's standing is "${standing}"; ${asked} proposal(s) reached a keeper; ${heard} messages read`,
      )
      if (standing === "active" || heard > 0) scene.gain(`a stranger inside, who read ${heard} message(s)`)
      const after = (await ana.client.people()).length
      if (after !== before) scene.gain(`${after - before} new member(s)`)
    },
  },
  {
    name: "charter statement handed in as reader or guest",
    level: "T3",
    promise: "P2",
    tries: "Sessions that prove no device hand in a statement, write frames and ask for the directory.",
    expected: { kind: "refused" },
    async run(scene) {
      const { ana } = await scene.wake("ana")
      const charter = await charterOf(scene.relay.folder.engine, scene.org)
      const ghost = await makeGhost(scene.org)
      const body = {
        member: ghost.member,
        nameCommitment: commitName(random(16), "Mallory Quirke"),
        devices: [ghost.entry],
        requestId: random(16),
      }
      const envelope = seal(draftStatement(charter, { type: "member-add", body }), [])
      const frame = { lane: laneIdOf(scene.org, 0), frames: [random(512)], messageIds: [random(16) as MessageId] }
      await scene.lie()
      const refusals: string[] = []
      const tryAll = async (who: string, connection: RawConnection, mayWrite: boolean) => {
        const asked = [
          { kind: "appendCharter", value: { envelope } },
          { kind: "getDirectory", value: { since: 0 } },
          { kind: "read", value: { lane: laneIdOf(scene.org, 0), from: 0, maxFrames: 1 } },
          ...(mayWrite ? [] : [{ kind: "append", value: frame } as const]),
        ] as const
        for (const op of asked) {
          const refusal = refusalOf(await connection.ask(op))
          if (refusal === undefined) scene.gain(`${op.kind} as a ${who}`)
          else refusals.push(`${op.kind} as a ${who}: ${refusal}`)
        }
        connection.close()
      }
      await tryAll("reader", await asReader(scene, scene.relay.url), false)
      await tryAll("guest", await asGuest(scene, scene.relay.url), true)
      const size = (await charterOf(scene.relay.folder.engine, scene.org)).size
      if (size !== charter.size) scene.gain("an entry in the charter")
      const active = (await ana.client.people()).some(({ member }) => member === hex(ghost.member))
      if (active) scene.gain("a member that nobody admitted")
      scene.measure(`${refusals.length} requests refused`)
      if (refusals.length > 0) scene.noticed(`the relay's own code: refused (${refusals.length} requests)`)
    },
  },
]

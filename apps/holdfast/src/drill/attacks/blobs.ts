import { ClientError, type Id } from "@holdfast/client"
import type { Attack } from "../attack.ts"
import { random } from "../attacker.ts"
import { firstName, heardBy, type Person } from "../person.ts"
import type { Scene } from "../scene.ts"
import { until } from "../wait.ts"

async function fileMessage(person: Person, conversation: Id): Promise<Id> {
  return until(`${person.name} sees the file`, 10_000, async () => {
    return (await heardBy(person, conversation)).find(({ body }) => body.kind === "file")?.id
  })
}

/** Whether somebody who fetches and reads gets anything, and what. */
async function fetched(person: Person, message: Id, size: number): Promise<Uint8Array | ClientError> {
  try {
    await person.client.fetchFile(message)
    return await person.client.readFile(message, 0, size)
  } catch (error) {
    if (error instanceof ClientError) return error
    throw error
  }
}

function tampered(name: string, tries: string, chunk: (bytes: Uint8Array) => Uint8Array): Attack {
  return {
    name,
    level: "T2",
    promise: "P1",
    tries,
    expected: { kind: "refused" },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const message = await fileMessage(ben, scene.stage.group)
      scene.relay.rules = { chunk }
      await scene.lie()
      const got = await fetched(ben, message, scene.stage.truth.file.bytes.length)
      judge(scene, ben, got)
      scene.relay.rules = {}
      await healed(scene, ben, message)
    },
  }
}

function judge(scene: Scene, by: Person, got: Uint8Array | ClientError): void {
  if (got instanceof ClientError) {
    scene.noticed(`${firstName(by.name)}: refused (${got.code})`)
    return
  }
  const { bytes } = scene.stage.truth.file
  const wrong = got.reduce((sum, byte, i) => sum + (byte === bytes[i] ? 0 : 1), 0)
  scene.measure(`${wrong} of ${bytes.length} bytes were not the sender's`)
  if (wrong > 0 || got.length !== bytes.length) scene.gain(`${wrong} bytes of a file that its sender never wrote`)
  else scene.noticed(`${firstName(by.name)}: refused (not used)`)
}

/** Nothing is lost by the lie: the true bytes come through afterwards. */
async function healed(scene: Scene, by: Person, message: Id): Promise<void> {
  const { bytes } = scene.stage.truth.file
  await by.client.retryTransfer(message).catch(() => {})
  const got = await until("the file comes through afterwards", 15_000, async () => {
    const again = await fetched(by, message, bytes.length)
    return again instanceof ClientError ? undefined : again
  })
  if (!Buffer.from(got).equals(Buffer.from(bytes))) scene.gain("a file that stays wrong after the lie has ended")
  scene.measure("the true file came through afterwards")
}

export const blobAttacks: readonly Attack[] = [
  tampered("blob: a bit turned over", "One bit of a stored chunk is changed on its way.", (bytes) => {
    const out = bytes.slice()
    out[1_000] = (out[1_000] as number) ^ 1
    return out
  }),
  tampered("blob: cut short", "A chunk ends before its time.", (bytes) => bytes.slice(0, bytes.length - 100)),
  tampered("blob: too long", "A chunk brings along three megabytes that nobody asked for.", (bytes) => {
    return new Uint8Array(Buffer.concat([bytes, random(3 * 2 ** 20)]))
  }),
  tampered("blob: something else altogether", "Random bytes of the right length in the place of a chunk.", (bytes) => {
    return random(bytes.length)
  }),
  tampered("blob: nothing", "An empty chunk.", () => new Uint8Array()),
]

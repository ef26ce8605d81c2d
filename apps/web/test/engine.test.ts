import type { Change, Client, FileSource } from "@holdfast/client"
import { expect, test } from "vitest"
import { connectEngine } from "../src/engine/engine.ts"
import type { Call, EngineError, FromWorker } from "../src/engine/protocol.ts"
import { type Opening, serveEngine } from "../src/engine/serve-engine.ts"

class ClientError extends Error {
  override name = "ClientError"
  readonly code: string
  readonly sentence: string
  constructor(code: string, sentence: string) {
    super(sentence)
    this.code = code
    this.sentence = sentence
  }
}

/** Page and worker over a channel, as a browser would join them. */
function joined(client: Partial<Client>) {
  const { port1, port2 } = new MessageChannel()
  const changes = new Set<(change: Change) => void>()
  let closed = 0
  const whole = {
    subscribe(listener: (change: Change) => void) {
      changes.add(listener)
      return () => changes.delete(listener)
    },
    close: async () => {
      closed += 1
    },
    ...client,
  } as Client
  const opening: Opening = {
    listVaults: async () => [{ id: "ab" }],
    found: async () => ({ vault: "ab", client: whole }),
    join: async () => ({ vault: "ab", client: whole }),
    unlock: async (_, passphrase) => {
      if (passphrase === "wrong") throw new ClientError("wrong_passphrase", "Try again.")
      return whole
    },
    removeVault: async () => undefined,
  }
  serveEngine(
    {
      postMessage: (message: FromWorker) => port1.postMessage(message),
      onCall: (listener) => {
        port1.onmessage = (event: MessageEvent<Call>) => listener(event.data)
      },
    },
    opening,
  )
  port2.start()
  const worker = Object.assign(port2, {
    terminate() {
      port1.close()
      port2.close()
    },
  }) as unknown as Worker
  return { engine: connectEngine(worker), changes, closed: () => closed }
}
const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it worked"),
    (error: EngineError) => [error.code, error.sentence],
  )

test("calls go through with their arguments and bring back values", async () => {
  const { engine } = joined({ messages: async (id, page) => [{ id: `${id}${page?.limit}` }] as never })
  await engine.unlock("ab", "right")
  expect(await engine.client.messages("c", { limit: 3 })).toEqual([{ id: "c3" }])
  engine.end()
})

test("a refusal keeps its code and its sentence; a defect shows neither message nor stack", async () => {
  const silent = console.error
  console.error = () => undefined
  const { engine } = joined({
    people: async () => {
      throw new Error("secret detail")
    },
  })
  expect(await refused(engine.unlock("ab", "wrong"))).toEqual(["wrong_passphrase", "Try again."])
  await engine.unlock("ab", "right")
  const [code, sentence] = (await refused(engine.client.people())) as [string, string]
  expect(code).toBe("unexpected")
  expect(sentence).not.toContain("secret")
  console.error = silent
  engine.end()
})

test("changes reach the page while it listens, and no longer after locking", async () => {
  const { engine, changes, closed } = joined({})
  const heard: Change[] = []
  engine.client.subscribe((change) => heard.push(change))
  await engine.unlock("ab", "right")
  for (const listener of changes) listener({ topic: "messages", conversation: "c" })
  await engine.lock()
  expect(heard).toEqual([{ topic: "messages", conversation: "c" }])
  expect(changes.size).toBe(0)
  expect(closed()).toBe(1)
  expect((await refused(engine.client.overview()))[0]).toBe("unexpected")
  engine.end()
})

test("a file is read in slices where the engine runs, and one that shrank is refused", async () => {
  let source: FileSource | undefined
  const { engine } = joined({
    sendFile: async (_, file, caption) => {
      source = file
      return `${file.name} ${file.size} ${caption} ${file.width}`
    },
  })
  await engine.unlock("ab", "right")
  const file = new File([Uint8Array.of(1, 2, 3, 4, 5)], "five.bin")
  expect(await engine.client.sendFile("c", { file, width: 9 }, "hi")).toBe("five.bin 5 hi 9")
  expect(await source?.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4))
  await expect(source?.read(3, 9)).rejects.toThrow("shorter")
  engine.end()
})

test("ending refuses whatever is under way", async () => {
  const { engine } = joined({ timeline: () => new Promise(() => undefined) })
  await engine.unlock("ab", "right")
  const asked = refused(engine.client.timeline())
  engine.end()
  expect((await asked)[0]).toBe("stopped")
  expect((await refused(engine.client.people()))[0]).toBe("stopped")
})

import type { Client, FileSource, FoundOptions, Id, JoinOptions } from "@holdfast/client"
import { answerReads } from "../downloads/stream.ts"
import type { Call, EngineCode, FromWorker, LockedVault, Operations, PickedFile, WholeClient } from "./protocol.ts"

/** What opens organisations: the engine, or in development a fixture. */
export interface Opening {
  listVaults(): Promise<readonly LockedVault[]>
  found(options: FoundOptions): Promise<{ vault: Id; client: Client }>
  join(options: JoinOptions): Promise<{ vault: Id; client: Client }>
  unlock(vault: Id, passphrase: string): Promise<Client>
  removeVault(vault: Id): Promise<void>
}

/** The side of a worker, or of a port in tests. */
export interface Line {
  postMessage(message: FromWorker): void
  onCall(listener: (call: Call) => void): void
}

function sourceOf({ file, width, height }: PickedFile): FileSource {
  return {
    name: file.name,
    type: file.type,
    size: file.size,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    async read(offset, length) {
      const bytes = new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
      if (bytes.length !== length) throw new Error("the file became shorter while it was read")
      return bytes
    },
  }
}

function refusalOf(error: unknown): { code: EngineCode; sentence: string } {
  const { name, code, sentence } = error as { name?: string; code?: EngineCode; sentence?: string }
  if (name === "ClientError" && code !== undefined && sentence !== undefined) return { code, sentence }
  // a defect: the page shows its own sentence, the console of whoever looks for it the rest
  console.error(error)
  return { code: "unexpected", sentence: "" }
}

/** Runs at most one organisation at a time and answers calls until the worker ends. */
export function serveEngine(line: Line, opening: Opening): void {
  let open: { client: Client; stop: () => void } | undefined

  const current = (): Client => {
    if (open === undefined) throw new Error("no organisation is open")
    return open.client
  }
  async function lock(): Promise<void> {
    const closing = open
    open = undefined
    closing?.stop()
    await closing?.client.close()
  }
  async function use(client: Client): Promise<void> {
    await lock()
    open = { client, stop: client.subscribe((change) => line.postMessage({ kind: "change", change })) }
  }

  const operations: Operations = {
    listVaults: () => opening.listVaults(),
    async found(options) {
      const { vault, client } = await opening.found(options)
      await use(client)
      return vault
    },
    async join(options) {
      const { vault, client } = await opening.join(options)
      await use(client)
      return vault
    },
    async unlock(vault, passphrase) {
      await use(await opening.unlock(vault, passphrase))
      return vault
    },
    lock,
    async removeVault(vault) {
      await lock()
      await opening.removeVault(vault)
    },
    client: (method, args) =>
      ((current() as WholeClient)[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args),
    sendFile: (conversation, picked, caption) => current().sendFile(conversation, sourceOf(picked), caption),
    retryTransfer: (message, picked) =>
      current().retryTransfer(message, picked === undefined ? undefined : sourceOf(picked)),
    async streamFile(message, size, port) {
      const client = current()
      answerReads(port, size, (offset, length) => client.readFile(message, offset, length))
    },
  }

  line.onCall(async ({ call, operation, args }) => {
    try {
      const run = operations[operation] as (...args: readonly unknown[]) => Promise<unknown>
      line.postMessage({ kind: "answer", call, value: await run(...args) })
    } catch (error) {
      line.postMessage({ kind: "refused", call, ...refusalOf(error) })
    }
  })
}

/** The line of the dedicated worker that this code runs in. */
export function lineOfThisWorker(): Line {
  const scope = globalThis as unknown as {
    postMessage(message: FromWorker): void
    addEventListener(type: "message", listener: (event: MessageEvent<Call>) => void): void
  }
  return {
    postMessage: (message) => scope.postMessage(message),
    onCall: (listener) => scope.addEventListener("message", (event) => listener(event.data)),
  }
}

import type { Change, FoundOptions, Id, JoinOptions } from "@holdfast/client"
import { text } from "../messages.ts"
import {
  type Call,
  EngineError,
  type FromWorker,
  type LockedVault,
  type OperationName,
  type Operations,
  type PassingMethod,
  passingMethods,
  type RemoteClient,
} from "./protocol.ts"

/** The engine's worker, from the page. Every method may throw EngineError. */
export interface Engine {
  listVaults(): Promise<readonly LockedVault[]>
  found(options: FoundOptions): Promise<Id>
  join(options: JoinOptions): Promise<Id>
  unlock(vault: Id, passphrase: string): Promise<Id>
  lock(): Promise<void>
  removeVault(vault: Id): Promise<void>
  /** What is unlocked. Its methods refuse while nothing is. */
  readonly client: RemoteClient
  /** Resolves if the worker could not be started. */
  readonly died: Promise<EngineError>
  /** Ends the worker. Whatever is under way is refused with `stopped`. */
  end(): void
}

export function connectEngine(worker: Worker): Engine {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: EngineError) => void }>()
  const listeners = new Set<(change: Change) => void>()
  let calls = 0
  let ended: EngineError | undefined
  let heard = false
  let die: (error: EngineError) => void
  const died = new Promise<EngineError>((resolve) => {
    die = resolve
  })

  function end(error: EngineError): void {
    ended ??= error
    worker.terminate()
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  function ask<Name extends OperationName>(
    operation: Name,
    args: Parameters<Operations[Name]>,
    transfer: Transferable[] = [],
  ): ReturnType<Operations[Name]> {
    return new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended)
        return
      }
      calls += 1
      waiting.set(calls, { resolve, reject })
      worker.postMessage({ call: calls, operation, args } satisfies Call, transfer)
    }) as ReturnType<Operations[Name]>
  }

  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    heard = true
    if (data.kind === "change") {
      for (const listener of listeners) listener(data.change)
      return
    }
    const call = waiting.get(data.call)
    waiting.delete(data.call)
    if (data.kind === "answer") call?.resolve(data.value as never)
    else call?.reject(new EngineError(data.code, data.code === "unexpected" ? text.problem.unexpected : data.sentence))
  })
  worker.addEventListener("error", () => {
    // a worker that has answered before goes on after an error in one of its tasks
    if (heard) return
    const error = new EngineError("unexpected", text.problem.engineEnded)
    end(error)
    die(error)
  })

  const passed = Object.fromEntries(
    passingMethods.map((method) => [method, (...args: readonly unknown[]) => ask("client", [method, args])]),
  ) as unknown as Pick<RemoteClient, PassingMethod>

  return {
    listVaults: () => ask("listVaults", []),
    found: (options) => ask("found", [options]),
    join: (options) => ask("join", [options]),
    unlock: (vault, passphrase) => ask("unlock", [vault, passphrase]),
    lock: () => ask("lock", []),
    removeVault: (vault) => ask("removeVault", [vault]),
    client: {
      ...passed,
      sendFile: (conversation, picked, caption) => ask("sendFile", [conversation, picked, caption]),
      retryTransfer: (message, picked) => ask("retryTransfer", [message, picked]),
      streamFile: (message, size, port) => ask("streamFile", [message, size, port], [port]),
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    died,
    end: () => end(new EngineError("stopped", text.problem.engineEnded)),
  }
}

import { createHash } from "node:crypto"
import type { ClientPorts, Network, Timers } from "@holdfast/client"
import { createFaultNetwork, type FaultNetwork } from "./fault-network.ts"
import { createMemoryDatabases, type MemoryDatabases } from "./memory-database.ts"
import { createMemoryChunks, createMemoryFiles } from "./memory-files.ts"

/** Somebody's computer: its disk outlives the programs that run on it. */
export interface Machine {
  /** Ports of the program that runs now. */
  readonly ports: ClientPorts
  readonly network: FaultNetwork
  readonly databases: MemoryDatabases
  /** The program is gone from one moment to the next: no timer, no message, no write of it happens any more. */
  kill(): void
  /** Kills the program just before its `n`th durable write or message to the relay from now on. Resolves when it happened. */
  killBefore(n: number): Promise<void>
  /** How many writes and messages there have been since the last call. */
  countSteps(): number
  /** Added to the real time. */
  advance(millis: number): void
}

class Killed extends Error {
  override name = "Killed"
}

/** `clock`: in the place of real time, for a world that jumps ahead as a whole. */
export function createMachine(inner: Network, report: (error: unknown) => void = () => {}, clock?: Timers): Machine {
  let life = 0
  let steps = 0
  let limit = Number.POSITIVE_INFINITY
  let onKilled = () => {}
  let offset = 0
  const files = createMemoryFiles()
  const chunks = createMemoryChunks()

  function step(): void {
    steps += 1
    if (steps <= limit) return
    limit = Number.POSITIVE_INFINITY
    kill()
    onKilled()
    throw new Killed()
  }

  const databases = createMemoryDatabases((what) => {
    if (what === "commit") step()
  })
  const network = createFaultNetwork(inner)
  network.onSend(step)

  function kill(): void {
    life += 1
    network.dropConnections()
    queueMicrotask(() => databases.crash())
  }

  /** Ports that stop working for ever when the program that holds them is killed. */
  function makePorts(): ClientPorts {
    const own = life
    const isAlive = () => life === own
    const check = () => {
      if (!isAlive()) throw new Killed()
    }
    const never = new Promise<never>(() => {})
    const timers: Timers = {
      now: () => (clock?.now() ?? Date.now()) + offset,
      setTimeout(work, millis) {
        const run = () => {
          if (isAlive()) work()
        }
        if (clock !== undefined) return clock.setTimeout(run, millis)
        const timer = setTimeout(run, millis)
        timer.unref()
        return () => clearTimeout(timer)
      },
    }
    return {
      databases: {
        create: async (name, key) => guarded(await databases.create(name, key)),
        open: async (name, key) => guarded(await databases.open(name, key)),
        remove: (name) => databases.remove(name),
      },
      files,
      chunks: (vault) => {
        const store = chunks(vault)
        return {
          ...store,
          write: (blob, chunk, bytes) => (isAlive() ? store.write(blob, chunk, bytes) : never),
        }
      },
      network: {
        openSocket: (url) => (isAlive() ? network.openSocket(url) : never),
        fetch: (url, init) => (isAlive() ? network.fetch(url, init) : never),
      },
      timers,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      // Argon2 is tested where it is used; here it would only cost time.
      stretch: async (passphrase, salt) =>
        new Uint8Array(createHash("sha256").update(passphrase).update(salt).digest()),
      report: (error) => {
        if (isAlive()) report(error)
      },
    }

    function guarded(db: Awaited<ReturnType<MemoryDatabases["open"]>>) {
      return {
        run: (...args: Parameters<typeof db.run>) => {
          check()
          db.run(...args)
        },
        all: (...args: Parameters<typeof db.all>) => {
          check()
          return db.all(...args)
        },
        transaction: <T>(work: () => T): T => {
          check()
          return db.transaction(work)
        },
        close: () => {
          if (isAlive()) db.close()
        },
      }
    }
  }

  let ports = makePorts()
  let portsLife = life
  return {
    get ports() {
      if (portsLife !== life) {
        ports = makePorts()
        portsLife = life
      }
      return ports
    },
    network,
    databases,
    kill,
    killBefore(n) {
      steps = 0
      limit = n - 1
      return new Promise((resolve) => {
        onKilled = resolve
      })
    },
    countSteps() {
      const count = steps
      steps = 0
      return count
    },
    advance(millis) {
      offset += millis
    },
  }
}

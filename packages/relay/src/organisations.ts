import { hex, type OrgId } from "@holdfast/wire"
import { Organisation } from "./organisation.ts"
import type { RelayDeps } from "./ports.ts"

/** Loaded organisations that nobody uses are kept up to this many, so that a reconnect does not replay everything. */
const maxIdle = 64

interface Loaded {
  readonly organisation: Promise<Organisation | undefined>
  /** Once it is loaded. */
  ready: Organisation | undefined
  users: number
}

/** Loads organisations when they are asked for, each once, and keeps those in use and those whose witnesses have to be asked. (R4.1, R10.1) */
export class Organisations {
  readonly #deps: RelayDeps
  readonly #witnessMillis: number
  readonly #loadedById = new Map<string, Loaded>()
  #isClosed = false

  constructor(deps: RelayDeps, witnessMillis: number) {
    this.#deps = deps
    this.#witnessMillis = witnessMillis
  }

  /** Those that are loaded now. */
  ready(): readonly Organisation[] {
    return [...this.#loadedById.values()].flatMap(({ ready }) => ready ?? [])
  }

  /** Loads each once, one after the other, so that those with witnesses go on by themselves. False: some could not be read. (R10.1) */
  async wakeAll(): Promise<boolean> {
    let isWhole = true
    for (const id of await this.#deps.engine.orgs()) {
      if (this.#isClosed) return true
      try {
        if ((await this.acquire(id)) !== undefined) this.release(id)
      } catch {
        isWhole = false
      }
    }
    return isWhole
  }

  /** No witness is asked any more. */
  close(): void {
    this.#isClosed = true
    for (const { organisation } of this.#loadedById.values()) {
      void organisation.then((one) => one?.unload()).catch(() => {})
    }
  }

  /**
   * `undefined`: not hosted here. Otherwise it stays loaded until `release`, which the caller owes.
   * Rejects when the engine fails; the next call tries again.
   */
  async acquire(id: OrgId): Promise<Organisation | undefined> {
    const key = hex(id)
    const loaded = this.#loadedById.get(key) ?? this.#load(id)
    this.#loadedById.set(key, loaded)
    // Counted before anything is awaited, or it could be unloaded on the way to its user.
    loaded.users++
    try {
      const organisation = await loaded.organisation
      if (organisation === undefined) this.#forget(key, loaded)
      loaded.ready = organisation
      return organisation
    } catch (error) {
      this.#forget(key, loaded)
      throw error
    }
  }

  release(id: OrgId): void {
    const loaded = this.#loadedById.get(hex(id))
    if (loaded === undefined) return
    loaded.users--
    for (const [key, idle] of this.#loadedById) {
      if (this.#loadedById.size <= maxIdle) return
      if (idle.users > 0 || idle.ready?.witnessing.isActive === true) continue
      this.#forget(key, idle)
      void idle.organisation.then((organisation) => organisation?.unload())
    }
  }

  #load(id: OrgId): Loaded {
    return { organisation: Organisation.load(this.#deps, this.#witnessMillis, id), ready: undefined, users: 0 }
  }

  #forget(key: string, loaded: Loaded): void {
    if (this.#loadedById.get(key) === loaded) this.#loadedById.delete(key)
  }
}

import { hex, type OrgId } from "@holdfast/wire"
import { Organisation } from "./organisation.ts"
import type { RelayDeps } from "./ports.ts"

/** Loaded organisations that nobody uses are kept up to this many, so that a reconnect does not replay everything. */
const maxIdle = 64

interface Loaded {
  readonly organisation: Promise<Organisation | undefined>
  users: number
}

/** Loads organisations when they are asked for, each once, and keeps those in use. (R4.1) */
export class Organisations {
  readonly #deps: RelayDeps
  readonly #loadedById = new Map<string, Loaded>()

  constructor(deps: RelayDeps) {
    this.#deps = deps
  }

  /**
   * `undefined`: not hosted here. Otherwise it stays loaded until `release`, which the caller owes.
   * Rejects when the engine fails; the next call tries again.
   */
  async acquire(id: OrgId): Promise<Organisation | undefined> {
    const key = hex(id)
    const loaded = this.#loadedById.get(key) ?? { organisation: Organisation.load(this.#deps, id), users: 0 }
    this.#loadedById.set(key, loaded)
    // Counted before anything is awaited, or it could be unloaded on the way to its user.
    loaded.users++
    try {
      const organisation = await loaded.organisation
      if (organisation === undefined) this.#forget(key, loaded)
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
      if (idle.users > 0) continue
      this.#forget(key, idle)
      void idle.organisation.then((organisation) => organisation?.unload())
    }
  }

  #forget(key: string, loaded: Loaded): void {
    if (this.#loadedById.get(key) === loaded) this.#loadedById.delete(key)
  }
}

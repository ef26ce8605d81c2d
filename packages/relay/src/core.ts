import { hash } from "node:crypto"
import type { RelayConfig } from "./config.ts"
import { DailyQuota } from "./daily-quota.ts"
import { FailureLimit } from "./failure-limit.ts"
import { Organisations } from "./organisations.ts"
import type { RelayDeps } from "./ports.ts"
import type { OpenSession } from "./session.ts"

type DeviceSession = Extract<OpenSession, { kind: "device" }>

/** What the operations of one relay share. */
export interface RelayCore {
  readonly deps: RelayDeps
  readonly config: RelayConfig
  readonly organisations: Organisations
  readonly quota: DailyQuota
  readonly failures: FailureLimit
  readonly guestFrames: Map<string, number>
  readonly tokens: Tokens
}

export function createCore(deps: RelayDeps, config: RelayConfig): RelayCore {
  return {
    deps,
    config,
    organisations: new Organisations(deps, config.witnessMillis),
    quota: new DailyQuota(deps.clock),
    failures: new FailureLimit(deps.clock, config.maxFailuresPerMinute),
    guestFrames: new Map(),
    tokens: new Tokens(),
  }
}

/** Bearer tokens of open device sessions (R4.7). Found by their hash, so that how long a look-up takes says nothing about them. */
export class Tokens {
  readonly #sessionByHash = new Map<string, DeviceSession>()

  add(token: Uint8Array, session: DeviceSession): void {
    this.#sessionByHash.set(hashOf(token), session)
  }

  remove(token: Uint8Array): void {
    this.#sessionByHash.delete(hashOf(token))
  }

  find(token: Uint8Array): DeviceSession | undefined {
    return this.#sessionByHash.get(hashOf(token))
  }
}

function hashOf(token: Uint8Array): string {
  return hash("sha256", token, "hex")
}

import { encode, failure, type OrgId, Reply } from "@holdfast/wire"
import { type RelayConfig, relayDefaults } from "./config.ts"
import { Connection, type Peer } from "./connection.ts"
import { createCore, type RelayCore } from "./core.ts"
import type { Organisation } from "./organisation.ts"
import type { RelayDeps } from "./ports.ts"

/** How often connections are looked over for the stalled, the silent and the gone. */
const tickMillis = 5_000
/** Organisations that could not be read are tried again. */
const wakeMillis = 60_000

/** A blind relay: everything but the network (R1). `serveRelay` puts it on a port. */
export interface Relay {
  readonly core: RelayCore
  /** A new connection. `undefined`: there are too many, and the peer was told so. (R7.3) */
  connect(peer: Peer): Connection | undefined
  connectionCount(): number
  /** Runs work on an organisation's charter and lanes; `undefined` when it is not hosted here. */
  withOrganisation<T>(id: OrgId, work: (org: Organisation) => Promise<T>): Promise<T | undefined>
  /** Says goodbye to everyone, finishes what is waiting for the disk and lets go of the engine. */
  close(): Promise<void>
}

export function createRelay(deps: RelayDeps, config: Partial<RelayConfig> = {}): Relay {
  const core = createCore(deps, { ...relayDefaults, ...config })
  const connections = new Set<Connection>()
  const countByAddress = new Map<string, number>()
  let isClosed = false
  let stopTicking = () => {}
  const tick = () => {
    for (const connection of connections) connection.tick()
    stopTicking = deps.clock.after(tickMillis, tick)
  }
  stopTicking = deps.clock.after(tickMillis, tick)

  // In the background: who is connected does not wait for those who are not.
  let stopWaking = () => {}
  const wake = async () => {
    const isWhole = await core.organisations.wakeAll().catch(() => false)
    if (!isWhole && !isClosed) stopWaking = deps.clock.after(wakeMillis, () => void wake())
  }
  void wake()

  const leave = (address: string) => {
    const left = (countByAddress.get(address) ?? 1) - 1
    if (left > 0) countByAddress.set(address, left)
    else countByAddress.delete(address)
  }

  return {
    core,
    connect(peer) {
      const { address } = peer
      const ofAddress = countByAddress.get(address) ?? 0
      const isTooMany =
        connections.size >= core.config.maxConnections || ofAddress >= core.config.maxConnectionsPerAddress
      if (isClosed || isTooMany) {
        const value = { ...failure(isClosed ? "unavailable" : "too_many"), retryAfterSeconds: 30 }
        peer.send(encode(Reply, { id: 0, op: { kind: "goodbye", value } }), () => {})
        peer.close("politely")
        return undefined
      }
      countByAddress.set(address, ofAddress + 1)
      const connection: Connection = new Connection(core, peer, () => {
        connections.delete(connection)
        leave(address)
      })
      connections.add(connection)
      return connection
    },
    connectionCount: () => connections.size,
    async withOrganisation(id, work) {
      const org = await core.organisations.acquire(id)
      if (org === undefined) return undefined
      try {
        return await work(org)
      } finally {
        core.organisations.release(id)
      }
    },
    async close() {
      if (isClosed) return
      isClosed = true
      stopTicking()
      stopWaking()
      core.organisations.close()
      for (const connection of [...connections]) connection.goodbye("unavailable", "closing")
      await deps.engine.close()
    },
  }
}

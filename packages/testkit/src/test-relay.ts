import { generateEd25519KeyPair, signerFromKeyPair } from "@holdfast/log"
import {
  createMemoryBlobs,
  createMemoryEngine,
  createRelay,
  type Relay,
  type RelayConfig,
  type RelayDeps,
  silentLog,
  systemClock,
} from "@holdfast/relay"
import { decodeDirectoryEntry, type LaneId, laneIdOf, type OrgId, toRelayId } from "@holdfast/wire"

export const hostingCode = "hosting code of the test relay"

/** A real relay that keeps everything in memory. */
export async function createTestRelay(
  config: Partial<RelayConfig> = {},
  deps: Partial<RelayDeps> = {},
): Promise<Relay> {
  return createRelay(
    {
      engine: createMemoryEngine(),
      blobs: createMemoryBlobs(),
      clock: systemClock,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      relayId: toRelayId(crypto.getRandomValues(new Uint8Array(16))),
      logSigner: await signerFromKeyPair(await generateEd25519KeyPair(false)),
      fetch: () => Promise.reject(new Error("no network")),
      log: silentLog,
      ...deps,
    },
    { hostingCode, ...config },
  )
}

/** A second relay with the same identity and, so far, the same history: what a turned operator has at hand to show two views. */
export async function copyRelay(original: Relay, org: OrgId, deps: Partial<RelayDeps> = {}): Promise<Relay> {
  const { engine, relayId, logSigner } = original.core.deps
  const copy = await createTestRelay({}, { relayId, logSigner, ...deps })
  const bounds = { maxEntries: 1_000_000, maxBytes: 1_000_000_000 }
  const id = () => crypto.getRandomValues(new Uint8Array(16))
  const entriesOf = async (lane: LaneId) => {
    const slice = await engine.read(lane, 0, bounds)
    return slice.kind === "entries" ? slice.entries.map((bytes) => ({ messageId: id(), bytes })) : []
  }
  const into = copy.core.deps.engine
  const [genesis, ...charter] = await entriesOf(laneIdOf(org, "charter"))
  if (genesis === undefined) throw new Error("not hosted here")
  await into.createOrg(org, genesis)
  if (charter.length > 0) await into.append(laneIdOf(org, "charter"), charter)
  const frames = await entriesOf(laneIdOf(org, 0))
  if (frames.length > 0) await into.append(laneIdOf(org, 0), frames)
  for (const bytes of (await engine.directory(org, 0, bounds)).entries) {
    const { device, sequence } = decodeDirectoryEntry(bytes)
    await into.putDirectoryLine(org, { device, sequence, bytes })
  }
  return copy
}

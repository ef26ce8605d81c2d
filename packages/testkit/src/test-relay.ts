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
import { toRelayId } from "@holdfast/wire"

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
      log: silentLog,
      ...deps,
    },
    { hostingCode, ...config },
  )
}

import type { LeafIdentity } from "./identity.ts"
import { suiteOf } from "./suite/suite.ts"

/** One device as it signs: who it is and its Ed25519 key pair (32 bytes each; the private key is the seed). */
export interface Device {
  readonly identity: LeafIdentity
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

export async function generateDeviceKeys(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  return (await suiteOf()).ed25519.keygen()
}

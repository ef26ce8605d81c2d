import { concatBytes, utf8 } from "./bytes.ts"
import type { OrgId, RelayId } from "./ids.ts"

/**
 * The bytes a device key (role "device") or an invitation's guest key (role "guest") signs to open a session (W5.3, W5.4).
 * They name the relay and its nonce, so a relay cannot replay the signature elsewhere.
 */
export function sessionSigningInput(
  role: "device" | "guest",
  challenge: { readonly nonce: Uint8Array; readonly relay: RelayId; readonly logPublicKey: Uint8Array },
  org: OrgId,
): Uint8Array<ArrayBuffer> {
  const label = utf8(`holdfast/session/${role}/v1`)
  return concatBytes(label, Uint8Array.of(0), challenge.nonce, challenge.relay, challenge.logPublicKey, org)
}

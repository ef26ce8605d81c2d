import { concatBytes } from "@holdfast/wire"
import { mlsLabel, vector } from "./codec.ts"
import type { Suite } from "./suite/suite.ts"

/** VerifyWithLabel (RFC 9420 section 5.1.2). */
export function verifyWithLabel(
  suite: Suite,
  key: Uint8Array,
  label: string,
  content: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return suite.ed25519.verify(key, concatBytes(mlsLabel(label), vector(content)), signature)
}

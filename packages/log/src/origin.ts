import { hex as toHex } from "@holdfast/wire"
import { encodeBase32 } from "./base64.ts"
import { LogError } from "./error.ts"

/** The origin of an organisation's charter: its id and never a server's name, so that servers can move. (L4.6) */
export function charterOrigin(orgId: Uint8Array): string {
  if (orgId.length !== 32) throw new LogError("malformed", "organisation id length")
  return `holdfast/org/${encodeBase32(orgId)}`
}

/** The origin of one message lane of an organisation. (L4.6) */
export function laneOrigin(orgId: Uint8Array, laneId: Uint8Array): string {
  if (laneId.length !== 16) throw new LogError("malformed", "lane id length")
  return `${charterOrigin(orgId)}/lane/${toHex(laneId)}`
}

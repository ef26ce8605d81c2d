// Whom this device talks to, and as what (E8.1, E8.3).
import { type Charter, deviceAt } from "@holdfast/charter"
import { type Challenge, equalBytes, type Operation, sessionSigningInput } from "@holdfast/wire"
import { type Account, deviceOf, deviceSigner } from "./account.ts"
import type { Standing } from "./api.ts"
import { guestSigner } from "./join-request.ts"

/** Addresses in order of preference: those the charter names, or while nothing of it is known those of the invitation. */
export function relayUrls(charter: Charter, account: Account): readonly string[] {
  if (charter.size > 0) return charter.state.relays.flatMap(({ urls }) => urls)
  if (account.founding !== undefined) return [account.founding.relay]
  return account.joining?.relays ?? []
}

/** Whether the charter names this relay with this key (P3). Nothing can be said before the first entry is here. */
export function isNamedRelay(charter: Charter, challenge: Challenge): boolean {
  return charter.state.relays.some(
    ({ id, logPublicKey }) => equalBytes(id, challenge.relay) && equalBytes(logPublicKey, challenge.logPublicKey),
  )
}

export function standingOf(charter: Charter, account: Account, isStopped: boolean): Standing {
  if (isStopped) return "stopped"
  const id = deviceOf(account)
  if (deviceAt(charter, id, charter.size) !== undefined) return "active"
  return charter.state.devices.has(id) ? "removed" : "waiting"
}

/**
 * A device as itself, the invited as a guest, everybody else as a reader of the charter. `isRefused`: the relay has just refused the
 * better hello, and the charter may tell why.
 */
export async function helloFor(
  charter: Charter,
  account: Account,
  challenge: Challenge,
  isRefused: boolean,
): Promise<Operation> {
  const { org } = account
  const device = deviceOf(account)
  if (isRefused) return { kind: "helloReader", value: { org } }
  if (deviceAt(charter, device, charter.size) !== undefined || account.founding !== undefined) {
    const signature = await (await deviceSigner(account)).sign(sessionSigningInput("device", challenge, org))
    return { kind: "helloDevice", value: { org, device, signature } }
  }
  if (account.joining !== undefined && !charter.state.devices.has(device)) {
    const guest = await guestSigner(account.joining.secret)
    const signature = await guest.sign(sessionSigningInput("guest", challenge, org))
    return { kind: "helloGuest", value: { org, guestKey: guest.publicKey, signature } }
  }
  return { kind: "helloReader", value: { org } }
}

import { hex, parseInvitation } from "@holdfast/wire"
import { guestAddress, relayAddress } from "./relay-address.ts"

/** What an invitation says about itself, for people. */
export interface ReadInvitation {
  /** The bare text, "hf1…". */
  readonly text: string
  readonly organisationCode: string
  readonly purpose: "member" | "keeper" | "device" | "recovery"
  readonly relayHost: string
  readonly expiresAt: number
}

/** The first eight bytes of an id in groups, for people to compare. */
export function groupedCode(id: string): string {
  return id.slice(0, 16).replace(/(.{4})(?=.)/g, "$1 ")
}

/** `null`: not a whole invitation. */
export function readInvitation(input: string): ReadInvitation | null {
  try {
    const invitation = parseInvitation(input)
    const bare = /hf1[A-Za-z0-9_-]+$/.exec(input.trim())?.[0]
    const relay = invitation.relays[0]
    if (bare === undefined || relay === undefined) return null
    return {
      text: bare,
      organisationCode: groupedCode(hex(invitation.org)),
      purpose: (["member", "keeper", "device", "recovery"] as const)[invitation.purpose] ?? "member",
      relayHost: URL.canParse(relay) ? new URL(relay).host : relay,
      expiresAt: invitation.expiresAt * 1_000,
    }
  } catch {
    return null
  }
}

/** The link that carries an invitation, for somebody without a desk of their own. The fragment never leaves the browser. */
export function invitationLink(invitation: string): string {
  return `${guestAddress()}/#/join/${invitation}`
}

/** Whether others can only reach this organisation from this machine. */
export function isLocalAddress(): boolean {
  const { hostname } = new URL(relayAddress())
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname)
}

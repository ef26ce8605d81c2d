import type { DeviceId, Operation } from "@holdfast/wire"
import { RelayError } from "./error.ts"
import type { Organisation } from "./organisation.ts"

/** What a connection may do, once it has said hello. Lives in memory and dies with the connection. (R4.5) */
export type OpenSession =
  | { readonly kind: "device"; readonly org: Organisation; readonly device: DeviceId; readonly publicKey: Uint8Array }
  | { readonly kind: "guest"; readonly org: Organisation; readonly guestKey: Uint8Array }
  | { readonly kind: "reader"; readonly org: Organisation }
export type Session = { readonly kind: "none" } | OpenSession

type SessionKind = Session["kind"]

/** Who may ask for what. Which lanes a guest or reader may name is checked by the operations. (R4.6) */
const allowed: Readonly<Record<Operation["kind"], readonly SessionKind[]>> = {
  helloDevice: ["none"],
  helloGuest: ["none"],
  helloReader: ["none"],
  found: ["none"],
  appendCharter: ["device"],
  append: ["device", "guest"],
  read: ["device", "guest", "reader"],
  subscribe: ["device", "guest", "reader"],
  unsubscribe: ["device", "guest", "reader"],
  getCheckpoint: ["device", "guest", "reader"],
  putDirectoryEntry: ["device"],
  getDirectory: ["device"],
  putInvite: ["device"],
  revokeInvite: ["device"],
  ping: ["device", "guest", "reader"],
  getWitnessed: ["device", "guest", "reader"],
}

/** Throws `not_authenticated` before hello, `conflict` for a second hello, `forbidden` otherwise. */
export function checkAllowed(session: Session, operation: Operation["kind"]): void {
  const kinds = allowed[operation]
  if (kinds.includes(session.kind)) return
  if (session.kind === "none") throw new RelayError("not_authenticated")
  throw new RelayError(kinds.includes("none") ? "conflict" : "forbidden")
}

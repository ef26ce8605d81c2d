import type { ConnectionState } from "@holdfast/client"
import { text } from "../messages.ts"

export function Connection({ state, short = false }: { state: ConnectionState; short?: boolean }) {
  const words =
    state === "offline" ? (short ? text.connection.offlineShort : text.connection.offline) : text.connection[state]
  return (
    <p className={`connection ${state}`} role="status" data-testid="connection" data-state={state}>
      <i aria-hidden="true" />
      {words}
    </p>
  )
}

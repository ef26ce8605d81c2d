import type { Overview } from "@holdfast/client"
import { text } from "../messages.ts"

/** Whether the server can be reached, in words. Once stopped nothing is taken in or sent, whatever the line does. */
export function Connection({ overview, short = false }: { overview: Overview; short?: boolean }) {
  const { connection, standing, upToDate } = overview
  const stopped = standing === "stopped"
  const words = stopped
    ? text.connection.stopped
    : connection === "offline" && short
      ? text.connection.offlineShort
      : connection === "online" && !upToDate
        ? text.connection.reading
        : text.connection[connection]
  return (
    <p
      className={`connection ${stopped ? "stopped" : connection}`}
      role="status"
      data-testid="connection"
      data-state={connection}
      data-up-to-date={upToDate}
    >
      <i aria-hidden="true" />
      {words}
    </p>
  )
}

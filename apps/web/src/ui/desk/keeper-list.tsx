import type { KeeperView } from "@holdfast/client"
import { desk } from "../../desk-words.ts"
import { momentOf } from "../../messages.ts"
import { Avatar, Code } from "../parts.tsx"

/** Every seat: who has it, where they stand, and with what kind of key. */
export function KeeperList({ keepers }: { keepers: readonly KeeperView[] }) {
  return (
    <ul className="rows keepers" data-testid="keepers">
      {keepers.map((keeper) => (
        <li key={keeper.id} className="person-head" data-testid="keeper" data-name={keeper.name}>
          <Avatar id={keeper.member ?? keeper.id} name={keeper.name} small />
          <div className="person-words">
            <p>
              <strong>{keeper.name}</strong>
              {keeper.you ? <span className="tag">{desk.seat.you}</span> : null}
              {keeper.suspended === undefined ? null : <span className="tag danger">{desk.seat.suspended}</span>}
              {keeper.withoutMember ? <span className="tag danger">{desk.seat.gone}</span> : null}
            </p>
            <p className="hint">
              {[keeper.organisation, keeper.jurisdiction, desk.seat[keeper.kind]]
                .filter((words) => words !== "")
                .join(" · ")}{" "}
              <Code>{keeper.keyCode}</Code>
            </p>
            {keeper.suspended === undefined ? null : (
              <p className="hint">
                {keeper.suspended.until === undefined
                  ? desk.seat.suspendedOpen
                  : desk.seat.suspendedUntil(momentOf(keeper.suspended.until))}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

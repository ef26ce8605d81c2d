// Whether others vouch for the history that this device sees: a line that is always there, and banners when something is wrong.
import type { Governance, Overview } from "@holdfast/client"
import { agoOf, dateOf, text } from "../messages.ts"
import { canaryStanding, freshWitnesses } from "../state/desk.ts"
import { linkTo } from "../state/route.ts"
import { Icon } from "./icon.tsx"
import { useNow, useResource, useSession } from "./session.tsx"

/** For keepers: in the list, under the name of the organisation. Everybody has it in full under "This device". */
export function WatchGlance({ overview }: { overview: Overview }) {
  const { value: governance } = useResource(useSession().live.governance)
  const now = useNow()
  if (governance === undefined || !overview.me.keeper || governance.evaluation) return null
  return (
    <a
      className={`watch-glance ${governance.watch.state}`}
      href={linkTo({ at: "settings" })}
      title={text.watch.see}
      data-testid="watch-glance"
      data-state={governance.watch.state}
    >
      <Icon name="witness" size={16} />
      <span>{glanceOf(governance, now)}</span>
    </a>
  )
}

function glanceOf({ watch }: Governance, now: number): string {
  if (watch.state === "unwatched") return text.watch.unwatched
  if (watch.at === undefined) return text.watch.neverShort
  return text.watch.glance(freshWitnesses({ watch }), watch.witnesses.length, agoOf(watch.at, now))
}

/**
 * Stale, frozen, or a canary that has lapsed: for everybody, over every screen, for as long as it is so. While the alarm about
 * the same thing stands above it says enough.
 */
export function WatchBanners({ overview }: { overview: Overview }) {
  const { value: governance } = useResource(useSession().live.governance)
  const now = useNow()
  if (governance === undefined) return null
  const { watch, canary } = governance
  const alarmed = (kind: string) => overview.alarms.some((alarm) => alarm.kind === kind && alarm.level === "danger")
  return (
    <>
      {(watch.state !== "stale" && watch.state !== "frozen") || alarmed(watch.state) ? null : (
        <div
          className={watch.state === "frozen" ? "banner danger" : "banner stale"}
          role={watch.state === "frozen" ? "alert" : "status"}
          data-testid="watch-banner"
          data-state={watch.state}
        >
          <p>
            <strong>{text.watch[watch.state]}.</strong> {watch.sentence}
          </p>
          <a className="button quiet" href={linkTo({ at: "settings" })}>
            {text.watch.see}
          </a>
        </div>
      )}
      {canary === undefined || canaryStanding(canary, now) !== "lapsed" || alarmed("canary_lapsed") ? null : (
        <div className="banner danger" role="alert" data-testid="canary-banner">
          <p>
            <Icon name="warning" size={18} /> {text.watch.canaryLapsed(dateOf(canary.until))}
          </p>
        </div>
      )}
    </>
  )
}

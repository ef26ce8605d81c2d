import type { Overview } from "@holdfast/client"
import { lazy, Suspense, useEffect, useRef } from "react"
import { text } from "../messages.ts"
import { linkTo, type Route } from "../state/route.ts"
import { DangerAlarms } from "./alarms.tsx"
import { announce } from "./announce.tsx"
import { ConversationPane } from "./conversation-pane.tsx"
import { Fence } from "./fence.tsx"
import { KeeperQuestion, useRaise } from "./keepers.tsx"
import { Notices } from "./notices.tsx"
import { Button, Problem } from "./parts.tsx"
import { People } from "./people.tsx"
import { useResource, useSession } from "./session.tsx"
import { Settings } from "./settings.tsx"
import { Sidebar } from "./sidebar.tsx"
import { Timeline } from "./timeline.tsx"
import { Waiting } from "./waiting.tsx"
import { WatchBanners } from "./watch.tsx"

// most people open the desk now and then; it comes when it is wanted, and soon after unlocking so that it is there without the server
const openDesk = () => import("./desk/index.ts")
/** What is needed most when the server is turned or gone: it could keep the code back with which proof of that is saved. */
const fetchAhead = () => Promise.all([openDesk(), import("../platform/passkey.ts"), import("fflate")])
const Desk = lazy(async () => ({ default: (await openDesk()).Desk }))
const RulesScreen = lazy(async () => ({ default: (await openDesk()).RulesScreen }))
const ActScreen = lazy(async () => ({ default: (await openDesk()).ActScreen }))

/** Everything of an unlocked organisation. On a phone either the list or one screen, otherwise both. */
export function Organisation({ route }: { route: Route }) {
  const { live } = useSession()
  const { value: overview, problem } = useResource(live.overview)
  useUnreadTitle(overview)
  useConnectionWords(overview)
  useEffect(() => {
    const timer = setTimeout(() => void fetchAhead().catch(() => undefined), 1_500)
    return () => clearTimeout(timer)
  }, [])
  if (overview === undefined) {
    return (
      <main className="entrance" id="main" aria-busy={problem === undefined}>
        {problem === undefined ? <p className="hint">{text.loading}</p> : <Problem>{problem}</Problem>}
      </main>
    )
  }
  if (overview.standing === "waiting") return <Waiting overview={overview} />
  return (
    <div className={route.at === "home" ? "frame at-home" : "frame"} data-testid="organisation">
      <button type="button" className="skip button" onClick={() => document.getElementById("main")?.focus()}>
        {text.skipToMain}
      </button>
      <div className="frame-top">
        <DangerAlarms alarms={overview.alarms} />
        <Standing overview={overview} />
        <WatchBanners overview={overview} />
        <Evaluation overview={overview} />
        {overview.keeperPlan?.asksMe === true ? <KeeperQuestion plan={overview.keeperPlan} /> : null}
      </div>
      <div className="panes">
        <Sidebar overview={overview} route={route} />
        <Fence key={placeOf(route)}>
          <Suspense fallback={<main className="screen" id="main" tabIndex={-1} aria-busy="true" />}>
            <Screen overview={overview} route={route} />
          </Suspense>
        </Fence>
      </div>
    </div>
  )
}

function placeOf(route: Route): string {
  if (route.at === "conversation") return route.id
  return route.at === "decisions" || route.at === "timeline" ? linkTo(route) : route.at
}

function Screen({ overview, route }: { overview: Overview; route: Route }) {
  switch (route.at) {
    case "conversation":
      return <ConversationPane key={route.id} id={route.id} readersOpen={route.readers} overview={overview} />
    case "people":
      return <People overview={overview} />
    case "decisions":
      return route.part === "rules" ? <RulesScreen overview={overview} /> : <Desk overview={overview} />
    case "timeline":
      return route.entry === undefined ? <Timeline /> : <ActScreen index={route.entry} />
    case "notices":
      return <Notices overview={overview} />
    case "settings":
      return <Settings overview={overview} />
    default:
      return (
        <main className="screen empty" id="main" tabIndex={-1}>
          <div>
            <h1>{text.nav.pickTitle}</h1>
            <p className="hint">{text.nav.pickBody}</p>
          </div>
        </main>
      )
  }
}

function Standing({ overview }: { overview: Overview }) {
  if (overview.standing !== "removed") return null
  return (
    <div className="banner danger" role="alert" data-testid="removed">
      <p>
        <strong>{text.ended.removedTitle}.</strong> {text.ended.removedBody}
      </p>
    </div>
  )
}

function Evaluation({ overview }: { overview: Overview }) {
  const raise = useRaise(overview)
  const people = useResource(useSession().live.people).value ?? []
  const alone = people.filter(({ active, you }) => active && !you).length < 2
  if (!overview.organisation.evaluation || overview.standing !== "active") return null
  const plan = overview.keeperPlan
  const ready = plan?.people.filter(({ state }) => state === "accepted" || state === "you").length ?? 0
  const complete = plan !== undefined && ready === plan.people.length
  return (
    <div className="banner evaluation" data-testid="evaluation">
      <p>
        {plan === undefined
          ? text.evaluation.banner
          : complete
            ? text.evaluation.ready
            : text.evaluation.progress(ready, plan.people.length)}
      </p>
      {plan !== undefined ? (
        <a className="button quiet" href={linkTo({ at: complete ? "decisions" : "people" })}>
          {complete ? text.evaluation.toDecisions : text.evaluation.see}
        </a>
      ) : overview.me.keeper ? (
        <Button look="quiet" onPress={raise.open} testId="raise">
          {alone ? text.evaluation.invite : text.evaluation.raise}
        </Button>
      ) : null}
      {raise.popup}
    </div>
  )
}

// no name of anything: browsers write titles into their history, in clear
function useUnreadTitle(overview: Overview | undefined): void {
  const unread = overview?.unread ?? 0
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${text.product}`
    return () => {
      document.title = text.product
    }
  }, [unread])
}

function useConnectionWords(overview: Overview | undefined): void {
  const state = overview?.connection
  const before = useRef(state)
  useEffect(() => {
    if (before.current !== undefined && state !== undefined && state !== before.current && state !== "connecting")
      announce(text.connection[state])
    before.current = state
  }, [state])
}

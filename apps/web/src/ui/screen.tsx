import { type ReactNode, useEffect, useRef } from "react"
import { text } from "../messages.ts"
import { linkTo } from "../state/route.ts"
import { Icon } from "./icon.tsx"

/** One screen beside the list: a head with a way back on phones, and a column to read. */
export function Screen(props: {
  title: string
  intro?: string
  action?: ReactNode
  /** Where this screen is part of another: the way back there, at every width. */
  back?: { readonly href: string; readonly label: string }
  testId: string
  children: ReactNode
}) {
  const main = useRef<HTMLElement>(null)
  // keyboard and screen reader users land where the eye does
  useEffect(() => main.current?.focus({ preventScroll: true }), [])
  return (
    <main className="screen" id="main" tabIndex={-1} ref={main} aria-label={props.title} data-testid={props.testId}>
      <header className="screen-head">
        <a
          className={props.back === undefined ? "icon-button only-narrow" : "icon-button way-back"}
          href={props.back?.href ?? linkTo({ at: "home" })}
          aria-label={props.back?.label ?? text.back}
          data-testid="back"
        >
          <Icon name="back" />
        </a>
        <h1>{props.title}</h1>
        <div className="screen-action">{props.action}</div>
      </header>
      <div className="screen-scroll">
        <div className="screen-column">
          {props.intro === undefined ? null : <p className="lead">{props.intro}</p>}
          {props.children}
        </div>
      </div>
    </main>
  )
}

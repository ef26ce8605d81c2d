import { StrictMode } from "react"
import { I18nProvider } from "react-aria-components"
import { createRoot } from "react-dom/client"
import type { Engine } from "./engine/engine.ts"
import { text } from "./messages.ts"
import { oneTab } from "./state/one-tab.ts"
import { App } from "./ui/app.tsx"
import { Fence } from "./ui/fence.tsx"

/** Shows the client in the page. `openEngine` starts a fresh worker each time it is called. */
export function startApp(openEngine: () => Engine): void {
  const root = document.getElementById("root")
  if (root === null) throw new Error("the page has no root")
  const able =
    "locks" in navigator && "subtle" in crypto && navigator.storage !== undefined && "getDirectory" in navigator.storage
  createRoot(root).render(
    <StrictMode>
      {able ? (
        <I18nProvider locale="en-GB">
          <Fence>
            <App openEngine={openEngine} tab={oneTab()} />
          </Fence>
        </I18nProvider>
      ) : (
        <p className="problem">{text.problem.browser}</p>
      )}
    </StrictMode>,
  )
}

import { useEffect, useState, useSyncExternalStore } from "react"
import type { Engine } from "../engine/engine.ts"
import type { LockedVault } from "../engine/protocol.ts"
import { text } from "../messages.ts"
import { forgetDrafts } from "../state/drafts.ts"
import { type Live, liveOf } from "../state/live.ts"
import type { OneTab } from "../state/one-tab.ts"
import { sentenceOf } from "../state/resource.ts"
import { forgetAddress, go, parseRoute, routeSource } from "../state/route.ts"
import { setVaultLabel } from "../state/vault-label.ts"
import { Announcer } from "./announce.tsx"
import { Found } from "./found.tsx"
import { HandOut } from "./hand-out.tsx"
import { Join } from "./join.tsx"
import { Organisation } from "./organisation.tsx"
import { Button, Confirm, Problem } from "./parts.tsx"
import { SessionProvider, useAction } from "./session.tsx"
import { Entrance, Mark, Welcome } from "./welcome.tsx"

type Stage =
  | { readonly at: "starting" }
  | { readonly at: "elsewhere"; readonly moved: boolean }
  | { readonly at: "failed"; readonly sentence: string }
  | { readonly at: "locked"; readonly engine: Engine; readonly vaults: readonly LockedVault[] }
  | {
      readonly at: "open"
      readonly engine: Engine
      readonly vault: string
      readonly live: Live
      /** Just founded with keepers: their invitations come first. */
      readonly handOut: boolean
    }

export interface AppProps {
  readonly openEngine: () => Engine
  readonly tab: OneTab
}

export function App({ openEngine, tab }: AppProps) {
  const [stage, become] = useState<Stage>({ at: "starting" })
  const route = parseRoute(useSyncExternalStore(routeSource.subscribe, routeSource.snapshot))
  // invitations and codes leave the address bar as soon as they are read
  const [arrived, setArrived] = useState<{ kind: "found" | "join"; value: string } | null>(null)
  const [entrance, setEntrance] = useState<"welcome" | "found" | "join">("welcome")

  useEffect(() => {
    if (route.at !== "found" && route.at !== "join") return
    setArrived(route.at === "found" ? { kind: "found", value: route.code } : { kind: "join", value: route.invitation })
    setEntrance(route.at)
    forgetAddress()
  })

  async function start(): Promise<void> {
    const engine = openEngine()
    void engine.died.then((error) => become({ at: "failed", sentence: error.sentence }))
    tab.onLost(async () => {
      forgetDrafts()
      engine.end()
      become({ at: "elsewhere", moved: true })
    })
    await showLocked(engine)
  }
  async function showLocked(engine: Engine): Promise<void> {
    try {
      become({ at: "locked", engine, vaults: await engine.listVaults() })
    } catch (error) {
      become({ at: "failed", sentence: sentenceOf(error) })
    }
  }
  function open(engine: Engine, vault: string, handOut = false): void {
    setArrived(null)
    setEntrance("welcome")
    // asks the browser not to clear this origin by itself; it may say no, and "This device" shows what it said
    void navigator.storage.persist().catch(() => false)
    become({ at: "open", engine, vault, live: liveOf(engine.client), handOut })
  }
  async function leave(stage: Stage & { at: "open" }): Promise<void> {
    stage.live.stop()
    forgetDrafts()
    await stage.engine.lock().catch(() => undefined)
    if (parseRoute(location.hash).at !== "home") go({ at: "home" })
    await showLocked(stage.engine)
  }

  useEffect(() => {
    tab
      .tryHold()
      .then((held) => (held ? start() : become({ at: "elsewhere", moved: false })))
      .catch(() => become({ at: "failed", sentence: text.problem.browser }))
  }, [])

  return (
    <>
      <Announcer />
      {stage.at === "starting" ? <Starting /> : null}
      {stage.at === "failed" ? <Failed sentence={stage.sentence} /> : null}
      {stage.at === "elsewhere" ? (
        <Elsewhere
          moved={stage.moved}
          onUse={async () => {
            await tab.takeOver()
            await start()
          }}
        />
      ) : null}
      {stage.at === "locked" ? (
        entrance === "found" ? (
          <Found
            code={arrived?.kind === "found" ? arrived.value : ""}
            onBack={() => setEntrance("welcome")}
            onFound={async (options) =>
              open(stage.engine, await stage.engine.found(options), options.keepers.length > 0)
            }
          />
        ) : entrance === "join" ? (
          <Join
            key={arrived?.value ?? ""}
            invitation={arrived?.kind === "join" ? arrived.value : ""}
            onBack={() => setEntrance("welcome")}
            onJoin={async (options) => open(stage.engine, await stage.engine.join(options))}
          />
        ) : (
          <Welcome
            vaults={stage.vaults}
            onFound={() => setEntrance("found")}
            onJoin={() => setEntrance("join")}
            onUnlock={async (vault, passphrase) => open(stage.engine, await stage.engine.unlock(vault, passphrase))}
          />
        )
      ) : null}
      {stage.at === "open" ? (
        <SessionProvider
          value={{
            vault: stage.vault,
            client: stage.engine.client,
            live: stage.live,
            lock: () => void leave(stage),
            async removeFromDevice() {
              stage.live.stop()
              await stage.engine.removeVault(stage.vault)
              setVaultLabel(stage.vault, "")
              await leave(stage)
            },
          }}
        >
          {stage.handOut ? (
            <HandOut onContinue={() => become({ ...stage, handOut: false })} />
          ) : (
            <Organisation route={route} />
          )}
          <Confirm
            title={text.join.leaveTitle}
            isOpen={arrived !== null}
            onClose={() => {
              setArrived(null)
              setEntrance("welcome")
            }}
            onConfirm={() => void leave(stage)}
            confirm={text.join.leave}
          >
            <p>{text.join.openFirst}</p>
          </Confirm>
        </SessionProvider>
      ) : null}
    </>
  )
}

function Starting() {
  return (
    <main className="entrance" id="main" aria-busy="true">
      <p className="hint">{text.loading}</p>
    </main>
  )
}

function Failed({ sentence }: { sentence: string }) {
  return (
    <Entrance title={text.problem.title}>
      <Problem>{sentence}</Problem>
      <div>
        <Button look="main" onPress={() => location.reload()}>
          {text.problem.reload}
        </Button>
      </div>
    </Entrance>
  )
}

function Elsewhere({ moved, onUse }: { moved: boolean; onUse: () => Promise<void> }) {
  const use = useAction(onUse)
  return (
    <main className="entrance" id="main" data-testid="other-tab">
      <div className="entrance-card">
        <Mark />
        <h1>{moved ? text.otherTab.movedTitle : text.otherTab.title}</h1>
        <p>{moved ? text.otherTab.movedBody : text.otherTab.body}</p>
        <Problem>{use.problem}</Problem>
        <div>
          <Button look="main" onPress={() => void use.run()} isPending={use.busy} testId="use-here">
            {use.busy ? text.otherTab.moving : text.otherTab.use}
          </Button>
        </div>
      </div>
    </main>
  )
}

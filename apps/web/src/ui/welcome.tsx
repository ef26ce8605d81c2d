import { type ReactNode, useState } from "react"
import { Form } from "react-aria-components"
import type { LockedVault } from "../engine/protocol.ts"
import { text } from "../messages.ts"
import { vaultLabel } from "../state/vault-label.ts"
import { Icon } from "./icon.tsx"
import { Button, Field, Problem } from "./parts.tsx"
import { useAction } from "./session.tsx"

/** The frame of everything before an organisation is open. */
export function Entrance({ title, children, onBack }: { title: string; children: ReactNode; onBack?: () => void }) {
  return (
    <main className="entrance" id="main">
      <div className="entrance-card">
        {onBack === undefined ? null : (
          <Button look="quiet" icon="back" onPress={onBack} testId="back">
            {text.back}
          </Button>
        )}
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}

export function Mark() {
  return <img className="mark" src="/icon.svg" alt="" width={56} height={56} />
}

function Choice(props: { icon: "plus" | "people"; label: string; hint: string; onPress: () => void; testId: string }) {
  return (
    <button type="button" className="choice" onClick={props.onPress} data-testid={props.testId}>
      <Icon name={props.icon} />
      <span>
        <strong>{props.label}</strong>
        <small>{props.hint}</small>
      </span>
    </button>
  )
}

export function Welcome(props: {
  vaults: readonly LockedVault[]
  onFound: () => void
  onJoin: () => void
  onUnlock: (vault: string, passphrase: string) => Promise<void>
}) {
  const ways = (
    <div className="choices">
      <Choice
        icon="people"
        label={text.welcome.join}
        hint={text.welcome.joinHint}
        onPress={props.onJoin}
        testId="welcome-join"
      />
      <Choice
        icon="plus"
        label={text.welcome.found}
        hint={text.welcome.foundHint}
        onPress={props.onFound}
        testId="welcome-found"
      />
    </div>
  )
  return (
    <main className="entrance" id="main">
      <div className="entrance-card">
        <Mark />
        {props.vaults.length === 0 ? (
          <>
            <h1>{text.welcome.title}</h1>
            <p className="lead">{text.tagline}</p>
            {ways}
            <p className="hint">{text.welcome.promise}</p>
          </>
        ) : (
          <>
            <h1>{text.welcome.unlockTitle}</h1>
            <Unlock vaults={props.vaults} onUnlock={props.onUnlock} />
            <h2 className="rule">{text.welcome.another}</h2>
            {ways}
          </>
        )}
      </div>
    </main>
  )
}

function Unlock(props: {
  vaults: readonly LockedVault[]
  onUnlock: (vault: string, passphrase: string) => Promise<void>
}) {
  const [vault, setVault] = useState(props.vaults[0]?.id ?? "")
  const [passphrase, setPassphrase] = useState("")
  const action = useAction(async () => props.onUnlock(vault, passphrase))
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void action.run().then((opened) => {
          // ready to be typed again
          if (!opened) document.querySelector<HTMLInputElement>("[data-testid=unlock-passphrase]")?.select()
        })
      }}
    >
      {props.vaults.length < 2 ? null : (
        <fieldset className="vaults">
          <legend>{text.welcome.choose}</legend>
          {props.vaults.map(({ id }) => (
            <label key={id} className={id === vault ? "vault chosen" : "vault"}>
              <input
                type="radio"
                name="vault"
                value={id}
                checked={id === vault}
                onChange={() => setVault(id)}
                data-testid="vault"
              />
              <span>{vaultLabel(id) ?? text.welcome.vault(id)}</span>
            </label>
          ))}
        </fieldset>
      )}
      <Field
        label={text.welcome.passphrase}
        type="password"
        autoComplete="current-password"
        value={passphrase}
        onChange={setPassphrase}
        autoFocus
        testId="unlock-passphrase"
      />
      <Problem>{action.problem}</Problem>
      <Button look="main" type="submit" isPending={action.busy} isDisabled={passphrase === ""} testId="unlock">
        {action.busy ? text.welcome.unlocking : text.welcome.unlock}
      </Button>
    </Form>
  )
}

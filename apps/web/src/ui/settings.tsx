import type { Overview } from "@holdfast/client"
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react"
import { text } from "../messages.ts"
import { groupedCode } from "../state/invitation.ts"
import { setVaultLabel, vaultLabel } from "../state/vault-label.ts"
import { Button, Code, Confirm, CopyButton, Field } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useResource, useSession } from "./session.tsx"
import { version } from "./version.ts"

const WatchCard = lazy(async () => ({ default: (await import("./desk/index.ts")).WatchCard }))

export function Settings({ overview }: { overview: Overview }) {
  const session = useSession()
  const people = useResource(session.live.people).value
  const device = people?.find(({ you }) => you)?.devices.find(({ you }) => you)
  const [removing, setRemoving] = useState(false)
  const remove = useAction(session.removeFromDevice)
  const { keepers } = overview
  return (
    <Screen title={text.settings.title} testId="settings">
      <dl className="facts card">
        <Fact name={text.settings.you}>{overview.me.name}</Fact>
        <Fact name={text.settings.device}>
          {device?.label}
          {device === undefined ? null : (
            <p className="hint">
              {text.settings.fingerprint} <Code>{device.fingerprint}</Code>
            </p>
          )}
        </Fact>
        <Fact name={text.settings.organisation}>{overview.organisation.name}</Fact>
        <Fact name={text.settings.organisationCode} hint={text.settings.organisationCodeHint}>
          <Code testId="organisation-code">{groupedCode(overview.organisation.id)}</Code>
          <span className="row wrap">
            <code className="mono break" data-testid="organisation-id">
              {overview.organisation.id}
            </code>
            <CopyButton value={overview.organisation.id} />
          </span>
        </Fact>
        <Fact name={text.settings.keepers}>
          {text.settings.keepersValue(keepers.needed, keepers.total, keepers.names)}
        </Fact>
        <Fact name={text.settings.relay} hint={text.settings.relayHint}>
          <span className="row wrap">
            <code className="mono break">{overview.relay}</code>
            <CopyButton value={overview.relay} />
          </span>
        </Fact>
        <Storage />
      </dl>

      <Suspense fallback={null}>
        <WatchCard />
      </Suspense>

      <section className="card">
        <div className="row between wrap">
          <p className="hint">{text.settings.lockHint}</p>
          <Button look="main" icon="lock" onPress={session.lock} testId="lock">
            {text.settings.lock}
          </Button>
        </div>
      </section>

      <Label />

      <section className="card">
        <div className="row between wrap">
          <p className="hint">{text.settings.removeHint}</p>
          <Button look="danger" onPress={() => setRemoving(true)} testId="remove-from-device">
            {text.settings.remove}
          </Button>
        </div>
      </section>

      <section className="about">
        <h2 className="section-label">{text.settings.about}</h2>
        <p>{text.settings.version(version)}</p>
        <p className="hint">{text.settings.licence}</p>
        <h3>{text.settings.notPromised}</h3>
        <ul>
          {text.settings.notPromisedList.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </section>

      <Confirm
        title={text.settings.removeTitle}
        isOpen={removing}
        onClose={() => setRemoving(false)}
        onConfirm={() => void remove.run()}
        confirm={text.settings.removeConfirm}
        danger
        busy={remove.busy}
        problem={remove.problem}
      >
        <p>{text.settings.removeBody}</p>
      </Confirm>
    </Screen>
  )
}

function Fact({ name, hint, children }: { name: string; hint?: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>
        {children}
        {hint === undefined ? null : <p className="hint">{hint}</p>}
      </dd>
    </div>
  )
}

function Storage() {
  const [kept, setKept] = useState<boolean | undefined>(undefined)
  useEffect(() => {
    navigator.storage.persisted().then(setKept, () => undefined)
  }, [])
  if (kept === undefined) return null
  return <Fact name={text.settings.storage}>{kept ? text.settings.storageSafe : text.settings.storageUnsafe}</Fact>
}

function Label() {
  const { vault } = useSession()
  const [label, setLabel] = useState(() => vaultLabel(vault) ?? "")
  const [saved, setSaved] = useState(label)
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault()
        setVaultLabel(vault, label)
        setSaved(label)
      }}
    >
      <div className="row bottom wrap">
        <Field
          label={text.settings.label}
          hint={text.settings.labelHint}
          value={label}
          onChange={setLabel}
          maxLength={60}
          autoComplete="off"
          testId="vault-label"
        />
        <Button type="submit" isDisabled={label === saved}>
          {text.settings.labelSave}
        </Button>
      </div>
    </form>
  )
}

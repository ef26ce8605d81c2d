import { useState } from "react"
import { desk } from "../../desk-words.ts"

import { Button, Field, IconButton } from "../parts.tsx"
import { useSession } from "../session.tsx"
import { TextBox } from "./fields.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

interface RelayForm {
  readonly id: string
  readonly urls: string
  readonly logPublicKey: string
  readonly operator: string
  readonly jurisdiction: string
}

const urlsOf = (urls: string) =>
  urls
    .split("\n")
    .map((url) => url.trim())
    .filter((url) => url !== "")
const isAddress = (url: string) =>
  URL.canParse(url) && ["https:", "http:", "wss:", "ws:"].includes(new URL(url).protocol)
const isKey = (key: string) => /^[0-9a-f]{64}$/i.test(key.trim())

const freshId = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")

export function Relays({ governance, onClose }: ToolProps) {
  const { client } = useSession()
  const [relays, setRelays] = useState<readonly RelayForm[]>(() =>
    governance.relays.map(({ id, urls, logPublicKey, operator, jurisdiction }) => ({
      id,
      urls: urls.join("\n"),
      logPublicKey,
      operator,
      jurisdiction,
    })),
  )
  const [tried, setTried] = useState(false)
  const change = (id: string, part: Partial<RelayForm>) =>
    setRelays(relays.map((relay) => (relay.id === id ? { ...relay, ...part } : relay)))
  const goodUrls = ({ urls }: RelayForm) => urlsOf(urls).length > 0 && urlsOf(urls).every(isAddress)
  const complete = relays.length > 0 && relays.every((relay) => goodUrls(relay) && isKey(relay.logPublicKey))
  const action = useProposing(
    () =>
      client.proposeRelays(
        relays.map((relay) => ({
          id: relay.id,
          urls: urlsOf(relay.urls),
          logPublicKey: relay.logPublicKey.trim().toLowerCase(),
          operator: relay.operator.trim(),
          jurisdiction: relay.jurisdiction.trim(),
        })),
      ),
    onClose,
  )
  return (
    <ToolWindow
      title={desk.relays.title}
      body={desk.relays.body}
      submit={desk.relays.submit}
      action={{
        ...action,
        run: async () => {
          setTried(true)
          return complete ? action.run() : false
        },
      }}
      onClose={onClose}
      wide
      testId="tool-window"
    >
      {relays.map((relay, at) => (
        <fieldset key={relay.id} className="card" data-testid="relay-form">
          <div className="row between">
            <legend className="label">{desk.relays.one(at + 1)}</legend>
            {relays.length < 2 ? null : (
              <IconButton
                icon="close"
                label={desk.relays.remove(at + 1)}
                onPress={() => setRelays(relays.filter(({ id }) => id !== relay.id))}
              />
            )}
          </div>
          <TextBox
            label={desk.relays.url}
            value={relay.urls}
            onChange={(urls) => change(relay.id, { urls })}
            problem={tried && !goodUrls(relay) ? desk.relays.badUrl : undefined}
            rows={2}
            mono
            testId="relay-urls"
          />
          <Field
            label={desk.relays.key}
            value={relay.logPublicKey}
            onChange={(logPublicKey) => change(relay.id, { logPublicKey })}
            problem={tried && !isKey(relay.logPublicKey) ? desk.relays.badKey : undefined}
            autoComplete="off"
            spellCheck="false"
            mono
            testId="relay-key"
          />
          <div className="row top wrap">
            <Field
              label={desk.relays.operator}
              value={relay.operator}
              onChange={(operator) => change(relay.id, { operator })}
              maxLength={64}
              autoComplete="off"
            />
            <Field
              label={desk.relays.jurisdiction}
              value={relay.jurisdiction}
              onChange={(jurisdiction) => change(relay.id, { jurisdiction })}
              maxLength={64}
              autoComplete="off"
            />
          </div>
        </fieldset>
      ))}
      {relays.length >= 16 ? null : (
        <div>
          <Button
            icon="plus"
            onPress={() =>
              setRelays([...relays, { id: freshId(), urls: "", logPublicKey: "", operator: "", jurisdiction: "" }])
            }
            testId="add-relay"
          >
            {desk.relays.add}
          </Button>
        </div>
      )}
    </ToolWindow>
  )
}

import type { Governance, WitnessView } from "@holdfast/client"
import { desk } from "../../desk-words.ts"
import { saveArchive } from "../../downloads/save-archive.ts"
import { agoOf, dateOf, text } from "../../messages.ts"
import { canaryStanding, freshWitnesses } from "../../state/desk.ts"
import { Icon } from "../icon.tsx"
import { Button, Problem } from "../parts.tsx"
import { useAction, useNow, useResource, useSession } from "../session.tsx"

/** In full: witnesses, the canary, and the history as one archive. */
export function WatchCard() {
  const { live } = useSession()
  const { value: governance, problem } = useResource(live.governance)
  if (governance === undefined) return <Problem>{problem}</Problem>
  return (
    <section className="card" aria-label={text.watch.label} data-testid="watch-card">
      <h2>{desk.watch.title}</h2>
      <WatchWords governance={governance} />
      {governance.watch.witnesses.length === 0 ? null : (
        <ul className="rows compact" data-testid="witnesses">
          {governance.watch.witnesses.map((witness) => (
            <Witness key={witness.vkey} witness={witness} />
          ))}
        </ul>
      )}
      {governance.evaluation ? null : <CanaryWords canary={governance.canary} />}
      <Archive />
    </section>
  )
}

export function WatchWords({ governance }: { governance: Governance }) {
  const { watch } = governance
  const now = useNow()
  if (watch.state === "unwatched") return <p>{text.watch.unwatchedLong}</p>
  const total = watch.witnesses.length
  return (
    <div className="stack tight">
      <p className={`watch-words ${watch.state}`} data-testid="watch-words">
        <Icon name="witness" />
        <strong>
          {watch.at === undefined
            ? text.watch.never(total)
            : text.watch.seen(freshWitnesses(governance), total, agoOf(watch.at, now))}
        </strong>
      </p>
      {watch.state === "fresh" ? null : <p>{watch.sentence}</p>}
    </div>
  )
}

function Witness({ witness }: { witness: WitnessView }) {
  const now = useNow()
  const labels = [witness.organisation, witness.jurisdiction].filter((label) => label !== "").join(", ")
  return (
    <li className="invite-row" data-testid="witness" data-state={witness.state}>
      <div className="person-words">
        <p>
          <strong className="break">{witness.name}</strong>
          {witness.state === "missing" ? <span className="tag danger">{desk.watch.state.missing}</span> : null}
        </p>
        {labels === "" ? null : <p className="hint">{labels}</p>}
        {witness.url === "" ? null : (
          <p className="hint">
            <code className="mono break">{witness.url}</code>
          </p>
        )}
      </div>
      <p className="hint">
        {witness.cosignedAt === undefined
          ? desk.watch.state.unknown
          : witness.state === "missing"
            ? desk.watch.missingSince(agoOf(witness.cosignedAt, now))
            : desk.watch.seen(agoOf(witness.cosignedAt, now))}
      </p>
    </li>
  )
}

export function CanaryWords({ canary }: { canary: Governance["canary"] }) {
  const standing = canaryStanding(canary, useNow())
  return (
    <p className={`canary-words ${standing}`} data-testid="canary" data-standing={standing}>
      <Icon name={standing === "good" ? "check" : standing === "none" ? "clock" : "warning"} size={18} />
      <span>
        {canary === undefined || standing === "none" ? desk.canary.none : desk.canary[standing](dateOf(canary.until))}
      </span>
    </p>
  )
}

function Archive() {
  const { client, live } = useSession()
  const organisation = useResource(live.overview).value?.organisation.id ?? ""
  const save = useAction(async () =>
    saveArchive(await client.exportOrganisation(), `organisation-${organisation.slice(0, 8)}.zip`),
  )
  return (
    <div className="row between wrap top-line">
      <p className="hint">{desk.watch.exportHint}</p>
      <Button onPress={() => void save.run()} isPending={save.busy} testId="organisation-export">
        {desk.watch.export}
      </Button>
      <Problem>{save.problem}</Problem>
    </div>
  )
}

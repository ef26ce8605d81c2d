import type { ActDetail } from "@holdfast/client"
import { hex } from "@holdfast/wire"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { saveBytes } from "../../downloads/save-file.ts"
import { momentOf, text } from "../../messages.ts"
import { actAsTold } from "../../state/act-words.ts"
import { hexRows } from "../../state/hex-rows.ts"
import { resourceOf } from "../../state/resource.ts"
import { linkTo } from "../../state/route.ts"
import { sentenceLook } from "../act-entry.tsx"
import { Button, Code, CopyButton, Problem } from "../parts.tsx"
import { Screen } from "../screen.tsx"
import { useResource, useSession } from "../session.tsx"

/** One entry of the timeline, down to its bytes, signatures and the proof that it is in the log. */
export function ActScreen({ index }: { index: number }) {
  const { client } = useSession()
  const [asking] = useState(() => resourceOf(() => client.act(index)))
  const { value: act, problem } = useResource(asking)
  return (
    <Screen
      title={desk.detail.title(index)}
      back={{ href: linkTo({ at: "timeline" }), label: desk.detail.back }}
      testId="act-detail"
    >
      <Problem>{problem}</Problem>
      {act !== undefined ? <Detail act={act} /> : problem === undefined ? <p className="hint">{text.loading}</p> : null}
    </Screen>
  )
}

function Detail({ act }: { act: ActDetail }) {
  const told = actAsTold(act)
  return (
    <>
      <header className="stack tight">
        <p>
          <span className={`outcome ${act.outcome}`} data-testid="outcome">
            {desk.detail.outcome[act.outcome]}
          </span>
          {act.decidedBy === act.index ? null : (
            <>
              {" "}
              <a href={linkTo({ at: "timeline", entry: act.decidedBy })}>{desk.detail.decidedBy(act.decidedBy)}</a>
            </>
          )}
        </p>
        <p className={`detail-sentence ${sentenceLook(told)}`}>{told}</p>
        {act.reason === undefined ? null : <p>{text.timeline.reason(act.reason)}</p>}
        {told === act.sentence ? null : (
          <p className="hint">
            {desk.detail.signed}: “{act.sentence}”
          </p>
        )}
        <p>
          <Code large testId="detail-code">
            {act.code}
          </Code>
        </p>
      </header>
      <section className="card">
        <h2>{desk.detail.fields}</h2>
        <dl className="facts">
          {act.fields.map(({ name, value }) => (
            <div key={name} className="fact">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="card" data-testid="detail-approvals">
        <h2>{desk.detail.approvals}</h2>
        {act.approvals.length === 0 ? <p className="hint">{desk.detail.noApprovals}</p> : null}
        <ul className="rows">
          {act.approvals.map((approval) => (
            <li key={`${approval.keyCode} ${approval.signature}`}>
              <p>
                <strong>{approval.name}</strong>
                <span className={approval.counted ? "tag keeper" : "tag danger"}>
                  {approval.counted ? desk.detail.counted : desk.detail.notCounted}
                </span>
              </p>
              <p className="hint">
                {desk.detail.kind[approval.kind]} <Code>{approval.keyCode}</Code>
                {approval.note === undefined ? "" : ` · ${approval.note}`}
              </p>
              <details className="disclosure">
                <summary>{desk.detail.signature}</summary>
                <p className="hex-line">{approval.signature}</p>
              </details>
            </li>
          ))}
        </ul>
      </section>
      <Inclusion act={act} />
      <section className="card">
        <h2>{desk.detail.bytes}</h2>
        <Bytes
          title={desk.detail.statement}
          hint={desk.detail.statementHint}
          bytes={act.statement.bytes}
          file={`entry-${act.index}-statement.cbor`}
        />
        <Bytes
          title={desk.detail.entry}
          hint={desk.detail.entryHint}
          bytes={act.entry}
          file={`entry-${act.index}.bin`}
        />
      </section>
    </>
  )
}

function Bytes(props: { title: string; hint: string; bytes: Uint8Array; file: string }) {
  const [open, setOpen] = useState(false)
  const { bytes } = props
  return (
    <details className="disclosure" onToggle={(event) => setOpen(event.currentTarget.open)} data-testid="bytes">
      <summary>
        {props.title} <span className="hint">{desk.detail.size(bytes.length)}</span>
      </summary>
      <div className="stack">
        <p className="hint">{props.hint}</p>
        {open ? <Hex bytes={bytes} label={props.title} /> : null}
        <div className="row wrap">
          <CopyButton value={hex(bytes)} label={desk.detail.copyHex} />
          <Button onPress={() => saveBytes([bytes], props.file)}>{desk.detail.download}</Button>
        </div>
      </div>
    </details>
  )
}

function Hex({ bytes, label }: { bytes: Uint8Array; label: string }) {
  return (
    <Scrolling label={label}>
      {hexRows(bytes)
        .map(({ offset, bytes: row, characters }) => `${offset}  ${row.padEnd(47)}  ${characters}`)
        .join("\n")}
    </Scrolling>
  )
}

/** Text that keeps its lines: reachable by keyboard, because it scrolls by itself. */
function Scrolling({ label, children }: { label: string; children: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls has to be reachable by keyboard
    <section className="hex" tabIndex={0} aria-label={label} data-testid="hex">
      <pre>{children}</pre>
    </section>
  )
}

function Inclusion({ act }: { act: ActDetail }) {
  const { inclusion, proof } = act
  return (
    <section className="card" data-testid="inclusion">
      <h2>{desk.detail.inclusion}</h2>
      {inclusion === undefined ? (
        <p className="hint">{desk.detail.noInclusion}</p>
      ) : (
        <>
          <p>
            {desk.detail.tree(inclusion.size)}.{" "}
            {inclusion.cosignedBy.length === 0 ? desk.detail.nobodyCosigned : `${desk.detail.cosigned}:`}
          </p>
          {inclusion.cosignedBy.length === 0 ? null : (
            <ul className="details">
              {inclusion.cosignedBy.map(({ name, at }) => (
                <li key={name}>
                  {name}, <time dateTime={new Date(at).toISOString()}>{momentOf(at)}</time>
                </li>
              ))}
            </ul>
          )}
          <dl className="facts">
            <div className="fact">
              <dt>{desk.detail.leaf}</dt>
              <dd className="hex-line">{act.leafHash}</dd>
            </div>
            <div className="fact">
              <dt>{desk.detail.root}</dt>
              <dd className="hex-line">{inclusion.root}</dd>
            </div>
          </dl>
          <details className="disclosure">
            <summary>
              {desk.detail.path} <span className="hint">{inclusion.path.length}</span>
            </summary>
            <ol className="details">
              {inclusion.path.map((hash) => (
                <li key={hash} className="hex-line">
                  {hash}
                </li>
              ))}
            </ol>
          </details>
          <details className="disclosure">
            <summary>{desk.detail.note}</summary>
            <Scrolling label={desk.detail.note}>{inclusion.note}</Scrolling>
          </details>
        </>
      )}
      {proof === undefined ? null : (
        <div className="row between wrap">
          <p className="hint">{desk.detail.proofHint}</p>
          <Button onPress={() => saveBytes([proof], `entry-${act.index}.tlog-proof`)} testId="save-proof">
            {desk.detail.saveProof}
          </Button>
        </div>
      )}
    </section>
  )
}

import type { ImportedPerson } from "@holdfast/client"
import { useState } from "react"
import { Label, Radio, RadioGroup } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { saveBytes } from "../../downloads/save-file.ts"
import { EngineError } from "../../engine/protocol.ts"
import { text } from "../../messages.ts"
import { invitationLink } from "../../state/invitation.ts"
import { importable, invitationList, type ListedPerson, maxListBytes, readPeopleList } from "../../state/people-list.ts"
import { LocalAddress } from "../invite.tsx"
import { Button, Popup, Problem } from "../parts.tsx"
import { useAction, useSession } from "../session.tsx"
import { FilePick } from "./fields.tsx"

const durations = [24, 72, 168] as const

/** A list of people becomes an invitation for each of them: look first, then make them, then save the links. */
export function ImportPeople({ onClose }: { onClose: () => void }) {
  const { client } = useSession()
  const [people, setPeople] = useState<readonly ListedPerson[] | null>(null)
  const [hours, setHours] = useState<number>(168)
  const [made, setMade] = useState<readonly ImportedPerson[] | null>(null)
  const read = useAction(async (file: File) => {
    if (file.size > maxListBytes) throw new EngineError("too_large", desk.import.tooLarge)
    const list = readPeopleList(await file.text())
    if (list.length === 0) throw new EngineError("malformed", desk.import.empty)
    setPeople(list)
  })
  const ready = people?.filter(({ problem }) => problem === undefined) ?? []
  const good = ready.length
  const make = useAction(async () => {
    const result = await client.importPeople(importable(ready), { hours })
    // the engine counts the lines that it was given; people look for those of their file
    setMade(result.map((person) => ({ ...person, line: ready[person.line - 1]?.line ?? person.line })))
  })
  return (
    <Popup
      title={desk.import.title}
      isOpen
      onClose={onClose}
      busy={make.busy}
      wide
      testId={made === null ? "import-popup" : "import-done"}
    >
      <div className="stack">
        {made !== null ? (
          <Made made={made} onClose={onClose} />
        ) : (
          <>
            <p>{desk.import.body}</p>
            <FilePick
              label={desk.import.choose}
              drop={desk.import.drop}
              accept=".csv,text/csv,text/plain"
              onFile={(file) => void read.run(file)}
              isDisabled={make.busy}
              testId="people-file"
            />
            <Problem>{read.problem ?? make.problem}</Problem>
            {people === null ? null : (
              <>
                <p className="label" role="status">
                  {desk.import.preview(good, people.length - good)}
                </p>
                <PeopleTable
                  rows={people.map(({ line, name, label, problem }) => ({
                    line,
                    name,
                    label,
                    words: problem === undefined ? desk.import.fine : desk.import.problem[problem],
                    bad: problem !== undefined,
                  }))}
                />
                <RadioGroup
                  className="segments"
                  orientation="horizontal"
                  value={String(hours)}
                  onChange={(value) => setHours(Number(value))}
                >
                  <Label>{text.invite.hours}</Label>
                  <div className="segment-row">
                    {durations.map((each) => (
                      <Radio key={each} value={String(each)} className="segment">
                        {text.invite.hoursOption(each)}
                      </Radio>
                    ))}
                  </div>
                </RadioGroup>
              </>
            )}
            <div className="row end">
              <Button onPress={onClose} isDisabled={make.busy}>
                {text.cancel}
              </Button>
              <Button
                look="main"
                onPress={() => void make.run()}
                isPending={make.busy}
                isDisabled={good === 0}
                testId="import-submit"
              >
                {make.busy ? desk.import.busy : desk.import.submit(good)}
              </Button>
            </div>
          </>
        )}
      </div>
    </Popup>
  )
}

function Made({ made, onClose }: { made: readonly ImportedPerson[]; onClose: () => void }) {
  const failed = made.filter(({ invite }) => invite === undefined).length
  return (
    <>
      <p role="status">
        <strong>{desk.import.done(made.length - failed, failed)}</strong> {desk.import.secret}
      </p>
      <PeopleTable
        rows={made.map(({ line, name, problem, invite }) => ({
          line,
          name,
          label: "",
          words: invite === undefined ? (problem ?? "") : desk.import.made,
          bad: invite === undefined,
        }))}
      />
      <LocalAddress />
      <div className="row end">
        <Button
          onPress={() => saveBytes([new TextEncoder().encode(invitationList(made, invitationLink))], "invitations.csv")}
          testId="import-save"
        >
          {desk.import.save}
        </Button>
        <Button look="main" onPress={onClose} testId="import-close">
          {text.invite.done}
        </Button>
      </div>
    </>
  )
}

interface Row {
  readonly line: number
  readonly name: string
  readonly label: string
  readonly words: string
  readonly bad: boolean
}

function PeopleTable({ rows }: { rows: readonly Row[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls has to be reachable by keyboard
    <section className="people-table" tabIndex={0} aria-label={desk.import.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{desk.import.line}</th>
            <th scope="col">{desk.import.name}</th>
            <th scope="col">
              <span className="unseen">{desk.import.label}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.line} className={row.bad ? "bad" : ""} data-testid="import-line">
              <td>{row.line}</td>
              <td>
                {row.name}
                {row.label === "" ? null : <span className="tag">{row.label}</span>}
              </td>
              <td>{row.words}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

import type { RulesDraft } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { pastedWitness, withWitnesses, witnessName } from "../../state/rules-edit.ts"
import { Button, Field, IconButton, Popup } from "../parts.tsx"
import { Choice, TextBox } from "./fields.tsx"

type Witness = RulesDraft["witnesses"][number]
const noWitness: Witness = { vkey: "", url: "", organisation: "", jurisdiction: "" }

/** Who vouches for the history, and how many of them must. */
export function Witnesses({ draft, onChange }: { draft: RulesDraft; onChange: (draft: RulesDraft) => void }) {
  const [adding, setAdding] = useState(false)
  const { witnesses, witnessQuorum } = draft
  const n = witnesses.length
  const change = (at: number, part: Partial<Witness>) =>
    onChange({ ...draft, witnesses: witnesses.map((each, place) => (place === at ? { ...each, ...part } : each)) })
  return (
    <section className="card" aria-label={desk.rules.witnesses}>
      <h2>{desk.rules.witnesses}</h2>
      <p className="hint">{desk.rules.witnessesHint}</p>
      {n === 0 ? <p className="meaning">{desk.rules.noWitnesses}</p> : null}
      <ul className="rows">
        {witnesses.map((witness, at) => {
          const name = witnessName(witness.vkey)
          return (
            <li key={witness.vkey} data-testid="witness-form" data-name={name}>
              <fieldset className="seat witness">
                <legend>
                  <strong className="break">{name}</strong>
                </legend>
                <WitnessFields witness={witness} onChange={(part) => change(at, part)} />
                <IconButton
                  icon="close"
                  label={desk.rules.removeWitness(name)}
                  onPress={() =>
                    onChange(
                      withWitnesses(
                        draft,
                        witnesses.filter((each) => each !== witness),
                      ),
                    )
                  }
                  testId="remove-witness"
                />
              </fieldset>
            </li>
          )
        })}
      </ul>
      {n >= 16 ? null : (
        <div>
          <Button icon="plus" onPress={() => setAdding(true)} testId="add-witness">
            {desk.rules.addWitness}
          </Button>
        </div>
      )}
      {n === 0 ? null : (
        <>
          <Choice
            label={desk.rules.quorum}
            value={witnessQuorum}
            options={Array.from({ length: n }, (_, at) => [at + 1, desk.rules.kOption(at + 1, n)] as const)}
            onChange={(quorum) => onChange({ ...draft, witnessQuorum: quorum })}
            testId="witness-quorum"
          />
          <p className="meaning">{desk.rules.quorumMeaning(witnessQuorum, n)}</p>
        </>
      )}
      {adding ? (
        <AddWitness
          taken={witnesses.map(({ vkey }) => vkey)}
          onClose={() => setAdding(false)}
          onAdd={(witness) => {
            setAdding(false)
            onChange(withWitnesses(draft, [...witnesses, witness]))
          }}
        />
      ) : null}
    </section>
  )
}

function WitnessFields({ witness, onChange }: { witness: Witness; onChange: (part: Partial<Witness>) => void }) {
  return (
    <>
      <Field
        label={desk.rules.url}
        value={witness.url}
        onChange={(url) => onChange({ url: url.trim() })}
        hint={desk.rules.urlHint}
        autoComplete="off"
        spellCheck="false"
        mono
        testId="witness-url"
      />
      <Field
        label={desk.rules.organisation}
        value={witness.organisation}
        onChange={(organisation) => onChange({ organisation })}
        maxLength={64}
        autoComplete="off"
      />
      <Field
        label={desk.rules.jurisdiction}
        value={witness.jurisdiction}
        onChange={(jurisdiction) => onChange({ jurisdiction })}
        maxLength={64}
        autoComplete="off"
      />
    </>
  )
}

function AddWitness(props: { taken: readonly string[]; onClose: () => void; onAdd: (witness: Witness) => void }) {
  const [witness, setWitness] = useState(noWitness)
  const ready = /^[^\s+]+\+[0-9a-f]{8}\+\S+$/.test(witness.vkey) && !props.taken.includes(witness.vkey)
  return (
    <Popup title={desk.rules.newWitness} isOpen onClose={props.onClose} testId="add-witness-popup">
      <div className="stack">
        <TextBox
          label={desk.rules.vkey}
          value={witness.vkey}
          onChange={(pasted) => setWitness({ ...witness, ...pastedWitness(pasted) })}
          hint={desk.rules.vkeyHint}
          rows={2}
          mono
          testId="witness-vkey"
        />
        <WitnessFields witness={witness} onChange={(part) => setWitness({ ...witness, ...part })} />
        <div className="row end">
          <Button onPress={props.onClose}>{text.cancel}</Button>
          <Button look="main" onPress={() => props.onAdd(witness)} isDisabled={!ready} testId="add-witness-submit">
            {desk.rules.add}
          </Button>
        </div>
      </div>
    </Popup>
  )
}

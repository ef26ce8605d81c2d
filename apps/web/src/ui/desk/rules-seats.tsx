import type { Governance, Person, RulesDraft, SeatDraft } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { membersWithoutSeat, seatKey, withSeats } from "../../state/rules-edit.ts"
import { Button, Field, IconButton, Popup } from "../parts.tsx"
import { NewSeatFields, noSeat, seatOf } from "./new-seat.tsx"
import type { SeatNames } from "./rules-words.ts"

/** Who has a seat, and what the labels say of each. */
export function Seats(props: {
  draft: RulesDraft
  governance: Governance
  people: readonly Person[]
  names: SeatNames
  onChange: (draft: RulesDraft) => void
}) {
  const { draft, governance, people, names, onChange } = props
  const [adding, setAdding] = useState(false)
  const change = (key: string, labels: Partial<Pick<SeatDraft, "organisation" | "jurisdiction">>) =>
    onChange({
      ...draft,
      keepers: draft.keepers.map((seat) => (seatKey(seat) === key ? { ...seat, ...labels } : seat)),
    })
  return (
    <section className="card" aria-label={desk.rules.seats}>
      <h2>{desk.rules.seats}</h2>
      <p className="hint">{desk.rules.seatsHint}</p>
      <ul className="rows">
        {draft.keepers.map((seat) => {
          const key = seatKey(seat)
          const name = names(seat)
          return (
            <li key={key} data-testid="seat" data-name={name}>
              <fieldset className="seat">
                <legend>
                  <strong>{name}</strong>
                  {"seat" in seat ? null : <span className="tag keeper">{desk.rules.newSeat}</span>}
                </legend>
                <Field
                  label={desk.rules.organisation}
                  value={seat.organisation}
                  onChange={(organisation) => change(key, { organisation })}
                  maxLength={64}
                  autoComplete="off"
                />
                <Field
                  label={desk.rules.jurisdiction}
                  value={seat.jurisdiction}
                  onChange={(jurisdiction) => change(key, { jurisdiction })}
                  maxLength={64}
                  autoComplete="off"
                />
                <IconButton
                  icon="close"
                  label={desk.rules.removeSeat(name)}
                  onPress={() =>
                    onChange(
                      withSeats(
                        draft,
                        draft.keepers.filter((each) => each !== seat),
                      ),
                    )
                  }
                  testId="remove-seat"
                />
              </fieldset>
            </li>
          )
        })}
      </ul>
      {draft.keepers.length >= 64 ? null : (
        <div>
          <Button icon="plus" onPress={() => setAdding(true)} testId="add-seat">
            {desk.rules.addSeat}
          </Button>
        </div>
      )}
      {adding ? (
        <AddSeat
          members={membersWithoutSeat(people, draft, governance)}
          onClose={() => setAdding(false)}
          onAdd={(seat) => {
            setAdding(false)
            const others = draft.keepers.filter((each) => seatKey(each) !== seatKey(seat))
            onChange(withSeats(draft, [...others, seat]))
          }}
        />
      ) : null}
    </section>
  )
}

function AddSeat(props: { members: readonly Person[]; onClose: () => void; onAdd: (seat: SeatDraft) => void }) {
  const [form, setForm] = useState(noSeat)
  const seat = seatOf(form)
  return (
    <Popup title={desk.rules.addSeat} isOpen onClose={props.onClose} testId="add-seat-popup">
      <div className="stack">
        <NewSeatFields seat={form} onChange={setForm} members={props.members} />
        <div className="row end">
          <Button onPress={props.onClose}>{text.cancel}</Button>
          <Button
            look="main"
            onPress={() => {
              if (seat !== undefined) props.onAdd(seat)
            }}
            isDisabled={seat === undefined}
            testId="add-seat-submit"
          >
            {desk.rules.add}
          </Button>
        </div>
      </div>
    </Popup>
  )
}

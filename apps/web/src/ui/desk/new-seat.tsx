import type { Id, SeatDraft } from "@holdfast/client"
import { useState } from "react"
import { Label, Radio, RadioGroup } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { Field } from "../parts.tsx"
import { Choice, TextBox } from "./fields.tsx"

/** Who a seat is for: a member who has offered a key, or the holder of a key file. */
export interface NewSeat {
  readonly kind: "member" | "offer"
  readonly member: Id
  readonly offer: string
  readonly forMember: Id
  readonly organisation: string
  readonly jurisdiction: string
}

export const noSeat: NewSeat = {
  kind: "member",
  member: "",
  offer: "",
  forMember: "",
  organisation: "",
  jurisdiction: "",
}

/** Whole and without spaces; whether it is right is for the engine to say. */
export const isOffer = (offer: string): boolean => /^hfk1[A-Za-z0-9_-]{40,}$/.test(offer.trim())

/** `undefined` while it is not complete. */
export function seatOf(seat: NewSeat): SeatDraft | undefined {
  const labels = { organisation: seat.organisation.trim(), jurisdiction: seat.jurisdiction.trim() }
  if (seat.kind === "member") return seat.member === "" ? undefined : { member: seat.member, ...labels }
  if (!isOffer(seat.offer)) return undefined
  return { offer: seat.offer.trim(), ...(seat.forMember === "" ? {} : { forMember: seat.forMember }), ...labels }
}

export function NewSeatFields(props: {
  seat: NewSeat
  onChange: (seat: NewSeat) => void
  members: readonly { readonly member: Id; readonly name: string }[]
}) {
  const { seat, members } = props
  const [touched, setTouched] = useState(false)
  const set = (part: Partial<NewSeat>) => props.onChange({ ...seat, ...part })
  const people = members.map(({ member, name }) => [member, name] as const)
  return (
    <div className="stack">
      <RadioGroup
        className="segments"
        orientation="horizontal"
        value={seat.kind}
        onChange={(kind) => set({ kind: kind as NewSeat["kind"] })}
      >
        <Label>{desk.replace.by}</Label>
        <div className="segment-row">
          <Radio value="member" className="segment" data-testid="seat-by-member">
            {desk.rules.addMember}
          </Radio>
          <Radio value="offer" className="segment" data-testid="seat-by-offer">
            {desk.rules.addOffer}
          </Radio>
        </div>
      </RadioGroup>
      {seat.kind === "member" ? (
        <Choice
          label={desk.rules.member}
          value={seat.member}
          options={[["", "…"], ...people]}
          onChange={(member) => set({ member })}
          hint={desk.rules.memberHint}
          testId="seat-member"
        />
      ) : (
        <>
          <TextBox
            label={desk.rules.offer}
            value={seat.offer}
            onChange={(offer) => {
              setTouched(true)
              set({ offer })
            }}
            hint={desk.become.offerHint}
            problem={touched && seat.offer !== "" && !isOffer(seat.offer) ? desk.become.badOffer : undefined}
            mono
            testId="seat-offer"
          />
          <Choice
            label={desk.rules.forMember}
            value={seat.forMember}
            options={[["", desk.rules.nobody], ...people]}
            onChange={(forMember) => set({ forMember })}
          />
        </>
      )}
      <div className="row top wrap">
        <Field
          label={desk.rules.organisation}
          value={seat.organisation}
          onChange={(organisation) => set({ organisation })}
          maxLength={64}
          autoComplete="off"
          testId="seat-organisation"
        />
        <Field
          label={desk.rules.jurisdiction}
          value={seat.jurisdiction}
          onChange={(jurisdiction) => set({ jurisdiction })}
          maxLength={64}
          autoComplete="off"
          testId="seat-jurisdiction"
        />
      </div>
    </div>
  )
}

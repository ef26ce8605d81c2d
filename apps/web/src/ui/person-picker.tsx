import type { Id, Person } from "@holdfast/client"
import { useState } from "react"
import { Checkbox, CheckboxGroup, Label } from "react-aria-components"
import { text } from "../messages.ts"
import { Icon } from "./icon.tsx"
import { Avatar, Field } from "./parts.tsx"

const worthFiltering = 8

export function PersonPicker(props: {
  label: string
  people: readonly Pick<Person, "member" | "name">[]
  chosen: readonly Id[]
  onChange: (chosen: readonly Id[]) => void
}) {
  const [filter, setFilter] = useState("")
  const sought = filter.trim().toLocaleLowerCase("en-GB")
  return (
    <div className="stack">
      {props.people.length < worthFiltering ? null : (
        <Field label={text.newConversation.filter} value={filter} onChange={setFilter} autoComplete="off" />
      )}
      <CheckboxGroup className="picker" value={[...props.chosen]} onChange={(chosen) => props.onChange(chosen)}>
        <Label>{props.label}</Label>
        <div className="picker-list">
          {props.people.map((person) => (
            <div
              key={person.member}
              hidden={!person.name.toLocaleLowerCase("en-GB").includes(sought)}
              className="picker-item"
            >
              <Checkbox value={person.member} className="pick" data-testid="pick-person">
                <span className="pick-box" aria-hidden="true">
                  <Icon name="check" size={16} />
                </span>
                <Avatar id={person.member} name={person.name} small />
                <span>{person.name}</span>
              </Checkbox>
            </div>
          ))}
        </div>
      </CheckboxGroup>
    </div>
  )
}

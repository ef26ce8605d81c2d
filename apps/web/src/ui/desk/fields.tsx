// Fields that only the desk needs.
import { type DragEvent, useId, useRef, useState } from "react"
import { FieldError, Label, Text, TextArea, TextField } from "react-aria-components"
import { Button } from "../parts.tsx"

/** One of a few. The browser's own list: every phone and every screen reader knows it. */
export function Choice<T extends string | number>(props: {
  label: string
  value: T
  options: readonly (readonly [value: T, words: string])[]
  onChange: (value: T) => void
  hint?: string
  isDisabled?: boolean
  testId?: string
}) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="input"
        value={String(props.value)}
        disabled={props.isDisabled ?? false}
        aria-describedby={props.hint === undefined ? undefined : `${id}-hint`}
        data-testid={props.testId}
        onChange={(event) => {
          const chosen = props.options.find(([value]) => String(value) === event.target.value)
          if (chosen !== undefined) props.onChange(chosen[0])
        }}
      >
        {props.options.map(([value, words]) => (
          <option key={String(value)} value={String(value)}>
            {words}
          </option>
        ))}
      </select>
      {props.hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  )
}

/** Several lines to paste into. */
export function TextBox(props: {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: string
  problem?: string | undefined
  rows?: number
  mono?: boolean
  testId?: string
}) {
  return (
    <TextField
      className="field"
      value={props.value}
      onChange={props.onChange}
      isInvalid={props.problem !== undefined}
      validationBehavior="aria"
      autoComplete="off"
      spellCheck="false"
    >
      <Label>{props.label}</Label>
      <TextArea
        className={props.mono === true ? "input mono" : "input"}
        rows={props.rows ?? 3}
        data-testid={props.testId}
      />
      {props.hint === undefined ? null : (
        <Text slot="description" className="hint">
          {props.hint}
        </Text>
      )}
      <FieldError className="field-problem">{props.problem}</FieldError>
    </TextField>
  )
}

/** A file by picker or by drag and drop. */
export function FilePick(props: {
  label: string
  drop: string
  accept: string
  onFile: (file: File) => void
  isDisabled?: boolean
  testId: string
}) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const drag = (inside: boolean) => (event: DragEvent) => {
    event.preventDefault()
    setOver(inside)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the button inside does the same by keyboard
    <div
      className={over ? "drop-box over" : "drop-box"}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event)
        const file = event.dataTransfer.files[0]
        if (file !== undefined && props.isDisabled !== true) props.onFile(file)
      }}
    >
      <Button icon="file" onPress={() => input.current?.click()} isDisabled={props.isDisabled ?? false}>
        {props.label}
      </Button>
      <span className="hint">{props.drop}</span>
      <input
        ref={input}
        type="file"
        hidden
        accept={props.accept}
        data-testid={props.testId}
        onChange={(event) => {
          const file = event.target.files?.[0]
          event.target.value = ""
          if (file !== undefined) props.onFile(file)
        }}
      />
    </div>
  )
}
